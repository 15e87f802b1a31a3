"""The network that acts: SB3's actor-critic with the normaliser, dropout and cost values inside.

It is an `ActorCriticPolicy`, so SB3's algorithms and tools and imitation's trainers take it.

B observations, O numbers each, H hidden units, C costs.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import DiagGaussianDistribution, Distribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

_SHARED = ("pi_features_extractor.", "vf_features_extractor.")


class Normaliser(BaseFeaturesExtractor):
    """Flattens an observation and shifts and scales it by statistics that are saved with the weights.

    The scale has a floor: a feature that is nearly always 0 in the recordings would otherwise be blown up
    on the day it is 1. Until `fit` is called it changes nothing.
    """

    mean: Tensor  # [O]
    scale: Tensor  # [O]

    def __init__(self, observation_space: spaces.Space[Any]) -> None:
        size = spaces.utils.flatdim(observation_space)
        super().__init__(observation_space, size)
        self.flatten = nn.Flatten()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    def fit(self, observations: np.ndarray, floor: float) -> None:
        """Take mean and deviation of `observations` [B, O]; no deviation counts as less than `floor`."""
        flat = observations.reshape(len(observations), -1)
        self.mean.copy_(torch.from_numpy(flat.mean(0)))
        self.scale.copy_(torch.from_numpy(1 / np.maximum(flat.std(0), floor)))

    def forward(self, observations: Tensor) -> Tensor:
        """[B, O] -> [B, O]."""
        flat: Tensor = self.flatten(observations)
        return (flat - self.mean) * self.scale


class Towers(nn.Module):
    """Two separate stacks of layers, one for the policy, one for the values: [B, O] -> [B, H], [B, H]."""

    def __init__(
        self, inputs: int, pi: list[int], vf: list[int], activation: type[nn.Module], dropout: float
    ) -> None:
        super().__init__()
        self.policy_net = _tower(inputs, pi, activation, dropout)
        self.value_net = _tower(inputs, vf, activation, 0.0)
        self.latent_dim_pi = pi[-1] if pi else inputs
        self.latent_dim_vf = vf[-1] if vf else inputs

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Both latents."""
        return self.policy_net(features), self.value_net(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        """The policy's latent."""
        latent: Tensor = self.policy_net(features)
        return latent

    def forward_critic(self, features: Tensor) -> Tensor:
        """The values' latent."""
        latent: Tensor = self.value_net(features)
        return latent


def _tower(
    inputs: int, widths: list[int], activation: type[nn.Module], dropout: float
) -> nn.Module:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), activation(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers)


class AgentPolicy(ActorCriticPolicy):
    """Policy and values for a clone that is to be refined.

    Args:
        dropout: share of hidden units dropped in the policy while cloning; refining switches it off,
            because a rollout and its update must see one policy.
        n_costs: number of cost values beside the reward's value.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Any,
        *args: Any,
        dropout: float = 0.0,
        n_costs: int = 0,
        **keywords: Any,
    ) -> None:
        self.dropout, self.n_costs = dropout, n_costs
        keywords.setdefault("features_extractor_class", Normaliser)
        keywords.setdefault("activation_fn", nn.ReLU)
        keywords.setdefault("net_arch", {"pi": [128, 128], "vf": [128, 128]})
        super().__init__(observation_space, action_space, lr_schedule, *args, **keywords)
        # What returns of the reward and of each cost were multiplied by before values were fitted to them.
        self.return_scale: Tensor
        self.register_buffer("return_scale", torch.ones(1 + n_costs))

    def _build_mlp_extractor(self) -> None:
        arch = self.net_arch
        widths: Any = arch if isinstance(arch, dict) else {"pi": arch, "vf": arch}
        self.mlp_extractor: Any = Towers(
            self.features_dim, widths["pi"], widths["vf"], self.activation_fn, self.dropout
        )
        if self.n_costs:  # here, so that SB3 hands its weights to the optimiser
            self.cost_net = nn.Linear(self.mlp_extractor.latent_dim_vf, self.n_costs)
            nn.init.orthogonal_(self.cost_net.weight)
            nn.init.zeros_(self.cost_net.bias)

    def predict_all_values(self, observations: Tensor) -> Tensor:
        """Value of the reward and, after it, of each cost: [B, 1 + C]."""
        features = self.extract_features(observations, self.vf_features_extractor)
        latent = self.mlp_extractor.forward_critic(features)
        value: Tensor = self.value_net(latent)
        if not self.n_costs:
            return value
        return torch.cat([value, self.cost_net(latent)], dim=1)

    def logits(self, observations: Tensor) -> Tensor:
        """What the action distribution is made of, before it is made: [B, A]."""
        features = self.extract_features(observations, self.pi_features_extractor)
        logits: Tensor = self.action_net(self.mlp_extractor.forward_actor(features))
        return logits

    def distribution_of(self, logits: Tensor) -> Distribution:
        """The action distribution that `logits` [B, A] make."""
        kind: Any = self.action_dist
        if isinstance(kind, DiagGaussianDistribution):
            made: Distribution = kind.proba_distribution(logits, self.log_std)
        else:
            made = kind.proba_distribution(action_logits=logits)
        return copy.copy(made)  # SB3 hands out the same object every time

    def tensors(self) -> dict[str, Tensor]:
        """The state, each tensor once: SB3 lists a shared features extractor under three names."""
        state = self.state_dict()
        if self.share_features_extractor:
            state = {name: value for name, value in state.items() if not name.startswith(_SHARED)}
        return {name: value.detach().cpu().contiguous() for name, value in state.items()}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave.

        Raises:
            RuntimeError: names or shapes do not fit this network.
        """
        state = dict(tensors)
        if self.share_features_extractor:
            own = {k: v for k, v in tensors.items() if k.startswith("features_extractor.")}
            state |= {f"{prefix}{k}": v for k, v in own.items() for prefix in ("pi_", "vf_")}
        self.load_state_dict(state)

    def settings(self) -> dict[str, Any]:
        """What it takes beside the spaces to build this network again, as JSON."""
        return {
            "net_arch": self.net_arch,
            "activation": self.activation_fn.__name__,
            "dropout": self.dropout,
            "n_costs": self.n_costs,
        }

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return {
            **super()._get_constructor_parameters(),
            "dropout": self.dropout,
            "n_costs": self.n_costs,
        }


def build_policy(
    observation_space: spaces.Space[Any],
    action_space: spaces.Space[Any],
    settings: dict[str, Any],
    learning_rate: float = 1e-3,
) -> AgentPolicy:
    """An `AgentPolicy` from its `settings()`.

    Raises:
        ValueError: an activation that `torch.nn` does not have.
    """
    keywords = dict(settings)
    name = keywords.pop("activation", "ReLU")
    activation = getattr(nn, name, None)
    if activation is None:
        raise ValueError(f"torch.nn has no activation '{name}'")
    return AgentPolicy(
        observation_space,
        action_space,
        lambda _: learning_rate,
        activation_fn=activation,
        **keywords,
    )
