"""Stable-Baselines3's PPO on an environment: as it comes, or with RL Zoo's published settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    VecEnv,
    VecFrameStack,
    VecMonitor,
    VecNormalize,
)
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from agents.evaluation.games import HELD_OUT
from agents.evaluation.statistics import mean_interval
from tests.studies.strangers.environments import STRANGERS, Stranger, published
from tests.studies.strangers.shared_policy import SharedGames

ENVS = 8  # of Stable-Baselines3 as it comes
HALF = 150_000  # steps that a half-trained agent has learned
POINTS, RECENT = 25, 20  # of a curve, and the episodes that each is the mean of


class EpisodeLog(BaseCallback):
    """Keeps what each episode of the training came to, and when it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.rows.append((self.num_timesteps, float(info["episode"]["r"])))
        return True

    def curve(self, played: int, per_step: float) -> list[list[float]]:
        """Mean return of the latest episodes at some points: steps of the game, return."""
        ends = np.array([end for end, _ in self.rows])
        returns = np.array([value for _, value in self.rows])
        found = []
        for at in np.linspace(played / POINTS, played, POINTS):
            done = int(np.searchsorted(ends, at, side="right"))
            if done:
                mean = returns[max(0, done - RECENT) : done].mean()
                found.append([round(at * per_step), round(float(mean), 3)])
        return found


class FirstEpisodes(DummyVecEnv):
    """Environments that stand still once their first episode is over."""

    def step_wait(self) -> VecEnvStepReturn:
        """As `DummyVecEnv`, where an episode is running."""
        self.buf_rews[:], self.buf_dones[:] = 0, False
        if not hasattr(self, "over"):
            self.over = np.zeros(self.num_envs, bool)
        for b in np.flatnonzero(~self.over).tolist():
            seen, self.buf_rews[b], terminated, truncated, _ = self.envs[b].step(self.actions[b])
            self.buf_dones[b] = self.over[b] = terminated or truncated
            self.buf_infos[b] = {"terminal_observation": seen}
            self._save_obs(b, seen)
        found = self._obs_from_buf(), self.buf_rews.copy(), self.buf_dones.copy()
        return *found, list(self.buf_infos)


class Setup:
    """Which environments a peer learns in and is judged in, and how.

    Args:
        name: of the environment.
        who: "sb3" or "zoo".
        seed: of everything.
    """

    def __init__(self, name: str, who: str, seed: int) -> None:
        self.one: Stranger = STRANGERS[name]
        self.seed = seed
        self.told: dict[str, Any] = {}
        if who == "zoo":
            self.told = dict(published()[name])
        told = self.told
        told.pop("of", None)
        self.world = told.pop("world", self.one.id)
        self.skip = told.pop("frame_skip", 1)  # steps of the game in one of Stable-Baselines3's
        self.envs = told.pop("n_envs", ENVS)
        self.stack = told.pop("frame_stack", 1)
        self.normalize = told.pop("normalize", False)
        self.agents = 1

    def games(self, count: int, seed: int, judged: VecNormalize | None = None) -> VecEnv:
        """So many games; those of a judgement see what the training's normaliser makes of them."""
        if self.world.endswith(":parallel_env"):
            import importlib

            make = importlib.import_module(self.world.partition(":")[0]).parallel_env
            shared = SharedGames(make, count)
            self.agents = len(shared.agents)
            shared.seed(seed)
            venv: VecEnv = VecMonitor(shared)
        else:
            kind = FirstEpisodes if seed == HELD_OUT else None
            venv = make_vec_env(self.world, count, seed=seed, vec_env_cls=kind)
        if self.normalize:
            words = self.normalize if isinstance(self.normalize, dict) else {}
            # RL Zoo hands the discount on
            venv = normal = VecNormalize(venv, gamma=self.told.get("gamma", 0.99), **words)
            if judged is not None:
                normal.obs_rms, normal.training, normal.norm_reward = judged.obs_rms, False, False
        return VecFrameStack(venv, self.stack) if self.stack > 1 else venv

    def model(self, venv: VecEnv) -> PPO:
        """The learner."""
        words = {key: _scheduled(value) for key, value in self.told.items()}
        if "policy_kwargs" in words:
            words["policy_kwargs"] = _policy_words(words["policy_kwargs"])
        return PPO(self.one.policy, venv, seed=self.seed, device="cpu", **words)


def half_trained(name: str, folder: Path) -> PPO:
    """The agent that demonstrates an environment without a rule of thumb, trained once.

    As it comes, Stable-Baselines3 learns too little in so many steps to demonstrate anything.
    """
    setup, path = Setup(name, "sb3", seed=99), folder / f"{name}.zip"
    venv = VecNormalize(setup.games(ENVS, seed=99), norm_obs=False)
    model = PPO("MlpPolicy", venv, n_steps=256, seed=99, device="cpu")
    if path.exists():
        model.set_parameters(str(path))  # of what stands in the file, the weights alone
    else:
        model.learn(HALF).save(path)
    return model


def run_peer(name: str, who: str, seed: int, steps: int) -> dict[str, Any]:
    """Learn for so many steps of the game and be judged; the figures of the row."""
    import torch

    torch.set_num_threads(1)
    setup = Setup(name, who, seed)
    venv = setup.games(setup.envs, seed)
    model, log = setup.model(venv), EpisodeLog()
    per_step = setup.skip / setup.agents  # steps of the game in one of the learner's
    model.learn(round(steps / per_step), callback=log)
    spent = process_time()  # of the whole process until here
    found = {
        "played": round(model.num_timesteps * per_step),
        "cpu": round(spent, 1),
        "curve": log.curve(model.num_timesteps, per_step),
    }
    for how in ("sampled", "greedy"):
        torch.manual_seed(seed)
        games = setup.games(setup.one.games, HELD_OUT, model.get_vec_normalize_env())
        found[how] = spread(judge(model.predict, games, setup, how == "greedy"))
        games.close()
    return found


def judge(predict: Callable[..., Any], venv: VecEnv, setup: Setup, greedy: bool) -> np.ndarray:
    """What each game came to, of each agent: the first episode of every environment."""
    seen, running = venv.reset(), np.ones(venv.num_envs, bool)
    returns, starts, state = np.zeros(venv.num_envs), np.ones(venv.num_envs, bool), None
    while running.any():
        acts, state = predict(seen, state, starts, deterministic=greedy)
        seen, rewards, dones, _ = venv.step(acts)
        returns[running] += rewards[running]
        running &= ~dones
        starts = dones
    by_game: np.ndarray = returns.reshape(-1, setup.agents).mean(1)  # [games]
    return by_game


def spread(returns: np.ndarray) -> dict[str, float]:
    """Mean and 95 % interval, rounded for a file."""
    return {key: round(float(value), 4) for key, value in mean_interval(returns)._asdict().items()}


def _scheduled(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("lin_"):
        return LinearSchedule(float(value[4:]), 0.0, 1.0)
    return value


def _policy_words(words: dict[str, Any]) -> dict[str, Any]:
    import torch

    named = (
        {"activation_fn": getattr(torch.nn, words["activation_fn"])}
        if "activation_fn" in words
        else {}
    )
    return {**words, **named}
