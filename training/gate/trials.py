"""Trials: an agent's games in every manner in which it could be played, and which of those is its best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agents.evaluation.statistics import LEVEL
from agents.networks.policy import AgentPolicy
from training.gate.judge import JUDGE_SEEDS, Judge, all_totals
from training.gate.judged_by import JudgedBy
from training.gate.manner import Manner, manners
from training.gate.selection import Candidate, CostBounds, GateSettings, corrected, gains

AGAIN = 4  # judgements after which greedy play that was no better is tried again


class Trials:
    """Plays agents in every manner.

    Args:
        judge: plays the games.
        settings: what counts, and which manners there are.
        bounds: of the limited costs.
    """

    def __init__(self, judge: Judge, settings: GateSettings, bounds: CostBounds) -> None:
        self.judge, self.settings, self.bounds = judge, settings, bounds
        self.rest = -1  # update after which greedy play, which was no better, is left out for some

    def play(
        self, policy: AgentPolicy, manner: Manner, seed: int = JUDGE_SEEDS, share: int = 1
    ) -> dict[str, Any]:
        """A policy's games: the same seed gives the same games, partners and noise for all."""
        player = manner.player(policy, seed, self.settings.body)
        totals = all_totals(self.judge(player, seed, share))
        figure = JudgedBy(self.settings.judged_by, self.settings.weights)
        return {**totals, figure.name: figure.of(totals)}

    def of_clone(self, clone: AgentPolicy, own: Manner) -> list[Candidate]:
        """The clone in every manner, its own first."""
        ways = manners(own, self.settings.body, self.settings.only_greedy)
        return [Candidate(-1, way, self.play(clone, way)) for way in ways]

    def share_of(self, games: int) -> int:
        """How many times those of a judgement so many games are."""
        return math.ceil(games / self.judge.games)

    @property
    def ways(self) -> list[Manner]:
        """In which a refined agent may be played, sampled first."""
        return [Manner(True)] if self.settings.only_greedy else [Manner(False), Manner(True)]

    def of_twin(self, clones: Sequence[Candidate], update: int) -> list[Candidate]:
        """An agent that has the clone's weights, sampled first: it has played already."""
        known = {one.manner: one.totals for one in clones}
        return [Candidate(update, way, known[way]) for way in self.ways]

    def of_policy(self, policy: AgentPolicy, update: int) -> list[Candidate]:
        """A policy, sampled first. Greedy play that was not reliably better is left out of the next few.

        Before anything is handed on it is tried again (`training.gate.attempts`). Where a cost has a limit
        it may be what keeps that, and is left out only if it was reliably worse.
        """
        ways = self.ways
        if 0 <= self.rest < update < self.rest + AGAIN * self.settings.every:
            ways = ways[:1]
        played = [Candidate(update, way, self.play(policy, way)) for way in ways]
        if len(played) > 1:
            (gain,) = gains(self.settings.judged_by, played[1], played[:1])
            worth = gain.high >= 0 if self.settings.limits else gain.low > 0
            self.rest = -1 if worth else update
        return played

    def best(self, played: Sequence[Candidate]) -> Candidate:
        """The first, unless another is reliably better, or keeps the limits where that does not."""
        best = played[0]
        level = corrected(LEVEL, len(played) - 1)
        for other in played[1:]:
            (gain,) = gains(self.settings.judged_by, other, [best], level)
            unsafe = bool(self.bounds.broken(best.totals))
            if not self.bounds.broken(other.totals) and (unsafe or gain.low > 0):
                best = other
        return best
