"""Refiner: Stable-Baselines3's PPO, begun from a clone without wrecking it.

Only the rollout and the update are overridden, so SB3's callbacks, loggers and tools take it, and so do
imitation's trainers. Loading a clone into plain PPO is known to undo it (SB3 #543, #1453; imitation #691);
what keeps it here: values are fitted before the policy moves, the policy is held near the frozen clone, and
`training.gate.best_agent` never hands on an agent that is worse than its clone.

T steps of a rollout, B games, M samples of a minibatch, C costs with a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from gymnasium.spaces import Dict
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import explained_variance
from stable_baselines3.common.vec_env import VecEnv

from environments.simulation.reward_source import RolloutRewards
from training.compute.second_core import SecondCore, keep_memory
from training.compute.timers import StageTimer
from training.ppo import update
from training.ppo.controllers.kl_anchor import KLAnchor
from training.ppo.controllers.lagrange import Multiplier, finite, surrogate_weights
from training.ppo.controllers.step_size import StepSize
from training.ppo.gradient_step import Columns, gradient_step, inputs_of
from training.ppo.losses import value_parts
from training.ppo.pictures import as_seen, as_seen_by_saved, bare
from training.ppo.rollouts import rollout
from training.ppo.rollouts.buffer import CostMeter, ReusedBuffer, fitted_values
from training.ppo.rollouts.network_outputs import ForwardPasses, value_heads
from training.ppo.rollouts.return_scale import ReturnScale
from training.ppo.rollouts.rollout import Games, Rollout
from training.ppo.rollouts.rules import rules_of
from training.ppo.settings import RefinerInputs
from training.ppo.update import Snapshot, WarmUp

ONLY_PPO = RefinerInputs()
_NOT_OURS = ("clip_range_vf", "use_sde")  # PPO's settings that our update would ignore


class Refiner(PPO):
    """PPO that starts from a clone and stays in its reach.

    Args:
        policy: SB3's, or the class `agents.networks.policy.AgentPolicy`.
        env: SB3's vectorised environment; ours is `environments.wrappers.sb3_vec_env.Sb3VecEnv`.
        inputs: what PPO does not have.
        keywords: PPO's own.

    Raises:
        ValueError: one of PPO's settings that this update would ignore, or a weight that no part has.
    """

    def __init__(
        self, policy: Any, env: Any, inputs: RefinerInputs = ONLY_PPO, **keywords: Any
    ) -> None:
        for name in _NOT_OURS:
            if keywords.get(name):
                raise ValueError(f"Refiner does not have PPO's {name}; leave it out")
        self.schedules = inputs.schedules(keywords.get("ent_coef", 0.0))
        self.inputs, self.clone = inputs, inputs.clone
        if self.clone is not None:
            self.clone.set_training_mode(False)  # no dropout: the anchor must not shake
        self.further_rewards = RolloutRewards(inputs.reward_sources)
        self.anchor = KLAnchor(inputs.anchor, update.value_at(self.schedules["kl_clone"], 1.0))
        self.multipliers = {name: Multiplier(s) for name, s in finite(inputs.costs).items()}
        self.warm_up, self.rejected = WarmUp(inputs.warm_up), 0
        self.step_size = StepSize(inputs.step_kl)
        keep_memory()
        self.second_core, self.clock = SecondCore(inputs.cores), StageTimer()
        super().__init__(policy, as_seen(policy, env), **keywords)

    def _setup_model(self) -> None:
        self.env = bare(self.env)
        if self.rollout_buffer_class is None and not isinstance(self.observation_space, Dict):
            self.rollout_buffer_class = ReusedBuffer
        super()._setup_model()
        self.meter = CostMeter(list(self.multipliers), self.n_envs)
        self.returns = ReturnScale(self.n_envs, 1 + len(self.multipliers), self.gamma)
        self.last_rollout: Rollout | None = None

    def set_env(self, env: Any, force_reset: bool = True) -> None:
        """As SB3's, with pictures as the policy sees them."""
        super().set_env(as_seen(self.policy_class, env), force_reset)
        self.env = bare(self.env)

    @classmethod
    def load(cls, path: Any, env: Any = None, *further: Any, **keywords: Any) -> Refiner:
        """As SB3's, with pictures as the policy sees them."""
        seen = as_seen_by_saved(path, env, keywords.get("custom_objects"))
        return super().load(path, seen, *further, **keywords)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "last_rollout"]

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
    ) -> bool:
        """Play `n_rollout_steps` in every game (`training.ppo.rollouts.rollout.play_rollout`)."""
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        self._current_progress_remaining = self._remaining
        callback.on_rollout_start()
        self.meter.begin()

        def after_step(step: dict[str, Any]) -> bool:
            self.num_timesteps += env.num_envs
            callback.update_locals({"self": self, "env": env, **step})
            if not callback.on_step():
                return False
            if step["dones"].any():
                self._update_info_buffer(step["infos"], step["dones"])
            return True

        games = self._games(env)
        found = rollout.play_rollout(
            self.forward_passes,
            games,
            rules_of(self, n_rollout_steps),
            rollout_buffer,
            after_step,
            self.second_core,
            self.clock,
        )
        self._last_obs, self._last_episode_starts = games.observations, games.episode_starts
        if found is None:
            return False
        self.last_rollout, buffer = found, rollout_buffer
        for name in ("values", "advantages", "returns"):  # [T, B], as SB3 has them
            getattr(buffer, name)[:] = getattr(found, name)[:, :, 0]
        callback.update_locals(locals())
        callback.on_rollout_end()
        return True

    def _games(self, env: VecEnv) -> Games:
        seen, starts = self._last_obs, np.asarray(self._last_episode_starts)
        running = self.inputs.reward_scale == "running" and hasattr(self.policy, "return_scale")
        rescale = partial(self.returns.rescale, self.forward_passes) if running else None
        return Games(env, self.meter, self.further_rewards, seen, starts, rescale)

    @property
    def _remaining(self) -> float:
        return max(1.0 - self.num_timesteps / max(self._total_timesteps, 1), 0.0)

    def _update_current_progress_remaining(self, num_timesteps: int, total_timesteps: int) -> None:
        """It stays as it was when the rollout began, so that none is learned from at rate 0."""

    @property
    def forward_passes(self) -> ForwardPasses:
        """Of the policy, its values and the clone, as they are now."""
        heads = value_heads(self.env, list(self.multipliers))
        half = self.inputs.precision == "bfloat16" and hasattr(self.policy, "distribution_of")
        return ForwardPasses(self.policy, self.clone, heads, half, self.device)

    def train(self) -> None:
        """Several epochs over the rollout, in minibatches, as PPO's, with the parts of `training.ppo.losses`.

        An update that leaves no numbers behind is undone.

        Raises:
            Diverged: several updates in a row had to be undone.
        """
        # A rollout and its update see one policy of ours: no dropout. SB3's learn as PPO lets them.
        self.policy.set_training_mode(not self.forward_passes.is_ours)
        self._update_learning_rate(self.policy.optimizer)
        for name, cost in self.meter.per_episode().items():
            self.multipliers[name].update(cost)
        clip = update.value_at(self.clip_range, self._current_progress_remaining)
        weights = self.loss_weights()
        before = Snapshot(self.policy)
        with self.clock.part("update"):
            data = rollout.flat_rollout(self.rollout_buffer, self.last_rollout, self.forward_passes)
            steps = update.run_epochs(
                lambda: update.shuffled(data, self.batch_size, self.second_core),
                self.n_epochs,
                lambda minibatch: self.gradient_step(minibatch, weights, clip),
                update.of_the_policy(self.policy) if self.warm_up.active else [],
                self.target_kl,
            )
            logged = update.columns_of(steps)
        self._n_updates += update.epochs_of(steps, data, self.batch_size) or self.n_epochs
        if not update.is_finite(logged, self.policy):
            before.put_back()
            self.rejected += 1
            self.logger.record("train/rejected", self.rejected)
            update.require_numbers(self.rejected)
            return
        self.rejected = 0
        update.log_update(self, logged, weights, clip, self.fit)
        if self.warm_up.active:
            self.warm_up.update(self.fit)
        else:  # a policy at rest is near its clone without being held
            self.anchor.update(float(logged["kl_clone"][-1]))

    def gradient_step(self, minibatch: Columns, weights: dict[str, float], clip: float) -> Columns:
        """One step of the optimiser (`training.ppo.gradient_step`): the place for another loss."""
        return gradient_step(minibatch, weights, inputs_of(self, clip))

    def loss_weights(self) -> dict[str, float]:
        """The weight of every part now."""
        remaining = self._current_progress_remaining
        now = {
            name: update.value_at(schedule, remaining) for name, schedule in self.schedules.items()
        }
        now["kl_clone"] = self.anchor.weight(now["kl_clone"]) if self.clone is not None else 0.0
        values = dict.fromkeys(value_parts(list(self.multipliers)), self.vf_coef)
        return {**now, **surrogate_weights(self.multipliers), **values}

    def facts(self) -> dict[str, Any]:
        """What a checkpoint must keep beside weights and optimiser."""
        return {
            "steps": self.num_timesteps,
            "n_updates": self._n_updates,
            **self.warm_up.facts(),
            "rejected": self.rejected,
            "returns": self.returns.facts(),
            "step_size": self.step_size.facts(),
            "anchor": self.anchor.facts(),
            "multipliers": {name: m.facts() for name, m in self.multipliers.items()},
        }

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Put back what `facts` gave."""
        self.num_timesteps, self._n_updates = facts["steps"], facts["n_updates"]
        self.rejected = facts["rejected"]
        self.warm_up.restore(facts)
        for part in ("returns", "step_size"):  # older checkpoints have none
            if part in facts:
                getattr(self, part).restore(facts[part])
        self.anchor.restore(facts["anchor"])
        for name, kept in facts["multipliers"].items():
            self.multipliers[name].restore(kept)

    @property
    def fit(self) -> float:
        """Explained variance of the returns by the values."""
        acted = None if self.last_rollout is None else self.last_rollout.acted
        return float(explained_variance(*fitted_values(self.rollout_buffer, acted)))
