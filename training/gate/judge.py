"""Judge: plays an agent in every seat, in turn or in all at once, on the same seeds each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents.evaluation.games import EpisodeTotals, play_games
from agents.evaluation.statistics import Interval
from agents.players.player import Player
from training.partners.partner import Partner

JUDGE_SEEDS = 500_000  # apart from the training's, and from those of the last judgement
FRESH_SEEDS = 600_000  # on which what was chosen on the judge's is confirmed


@dataclass(frozen=True)
class Judgement:
    """How the policy played once."""

    update: int  # updates done
    steps: int
    figure: Interval  # of what it is judged by
    limited: Mapping[str, Interval]  # by limited cost
    totals: Mapping[str, float]  # mean per game, by term and cost, and the figure
    shield: Mapping[str, float]  # how often it stepped in per game, where there is one


class Judge:
    """Plays an agent in every seat in turn, on the same seeds each time.

    Where it is judged with itself it plays all seats of each game, which then counts as one: their mean.

    Args:
        make_batch: makes B fresh games from (B, seed).
        partner: who plays the other seats; None where there are none, or where the agent plays them.
        games: how many altogether.
        seats: N.
    """

    def __init__(
        self, make_batch: Callable[[int, int], Any], partner: Partner | None, games: int, seats: int
    ) -> None:
        self.make_batch, self.partner = make_batch, partner
        self.games, self.seats = games, seats

    def __call__(
        self, player: Player, seed: int = JUDGE_SEEDS, share: int = 1
    ) -> list[EpisodeTotals]:
        """The games of each seat.

        A player made with the same seed meets the same games, partners and draws of chance every time, so
        that two of them are compared game by game.

        Args:
            player: that is judged.
            seed: of the games.
            share: how many times as many games as are usual.
        """
        if self.partner is None and self.seats > 1:
            batch = self.make_batch(max(1, share * self.games), seed)
            return [mean_of_seats(play_games(batch, [player] * self.seats, again=True))]
        played = []
        for seat in range(self.seats):
            if self.partner is not None:
                self.partner.reseed(seed + seat)
            players: list[Any] = [self.partner] * self.seats
            players[seat] = player
            batch = self.make_batch(max(1, share * self.games // self.seats), seed)
            played.append(play_games(batch, players, again=True))
        return played


def mean_of_seats(games: EpisodeTotals) -> EpisodeTotals:
    """The same games with the mean of their seats as the only one: the seats of a game are no two games."""

    def mean(by_name: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: values.mean(axis=1, keepdims=True) for name, values in by_name.items()}

    return replace(
        games,
        terms=mean(games.terms),
        costs=mean(games.costs),
        shield=mean(games.shield),
        returns=games.returns.mean(axis=1, keepdims=True),
    )


def all_totals(played: list[EpisodeTotals]) -> dict[str, np.ndarray]:
    """Every term, cost and intervention of the judged agent by name: [E] each."""
    first = played[0]
    names = (*first.terms, *first.costs, *first.shield)
    return {name: judged_totals(played, name) for name in names}


def judged_totals(played: list[EpisodeTotals], name: str) -> np.ndarray:
    """A term's or cost's totals of the judged agent, seat after seat: [E]."""
    found = [(g.terms | g.costs | g.shield)[name][g.whole, seat] for seat, g in enumerate(played)]
    return np.concatenate(found)
