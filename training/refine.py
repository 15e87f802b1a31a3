"""Refiner: Stable-Baselines3's PPO, begun from a clone without wrecking it.

Only the rollout and the update are overridden, so SB3's callbacks, loggers and tools take it, and so do
imitation's trainers. Loading a clone into plain PPO is known to undo it (SB3 #543, #1453; imitation #691);
what keeps it here: values are fitted before the policy moves, the policy is held near the frozen clone, and
`training.floor` never hands on an agent that is worse than its clone.

T steps of a rollout, B games, M samples of a minibatch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.distributions import Distribution
from stable_baselines3.common.utils import explained_variance, obs_as_tensor
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from environments.problem import Problem
from training import losses

CHUNK = 8192  # observations a forward pass; larger ones fall out of the cache


class Diverged(Problem):
    """The policy has become nonsense."""


class Refiner(PPO):
    """PPO that starts from a clone and stays in its reach.

    Args:
        clone: the frozen policy to stay near; None refines without an anchor.
        kl_clone: weight of KL(policy from clone) in the loss, a number or a function of the progress that
            remains (1 at the start, 0 at the end), as SB3's learning rate may be.
        kl_clone_reverse: likewise of KL(clone from policy).
        entropy: likewise of the entropy bonus; it replaces `ent_coef` if given.
        warm_up: updates at the start in which only the values learn.
        reward_scale: rewards are multiplied by this before values are learned from them.
        reseed_every: updates after which games and generators start afresh from hash(seed, update), so that
            a run can go on from its weights and optimiser alone; 0 never does.
        keywords: PPO's own.
    """

    def __init__(
        self,
        policy: Any,
        env: Any,
        *,
        clone: Any = None,
        kl_clone: float | Callable[[float], float] = 0.0,
        kl_clone_reverse: float | Callable[[float], float] = 0.0,
        entropy: float | Callable[[float], float] | None = None,
        warm_up: int = 0,
        reward_scale: float = 1.0,
        reseed_every: int = 0,
        **keywords: Any,
    ) -> None:
        for name in _NOT_OURS:
            if keywords.get(name):
                raise ValueError(f"Refiner does not have PPO's {name}; leave it out")
        self.clone = clone
        if clone is not None:
            clone.set_training_mode(False)  # no dropout: the anchor must not shake
        self.schedules: dict[str, float | Callable[[float], float]] = {
            "kl_clone": kl_clone,
            "kl_clone_reverse": kl_clone_reverse,
            "entropy": keywords.get("ent_coef", 0.0) if entropy is None else entropy,
        }
        self.warm_up, self.reward_scale, self.reseed_every = warm_up, reward_scale, reseed_every
        super().__init__(policy, env, **keywords)

    # ------------------------------------------------------------------ the rollout

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
        cut_off: list[tuple[int, int, Any]] = []  # step, game and last sight of truncated episodes
        dones = np.zeros(env.num_envs, bool)
        for t in range(n_rollout_steps):
            actions, log_prob = self._act(self._last_obs)
            new_obs, rewards, dones, infos = env.step(self._within_bounds(actions))
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            if dones.any():
                self._update_info_buffer(infos, dones)
                cut_off += [
                    (t, b, infos[b]["terminal_observation"]) for b in _truncated(dones, infos)
                ]
            flat = actions.reshape(env.num_envs, -1) if actions.ndim == 1 else actions
            nothing = torch.zeros(env.num_envs)
            rollout_buffer.add(
                self._last_obs,  # type: ignore[arg-type]
                flat,
                rewards * self.reward_scale,
                self._last_episode_starts,  # type: ignore[arg-type]
                nothing,
                log_prob,
            )
            self._last_obs = new_obs  # type: ignore[assignment]
            self._last_episode_starts = dones
        self._fill_values(rollout_buffer, cut_off, dones)
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

    def _fill_values(
        self, buffer: RolloutBuffer, cut_off: list[tuple[int, int, Any]], dones: np.ndarray
    ) -> None:
        """Values of every observation, then advantages; a truncated episode goes on in its value."""
        steps, games = buffer.rewards.shape
        observations: Any = buffer.observations
        flat = observations.reshape(steps * games, *observations.shape[2:])
        buffer.values[:] = self._values(flat).reshape(steps, games)
        if cut_off:
            final = self._values(np.stack([seen for _, _, seen in cut_off]))
            for (t, b, _), value in zip(cut_off, final, strict=True):
                buffer.rewards[t, b] += self.gamma * value
        last = torch.from_numpy(self._values(np.asarray(self._last_obs)))
        buffer.compute_returns_and_advantage(last_values=last, dones=dones)

    def _values(self, observations: np.ndarray) -> np.ndarray:
        """[M, O] -> [M]."""
        with torch.inference_mode():
            chunks = [
                self.policy.predict_values(torch.from_numpy(part).to(self.device))
                for part in np.array_split(observations, max(1, len(observations) // CHUNK))
            ]
        values: np.ndarray = torch.cat(chunks).flatten().cpu().numpy()
        return values

    # ------------------------------------------------------------------ the update

    def train(self) -> None:
        """Several epochs over the rollout, in minibatches, as PPO's, with the parts of `losses`."""
        self.policy.set_training_mode(False)  # a rollout and its update see one policy: no dropout
        self._update_learning_rate(self.policy.optimizer)
        data = self._flatten_rollout()
        schedule: Any = self.clip_range
        clip = float(schedule(self._current_progress_remaining))
        weights = self.loss_weights()
        logged: list[dict[str, Tensor]] = []
        for _ in range(self.n_epochs):
            order = torch.randperm(len(data["returns"]))
            for chosen in torch.split(order, self.batch_size):
                minibatch = {name: column[chosen] for name, column in data.items()}
                logged.append(self.gradient_step(minibatch, weights, clip))
            self._n_updates += 1
        with torch.no_grad():
            self._distribution(minibatch["observations"])
        self._log(logged, weights, clip)

    def loss_weights(self) -> dict[str, float]:
        """The weight of every part now; while warming up, only the value's is not zero."""
        if self._n_updates < self.warm_up * self.n_epochs:
            return {
                name: float(name == "value") * self.vf_coef for name in (*self.schedules, *_PPO)
            }
        remaining = self._current_progress_remaining
        now = {k: float(v(remaining) if callable(v) else v) for k, v in self.schedules.items()}
        return {**now, "surrogate": 1.0, "value": self.vf_coef}

    def gradient_step(
        self, minibatch: dict[str, Tensor], weights: dict[str, float], clip: float
    ) -> dict[str, Tensor]:
        """One step of the optimiser; returns every part of the loss and how far the policy moved."""
        frozen = weights["surrogate"] == 0.0
        parts, log_ratio = self._parts(minibatch, weights, clip, frozen)
        loss = losses.total(parts, weights)
        self.policy.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
        if norm.isfinite():  # else the step is left out: it would leave no number behind
            self.policy.optimizer.step()
        with torch.no_grad():
            ratio = torch.exp(log_ratio)
            moved = {
                "approx_kl": (ratio - 1 - log_ratio).mean(),  # Schulman, "Approximating KL", 2020
                "clip_fraction": ((ratio - 1).abs() > clip).float().mean(),
            }
        detached = {name: part.detach() for name, part in parts.items()}
        return {**detached, "loss": loss.detach(), "gradient_norm": norm.detach(), **moved}

    def _parts(
        self, minibatch: dict[str, Tensor], weights: dict[str, float], clip: float, frozen: bool
    ) -> tuple[dict[str, Tensor], Tensor]:
        seen = minibatch["observations"]
        values = self.policy.predict_values(seen).flatten()
        parts = {"value": losses.value_error(values, minibatch["returns"])}
        zero = torch.zeros(())
        if frozen:
            parts |= {name: zero for name in weights if name != "value"}
            return parts, torch.zeros(len(values))
        policy = self._distribution(seen)
        log_prob = policy.log_prob(minibatch["actions"])
        log_ratio = log_prob - minibatch["log_prob"]
        advantages = minibatch["advantages"]
        if self.normalize_advantage:
            advantages = losses.standardise(advantages)
        parts["surrogate"] = losses.surrogate(log_ratio, advantages, clip)
        parts["entropy"] = losses.negative_entropy(policy, log_prob)
        parts["kl_clone"] = parts["kl_clone_reverse"] = zero
        if "clone" in minibatch:
            clone = self.clone.distribution_of(minibatch["clone"])
            parts["kl_clone"] = losses.divergence(policy, clone).mean()
            if weights["kl_clone_reverse"]:
                parts["kl_clone_reverse"] = losses.divergence(clone, policy).mean()
        return parts, log_ratio

    def _distribution(self, seen: Tensor) -> Distribution:
        """What the policy would do: [M] distributions.

        Raises:
            Diverged: its parameters are no numbers.
        """
        try:
            return self.policy.get_distribution(seen)
        except ValueError:  # torch's answer
            raise Diverged(
                "The refining diverged, its policy gives no numbers any more: lower its learning rate."
            ) from None

    def _flatten_rollout(self) -> dict[str, Tensor]:
        """The rollout as tensors [T x B, ...], without copying."""
        buffer: Any = self.rollout_buffer
        samples = buffer.buffer_size * buffer.n_envs

        def flat(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array.reshape(samples, *array.shape[2:])).to(self.device)

        actions = flat(buffer.actions)
        discrete = isinstance(self.action_space, spaces.Discrete)
        data = {
            "observations": flat(buffer.observations),
            "actions": actions.long().flatten() if discrete else actions.float(),
            "log_prob": flat(buffer.log_probs),
            "advantages": flat(buffer.advantages),
            "returns": flat(buffer.returns),
        }
        if self.clone is not None:  # frozen: once a rollout is enough
            with torch.no_grad():
                parts = [
                    self.clone.logits(part) for part in torch.split(data["observations"], CHUNK)
                ]
            data["clone"] = torch.cat(parts)
        return data

    def _log(self, logged: list[dict[str, Tensor]], weights: dict[str, float], clip: float) -> None:
        """Write means over the update, under SB3's names where it has them."""
        mean = {k: torch.stack([row[k] for row in logged]).mean().item() for k in logged[0]}
        for part, weight in weights.items():
            self.logger.record(f"loss/{part}", mean[part])
            self.logger.record(f"weight/{part}", weight)
        names = {
            "surrogate": "policy_gradient_loss",
            "value": "value_loss",
            "entropy": "entropy_loss",
        }
        for name, value in mean.items():
            if name not in ("kl_clone_reverse",):
                self.logger.record(f"train/{names.get(name, name)}", value)
        buffer = self.rollout_buffer
        fit = explained_variance(buffer.values.flatten(), buffer.returns.flatten())
        self.logger.record("train/explained_variance", fit)
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/clip_range", clip)


_PPO = ("surrogate", "value")
_NOT_OURS = ("clip_range_vf", "target_kl", "use_sde")  # PPO's settings that our update would ignore


def _truncated(dones: np.ndarray, infos: list[dict[str, Any]]) -> list[int]:
    """The games whose episode was cut off by a time limit in this step."""
    return [int(b) for b in np.flatnonzero(dones) if infos[b].get("TimeLimit.truncated", False)]
