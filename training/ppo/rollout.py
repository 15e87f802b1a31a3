"""PPO's rollout, made fast and exact: values afterwards, all at once; costs beside the reward; fresh starts.

T steps of a rollout, B games, M observations, C costs with a limit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import obs_as_tensor
from stable_baselines3.common.vec_env import VecEnv, VecTransposeImage
from torch import Tensor

from environments.simulation.reward_source import RewardSource, RolloutRewards
from training.compute.second_core import SecondCore, keep_memory
from training.compute.timers import StageTimer
from training.ppo.advantages import generalised_advantages
from training.ppo.lagrange import CostSettings, Multiplier, finite
from training.ppo.network_outputs import BackgroundForward, Said, even_parts
from training.ppo.rollout_buffer import CostMeter, EpisodeEnds, ReusedBuffer


class RolloutPPO(PPO):
    """PPO with another `collect_rollouts`; see `training.ppo.refiner.Refiner` for the arguments."""

    def __init__(
        self,
        policy: Any,
        env: Any,
        *,
        costs: Mapping[str, CostSettings] | None = None,
        reward_scale: float | None = 1.0,
        reseed_every: int = 0,
        cores: int = 1,
        reward_sources: Sequence[RewardSource] = (),
        **keywords: Any,
    ) -> None:
        keep_memory()
        self.further_rewards = RolloutRewards(reward_sources)
        self.crew = SecondCore(cores)
        self.multipliers = {name: Multiplier(s) for name, s in finite(costs or {}).items()}
        self.reward_scale, self.reseed_every, self.clock = reward_scale, reseed_every, StageTimer()
        super().__init__(policy, env, **keywords)

    @staticmethod
    def _wrap_env(env: Any, verbose: int = 0, monitor_wrapper: bool = True) -> VecEnv:
        """As SB3's, but pictures stay as the world gives them: the clone that is anchored to saw them so."""
        wrapped = PPO._wrap_env(env, verbose, monitor_wrapper)
        turned = isinstance(wrapped, VecTransposeImage) and wrapped is not env
        return wrapped.venv if turned else wrapped  # type: ignore[attr-defined]

    def _setup_model(self) -> None:
        self.rollout_buffer_class = self.rollout_buffer_class or ReusedBuffer
        super()._setup_model()
        self.meter = CostMeter(list(self.multipliers), self.n_envs)
        self.said: Said = {}  # of the last rollout

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
    ) -> bool:
        """Play `n_rollout_steps` in every game; values are computed afterwards, all at once."""
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        callback.on_rollout_start()
        self._begin_afresh(env)
        self.meter.begin()
        self.further_rewards.begin(env, n_rollout_steps)
        tape = EpisodeEnds(n_rollout_steps, env.num_envs, len(self.multipliers))
        buffer: Any = rollout_buffer
        reading = BackgroundForward(self.crew, self._read, buffer.observations, buffer.actions)
        nothing = torch.zeros(env.num_envs)
        scale = self._scales()[0]
        ask: Callable[[], bool] = getattr(env, "start_partner", bool)  # others' environments: False
        partner_chooses = ask()
        for t in range(n_rollout_steps):
            with self.clock.part("inference"):
                actions, log_prob = self._act(self._last_obs)
            with self.clock.part("world and partner"):
                new_obs, rewards, dones, infos = env.step(self._within_bounds(actions))
                partner_chooses = t + 1 < n_rollout_steps and ask()
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            if dones.any():
                self._update_info_buffer(infos, dones)
            tape.write(t, dones, infos, self.meter.read(env, infos, dones))
            self.further_rewards.write(t, dones, infos)
            flat = actions.reshape(env.num_envs, -1) if actions.ndim == 1 else actions
            seen, starts = self._last_obs, self._last_episode_starts
            rollout_buffer.add(seen, flat, rewards * scale, starts, nothing, log_prob)  # type: ignore[arg-type]
            self._last_obs = new_obs  # type: ignore[assignment]
            self._last_episode_starts = dones
            if not partner_chooses:  # which takes the other core
                reading.played(t + 1)
        with self.clock.part("inference"):
            self.said = reading.said()
            self._judge_steps(rollout_buffer, tape)
        callback.update_locals(locals())
        callback.on_rollout_end()
        return True

    def _begin_afresh(self, env: VecEnv) -> None:
        update = self.num_timesteps // (self.n_steps * env.num_envs)
        if self.reseed_every and update % self.reseed_every == 0:
            text = f"{self.seed or 0}/{update}".encode()
            seed = int.from_bytes(hashlib.sha256(text).digest()[:4])
            torch.manual_seed(seed)
            env.seed(seed)
            self._last_obs = env.reset()  # type: ignore[assignment]
            self._last_episode_starts = np.ones(env.num_envs, bool)
            self.meter.restart()

    def _act(self, observation: Any) -> tuple[np.ndarray, Tensor]:
        """Sample an action a game and its log-probability: [B, ...], [B]."""
        with torch.inference_mode():
            policy: Any = self.policy
            seen = obs_as_tensor(observation, self.device)
            if hasattr(policy, "logits") and isinstance(self.action_space, spaces.Discrete):
                log_probs = torch.log_softmax(policy.logits(seen), dim=1)
                noise = torch.empty_like(log_probs).exponential_()
                chosen = (log_probs - noise.log_()).argmax(1, keepdim=True)  # Gumbel-max
                return chosen.squeeze(1).cpu().numpy(), log_probs.gather(1, chosen).squeeze(1)
            distribution = policy.get_distribution(seen)
            actions = distribution.get_actions()
            return actions.cpu().numpy(), distribution.log_prob(actions)

    def _within_bounds(self, actions: np.ndarray) -> np.ndarray:
        if not isinstance(self.action_space, spaces.Box):
            return actions
        clipped: np.ndarray = np.clip(actions, self.action_space.low, self.action_space.high)
        return clipped

    def _scales(self) -> np.ndarray:
        """What the reward and each limited cost are multiplied by before values are learned: [1 + C]."""
        own: Any = getattr(self.policy, "return_scale", torch.ones(1))
        scales = own[self._heads()].cpu().numpy().astype(np.float64)
        if self.reward_scale is not None:
            scales[0] = self.reward_scale
        return scales  # type: ignore[no-any-return]

    def _heads(self) -> list[int]:
        """Which of the policy's values are those of the reward and of the limited costs."""
        if not self.multipliers:
            return [0]
        names: Any = getattr(self.env, "cost_names", list(self.multipliers))
        return [0, *(1 + list(names).index(name) for name in self.multipliers)]

    def _judge_steps(self, buffer: RolloutBuffer, tape: EpisodeEnds) -> None:
        """Values of every observation, then advantages and returns of the reward and of each cost."""
        steps, games = buffer.rewards.shape
        self._add_further_rewards(buffer)
        values = self.said.pop("values").cpu().numpy().reshape(steps, games, -1)
        last = self._values(np.asarray(self._last_obs))
        final = last[:0]
        if tape.cut_off:
            final = self._values(np.stack([seen for _, _, seen in tape.cut_off]))
        streams = np.concatenate(
            [buffer.rewards[:, :, None], tape.costs * self._scales()[1:]], axis=2
        )
        advantages, returns = generalised_advantages(
            streams,
            values,
            tape.following(values, last, final),
            tape.dones,
            self.gamma,
            self.gae_lambda,
        )
        buffer.values[:], buffer.advantages[:] = values[:, :, 0], advantages[:, :, 0]
        buffer.returns[:] = returns[:, :, 0]
        self.cost_advantages, self.cost_returns = (
            advantages[:, :, 1:],
            returns[:, :, 1:],
        )  # [T, B, C]

    def _add_further_rewards(self, buffer: RolloutBuffer) -> None:
        """Add what the reward sources give to the rewards of a rollout that has been played."""
        if not self.further_rewards.sources:
            return
        shape = (*buffer.rewards.shape, *(self.action_space.shape or ()))
        self.further_rewards.add_to(
            buffer.rewards,
            buffer.observations,
            self._within_bounds(buffer.actions.reshape(shape)),
            self._last_obs,
            float(self._scales()[0]),
        )

    def _values(self, observations: np.ndarray) -> np.ndarray:
        """[M, O] -> [M, 1 + C]."""
        found = torch.cat([self._values_of(part) for part in even_parts(observations)])
        values: np.ndarray = found.cpu().numpy()
        return values

    def _read(self, observations: np.ndarray, actions: np.ndarray) -> Said:
        """What is said of steps whose `actions` [M, ...] are known.

        `values` [M, 1 + C], and what the layers see of the observations if that is something else: `seen`.
        """
        with torch.no_grad():
            seen = self._look(observations)
            said = {"values": self._all_values(seen)}
        return {**said, "seen": seen} if self._scaled_once else said

    def _values_of(self, observations: np.ndarray) -> Tensor:
        with torch.no_grad():  # a thread of its own has modes of its own
            return self._all_values(self._look(observations))

    def _look(self, observations: np.ndarray) -> Tensor:
        """What the layers see of observations [M, ...]: scaled already where nothing of that is learned."""
        policy: Any = self.policy
        seen = torch.from_numpy(observations).to(self.device)
        return policy.scaled(seen) if self._scaled_once else seen

    @property
    def _scaled_once(self) -> bool:
        return bool(getattr(self.policy, "scales_only", False))

    def _all_values(self, seen: Tensor) -> Tensor:
        """Values of the reward and of the limited costs, of what `_look` gave: [M, 1 + C]."""
        policy: Any = self.policy
        heads = self._heads()
        values: Tensor
        if self._scaled_once:
            values = policy.values_of(seen, costs=len(heads) > 1)
        elif len(heads) == 1:
            values = policy.predict_values(seen)
        else:
            values = policy.predict_all_values(seen)
        return values if len(heads) == 1 else values[:, heads]
