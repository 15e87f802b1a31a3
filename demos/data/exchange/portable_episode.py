"""Recorded games on their way between formats: what every format has, and what only ours notes.

T steps of an episode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.arrays import COST, TERM
from demos.data.episodes.episode import Episode
from demos.data.episodes.facts import (
    REVISION_FACTS,
    TEXT,
    require,
    require_episode,
    require_printable,
)
from demos.data.episodes.parquet import FACTS, facts_of
from environments.simulation.world import World
from environments.system.errors import UserError

NOTED = (
    "requested_actions",
    "actors",
    "capture_times",
    "late",
)  # a value a step, beside the raw state
DATASET = ("world", "fingerprint", "world_description", "description", "provenance")  # goes with it
ABOUT = {name: REVISION_FACTS[name] for name in DATASET} | {"from": TEXT}


@dataclass(frozen=True)
class PortableEpisode:
    """One episode in plain arrays, of which nobody knows yet whether they fit a world."""

    observations: npt.NDArray[Any]  # [T+1, ...]
    actions: npt.NDArray[Any]  # [T, ...]
    rewards: npt.NDArray[Any] | None  # [T]
    terminated: bool
    truncated: bool
    noted: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)  # `terms/soup`, `late`: [T]
    facts: Mapping[str, Any] = field(default_factory=dict)  # seed, agent, ...: see `parquet.FACTS`


def to_portable(episode: Episode) -> PortableEpisode:
    """An episode for export."""
    noted = {name: getattr(episode, name) for name in NOTED}
    noted |= {TERM + name: values for name, values in episode.terms.items()}
    noted |= {COST + name: values for name, values in episode.costs.items()}
    if episode.raw.size:
        noted["raw"] = episode.raw
    return PortableEpisode(
        episode.observations,
        episode.actions,
        episode.rewards,
        episode.terminated,
        episode.truncated,
        noted,
        {name: getattr(episode, name) for name in FACTS},
    )


def require_about(about: Any) -> dict[str, Any]:
    """What a file says of its dataset, if it says anything, as `dataset_facts` wrote it.

    Raises:
        ValueError: it is not; as the end of a sentence.
    """
    if about == {}:
        return {}
    require(about, ABOUT, "gpo.")
    require_printable(b"\\u0000", about)
    found: dict[str, Any] = about
    return found


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """What goes with the episodes of a dataset wherever they go, as JSON."""
    facts = {name: dataset.facts[name] for name in DATASET}
    return {**facts, "from": f"{dataset.name}, {dataset.revision.name}"}


def fit_to_world(
    world: World, loose: PortableEpisode, where: str, seat: str | None, zeros: bool
) -> Episode:
    """The episode as one of a world.

    Args:
        world: whose it is to be.
        loose: what was read.
        where: begins a sentence: "Episode 3 of play.npz".
        seat: who played, where the file does not say; needed if the world has several.
        zeros: take rewards, terms and costs that the file does not have as 0.

    Raises:
        UserError: it does not fit; the sentence says why.
    """
    steps = len(loose.actions)
    rewards = loose.rewards
    terms = {name: loose.noted.get(TERM + name) for name in world.terms}
    if rewards is not None and list(terms) == ["return"]:  # a foreign world's whole reward
        terms["return"] = rewards
    costs = {name: loose.noted.get(COST + name) for name in world.costs}
    named = {"rewards": rewards, **terms, **costs}
    missing = [name for name, values in named.items() if values is None]
    if missing and not zeros:
        raise UserError(
            f"{where} has no {', '.join(missing)}, which {world.id} has: add --zeros to take them as 0."
        )
    nothing = np.zeros(steps, np.float32)
    sight, act = world.observation_space, world.action_space
    own: dict[str, Any] = {
        name: loose.noted[name] for name in (*NOTED, "raw") if name in loose.noted
    }
    if "requested_actions" in own:
        own["requested_actions"] = _as(own["requested_actions"], act, f"{where}: requested actions")
    facts = {name: loose.facts[name] for name in FACTS if name in loose.facts}
    facts |= {"world": world.id, "fingerprint": world.fingerprint}
    facts["agent"] = _seat(world, facts.get("agent") or seat, where)
    try:
        made = Episode(
            observations=_as(loose.observations, sight, f"{where}: observations"),
            actions=_in(_as(loose.actions, act, f"{where}: actions"), act, where),
            rewards=_numbers(nothing if rewards is None else rewards),
            terminated=loose.terminated,
            truncated=loose.truncated,
            terms={n: _numbers(nothing if v is None else v) for n, v in terms.items()},
            costs={n: _numbers(nothing if v is None else v) for n, v in costs.items()},
            **own,
            **facts,
        )
        require_episode(facts_of(made))
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, OverflowError) as error:
        raise UserError(f"{where} is no episode: {error}.") from error
    return made


def _seat(world: World, given: Any, where: str) -> str:
    if given is None and len(world.agents) == 1:
        return world.agents[0]
    if given not in world.agents:
        seats = ", ".join(world.agents)
        said = "does not say who played" if given is None else f"was played by {given}"
        raise UserError(f"{where} {said}; {world.id} has {seats}: say which, with --seat.")
    return str(given)


def _as(values: npt.NDArray[Any], space: Any, what: str) -> npt.NDArray[Any]:
    """The rows in a space's own type; numbers may be rounded, but not cut."""
    rows = np.asarray(values)
    if rows.shape[1:] != space.shape:
        raise UserError(
            f"{what} have rows of shape {list(rows.shape[1:])}; the world has {list(space.shape)}."
        )
    if rows.dtype.kind not in "iufb":
        raise UserError(f"{what} are of type {rows.dtype}; the world has {space.dtype}.")
    fitting = rows.astype(space.dtype)
    if np.dtype(space.dtype).kind != "f" and not np.array_equal(fitting, rows):
        raise UserError(f"{what} are not whole numbers as the world's {space.dtype}.")
    return fitting


def _in(actions: npt.NDArray[Any], space: Any, where: str) -> npt.NDArray[Any]:
    """The actions, if they exist; continuous ones may lie outside their bounds."""
    if not isinstance(space, spaces.Box):
        for step, action in enumerate(actions):
            if not space.contains(action):
                raise UserError(
                    f"{where}, step {step}: there is no action {action.tolist()} in {space}."
                )
    return actions


def _numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.asarray(values).reshape(-1).astype(np.float32)
