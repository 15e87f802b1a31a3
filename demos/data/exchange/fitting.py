"""Checks that an imported episode is one of a world: observations, actions, terms and seat.

T steps of an episode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.data.episodes.arrays import COST, TERM
from demos.data.episodes.episode import Episode
from demos.data.episodes.facts import require_episode
from demos.data.episodes.parquet import FACTS, facts_of
from demos.data.exchange.named_parts import leaves, native_space, rows_from_parts
from demos.data.exchange.part_names import named_as_shown
from demos.data.exchange.portable_episode import (
    NOTED,
    OnlyStates,
    PortableEpisode,
    plain_numbers,
)
from environments.simulation.observation_parts import MASK, Part, parts_of_space
from environments.simulation.world import World
from environments.system.errors import UserError


@dataclass(frozen=True)
class Target:
    """The world that episodes are to be of, and what may be filled in where a file says nothing."""

    world: World
    seat: str | None = None  # who played; needed if the world has several seats
    zeros: bool = False  # take rewards, terms and costs that the file does not have as 0
    loose: bool = False  # whether names of observations may differ, and some may be of no use
    said: Mapping[str, str] = field(default_factory=dict)  # recorded names by the world's
    left: set[str] = field(default_factory=set)  # recorded names that were of no use

    @cached_property
    def layout(self) -> tuple[tuple[Part, ...], Any]:
        """What the world's observations are made of, and its own space; asked once for all episodes."""
        space = native_space(self.world)
        if self.world.parts or space is None or isinstance(space, spaces.Box):
            return self.world.parts, space
        return parts_of_space(space), space


def fit_to_world(target: Target, portable: PortableEpisode, where: str) -> Episode:
    """The episode as one of a world.

    Args:
        target: the world.
        portable: what was read.
        where: begins a sentence: "Episode 3 of play.npz".

    Raises:
        UserError: it does not fit; the sentence says why.
    """
    world = target.world
    seen, act = world.observation_space, world.action_space
    scores, filled = _scores(target, portable, where)
    own: dict[str, Any] = {n: portable.noted[n] for n in (*NOTED, "raw") if n in portable.noted}
    if "requested_actions" in own:
        own["requested_actions"] = _as(own["requested_actions"], act, f"{where}: requested actions")
    facts = {name: portable.facts[name] for name in FACTS if name in portable.facts}
    facts |= {"world": world.id, "fingerprint": world.fingerprint}
    facts["agent"] = _seat(world, facts.get("agent") or target.seat, where)
    if filled:
        facts["meta"] = {**(facts.get("meta") or {}), "filled": filled}
    try:
        made = Episode(
            observations=_as(_rows(target, portable, where), seen, f"{where}: observations"),
            actions=_in(_as(portable.actions, act, f"{where}: actions"), act, where),
            terminated=portable.terminated,
            truncated=portable.truncated,
            **scores,
            **own,
            **facts,
        )
        require_episode(facts_of(made))
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, OverflowError) as error:
        raise UserError(f"{where} is no episode: {error}.") from error
    return made


def out_of_bounds(episode: Episode, world: World) -> str:
    """Which observations of an episode lie outside the world's bounds, in words; empty if none does.

    They are taken: many worlds go beyond the bounds that they declare.
    """
    space, rows = world.observation_space, episode.observations
    outside = (rows < space.low) | (rows > space.high)
    if not outside.any():
        return ""
    row, *at = np.argwhere(outside)[0].tolist()
    place, value = tuple(at), rows[row][tuple(at)]
    bounds = f"{space.low[place]:g} to {space.high[place]:g}"
    number = int(np.ravel_multi_index(place, space.shape)) if place else 0
    count = int(outside.reshape(len(rows), -1).any(axis=1).sum())
    return (
        f"{count:,} of {len(rows):,}, first number {number} of row {row}: {value:g}, not {bounds}"
    )


def _scores(
    target: Target, portable: PortableEpisode, where: str
) -> tuple[dict[str, Any], list[str]]:
    """Rewards, terms and costs as the world has them, each [T]; and which of them the file did not have."""
    world, rewards = target.world, portable.rewards
    terms = {name: portable.noted.get(TERM + name) for name in world.terms}
    late = world.occasional  # names that are 0 where nothing is said
    first = [name for name in terms if name not in late]
    if rewards is not None and first == ["return"]:  # an external world's whole reward
        terms["return"] = rewards
    costs = {name: portable.noted.get(COST + name) for name in world.costs}
    named = {"rewards": rewards, **terms, **costs}
    missing = [name for name, values in named.items() if values is None and name not in late]
    if missing and not target.zeros:
        raise UserError(
            f"{where} has no {', '.join(missing)}, which {world.id} has: add --zeros to take them as 0."
        )
    nothing = np.zeros(len(portable.actions), np.float32)

    def numbers(name: str, values: npt.NDArray[Any] | None) -> npt.NDArray[np.float32]:
        found = plain_numbers(nothing if values is None else values)
        _require_finite(found, f"{where}: {name}")
        return found

    scores = {
        "rewards": numbers("rewards", rewards),
        "terms": {name: numbers(name, values) for name, values in terms.items()},
        "costs": {name: numbers(name, values) for name, values in costs.items()},
    }
    return scores, missing


def _require_finite(rows: npt.NDArray[Any], what: str) -> None:
    """Refuse numbers that are none: whatever learns from them would be blamed for it.

    Raises:
        UserError: it says where the first stands.
    """
    wrong = ~np.isfinite(rows)
    if wrong.any():
        row, *place = np.argwhere(wrong)[0].tolist()
        number = f", number {place[0]}" if len(place) == 1 else f", at {place}" if place else ""
        value = rows[(row, *place)]
        raise UserError(
            f"{what} hold {value} in row {row}{number}: leave that episode out, or mend the file."
        )


def _rows(target: Target, portable: PortableEpisode, where: str) -> npt.NDArray[Any]:
    """Observations as one array; parts are put where the world has them, by their names."""
    given = portable.observations
    if isinstance(given, OnlyStates):
        raise UserError(f"{where} holds no observations.")
    if not isinstance(given, Mapping):
        return given
    layout, space = target.layout
    if target.loose:
        shown = target.world.observation_space
        whole = "image" if len(shown.shape) > 1 else "vector"
        one = (Part("", whole, tuple(shown.shape)),)  # type: ignore[arg-type]
        given = named_as_shown(layout or one, given, target.said, where, target.left)
    if layout:  # a mask that the world does not offer is of no use to it
        known = {part.name for part in layout}
        given = {n: rows for n, rows in given.items() if n != MASK or MASK in known}
    elif len(given) == 1:
        return next(iter(given.values()))
    else:  # it shows one thing, perhaps what was several before a wrapper of its own
        layout = tuple(
            Part(name, "vector", (int(np.prod(rows.shape[1:])),)) for name, rows in given.items()
        )
    try:
        return rows_from_parts(given, layout, {} if space is None else dict(leaves(space)))
    except ValueError as error:
        raise UserError(f"{where} {error}.") from error


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
    if rows.dtype.kind == "f":
        _require_finite(rows, what)
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
