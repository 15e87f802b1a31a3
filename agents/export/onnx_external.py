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

from agents.export.onnx_file import OnnxFile
from agents.export.onnx_session import OnnxSession
from agents.players.player import Player
from agents.schema.space_schema import printable
from environments.simulation.world import World
from environments.system.errors import UserError

_warned: set[Path] = set()  # files of which it has been said


class ExternalOnnxPlayer:
    """Plays a file of which nothing is known but its shapes: observations in; scores, or actions, out."""

    def __init__(self, session: OnnxSession, action_space: Any) -> None:
        self._session, self.space = session, action_space
        self._input = session.inputs[0]
        self._kind = np.uint8 if "uint8" in self._input.type else np.float32

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, None]:
        """The choice of the highest score, or the action within its bounds: [B, ...].

        Raises:
            UserError: what it gives is no action.
        """
        feeds = {self._input.name: np.asarray(observation).astype(self._kind)}
        found = self._session.run(self._session.outputs[:1], feeds)[0]
        found = found.astype(np.uint8) if found.dtype.kind == "b" else found
        games, size = len(feeds[self._input.name]), math.prod(self.space.shape)
        if isinstance(self.space, spaces.Discrete):
            size = int(self.space.n)
        if found.shape[:1] != (games,) or found.size not in (games * size, self._one(games)):
            raise UserError(
                f"{self._session.file.path} gave {_said(found.shape)} for {games} games of actions "
                f"{printable(self.space)}. Choose another file."
            )
        if isinstance(self.space, spaces.Discrete):
            chosen = found.reshape(games, -1)
            action = chosen.argmax(1) if chosen.shape[1] > 1 else chosen[:, 0].round()
            return action.clip(0, size - 1).astype(np.int64), None
        action = found.reshape(games, *self.space.shape)
        return action.clip(self.space.low, self.space.high).astype(self.space.dtype), None

    def _one(self, games: int) -> int:
        """How many numbers tell the choices themselves."""
        return games if isinstance(self.space, spaces.Discrete) else -1


def external_onnx_player(file: OnnxFile, world: World) -> Player:
    """A file of another program as a player.

    Raises:
        UserError: it does not fit the world.
    """
    why = _misfit(file, world)
    if why:
        raise UserError(f"{file.path} cannot play {world.id}: {why}. Choose another file.")
    seen = (2, *world.observation_space.shape)
    player = ExternalOnnxPlayer(
        OnnxSession(file, {next(iter(file.inputs)): seen}), world.action_space
    )
    player.predict(np.zeros(seen))  # two games: what it says of its own shapes need not be so
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
        return f"it wants {len(file.inputs)} inputs ({printable(', '.join(file.inputs))}) where there is one"
    if not file.outputs:
        return "it gives nothing"
    (name, shape), (output, given) = (
        next(iter(file.inputs.items())),
        next(iter(file.outputs.items())),
    )
    if not _fits(shape, seen):
        return f"its input '{printable(name)}' is {_said(shape)}, an observation [batch, {_list(seen)}]"
    wanted = [(int(space.n),), (1,), ()] if isinstance(space, spaces.Discrete) else [space.shape]
    flat = math.prod(space.shape) if isinstance(space, spaces.Box) else int(space.n)
    if not any(_fits(given, one) for one in (*wanted, (flat,))):
        return f"its output '{printable(output)}' is {_said(given)}, an action [batch, {_list(wanted[0])}]"
    return ""


def _fits(shape: tuple[int | str, ...], wanted: tuple[int, ...]) -> bool:
    """Whether a shape is that of any number of such things."""
    rest = shape[1:]
    return (
        len(shape) == 1 + len(wanted)
        and not isinstance(shape[0], int)
        and all(isinstance(a, str) or a == b for a, b in zip(rest, wanted, strict=True))
    )


def _said(shape: tuple[int | str, ...]) -> str:
    return f"[{printable(_list(shape))}]"


def _list(shape: tuple[int | str, ...]) -> str:
    return ", ".join(map(str, shape))
