"""A network that has learned nothing: drawn from the seed, with the scales of what it is to see and do."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from agents.networks.policy import AgentPolicy, build_policy
from agents.networks.scales import fit_actions
from agents.players.player import NetworkPlayer
from environments.catalog import make_batch
from environments.simulation.world import World
from training.imitation.inputs import policy_space

GAMES, STEPS = 8, 256  # that are played by chance to see what there is to be seen
SEED = 700_000  # of these games, apart from those of training and judging


def fresh_policy(
    world: World,
    settings: dict[str, Any],
    seed: int,
    recorded: tuple[np.ndarray, np.ndarray] | None = None,
    options: Mapping[str, Any] | None = None,
) -> AgentPolicy:
    """A policy and values that know nothing of a world but its scales.

    Args:
        world: that is played.
        settings: of the network, as `AgentPolicy.settings`.
        seed: of its weights.
        recorded: observations and actions [S, ...] to take the scales from, beside what it sees as it
            plays by chance: people may have kept to a corner that it leaves.
        options: of the games that it plays.
    """
    torch.manual_seed(seed)
    space: Any = world.action_space
    shown = policy_space(world.observation_space, space, settings.get("sight"))
    policy = build_policy(shown, space, settings)
    policy.set_training_mode(False)
    drawn = copy.deepcopy(space)
    drawn.seed(seed)
    acted = np.stack([drawn.sample() for _ in range(STEPS)]) if recorded is None else recorded[1]
    fit_actions(policy, acted)
    if recorded is not None:
        policy.fit_scales(recorded[0], None)
    seen = _seen(world, policy, options)
    policy.fit_scales(seen if recorded is None else np.concatenate([recorded[0], seen]), None)
    return policy


def _seen(world: World, policy: AgentPolicy, options: Mapping[str, Any] | None) -> np.ndarray:
    """What there is to be seen where a fresh network acts, in every seat: [S, ...]."""
    batch = make_batch(world, GAMES, seed=SEED, options=options)
    players = [NetworkPlayer(policy, SEED + seat) for seat in range(len(world.agents))]
    memory: list[Any] = [None] * len(players)
    starts, seen = np.ones(GAMES, bool), []
    for _ in range(STEPS):
        seen.append(batch.observation.copy())
        chosen = []
        for seat, player in enumerate(players):
            acted, memory[seat] = player.predict(batch.observation[:, seat], memory[seat], starts)
            chosen.append(acted)
        batch.step(np.stack(chosen, axis=1))
        starts = batch.ended.copy()
    batch.close()
    every = np.concatenate(seen)  # [T x B, N, ...]
    return every.reshape(-1, *every.shape[2:])
