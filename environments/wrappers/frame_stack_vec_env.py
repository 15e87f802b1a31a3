"""Frame stacking as a wrapper of SB3's `VecEnv`, as SB3's `VecFrameStack` does.

Whatever takes SB3's `VecEnv` (PPO, buffers, imitation's trainers) just sees a longer vector.

B games, k steps.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvWrapper

from environments.simulation.frame_stack import FrameStack, stacked_space


class FrameStackVecEnv(VecEnvWrapper):
    """Stacked steps over another environment, emptied where episodes begin.

    Args:
        venv: the environment.
        steps: k.
    """

    def __init__(self, venv: VecEnv, steps: int) -> None:
        space = stacked_space(venv.observation_space, venv.action_space, steps)
        super().__init__(venv, observation_space=space)
        size = math.prod(venv.observation_space.shape or ())
        self.window = FrameStack(venv.num_envs, steps, venv.action_space, size)

    def __getstate__(self) -> dict[str, Any]:
        """All that a pickle or a deep copy keeps: not what SB3 notes of the class, which cannot be."""
        return {name: value for name, value in vars(self).items() if name != "class_attributes"}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self).update(kept, class_attributes=dict(inspect.getmembers(type(self))))

    def reset(self) -> np.ndarray:
        """Begin new episodes everywhere; [B, k x W]."""
        seen: Any = self.venv.reset()
        return self.window.look(seen, np.ones(self.num_envs, np.bool_))

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions [B, ...] of the step to come."""
        self.window.act(actions)
        self.venv.step_async(actions)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Step; the final observation of an ended game is stacked, too."""
        seen: Any
        seen, rewards, dones, infos = self.venv.step_wait()
        ended = np.flatnonzero(dones)
        if len(ended):
            last = np.stack([infos[b]["terminal_observation"] for b in ended])
            for b, window in zip(ended, self.window.peek(last, ended), strict=True):
                infos[b]["terminal_observation"] = window
        return self.window.look(seen, dones), rewards, dones, infos
