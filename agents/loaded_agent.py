"""An agent that is ready to act: a file, a run or a fresh clone, with `predict` as Stable-Baselines3 has it.

B observations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
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
from agents.schema.own_rows import OwnLayout
from environments.external.games.own_actions import own_rows
from environments.files.readers import Unreadable
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

    @cached_property
    def layout(self) -> OwnLayout | None:
        """How its environment's own observations are made rows of; None where they are such.

        An older file does not say it, and its environment is asked, if this folder trusts it.

        Raises:
            UserError: the file says nothing that can be.
        """
        described = self.agent.world.get("layout")
        if described is None and self.agent.world.get("parts") is not None:
            with suppress(UserError):
                described = self.world.describe().get("layout")
        if described is None:
            return None
        size = math.prod(_shape_of_one(self.agent))
        try:
            return OwnLayout(described, size, str(self.agent.world["world"]))
        except Unreadable as error:
            raise UserError(f"{self.name} {error}.") from None

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
        action_masks: Any = None,
    ) -> tuple[Any, Any]:
        """Choose an action, as `predict` of a Stable-Baselines3 model.

        Args:
            observation: one, as the environment has it, or B of them: arrays [B, ...], in its dicts and
                tuples.
            state: what the last call returned; None at first.
            episode_start: whether a new episode begins, [B]; at first it does.
            deterministic: take the likeliest action instead of a sample.
            action_masks: what is allowed, [M] or [B, M], where no part of the observation says it; as
                sb3-contrib has it.

        Returns:
            The action, or B of them, in the environment's own numbers, and the state for the next call.

        Raises:
            UserError: the observation is not as the environment has it.
        """
        seen, one = self._rows(observation, action_masks)
        starts = np.full(len(seen), state is None) if episode_start is None else episode_start
        actions, state = self.player.predict(seen, state, np.atleast_1d(starts), deterministic)
        if self.agent.own_action_space is not None:
            actions = own_rows(self.agent.own_action_space)(np.asarray(actions))
        return (actions[0] if one else actions), state

    def _rows(self, observation: Any, masks: Any) -> tuple[np.ndarray, bool]:
        """Rows of one observation or of several, and whether it is one."""
        shape, nested = _shape_of_one(self.agent), isinstance(observation, (Mapping, tuple))
        as_row = not nested and _is_row(observation, shape)
        if not as_row or np.asarray(observation).dtype.kind != "f":
            layout = self.layout
            # Five choices, of five games, are no row of five numbers.
            taken = layout is not None and (
                nested or layout.counts or (layout.whole and not as_row)
            )
            if layout is not None and taken:
                rows, one = layout.rows(observation, masks)
                return rows.reshape(len(rows), *shape), one
        seen = _numbers(observation, shape)
        return (seen[None], True) if seen.shape == shape else (seen, False)

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
        if _is_row(observation, shape):
            return np.asarray(observation)
        given = "a tuple" if isinstance(observation, tuple) else f"{list(np.shape(observation))}"
        found, cure = given, "hand it observations of the world it was made for."
    raise UserError(f"This agent sees numbers of shape {list(shape)}, not {found}: {cure}")


def _is_row(observation: Any, shape: tuple[int, ...]) -> bool:
    """Whether it is a row of ours already, or several."""
    if isinstance(observation, (Mapping, tuple)):
        return False
    given = np.shape(observation)
    return given == shape or (len(given) > 0 and given[1:] == shape)


def _shape_of_one(agent: Agent) -> tuple[int, ...]:
    """The shape of an observation of one game."""
    space, steps = agent.policy.observation_space, agent.policy.memory
    shape: tuple[int, ...] = space.shape or ()
    if not steps:
        return shape
    return (shape[0] // steps - action_size(agent.policy.action_space) - 1,)
