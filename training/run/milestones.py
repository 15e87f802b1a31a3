"""Agents on the way: the weights after 1, 2, 5, 10, 20, 50, ... updates, kept so that the way can be watched.

milestones/
    update-00001.safetensors    an agent file as any other (`agents.files.agent_file`)
    update-00002.safetensors

A run keeps only its last checkpoints, which hold an optimiser too and are there to go on from; these are
small and stay. Nothing is drawn or changed for them, so a run ends with the same bytes without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from agents.files.agent_file import save_agent
from agents.files.run_agents import MILESTONE, MILESTONES
from environments.simulation.world import World


def is_milestone(update: int) -> bool:
    """Whether it is 1, 2 or 5 with noughts behind it."""
    digits = str(update)
    return digits[0] in "125" and not digits[1:].strip("0")


class Milestones(BaseCallback):
    """Keeps them.

    Args:
        folder: of the run.
        world: that is played.
        facts: of the agents, see `agents.files.agent_file.Agent`.
    """

    def __init__(self, folder: Path, world: World, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self.folder, self.world, self.facts = folder / MILESTONES, world, dict(facts)

    def _on_rollout_start(self) -> None:
        model: Any = self.model
        update = int(self.num_timesteps // (model.n_steps * model.n_envs))
        path = self.folder / MILESTONE.format(update)
        if is_milestone(update) and not path.exists():
            save_agent(path, model.policy, self.world, {**self.facts, "update": update})

    def _on_step(self) -> bool:
        return True
