"""A small run folder as training leaves one, with agents that were never trained, for tests that watch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from agents.policy import AgentPolicy, build_policy
from agents.saving import save_agent
from environments.catalog import make_world
from environments.world import World
from training.checkpoint import write_checkpoint


def network(world: World, seed: int, hidden: int = 16, costs: int = 0) -> AgentPolicy:
    """A random policy for a world."""
    torch.manual_seed(seed)
    settings = {"net_arch": {"pi": [hidden, hidden], "vf": [hidden, hidden]}, "n_costs": costs}
    policy: Any = build_policy(world.observation_space, world.action_space, settings)
    with torch.no_grad():  # so that two of them also act differently
        policy.action_net.weight.normal_(std=0.5)
    made: AgentPolicy = policy
    return made


def checkpoint(folder: Path, world: World, update: int) -> None:
    """Write a checkpoint as a run that is training does."""
    policy = network(world, update, costs=len(world.costs))
    parts: dict[str, Any] = {"policy": policy.tensors(), "best": policy.tensors()}
    write_checkpoint(folder / "checkpoints", update, parts, {"best_update": update})


def small_run(
    folder: Path,
    world_id: str = "gpo/Balance-v0",
    done: bool = True,
    hidden: int = 16,
    **recipe: Any,
) -> Path:
    """A run with a clone, checkpoints 5 and 10, and, if it is done, its best agent."""
    world = make_world(world_id)
    folder.mkdir(parents=True)
    facts = {"role": "clone", "stuck_steps": 3}
    costs = len(world.costs)
    save_agent(folder / "clone.safetensors", network(world, 0, hidden, costs), world, facts)
    for update in (5, 10):
        checkpoint(folder, world, update)
    if done:
        facts = {"role": "refined", "stuck_steps": 0}
        save_agent(folder / "agent.safetensors", network(world, 99, hidden, costs), world, facts)
    written = {"world": {"id": world_id, "params": {}, "horizon": 40}, **recipe}
    (folder / "recipe.json").write_text(json.dumps(written))
    return folder
