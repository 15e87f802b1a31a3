"""Attempts: agents and their clone play fresh games, which nothing was chosen by, as many as it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agents.evaluation.statistics import LEVEL
from agents.networks.policy import AgentPolicy
from training.gate.best_agent import BestAgentKeeper
from training.gate.judge import FRESH_SEEDS
from training.gate.manner import Manner
from training.gate.selection import Candidate, corrected, gains
from training.gate.verdict import Figures

STAGES = (40, 160)  # fresh games, at the least: first, and if these leave it open
SHARE = 2  # times as many games as a judgement, at the least
APART = 20_000  # between the seeds of the first and of the second that is tried
STAGES_APART = 10_000  # between those of its stages


@dataclass(frozen=True)
class Attempt:
    """An agent that played fresh games, beside its clone."""

    policy: AgentPolicy
    candidate: Candidate  # in those games
    clone: Candidate  # in those games
    figures: Figures
    keeps_limits: bool
    clone_keeps_limits: bool
    better: bool  # than the clone, however that is played
    promising: bool  # whether it holds on the average, so that more games may show it

    @property
    def holds(self) -> bool:
        """Whether it may be handed on: feasible first, then better."""
        return self.keeps_limits and (self.better or not self.clone_keeps_limits)


def attempt(
    keeper: BestAgentKeeper, candidate: Candidate, policy: AgentPolicy, number: int, of: int
) -> Attempt:
    """Play an agent and its clone on fresh seeds, as many as it takes, each in its better manner.

    Args:
        keeper: of the best agent.
        candidate: who was chosen.
        policy: its weights.
        number: of the agent, from 0.
        of: how many there are.
    """
    level = corrected(LEVEL, of * len(STAGES))
    ways = list(dict.fromkeys((candidate.manner, *keeper.trials.ways)))
    clones = _ways_of_clone(keeper)
    for stage, wanted in enumerate(STAGES):
        seed = FRESH_SEEDS + APART * number + STAGES_APART * stage
        games = (seed, max(SHARE, keeper.trials.share_of(wanted)))
        fresh = _best(keeper, candidate, policy, ways, games)
        clone = _best(keeper, keeper.selection.clone, keeper.clone, clones, games)
        ways, clones = [fresh.manner], [clone.manner]
        found = _compared(keeper, policy, fresh, clone, games, level)
        if found.holds or not found.promising:
            break
    return found


def clone_on_fresh_games(keeper: BestAgentKeeper, attempts: list[Attempt]) -> Candidate:
    """The clone in its better manner, by games that this was not chosen by."""
    if attempts:
        return attempts[-1].clone
    ways = _ways_of_clone(keeper)
    if len(ways) == 1:
        return keeper.selection.clone
    games = (FRESH_SEEDS, keeper.trials.share_of(STAGES[0]))
    return _best(keeper, keeper.selection.clone, keeper.clone, ways, games)


def _ways_of_clone(keeper: BestAgentKeeper) -> list[Manner]:
    """In which it may be handed on: as it was judged best, and what came next."""
    first, by = keeper.selection.clone, keeper.settings.judged_by
    further = [one for one in keeper.selection.clones if one.manner != first.manner]
    return [one.manner for one in (first, *sorted(further, key=lambda one: -one.mean(by))[:1])]


def _best(
    keeper: BestAgentKeeper,
    candidate: Candidate,
    policy: AgentPolicy,
    ways: list[Manner],
    games: tuple[int, int],
) -> Candidate:
    """A policy's games in the manner that is better in them; in the first, unless another reliably is."""
    played = [
        replace(candidate, manner=way, totals=keeper.trials.play(policy, way, *games))
        for way in ways
    ]
    return keeper.trials.best(played)


def _compared(
    keeper: BestAgentKeeper,
    policy: AgentPolicy,
    fresh: Candidate,
    clone: Candidate,
    games: tuple[int, int],
    level: float,
) -> Attempt:
    """An agent beside its clone, as that would be handed on and as it plays under the agent's rules."""
    settings, bounds = keeper.settings, keeper.bounds
    judged_by = settings.judged_by
    references = [clone]
    if fresh.manner != clone.manner and any(
        one.manner == fresh.manner for one in keeper.selection.clones
    ):
        totals = keeper.trials.play(keeper.clone, fresh.manner, *games)
        references.append(replace(clone, manner=fresh.manner, totals=totals))
    found, names = gains(judged_by, fresh, references, level), settings.limits
    hardest = min(range(len(found)), key=lambda number: found[number].mean)
    beside = f"{settings.beside} with {fresh.manner}" if hardest else settings.beside
    feasible = keeper.selection.clone_is_feasible
    shown = clone if feasible else keeper.selection.clone  # where it breaks a limit
    figures = Figures(
        judged_by,
        fresh.update,
        fresh.mean(judged_by),
        references[hardest].mean(judged_by),
        found[hardest],
        len(fresh.totals[judged_by]),
        {name: bounds.interval(name, fresh.totals, level) for name in names},
        {name: bounds.interval(name, shown.totals) for name in names},
        names,
        beside,
    )
    clone_keeps = feasible and not bounds.broken(clone.totals)
    keeps = not bounds.broken(fresh.totals, level)
    better = not settings.guard or all(gain.low > 0 for gain in found)
    within = all(fresh.mean(name) <= limit for name, limit in settings.limits.items())
    earns = not settings.guard or not clone_keeps or all(gain.mean > 0 for gain in found)
    told = (figures, keeps, clone_keeps, better, within and earns)
    return Attempt(policy, fresh, clone, *told)
