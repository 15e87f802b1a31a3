"""Who plays the other seats, and whom an agent is judged with, where a recipe says neither.

Our own worlds are for playing with people, so their clones play. In other people's games whose seats win
together, as the recordings show, one policy learns in all seats and is judged in all of them (parameter
sharing: Gupta, Egorov and Kochenderfer 2017). Where they win against one another it meets its clone, and
more and more itself.

M matches, N seats.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from demos.data.dataset.dataset import Dataset
from environments.catalog import is_ours
from environments.simulation.world import World
from training.partners.partners import MemberSettings, PartnerSettings
from training.pipeline.clone_stage import matches

CLEAR = 2.0  # standard errors by which the seats' totals must go together, or apart
EXACT = 1e-5  # of the largest total: what adding up in another order may change
RIVALS = (
    MemberSettings(player="clone", weight=(1.0, 0.5)),
    MemberSettings(player="self", weight=(0.0, 0.5)),
)
BEFORE: dict[str, Any] = {"player": "clone", "judged_with": "clone", "every_seat": False}


class Relation(NamedTuple):
    """How the seats of recorded matches win."""

    kind: Literal["together", "against", "unknown"]
    shown: str  # by what, in words


class ChosenPartner(NamedTuple):
    """Settings that leave nothing out, and the sentence about what was decided."""

    settings: PartnerSettings
    said: str  # empty if there was nothing to decide


def chosen_partner(
    asked: PartnerSettings, world: World, recordings: Dataset | None
) -> ChosenPartner:
    """What `[partner]` leaves out, filled in by the world and by what is cloned."""
    others = len(world.agents) > 1 and not is_ours(world.id)
    found: dict[str, Any] = {}
    said = ""
    if others and asked.is_left_out and recordings is not None:
        found, said = _by(relation(match_totals(recordings, world)), asked)
    settings = filled(asked, {**BEFORE, **found})
    if others and asked.every_seat is None and settings.is_self:
        settings = settings.model_copy(update={"every_seat": True})
    return ChosenPartner(settings, said)


def filled(asked: PartnerSettings, rest: dict[str, Any]) -> PartnerSettings:
    """The settings with `rest` where they say nothing."""
    changes = {name: value for name, value in rest.items() if not _says(asked, name)}
    return asked.model_copy(update=changes)


def relation(totals: np.ndarray) -> Relation:
    """How seats win whose north stars came to these totals in recorded matches: [M, N].

    The seats' correlation is that of the mean pair. Where they win or lose apart from one another it has a
    standard error of one over the root of matches times pairs.
    """
    count, seats = totals.shape
    if not count:
        return Relation("unknown", "no recorded match has every seat")
    exact = EXACT * np.abs(totals).max()
    each = totals.var(axis=0).sum()
    if np.ptp(totals, axis=0).max() <= exact:
        return Relation("unknown", f"their totals are the same in all of {count} recorded matches")
    if np.ptp(totals, axis=1).max() <= exact:
        return Relation("together", f"their totals are equal in each of {count} recorded matches")
    if np.ptp(totals.sum(axis=1)) <= seats * exact:
        shared = round(float(totals.sum(axis=1).mean()), 3) + 0.0
        return Relation("against", f"their totals add up to {shared:g} in every recorded match")
    together = float((totals.sum(axis=1).var() / each - 1) / (seats - 1))
    shown = f"their totals in {count} recorded matches correlate by {together:+.2f}"
    clear = CLEAR / math.sqrt(count * seats * (seats - 1) / 2)
    if abs(together) <= clear:
        return Relation("unknown", shown)
    return Relation("together" if together > 0 else "against", shown)


def match_totals(recordings: Dataset, world: World) -> np.ndarray:
    """The north star's total of each seat in each match that has all of them: float64 [M, N]."""
    arrays, named = recordings.arrays(), matches(recordings)
    sums = np.concatenate([[0.0], np.cumsum(arrays.terms[world.north_star], dtype=np.float64)])
    found: dict[str, dict[str, float]] = {}
    for e, number in enumerate(arrays.numbers):
        agent = recordings.episode_facts(number)["agent"]
        total = float(sums[arrays.starts[e + 1]] - sums[arrays.starts[e]])
        found.setdefault(named[e], {})[agent] = total
    whole = [
        [seen[a] for a in world.agents]
        for seen in found.values()
        if len(seen) > 1 and set(seen) >= set(world.agents)
    ]
    return np.array(whole).reshape(-1, len(world.agents))


def _by(found: Relation, asked: PartnerSettings) -> tuple[dict[str, Any], str]:
    """What follows from how seats win, and the sentence."""
    if found.kind == "together":
        judged = "with itself" if asked.judged_with != "clone" else "with its clone"
        return {"player": "self", "judged_with": "self"}, (
            f"The seats win together ({found.shown}): the agent plays all of them while it learns, and is "
            f'judged {judged}. With clones of the recordings instead: player = "clone" under [partner].'
        )
    if found.kind == "against":
        judged = "against its clone" if asked.judged_with != "self" else "against itself"
        return {"mixture": RIVALS}, (
            f"The seats win against one another ({found.shown}): the agent meets its clone, by the end of "
            f"the training itself in every other game, and is judged {judged}. Whom it is to meet instead: "
            "player or mixture under [partner]."
        )
    return {}, (
        f"Whether the seats win together or against one another is not shown ({found.shown}): clones of the "
        'recordings play the other seats. With itself instead: player = "self" and judged_with = "self" '
        "under [partner]."
    )


def _says(asked: PartnerSettings, name: str) -> bool:
    return getattr(asked, name) not in (None, ())
