"""Plays ONNX files of other programs, of which nothing is known but their shapes.

B games.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.onnx_file import OnnxFile, failures, in_short, open_session
from agents.player import Player
from environments.problem import Problem
from environments.world import World

_warned: set[Path] = set()  # files of which it has been said


class Stranger:
    """Plays a file of which nothing is known but its shapes: observations in; scores, or actions, out."""

    def __init__(self, session: Any, action_space: Any) -> None:
        self._session, self.space = session, action_space
        self._input = session.get_inputs()[0]
        self._kind = np.uint8 if "uint8" in self._input.type else np.float32

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, None]:
        """The choice of the highest score, or the action within its bounds: [B, ...]."""
        feeds = {self._input.name: np.asarray(observation).astype(self._kind)}
        found: np.ndarray = self._session.run(None, feeds)[0]
        if isinstance(self.space, spaces.Discrete):
            chosen = found.reshape(len(found), -1)
            action = chosen.argmax(1) if chosen.shape[1] > 1 else chosen[:, 0].round()
            return action.astype(np.int64).clip(0, int(self.space.n) - 1), None
        action = found.reshape(len(found), *self.space.shape)
        return action.clip(self.space.low, self.space.high).astype(self.space.dtype), None


def stranger(file: OnnxFile, world: World) -> Player:
    """Somebody else's file as a player.

    Raises:
        Problem: it does not fit the world.
    """
    why = _misfit(file, world)
    session = open_session(file)
    if not why:
        player = Stranger(session, world.action_space)
        try:  # two games: what it says of its own shapes need not be so
            player.predict(np.zeros((2, *world.observation_space.shape)))
        except failures() as error:
            why = f"tried, it failed: {in_short(error)}"
    if why:
        raise Problem(f"{file.path} cannot play {world.id}: {why}. Choose another file.")
    if file.path not in _warned:
        _warned.add(file.path)
        print(
            f"gpo: {file.path} does not say which world it was made for; its shapes fit {world.id}, "
            "so its likeliest actions are played.",
            file=sys.stderr,
        )
    return player


def _misfit(file: OnnxFile, world: World) -> str:
    """Why a file of others cannot be played in a world; empty if it may be tried."""
    space, seen = world.action_space, world.observation_space.shape
    if not isinstance(space, (spaces.Discrete, spaces.Box)):
        return f"without facts of its own it can play Discrete and Box actions, not {space}"
    if len(file.inputs) != 1:
        return f"it wants {len(file.inputs)} inputs ({', '.join(file.inputs)}) where there is one"
    (name, shape), (output, given) = (
        next(iter(file.inputs.items())),
        next(iter(file.outputs.items())),
    )
    if not _fits(shape, seen):
        return f"its input '{name}' is {_said(shape)}, an observation [batch, {_list(seen)}]"
    wanted = [(int(space.n),), (1,), ()] if isinstance(space, spaces.Discrete) else [space.shape]
    flat = math.prod(space.shape) if isinstance(space, spaces.Box) else int(space.n)
    if not any(_fits(given, one) for one in (*wanted, (flat,))):
        return f"its output '{output}' is {_said(given)}, an action [batch, {_list(wanted[0])}]"
    return ""


def _fits(shape: tuple[int | str, ...], wanted: tuple[int, ...]) -> bool:
    """Whether a shape is that of any number of such things."""
    rest = shape[1:]
    return (
        len(rest) == len(wanted)
        and not isinstance(shape[0], int)
        and all(isinstance(a, str) or a == b for a, b in zip(rest, wanted, strict=True))
    )


def _said(shape: tuple[int | str, ...]) -> str:
    return f"[{_list(shape)}]"


def _list(shape: tuple[int | str, ...]) -> str:
    return ", ".join(map(str, shape))
