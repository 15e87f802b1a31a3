"""`SharedGames`: several PettingZoo games as environments of Stable-Baselines3, one policy for all agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn


class SharedGames(VecEnv):
    """B games of N agents as B x N environments, so that PPO learns one policy from all (parameter sharing).

    Args:
        make: makes a parallel game whose agents are alike.
        games: how many.
    """

    def __init__(self, make: Callable[[], Any], games: int) -> None:
        self.games = [make() for _ in range(games)]
        self.agents = list(self.games[0].possible_agents)
        one = self.agents[0]
        count = games * len(self.agents)
        super().__init__(
            count, self.games[0].observation_space(one), self.games[0].action_space(one)
        )
        self.actions: Any = None

    def _row(self, seen: dict[str, Any]) -> np.ndarray:
        return np.stack([seen[agent] for agent in self.agents])

    def reset(self) -> np.ndarray:
        """Begin all games, on the seeds that were given once."""
        seen = [
            self._row(game.reset(seed=seed)[0])
            for game, seed in zip(self.games, self._seeds, strict=False)
        ]
        self._reset_seeds()
        return np.concatenate(seen)

    def step_async(self, actions: np.ndarray) -> None:
        """Keep what is to be done."""
        self.actions = actions.reshape(len(self.games), len(self.agents), *actions.shape[1:])

    def step_wait(self) -> VecEnvStepReturn:
        """One step of every game; what ended begins again."""
        seen, rewards, dones = [], [], []
        infos: list[dict[str, Any]] = []
        for game, acts in zip(self.games, self.actions, strict=True):
            row, reward, _, cut, _ = game.step(dict(zip(self.agents, acts, strict=True)))
            now, over = self._row(row), not game.agents
            told = {"TimeLimit.truncated": over and any(cut.values())}
            infos += [told | ({"terminal_observation": one} if over else {}) for one in now]
            seen.append(self._row(game.reset()[0]) if over else now)
            rewards += [float(reward[agent]) for agent in self.agents]
            dones += [over] * len(self.agents)
        return np.concatenate(seen), np.array(rewards, np.float32), np.array(dones), infos

    def close(self) -> None:
        """Close all games."""
        for game in self.games:
            game.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Of each environment its game's."""
        return [getattr(self.games[0], attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Nothing is set.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Nothing is called.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """No environment is."""
        return [False] * self.num_envs
