"""Confirmation: the agent that was chosen on the judge's seeds plays fresh games before it is handed on.

What was the best of many looks was partly lucky in them; games that nothing was chosen by tell how much. It
is better if the interval of the differences, game by game with the same noise, begins above 0. A few games
tell a large difference; where they leave it open, many more are played, at a level that is corrected for
both looks (Bonferroni). If it does not hold there, the runner-up is not taken in silence: it would be the
next lucky one. Only where there are limits is a second agent tried, the safest of all, on fresh games of its
own and at a level that is corrected for both; else the clone is handed on, or, if that breaks a limit,
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from agents.networks.policy import AgentPolicy
from training.gate.attempts import (
    Attempt,
    attempt,
    clone_on_fresh_games,
)
from training.gate.best_agent import BestAgentKeeper
from training.gate.manner import Manner
from training.gate.reasons import (
    ASKED,
    GREEDY,
    UNSAFE,
    from_nothing,
    joined,
    not_confirmed,
    spent_of,
    too_few_games,
)
from training.gate.verdict import Handed, Verdict, spent

ACCEPTED = "It is handed on all the same, because unsafe agents are accepted."


@dataclass(frozen=True)
class Conclusion:
    """What refining has come to."""

    policy: AgentPolicy
    manner: Manner  # in which it is to be played
    verdict: Verdict

    @property
    def accepted(self) -> Conclusion:
        """The same, with what breaks a limit handed on all the same."""
        if self.verdict.handed_on != "nothing":
            return self
        handed_on: Handed = "clone" if self.verdict.update is None else "refined"
        sentence = f"{self.verdict.sentence} {ACCEPTED}"
        return replace(self, verdict=replace(self.verdict, handed_on=handed_on, sentence=sentence))


def conclude(
    keeper: BestAgentKeeper, played: Callable[[int], None] = lambda number: None
) -> Conclusion:
    """What is handed on if refining ends here.

    Args:
        keeper: of the best agent.
        played: is told how many agents have played their fresh games.
    """
    chosen = keeper.chosen
    attempts: list[Attempt] = []
    for number, (candidate, policy) in enumerate(chosen):
        attempts.append(attempt(keeper, candidate, policy, number, len(chosen)))
        played(number + 1)
        if attempts[-1].holds:
            return _refined(keeper, attempts)
    feasible = keeper.selection.clone_is_feasible
    if feasible and all(one.clone_keeps_limits for one in attempts):
        return _clone(keeper, attempts)
    return _nothing(keeper)


def _refined(keeper: BestAgentKeeper, attempts: list[Attempt]) -> Conclusion:
    last, said = attempts[-1], [keeper.trouble, *keeper.warnings]
    figures, update = last.figures, last.candidate.update
    said += [not_confirmed(one.figures, one.keeps_limits) for one in attempts[:-1]]
    if not keeper.settings.guard:
        said.append(from_nothing(figures))
    elif last.clone_keeps_limits:
        said.append(f"The best agent is from update {update}: {figures.compared}.")
    else:
        which = "best" if len(attempts) == 1 else "safest"
        said.append(
            f"The clone breaks a limit ({spent(figures.clone_costs, figures.limits)}), so the {which} "
            f"agent that keeps them is handed on, from update {update} ({figures.spent}): "
            f"{figures.compared}."
        )
    if last.candidate.manner.greedy:
        said.append(ASKED if keeper.settings.only_greedy else GREEDY)
    verdict = Verdict(
        "refined",
        joined(said),
        figures.judged_by,
        figures.clone,
        figures.mean,
        update,
        bool(keeper.trouble),
        last.candidate.manner.greedy,
    )
    return Conclusion(last.policy, last.candidate.manner, verdict)


def _clone(keeper: BestAgentKeeper, attempts: list[Attempt]) -> Conclusion:
    clone, judged_by = clone_on_fresh_games(keeper, attempts), keeper.settings.judged_by
    said = [keeper.trouble, *keeper.warnings]
    if not attempts:
        said.append(keeper.refused)
    said += [not_confirmed(one.figures, one.keeps_limits) for one in attempts]
    if keeper.identical and keeper.judged:
        said.append("Every agent that was judged acts with the very weights of the clone.")
    said.append(
        f"No refined agent was reliably better than the clone ({judged_by} {clone.mean(judged_by):.2f}), "
        "so the clone itself is handed on."
    )
    if clone.manner.greedy:
        said.append(ASKED if keeper.settings.only_greedy else GREEDY)
    mean = clone.mean(judged_by)
    diverged, greedy = bool(keeper.trouble), clone.manner.greedy
    verdict = Verdict("clone", joined(said), judged_by, mean, mean, None, diverged, greedy)
    return Conclusion(keeper.clone, clone.manner, verdict)


def _nothing(keeper: BestAgentKeeper) -> Conclusion:
    """No agent keeps every limit: the one that comes nearest, which is not handed on."""
    selection, bounds, judged_by = keeper.selection, keeper.bounds, keeper.settings.judged_by
    clone, nearest, policy = selection.clone, selection.clone, keeper.clone
    safest = selection.safest
    if safest is not None and bounds.violation(safest.totals) < bounds.violation(clone.totals):
        nearest, policy = safest, keeper.safest
    who = "the clone" if nearest is clone else f"the agent of update {nearest.update}"
    said = [
        keeper.trouble,
        *keeper.warnings,
        f"No agent was shown to keep every limit; the nearest is {who} ({spent_of(bounds, nearest)}; the "
        f"clone: {spent_of(bounds, clone)}).",
        *too_few_games(bounds, len(clone.totals[judged_by])),
        UNSAFE,
    ]
    verdict = Verdict(
        "nothing",
        joined(said),
        judged_by,
        clone.mean(judged_by),
        nearest.mean(judged_by),
        None if nearest is clone else nearest.update,
        bool(keeper.trouble),
        nearest.manner.greedy,
        unsafe=True,
    )
    return Conclusion(policy, nearest.manner, verdict)
