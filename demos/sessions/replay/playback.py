"""The playback of a recorded episode: played again from its seed and actions, or else shown as it was seen.

T steps, N seats, O numbers in an observation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pygame

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Actor, Episode
from demos.data.inspection.resimulate import world_of
from demos.window.controls.bindings import action_labels, written_labels
from demos.window.drawing.scenery import paint_numbers, paint_picture, paint_state
from environments.catalog import WORLDS
from environments.simulation.batch import Batch
from environments.simulation.observation_parts import is_picture
from environments.simulation.world import World
from environments.system.errors import UserError

CLOSE = 1e-4  # by how much a repeated observation may differ from the recorded one


class Playback:
    """One episode, to be looked at at any step from 0 (its beginning) to T.

    Args:
        dataset: it is in.
        number: of the episode.

    Raises:
        UserError: there is no such episode, or it is damaged.
    """

    def __init__(self, dataset: Dataset, number: int) -> None:
        self.episode = dataset.load(number)
        self.world = recorded_world(dataset)
        space = dataset.revision.action_space
        self.labels = (
            written_labels(dataset.world, space)
            if self.world is None
            else action_labels(self.world)
        )
        self.states: list[Any] | None = None  # [T+1], one a step
        self.how = "as it was seen: this world is not played again from its actions"
        if self.world is not None and hasattr(self.world.module, "draw"):
            self._play_again(self.world, dataset, number)
        self.names = {agent: agent.replace("_", " ") for agent in self.agents}
        if self.episode.player:
            self.names[self.episode.agent] = self.episode.player
        every = {**self.episode.terms, **self.episode.costs}
        self.sums = {name: np.cumsum(values, dtype=np.float64) for name, values in every.items()}

    def _play_again(self, world: World, dataset: Dataset, number: int) -> None:
        actions = joint_actions(dataset, number, self.episode, world)
        if actions is None:
            self.how = "as it was seen: what the others did was not recorded"
            return
        states, differs = repeat(world, self.episode, actions)
        if differs is None:
            self.states, self.how = states, "played again from its seed and actions"
        else:
            self.how = f"as it was seen: played again, it differs after step {differs}"

    @property
    def agents(self) -> tuple[str, ...]:
        """The seats of its world, as far as they are known."""
        return self.world.agents if self.world is not None else (self.episode.agent,)

    @property
    def tick(self) -> float:
        """Seconds between two steps, as they were meant to be."""
        fallback = self.world.tick if self.world is not None else 0.1
        return float(self.episode.meta.get("tick", fallback))

    def __len__(self) -> int:
        return len(self.episode)

    def total(self, name: str, step: int) -> float:
        """The sum of a term or a cost over the first steps."""
        return float(self.sums[name][step - 1]) if step else 0.0

    def shielded(self, step: int) -> bool:
        """Whether the shield had stepped in, in the step before."""
        return step > 0 and self.episode.actors[step - 1] == Actor.SHIELD

    def paint(self, surface: pygame.Surface, area: pygame.Rect, step: int) -> pygame.Rect:
        """Draw it as it was after some steps; returns where."""
        if self.states is not None and self.world is not None:
            score = {**self.names, "shield": self.shielded(step)}
            return paint_state(surface, area, self.world, self.states[step], score)
        seen = self.episode.observations[step]
        if self._pictures():
            return paint_picture(surface, area, seen)
        action = self.episode.actions[max(step - 1, 0)]
        return paint_numbers(surface, area, seen, action)

    def _pictures(self) -> bool:
        seen = self.episode.observations
        if self.world is not None:
            return is_picture(self.world.observation_space)
        return seen.dtype == np.uint8 and seen.ndim in (3, 4)


def recorded_world(dataset: Dataset) -> World | None:
    """The world of a dataset if it is one of ours and still the same, else None."""
    if dataset.world not in WORLDS:
        return None
    try:
        world = world_of(dataset)
        dataset.require_world(world)
    except (UserError, TypeError):
        return None
    return world


def joint_actions(
    dataset: Dataset, number: int, episode: Episode, world: World
) -> np.ndarray | None:
    """What every seat did, [T, N, ...]: from the game's other recordings, or this one's raw numbers."""
    by_agent = {episode.agent: episode.actions}
    reach = len(world.agents)
    for other in range(max(0, number - reach), min(len(dataset), number + reach + 1)):
        facts = dataset.episode_facts(other)
        if other != number and episode.match and facts.get("match") == episode.match:
            stream = dataset.load(other)
            by_agent[stream.agent] = stream.actions
    for agent in world.agents:
        if agent not in by_agent and (told := _told_beside(episode, agent, world)) is not None:
            by_agent[agent] = told
    if set(by_agent) != set(world.agents):
        return None
    if any(len(actions) != len(episode) for actions in by_agent.values()):
        return None
    return np.stack([by_agent[agent] for agent in world.agents], axis=1)


def _told_beside(episode: Episode, agent: str, world: World) -> np.ndarray | None:
    """The actions of a seat nobody recorded, which stand among the raw numbers."""
    names = list(episode.meta.get("raw_names", ()))
    columns = [k for k, name in enumerate(names) if name.startswith(f"action {agent} ")]
    if not columns:
        return None
    space = world.action_space
    told = episode.raw[:, columns].astype(space.dtype)
    if len(columns) != int(np.prod(space.shape)):
        return None
    return told.reshape(len(episode), *space.shape)


def repeat(world: World, episode: Episode, actions: np.ndarray) -> tuple[list[Any], int | None]:
    """Play actions [T, N, ...] again: the states [T+1], and after which step they first differ, if any."""
    batch = Batch(world, 1, options=episode.options, restart=False)
    batch.reset(seed=episode.seed or 0)
    seat = world.agents.index(episode.agent)
    states: list[Any] = []
    for step in range(len(actions) + 1):
        if step:
            batch.step(actions[step - 1][None])
        if not _alike(batch.observation[0, seat], episode.observations[step]):
            return states, step
        states.append(batch.state[0].copy())
    return states, None


def _alike(ours: np.ndarray, theirs: np.ndarray) -> bool:
    return bool(np.allclose(ours, theirs, rtol=CLOSE, atol=CLOSE))
