"""The layers of an agent's network that are the same for whatever it sees: towers and the masked head.

B observations, O numbers each, H hidden units, L logits.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

# Logit of a choice that the mask forbids: its probability is 0 in float32, and nothing becomes NaN.
FORBIDDEN = -1e8

# Of `torch.nn`, between layers: of each number alone, and made without arguments. No other name of that
# module is looked up, because names come out of files.
ACTIVATIONS = (
    "CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "Mish", "PReLU", "ReLU", "ReLU6", "SELU", "Sigmoid", "SiLU", "Softplus", "Softshrink", "Softsign", "Tanh",
    "Tanhshrink",
)  # fmt: skip


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
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        """The policy's latent."""
        latent: Tensor = self.policy_net(features)
        return latent

    def forward_critic(self, features: Tensor) -> Tensor:
        """The values' latent."""
        latent: Tensor = self.value_net(features)
        return latent


class MaskedTowers(Towers):
    """Towers that do not look at the action mask, the tail of the features, but hand it on to the head.

    So the mask is never beside the observation but in it, and no path through SB3 can lose it.
    """

    def __init__(self, inputs: int, *widths: Any, mask: int) -> None:
        super().__init__(inputs - mask, *widths)
        self.mask = mask  # L

    def forward_actor(self, features: Tensor) -> Tensor:
        """The policy's latent and the mask: [B, O + L] -> [B, H + L]."""
        inputs, mask = features[:, : -self.mask], features[:, -self.mask :]
        return torch.cat([self.policy_net(inputs), mask], dim=1)

    def forward_critic(self, features: Tensor) -> Tensor:
        """The values' latent."""
        latent: Tensor = self.value_net(features[:, : -self.mask])
        return latent


class MaskedHead(nn.Module):
    """Logits of what the mask allows; a mask that allows nothing allows everything alike."""

    def __init__(self, linear: nn.Module, mask: int) -> None:
        super().__init__()
        self.linear, self.mask = linear, mask

    def forward(self, latent: Tensor) -> Tensor:
        """[B, H + L] -> [B, L]."""
        logits: Tensor = self.linear(latent[:, : -self.mask])
        return torch.where(latent[:, -self.mask :] > 0, logits, FORBIDDEN)


def _tower(
    inputs: int, widths: list[int], activation: type[nn.Module], dropout: float
) -> nn.Module:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), activation(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers)


def activation(name: str) -> type[nn.Module]:
    """An activation by its name.

    Raises:
        ValueError: it is none of `ACTIVATIONS`.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"'{name}' is no activation: choose one of {', '.join(ACTIVATIONS)}")
    found: type[nn.Module] = getattr(nn, name)
    return found
