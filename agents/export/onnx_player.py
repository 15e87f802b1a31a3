"""Plays an agent out of its ONNX file, action for action as torch would.

B games, L scores, R chances, k steps of a window, W numbers of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.export.onnx_external import external_onnx_player
from agents.export.onnx_file import CURE, OnnxFile, in_short, read_onnx
from agents.export.onnx_graph import LIKELIEST
from agents.export.onnx_session import OnnxSession, failures
from agents.files.rebuild_network import read_own_space
from agents.players.player import Player, draw
from agents.players.unstuck import Unstuck
from environments.simulation.world import SCORED, World, require
from environments.system.errors import UserError


def onnx_player(path: Path, world: World, seed: int = 0, temperature: float = 1.0) -> Player:
    """The player of a file, with the stuck rule if its agent was made to be played with it.

    Raises:
        UserError: it is damaged, was made for another world, or does not fit this one.
    """
    return file_player(read_onnx(path), world, seed, temperature)


def file_player(file: OnnxFile, world: World, seed: int = 0, temperature: float = 1.0) -> Player:
    """The player of a file that was read; as `onnx_player`."""
    if not file.ours:
        return external_onnx_player(file, world)
    cure = "Choose a file of this world, or export an agent of it."
    require(world, file.world, str(file.path), cure, SCORED)
    try:
        player: Any = OnnxPlayer(
            file, world.action_space, seed, temperature
        )  # scores as networks do
        player.predict(np.zeros((2, *world.observation_space.shape)))
        steps = int(file.about["facts"].get("stuck_steps", 0))
    except failures() as error:  # whole, but not as we write it
        raise UserError(
            f"{file.path} holds no agent that can be played ({in_short(error)}); {CURE}."
        ) from None
    player.reseed(seed)
    body = world.body if player.discrete else None  # the rule is for a single choice
    return Unstuck(player, body, steps) if steps and body is not None else player


@dataclass
class Remembered:
    """What goes into a file beside the observation, of B games; a file without memory is given none of it."""

    memory: np.ndarray  # [B, k, W]
    action: np.ndarray  # [B, ...], the last, in the environment's own numbers
    start: Any = 0  # from which those count

    def act(self, action: np.ndarray) -> None:
        """What was done after the last observation, as we count: [B, ...]."""
        shaped = np.asarray(action).reshape(self.action.shape)
        self.action = (shaped + self.start).astype(self.action.dtype)


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
        # The space in whose numbers the file speaks; files made before there were such have ours.
        described = file.about.get("action_space")
        self._own = action_space if described is None else read_own_space(described, action_space)
        self._shape: tuple[int, ...] = tuple(self._own.shape or ())
        self.greedy = bool(file.about["greedy"])
        self._session = OnnxSession(file, file.shapes(2))
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
            done, start = np.zeros((games, *self._shape), kind), getattr(self._own, "start", 0)
            state = Remembered(np.zeros((games, steps, width), np.float32), done, start)
        elif episode_start is not None:
            state.memory[np.asarray(episode_start, np.bool_)] = 0
        return _Seen({**feeds, "memory": state.memory, "last_action": state.action}, state), state

    def scores(self, seen: Any) -> np.ndarray:
        """Logits of the choices at this temperature, [B, L], for what `look` gave."""
        scores = self._run("scores", seen)
        choices = (int(self.space.n),) if self.discrete else scores.shape[1:]
        self._require(scores, choices, "scores", len(seen.feeds["observation"]))
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
            own = self._run("action", seen)
            self._require(own, self._shape, "action", len(observation))
            counted = (own - getattr(self._own, "start", 0)).astype(self.space.dtype)
            action = counted.reshape(len(own), *self.space.shape)
            if isinstance(self.space, spaces.Box):  # as they are already, in a file that we made
                action = action.clip(self.space.low, self.space.high)
        if state is not None:
            state.act(action)
        return action, state

    def _run(self, wanted: str, seen: _Seen) -> np.ndarray:
        """One of the file's outputs; the memory moves on."""
        names = [wanted] if seen.state is None else [wanted, "next_memory"]
        found = self._session.run(names, seen.feeds)
        if seen.state is not None:
            before = seen.state.memory
            self._require(found[1], before.shape[1:], "next_memory", len(before))
            seen.state.memory = found[1]
        return found[0]

    def _require(self, given: np.ndarray, shape: tuple[int, ...], name: str, games: int) -> None:
        """Refuse an output that is not of the shape that it has in a file that we made."""
        if given.shape != (games, *shape):
            raise UserError(
                f"{self.file.path} gave {name} {list(given.shape)} where {[games, *shape]} was due; {CURE}."
            )
