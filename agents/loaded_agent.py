"""An agent that is ready to act: a file, a run or a fresh clone, with `predict` as Stable-Baselines3 has it.

B observations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from agents.files.agent_file import Agent, save_agent
from agents.lookup import find
from agents.lookup_names import AGENTS
from agents.players.from_agent import make_player
from agents.players.player import NetworkPlayer, Player
from environments.recorded_worlds import described_world
from environments.simulation.frame_stack import action_size
from environments.simulation.world import World
from environments.system.errors import UserError

_FLATTEN = "play it in gymnasium.wrappers.FlattenObservation(env)."


@dataclass(frozen=True)
class LoadedAgent:
    """An agent that is ready to act."""

    agent: Agent
    name: str = "the agent"

    @cached_property
    def world(self) -> World:
        """The world it was made for.

        Raises:
            UserError: its environment is neither registered nor one that this folder trusts.
        """
        return described_world(self.agent.world, self.name)

    @cached_property
    def player(self) -> Player:
        """It as a player, with the rules it is to be played with."""
        if self.agent.facts.get("stuck_steps", 0):
            return make_player(self.agent, self.world)
        return NetworkPlayer(self.agent.policy)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Choose an action, as `predict` of a Stable-Baselines3 model.

        Args:
            observation: one, as the world has it, or B of them.
            state: what the last call returned; None at first.
            episode_start: whether a new episode begins, [B]; at first it does.
            deterministic: take the likeliest action instead of a sample.

        Returns:
            The action, or B of them, and the state to hand to the next call.

        Raises:
            UserError: the observation has parts, or another size than the agent sees.
        """
        shape = _shape_of_one(self.agent)
        seen = _numbers(observation, shape)
        one = seen.shape == shape
        seen = seen[None] if one else seen
        starts = np.full(len(seen), state is None) if episode_start is None else episode_start
        actions, state = self.player.predict(seen, state, np.atleast_1d(starts), deterministic)
        return (actions[0] if one else actions), state

    def save(self, path: str | Path) -> None:
        """Write it as one file that holds no code.

        Raises:
            UserError: the file cannot be written.
        """
        save_agent(Path(path), self.agent.policy, self.world, dict(self.agent.facts))


def load_agent(name: str | Path) -> LoadedAgent:
    """An agent by its file, its run folder or the name of its run.

    Raises:
        UserError: there is none.
    """
    return LoadedAgent(find(str(name), AGENTS).agent, str(name))


def _numbers(observation: Any, shape: tuple[int, ...]) -> np.ndarray:
    """An observation as an array, or several."""
    if isinstance(observation, Mapping):
        found, cure = f"a dict of {', '.join(map(str, observation))}", _FLATTEN
    else:
        seen = np.asarray(observation)
        if seen.shape == shape or (seen.ndim > 0 and seen.shape[1:] == shape):
            return seen
        found, cure = f"{list(seen.shape)}", "hand it observations of the world it was made for."
    raise UserError(f"This agent sees numbers of shape {list(shape)}, not {found}: {cure}")


def _shape_of_one(agent: Agent) -> tuple[int, ...]:
    """The shape of an observation of one game."""
    space, steps = agent.policy.observation_space, agent.policy.memory
    shape: tuple[int, ...] = space.shape or ()
    if not steps:
        return shape
    return (shape[0] // steps - action_size(agent.policy.action_space) - 1,)
