"""Demonstrations: rules of thumb with random actions among them, half-trained agents, and bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.vector.utils import batch_space

from agents.players.player import RandomPlayer, StillPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from environments.catalog import make_world
from tests.studies.strangers.environments import BAD, STRANGERS, Stranger
from tests.studies.strangers.peers import half_trained

EPISODES = 20
SEED = 1000  # of the first recorded game


class ClumsyPlayer:
    """Follows a rule, but takes a random action now and then.

    Args:
        rule: from what B games show to their actions; `restart(starts)` is called where it has one.
        action_space: of the actions.
        share: of the actions, that is random.
        seed: of the random ones.
    """

    def __init__(self, rule: Any, action_space: Any, share: float, seed: int) -> None:
        self.rule, self.action_space, self.share = rule, action_space, share
        self.random = np.random.default_rng(seed)
        self.spaces: dict[int, Any] = {}

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """As Stable-Baselines3's."""
        size = len(observation)
        if hasattr(self.rule, "restart"):
            self.rule.restart(np.ones(size, bool) if state is None else episode_start)
        if size not in self.spaces:
            self.spaces[size] = batch_space(self.action_space, size)
            self.spaces[size].seed(int(self.random.integers(2**31)))
        meant, any_ = np.asarray(self.rule(observation)), np.asarray(self.spaces[size].sample())
        slip = self.random.random(size) < self.share
        slip = slip.reshape(-1, *[1] * (meant.ndim - 1))
        return np.where(slip, any_, meant).astype(any_.dtype), size


def record(cache: Path, name: str) -> list[str]:
    """Record an environment's demonstrations, good and bad, those that are not there yet: a line of each."""
    one, store, told = STRANGERS[name], Store(cache / "datasets"), []
    world = make_world(one.id)
    for dataset in (name, *(f"{name}-{bad}" for bad in BAD)):
        if dataset in store.names():
            continue
        good = None if one.rule or dataset != name else half_trained(name, cache / "half")
        players = [good or _player(one, dataset, world, n) for n in range(len(world.agents))]
        made = collect(store, dataset, world, players, EPISODES, seed=SEED)
        returns = episode_returns(made)
        told.append(f"{dataset}: {len(returns)} streams, return {np.mean(returns):.1f}")
    return told


def _player(one: Stranger, dataset: str, world: Any, seat: int) -> Any:
    if dataset.endswith("-random"):
        return RandomPlayer(world.action_space, SEED + seat)
    if dataset.endswith("-constant"):
        return StillPlayer(world.action_space, world.idle)
    assert one.rule is not None
    return ClumsyPlayer(one.rule(), world.action_space, one.random, SEED + seat)


def episode_returns(dataset: Any) -> np.ndarray:
    """What each recorded stream came to by the environment's own reward."""
    arrays = dataset.arrays()
    sums = np.concatenate([[0.0], np.cumsum(arrays.terms["return"].astype(np.float64))])
    return np.asarray(sums[arrays.starts[1:]] - sums[arrays.starts[:-1]])
