"""Some games of a foreign environment, stepped one after another in whichever process this runs.

Whatever such a game does, it is told as a `Fault` of that game, and the others go on. What is told apart
from that is written on the board: arrays that processes can share.

B games, N agents, K terms, C costs.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from environments.board import Board
from environments.foreign_opening import (
    Alone,
    Together,
    Turn,
    deed,
    offered_mask,
    open_game,
    sight,
)
from environments.layout import flat_mask

LONGEST = 200  # characters of somebody else's message that fit in a sentence


class Fault(NamedTuple):
    """What a game did that it must not do."""

    what: str  # goes on after the environment's name; empty if another game of its process is to blame
    lost: tuple[int, ...] = ()  # the games of the process that was lost with it


class Order(NamedTuple):
    """How a game is to begin its next episode."""

    game: int
    seed: int | None  # None goes on from the last episode
    options: dict[str, Any] | None
    anew: bool = False  # with a fresh instance of the environment


class Strange(Exception):
    """An observation that is none; its text goes on after the environment's name."""


class Games:
    """The games in rows `first` and onward of the board, as many as it is given.

    Args:
        name, params: as `open_game`.
        names: of the terms without the return, and of the costs.
        board: their rows of it.
        first: the number that the first of them has among all.
    """

    def __init__(
        self,
        name: str,
        params: dict[str, Any],
        names: tuple[Sequence[str], Sequence[str]],
        board: Board,
        first: int = 0,
    ) -> None:
        self.name, self.params, self.board, self.first = name, params, board, first
        self.games: list[Alone | Together] = [open_game(name, params) for _ in board["busy"]]
        seen = self.games[0].observation_space
        space, flatten = sight(seen, name)
        self._seen = reader(seen, flatten)
        # Numbers of the action mask, which come after those of what is seen.
        self._mask = int(np.prod(board["observation"].shape[2:]) - np.prod(space.shape))
        self._done = deed(self.games[0].action_space, name)[1]
        self._terms_named, self._costs_named = names
        self._observation, self._present = board["observation"], board["present"]

    def begin(self, orders: Sequence[Order]) -> dict[int, Fault]:
        """Begin new episodes as ordered; what went wrong, by game."""
        return self._each((order.game - self.first, self._begin, order) for order in orders)

    def step(self) -> dict[int, Fault]:
        """Take the actions on the board in every game; what went wrong, by game."""
        return self._each((i, self._step, None) for i in range(len(self.games)))

    def _each(self, calls: Any) -> dict[int, Fault]:
        busy, faults = self.board["busy"], {}
        for i, call, argument in calls:
            busy[i] = True
            try:
                call(i, argument)
            except Strange as strange:
                faults[self.first + i] = Fault(str(strange))
            except (Exception, SystemExit) as error:  # noqa: BLE001  somebody else's code: anything
                faults[self.first + i] = Fault(f"raised {in_words(error)}")
            busy[i] = False
        return faults

    def _begin(self, i: int, order: Order) -> None:
        if order.anew:
            with suppress(Exception):  # it is broken already
                self.games[i].env.close()
            self.games[i] = open_game(self.name, self.params)
        self._look(i, self.games[i].reset(order.seed, order.options))

    def _step(self, i: int, _: None) -> None:
        board, done = self.board, self._done
        turn = self.games[i].step([done(action) for action in board["action"][i]])
        board["terminated"][i], board["truncated"][i] = turn.terminated, turn.truncated
        terms, costs = board["terms"][i], board["costs"][i]
        for n, info in enumerate(turn.infos):
            terms[n, 0] = turn.rewards[n]
            _fill(terms[n, 1:], self._terms_named, terms_of(info))
            _fill(costs[n], self._costs_named, costs_of(info))
        self._look(i, turn)

    def _look(self, i: int, turn: Turn) -> None:
        """Write what was seen on the board; an agent that has left sees zeros."""
        for n, seen in enumerate(turn.observations):
            self._present[i, n] = seen is not None
            row = self._observation[i, n]
            if seen is None:
                row[:] = 0
            elif self._mask:
                row[: -self._mask] = np.ravel(self._seen(seen))
                mask = offered_mask(self.games[i].env, turn.infos[n])
                row[-self._mask :] = flat_mask(mask, self._mask, self.name)
            else:
                row[...] = self._seen(seen)

    def draw(self, game: int) -> Any:
        """A game's own picture."""
        return self.games[game - self.first].env.render()

    def close(self) -> None:
        """Close every game."""
        for game in self.games:
            game.env.close()


def reader(space: Any, flatten: Any) -> Callable[[Any], Any]:
    """The function that makes an array of what was seen, once it has the declared shape and type.

    Bounds are compared elsewhere, for all games at once.
    """
    if not isinstance(space, spaces.Box):

        def read(seen: Any) -> Any:
            require_fit(space, seen, "")
            return flatten(seen)

        return read
    shape, dtype = space.shape, space.dtype

    def read_box(seen: Any) -> Any:
        given = np.asarray(seen)
        if given.shape != shape or given.dtype != dtype:
            require_fit(space, given, "")
        return given

    return read_box


def require_fit(space: Any, seen: Any, where: str) -> None:
    """Refuse what has another shape or type than its space, or lies outside of one that is no box.

    Raises:
        Strange: it says what is wrong.
    """
    if isinstance(space, spaces.Box):
        given = np.asarray(seen)
        if given.shape != space.shape:
            shapes = f"{list(given.shape)} where {list(space.shape)} was declared"
            raise Strange(f"gave an observation{where} of shape {shapes}")
        if given.dtype != space.dtype and not np.can_cast(given.dtype, space.dtype, "same_kind"):
            types = f"{given.dtype} where {space.dtype} was declared"
            raise Strange(f"gave an observation{where} of type {types}")
    elif isinstance(space, spaces.Dict) and isinstance(seen, Mapping):
        if seen.keys() != space.keys():
            raise Strange(f"gave an observation{where} of {sorted(seen)}, not of {sorted(space)}")
        for key, part in space.spaces.items():
            require_fit(part, seen[key], f"{where}['{key}']")
    elif isinstance(space, spaces.Tuple) and isinstance(seen, Sequence):
        if len(seen) != len(space.spaces):
            raise Strange(f"gave an observation{where} of {len(seen)} parts, not {len(space)}")
        for k, part in enumerate(space.spaces):
            require_fit(part, seen[k], f"{where}[{k}]")
    elif not space.contains(seen):
        raise Strange(f"gave the observation{where} {str(seen)[:60]}, which is not in {space}")


def in_words(error: BaseException) -> str:
    """An error of somebody else's code in a line: `ValueError in cart.py, line 7: no wheel`."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    text = " ".join(str(error).split())[:LONGEST]
    return f"{type(error).__name__}{place}{': ' if text else ''}{text}"


def terms_of(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of the reward that an info names."""
    named = info.get("terms")
    return (
        {key: named[key] for key in named if key != "return"} if isinstance(named, Mapping) else {}
    )


def costs_of(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """The costs that an info names."""
    named = info.get("costs")
    if isinstance(named, Mapping):
        return named
    return {"cost": info["cost"]} if "cost" in info else {}


def _fill(row: np.ndarray, names: Sequence[str], values: Mapping[str, Any]) -> None:
    for k, name in enumerate(names):
        row[k] = values.get(name, 0.0)
