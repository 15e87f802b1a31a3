"""A small run folder as training leaves one, with agents that were never trained, for tests that watch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from agents.files.agent_file import save_agent
from agents.networks.policy import AgentPolicy, build_policy
from environments.catalog import make_world
from environments.simulation.world import World
from training.imitation.inputs import NetworkSettings, encoder_settings, policy_space
from training.run.checkpoint import write_checkpoint

CLONE, REFINED = {"role": "clone", "stuck_steps": 3}, {"role": "refined", "stuck_steps": 0}


def network(world: World, seed: int, hidden: int = 16, kind: Any = "layers") -> AgentPolicy:
    """A random policy for a world, with a value for each of its costs."""
    torch.manual_seed(seed)
    sight = encoder_settings(world, NetworkSettings(kind=kind, steps=3, width=8, heads=2))
    settings = {"net_arch": {"pi": [hidden] * 2, "vf": [hidden] * 2}, "n_costs": len(world.costs)}
    if sight is not None:
        settings["sight"] = sight
    seen = policy_space(world.observation_space, world.action_space, sight)
    policy: Any = build_policy(seen, world.action_space, settings)
    with torch.no_grad():  # so that two of them also act differently
        for weight in policy.action_net.parameters():
            weight.normal_(std=0.5)
    made: AgentPolicy = policy
    return made


def checkpoint(folder: Path, world: World, update: int, **settings: Any) -> None:
    """Write a checkpoint as a run that is training does."""
    policy = network(world, update, **settings)
    parts: dict[str, Any] = {"policy": policy.tensors(), "best": policy.tensors()}
    write_checkpoint(folder / "checkpoints", update, parts, {"best_update": update})


def small_run(
    folder: Path,
    world_id: str = "gpo/Balance-v0",
    done: bool = True,
    params: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    **recipe: Any,
) -> Path:
    """A run with a clone, checkpoints 5 and 10, and, if it is done, its best agent.

    Args:
        folder: of the run.
        world_id: what it plays.
        done: whether it has its best agent.
        params: of the world.
        settings: of `network`.
        recipe: what else stands in its recipe.
    """
    params, about = dict(params or {}), dict(settings or {})
    world = make_world(world_id, **params)
    folder.mkdir(parents=True)
    save_agent(folder / "clone.safetensors", network(world, 0, **about), world, CLONE)
    for update in (5, 10):
        checkpoint(folder, world, update, **about)
    if done:
        save_agent(folder / "agent.safetensors", network(world, 99, **about), world, REFINED)
    written = {"world": {"id": world_id, "params": params, "horizon": 40}, **recipe}
    (folder / "recipe.json").write_text(json.dumps(written))
    return folder
