"""Plays an ONNX file: one that `gpo export` made as the agent that it holds, another's if its shapes fit.

B games, L scores, R chances, k steps of a window, W numbers of a step.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.onnx_file import OnnxFile, open_session, read_onnx
from agents.onnx_graph import LIKELIEST
from agents.player import Player, draw
from agents.unstuck import Unstuck
from environments.problem import Problem
from environments.world import World, require

_CURE = "Choose a file of this world, or export an agent of it."
_warned: set[Path] = set()  # files of others, of which we have said so


def onnx_player(path: Path, world: World, seed: int = 0, temperature: float = 1.0) -> Player:
    """Whoever plays a file, with the stuck rule if its agent was made to be played with it.

    Raises:
        Problem: it is damaged, was made for another world, or does not fit this one.
    """
    file = read_onnx(path)
    if not file.ours:
        return _stranger(file, world)
    require(world, file.about["world"], str(path), _CURE)
    player: Any = OnnxPlayer(
        file, world.action_space, seed, temperature
    )  # scores as a network does
    steps = int(file.about["facts"].get("stuck_steps", 0))
    return Unstuck(player, world.body, steps) if steps and world.body is not None else player


@dataclass
class Remembered:
    """What goes into a file beside the observation, of B games; a file without memory is given none of it."""

    memory: np.ndarray  # [B, k, W]
    action: np.ndarray  # [B, ...], the last

    def act(self, action: np.ndarray) -> None:
        """What was done after the last observation: [B, ...]."""
        self.action = np.asarray(action).astype(self.action.dtype)


@dataclass
class _Seen:
    """What a file is given in one step."""

    feeds: dict[str, np.ndarray]
    state: Remembered | None


class OnnxPlayer:
    """Plays a file of ours: with its seed, choice for choice, as `NetworkPlayer` plays the agent itself.

    Args:
        file: it fits the world.
        action_space: of the world.
        seed: of the sampling.
        temperature: as `NetworkPlayer`.
    """

    def __init__(
        self, file: OnnxFile, action_space: Any, seed: int = 0, temperature: float = 1.0
    ) -> None:
        self.file, self.space, self.temperature = file, action_space, temperature
        self.discrete = isinstance(action_space, spaces.Discrete)
        self.greedy = bool(file.about["greedy"])
        self._session = open_session(file)
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Set the generator to the start of `seed`."""
        self._random = np.random.default_rng(seed)

    def look(self, observation: Any, state: Any, episode_start: Any) -> tuple[Any, Any]:
        """What the file is given, and the state; to be told what was done, if it is one."""
        games = len(observation)
        feeds = {"observation": np.asarray(observation, np.float32)}
        if not self.greedy:
            chances = int(self.file.inputs["chance"][1])
            feeds["chance"] = np.full((games, chances), LIKELIEST, np.float32)
        if "memory" not in self.file.inputs:
            return _Seen(feeds, None), None
        if not isinstance(state, Remembered) or len(state.memory) != games:
            steps, width = (int(size) for size in self.file.inputs["memory"][1:])
            kind = np.float32 if isinstance(self.space, spaces.Box) else np.int64
            done = np.zeros((games, *self.space.shape), kind)
            state = Remembered(np.zeros((games, steps, width), np.float32), done)
        elif episode_start is not None:
            state.memory[np.asarray(episode_start, np.bool_)] = 0
        return _Seen({**feeds, "memory": state.memory, "last_action": state.action}, state), state

    def scores(self, seen: Any) -> np.ndarray:
        """Logits of the choices at this temperature, [B, L], for what `look` gave."""
        scores = self._run("scores", seen)
        return scores / self.temperature if self.temperature != 1.0 else scores

    def choose(self, scores: np.ndarray, deterministic: bool) -> np.ndarray:
        """The likeliest action or a sample: [B, L] -> [B]."""
        chosen: np.ndarray = (
            scores.argmax(1) if deterministic or self.greedy else draw(scores, self._random)
        )
        return chosen

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """As `Player.predict`; the state is that of a file with memory, changed in place."""
        seen, state = self.look(observation, state, episode_start)
        if self.discrete:
            action = self.choose(self.scores(seen), deterministic)
        else:
            if not (deterministic or self.greedy):
                seen.feeds["chance"] = self._random.random(seen.feeds["chance"].shape, np.float32)
            action = self._run("action", seen).astype(self.space.dtype)
        if state is not None:
            state.act(action)
        return action, state

    def _run(self, wanted: str, seen: _Seen) -> np.ndarray:
        """One of the file's outputs; the memory moves on."""
        names = [wanted] if seen.state is None else [wanted, "next_memory"]
        found = self._session.run(names, seen.feeds)
        if seen.state is not None:
            seen.state.memory = found[1]
        first: np.ndarray = found[0]
        return first


# ------------------------------------------------------------------ files of other programs


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


def _stranger(file: OnnxFile, world: World) -> Player:
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
        except Exception as error:  # of one of a dozen classes that have no other parent
            why = f"tried, it failed: {str(error).strip().splitlines()[0].rstrip('.')}"
    if why:
        raise Problem(f"{file.path} cannot play {world.id}: {why}. {_CURE}")
    if file.path not in _warned:
        _warned.add(file.path)
        how = (
            "the highest of its scores is played" if _scores(world) > 1 else "it is played as it is"
        )
        print(
            f"gpo: {file.path} does not say which world it was made for; its shapes fit {world.id}, and {how}.",
            file=sys.stderr,
        )
    return player


def _scores(world: World) -> int:
    space = world.action_space
    return int(space.n) if isinstance(space, spaces.Discrete) else 0


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
