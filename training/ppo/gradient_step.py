"""One gradient step of refining: the parts of the loss, the policy's side and the values' side.

The two sides share no layers unless a network says otherwise, so a second core can take one of them.

M samples of a minibatch, C costs with a limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import Distribution
from torch import Tensor

from training.compute.hardware import Precision
from training.ppo import losses
from training.ppo.network_outputs import Said
from training.ppo.rollout import RolloutPPO

Parts = dict[str, Tensor]
VALUES = ("value", "cost_value")  # the parts of the values' side


class UpdatePPO(RolloutPPO):
    """PPO with another gradient step; see `training.ppo.refiner.Refiner` for the arguments."""

    def __init__(
        self,
        policy: Any,
        env: Any,
        *,
        clone: Any = None,
        demonstrations: tuple[Tensor, Tensor] | None = None,
        precision: Precision = "float32",
        **keywords: Any,
    ) -> None:
        self.clone, self.demonstrations = clone, demonstrations
        if clone is not None:
            clone.set_training_mode(False)  # no dropout: the anchor must not shake
        self.precision = precision
        super().__init__(policy, env, **keywords)

    def gradient_step(self, minibatch: Parts, weights: dict[str, float], clip: float) -> Parts:
        """One step of the optimiser; returns every part of the loss, and `log_ratio` to the rollout, [M].

        Args:
            minibatch: columns of `_flatten_rollout`, [M, ...].
            weights: by part; their names must be those of the parts.
            clip: of the ratio.
        """
        learned = _learned(self.policy.optimizer)
        for parameter in learned:
            parameter.grad = None
        valuing = {name: weights[name] for name in VALUES if name in weights}
        acting = {name: weight for name, weight in weights.items() if name not in VALUES}
        (parts, log_ratio), values = self._side_by_side(
            lambda: self._learn_to_act(minibatch, acting, clip),
            lambda: _backward(self._value_parts(minibatch), valuing),
        )
        norm = clip_gradients(learned, self.max_grad_norm)
        self.policy.optimizer.step()
        loss = parts["loss"] + values["loss"]
        return {**parts, **values, "loss": loss, "gradient_norm": norm, "log_ratio": log_ratio}

    def _side_by_side(self, first: Any, second: Any) -> Any:
        """Both sides, at once where they share no layers."""
        policy: Any = self.policy
        shared = policy.share_features_extractor and any(policy.features_extractor.parameters())
        if shared or not hasattr(policy, "distribution_of"):  # one of SB3's may share anything
            return first(), second()
        return self.crew.both(first, second)

    def _learn_to_act(
        self, minibatch: Parts, weights: dict[str, float], clip: float
    ) -> tuple[Parts, Tensor]:
        parts, log_ratio = self._policy_parts(minibatch, weights, clip)
        return _backward(parts, weights), log_ratio.detach()

    def _policy_parts(
        self, minibatch: Parts, weights: dict[str, float], clip: float
    ) -> tuple[Parts, Tensor]:
        """The policy's parts by name, and the logarithm of its ratio to the rollout's, [M]."""
        policy = self._distribution(minibatch["seen"])
        log_prob = policy.log_prob(minibatch["actions"])
        log_ratio = log_prob - minibatch["log_prob"]
        parts = {
            "surrogate": losses.surrogate(log_ratio, self._scaled(minibatch["advantages"]), clip),
            "entropy": losses.negative_entropy(policy, log_prob),
            **self._anchor_parts(policy, minibatch, weights),
            "imitation": self._imitation(weights["imitation"]),
        }
        for column, name in enumerate(self.multipliers):  # a cost is to fall: minus its advantage
            advantages = self._scaled(minibatch["cost_advantages"][:, column])
            parts[f"cost/{name}"] = losses.surrogate(log_ratio, -advantages, clip)
        return parts, log_ratio

    def _value_parts(self, minibatch: Parts) -> Parts:
        """The values' parts by name."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self._half):
            values = self._all_values(minibatch["seen"])
        values = values.float()
        parts = {"value": losses.value_error(values[:, 0], minibatch["returns"])}
        if self.multipliers:
            parts["cost_value"] = losses.value_error(values[:, 1:], minibatch["cost_returns"])
        return parts

    @property
    def _half(self) -> bool:
        policy: Any = self.policy
        return self.precision == "bfloat16" and hasattr(policy, "distribution_of")

    def _distribution(self, seen: Tensor) -> Distribution:
        """Of the actions, [M], for what `_look` gave; the layers in the precision that was chosen."""
        policy: Any = self.policy
        if not hasattr(policy, "distribution_of"):  # one of SB3's
            of_sb3: Distribution = policy.get_distribution(seen)
            return of_sb3
        with torch.autocast("cpu", torch.bfloat16, enabled=self._half):
            logits = policy.logits_of(seen) if self._scaled_once else policy.logits(seen)
        ours: Distribution = policy.distribution_of(logits.float())
        return ours

    def _scaled(self, advantages: Tensor) -> Tensor:
        return losses.standardise(advantages) if self.normalize_advantage else advantages

    def _anchor_parts(
        self, policy: Distribution, minibatch: Parts, weights: Mapping[str, float]
    ) -> Parts:
        """Both divergences from the clone; the second only where it counts."""
        zero = torch.zeros(())
        parts = {"kl_clone": zero, "kl_clone_reverse": zero}
        if "clone" in minibatch:
            clone = self.clone.distribution_of(minibatch["clone"])
            parts["kl_clone"] = losses.divergence(policy, clone).mean()
            if weights["kl_clone_reverse"]:
                parts["kl_clone_reverse"] = losses.divergence(clone, policy).mean()
        return parts

    def _imitation(self, weight: float) -> Tensor:
        """Minus the log-likelihood of as many demonstrated steps as a minibatch has."""
        if not weight or self.demonstrations is None:
            return torch.zeros(())
        observations, actions = self.demonstrations
        chosen = torch.randint(len(actions), (min(self.batch_size, len(actions)),))
        found: Tensor = self.policy.get_distribution(observations[chosen]).log_prob(actions[chosen])
        return -found.mean()

    def _flatten_rollout(self) -> Parts:
        """The rollout as tensors [T x B, ...], without copying."""
        buffer: Any = self.rollout_buffer
        samples = buffer.buffer_size * buffer.n_envs

        def flat(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array.reshape(samples, *array.shape[2:])).to(self.device)

        data = {
            "seen": flat(buffer.observations),
            "actions": self._chosen(flat(buffer.actions)),
            "log_prob": flat(buffer.log_probs),
            "advantages": flat(buffer.advantages),
            "returns": flat(buffer.returns),
        }
        if self.multipliers:
            data |= {
                "cost_advantages": flat(self.cost_advantages),
                "cost_returns": flat(self.cost_returns),
            }
        return data | self.said

    def _chosen(self, actions: Tensor) -> Tensor:
        """The buffer's actions [M, ...] as distributions take them."""
        discrete = isinstance(self.action_space, spaces.Discrete)
        return actions.long().flatten() if discrete else actions.float()

    def _read(self, observations: np.ndarray, actions: np.ndarray) -> Said:
        """Also what both policies say in the update's precision: once a rollout is enough."""
        said = super()._read(observations, actions)
        raw = torch.from_numpy(observations).to(self.device)
        if self._half and "seen" in said:
            said["seen"] = said["seen"].bfloat16()  # as the first layers would
        with torch.no_grad():
            if self._half:  # or the ratio would not begin at 1
                done = self._chosen(torch.from_numpy(actions).to(self.device))
                said["log_prob"] = self._distribution(said.get("seen", raw)).log_prob(done)
            if self.clone is not None:  # it is frozen
                with torch.autocast("cpu", torch.bfloat16, enabled=self._half):
                    said["clone"] = self.clone.logits(raw).float()
        return said


def _learned(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    """What it learns; to look for that in the modules takes longer than to clip it."""
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def clip_gradients(learned: Sequence[Tensor], most: float) -> Tensor:
    """To the bit as torch's `clip_grad_norm_`, which first sorts by device and type; returns the norm."""
    gradients = [parameter.grad for parameter in learned if parameter.grad is not None]
    if not gradients:
        return torch.zeros(())
    with torch.no_grad():
        each = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
        norm: Tensor = torch.linalg.vector_norm(each)
        factor = (most / (norm + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor)
    return norm


def _backward(parts: Parts, weights: Mapping[str, float]) -> Parts:
    """Add the gradients of the weighted parts; returns the parts and their sum, `loss`."""
    loss = losses.total(parts, weights)
    if isinstance(loss, Tensor):  # a plain 0 where every weight is 0
        loss.backward()  # type: ignore[no-untyped-call]
    found = torch.as_tensor(loss).detach()
    return {**{name: part.detach() for name, part in parts.items()}, "loss": found}
