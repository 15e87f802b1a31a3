"""Small recordings and small games, quick to learn, for the tests of what learns."""

from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.networks.policy import AgentPolicy
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.episodes.arrays import Arrays
from demos.data.episodes.episode import Episode
from environments.catalog import make_batch
from environments.simulation.world import World
from training.imitation.clone import clone
from training.imitation.inputs import RecordedSteps
from training.imitation.returns import recorded_returns
from training.imitation.settings import CloneSettings

SIGHT = spaces.Box(-9.0, 9.0, (4,), np.float32)


def toy_arrays(
    actions: Any, seen: np.ndarray, length: int, terminated: bool = True, **columns: Any
) -> Arrays:
    """Recordings of episodes of equal length, end to end."""
    steps = len(seen)
    starts = np.arange(0, steps + 1, length)
    ended = np.full(steps // length, terminated)
    return Arrays(
        observations=seen.astype(np.float32),
        actions=np.asarray(actions),
        rewards=np.zeros(steps, np.float32),
        terms=columns.get("terms", {}),
        costs=columns.get("costs", {}),
        actors=np.zeros(steps, np.uint8),
        episode=np.repeat(np.arange(steps // length), length),
        starts=starts,
        final_observations=seen[starts[1:] - 1],
        terminated=ended,
        truncated=~ended,
    )


class Leaning:
    """A fair hand at the pole: pushes to where it falls, and sometimes anywhere.

    Args:
        careless: how often it pushes anywhere.
        seed: of its carelessness.
    """

    def __init__(self, careless: float = 0.0, seed: int = 0) -> None:
        self.careless, self._random = careless, np.random.default_rng(seed)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, None]:
        """As `agents.players.player.Player`."""
        right = observation[:, 2] + observation[:, 3] > 0
        anywhere = self._random.integers(2, size=len(right))
        return np.where(self._random.random(len(right)) < self.careless, anywhere, right).astype(
            np.int64
        ), None


def careless_clone(world: World) -> AgentPolicy:
    """The clone of a careless hand at the pole: it leaves much to be refined, and has a value a cost."""
    batch = make_batch(world, 20, seed=0, options={"horizon": 100})
    player = Leaning(careless=0.5)
    seen, done, terms, costs = [], [], [], []
    for _ in range(50):
        seen.append(batch.observation[:, 0].copy())
        done.append(player.predict(seen[-1])[0])
        batch.step(done[-1][:, None])
        terms.append(batch.terms[:, 0].copy())
        costs.append(batch.costs[:, 0].copy())
    sights, actions, earned, spent = (
        np.stack(rows, axis=1).reshape(1000, *rows[0].shape[1:])
        for rows in (seen, done, terms, costs)
    )
    arrays = toy_arrays(
        actions,
        sights,
        50,
        terms={name: earned[:, i] for i, name in enumerate(world.terms)},
        costs={name: spent[:, i] for i, name in enumerate(world.costs)},
    )
    settings = CloneSettings(hidden=[32], epochs=5, dropout=0.0, batch_size=64)
    space, returns = (
        world.observation_space,
        recorded_returns(arrays, world.weights, 0.97, list(world.costs)),
    )
    steps = RecordedSteps(arrays, arrays.episode, space, world.action_space, returns)
    return clone(steps, settings).policy


def record(
    root: Path, name: str, world: World, player: Any, episodes: int, horizon: int
) -> Dataset:
    """A new dataset of a player's games, who sits in every seat; seeds count from 0."""
    dataset = Store(root).create(
        name,
        DatasetSpec(
            world=world.id,
            fingerprint=world.fingerprint,
            world_description=world.describe(),
            observation_space=world.observation_space,
            action_space=world.action_space,
            terms=list(world.terms),
            costs=list(world.costs),
            north_star=world.north_star,
        ),
    )
    played = [
        episode for seed in range(episodes) for episode in _game(world, player, seed, horizon)
    ]
    dataset.append_many(played)
    return dataset


def _game(world: World, player: Any, seed: int, horizon: int) -> list[Episode]:
    """One game, an episode a seat."""
    batch = make_batch(world, 1, seed=seed, options={"horizon": horizon}, restart=False)
    seats = range(len(world.agents))
    seen, done = [batch.observation[0].copy()], []
    rewards, terms, costs = [], [], []
    while not batch.ended[0]:
        action = np.stack([player.predict(batch.observation[:, n])[0][0] for n in seats])
        batch.step(action[None])
        seen.append(batch.observation[0].copy())
        done.append(action)
        rewards.append(batch.reward[0].copy())
        terms.append(batch.terms[0].copy())
        costs.append(batch.costs[0].copy())
    return [
        Episode(
            observations=np.stack(seen)[:, n],
            actions=np.stack(done)[:, n],
            rewards=np.stack(rewards)[:, n],
            terms={k: np.stack(terms)[:, n, i] for i, k in enumerate(world.terms)},
            costs={k: np.stack(costs)[:, n, i] for i, k in enumerate(world.costs)},
            terminated=bool(batch.terminated[0]),
            truncated=bool(batch.truncated[0]),
            world=world.id,
            fingerprint=world.fingerprint,
            agent=world.agents[n],
            match=f"m{seed}",
            seed=seed,
        )
        for n in seats
    ]
