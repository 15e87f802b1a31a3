"""A policy's network for one observation at a time, by NumPy: what torch gives, without torch's overhead.

One row through a small network is some ten microseconds of arithmetic; calling torch for it costs several
times that, and twenty times where SB3 makes a distribution of it. Layers that are not known here, memory and
pictures are left to torch.

O numbers in an observation, L logits, A numbers of an action.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import DiagGaussianDistribution
from torch import Tensor, nn

from agents.networks.encoders import ObservationEncoder
from agents.networks.layers import FORBIDDEN, MaskedHead, MaskedTowers, Towers
from agents.networks.policy import AgentPolicy
from agents.networks.scales import ActionHead, Normaliser

Row = np.ndarray
Layer = Callable[[Row], Row]


def _sigmoid(x: Row) -> Row:
    made: Row = 1 / (1 + np.exp(-x))
    return made


ACTIVATIONS: dict[type[nn.Module], Layer] = {
    nn.ReLU: lambda x: np.maximum(x, np.float32(0)),
    nn.Tanh: np.tanh,
    nn.Sigmoid: _sigmoid,
    nn.SiLU: lambda x: x * _sigmoid(x),
}


class _UnknownLayerError(Exception):
    """It is left to torch."""


class SingleRow:
    """Runs the policy of a network on one observation.

    It reads the weights where torch keeps them, so what is learned meanwhile counts from the next call on.

    Args:
        policy: the network; what it is may change, as long as it stays the same object.
    """

    def __init__(self, policy: AgentPolicy) -> None:
        self.policy = policy
        self._watched: list[tuple[dict[str, Any], str, Tensor, int]] = []
        self._layers: list[Layer] | None = None
        self._noise = torch.Generator()
        self._known = (
            False  # whether the network was looked at: at first use, for many never decide alone
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy reads its own policy's weights."""
        return SingleRow, (self.policy,)

    @property
    def fits(self) -> bool:
        """Whether the network is one of those that are known here, and does not learn at the moment."""
        if self.policy.training:
            return False
        if not self._known:
            self._read()
        for owner, name, tensor, address in self._watched:
            if owner[name] is not tensor or tensor.data_ptr() != address:
                self._read()
                break
        return self._layers is not None

    def logits(self, observation: Row) -> Row | None:
        """Logits, or means of continuous actions, of [1, O]: [1, L]; None where torch has to be asked."""
        if len(observation) != 1 or observation.dtype != np.float32 or not self.fits:
            return None
        x = observation.reshape(-1)
        with np.errstate(all="ignore"):  # torch says nothing of infinities either
            for layer in self._layers or ():
                x = layer(x)
        return x[None]

    def continuous(self, observation: Row, seed: int, likeliest: bool) -> Row | None:
        """Actions of a Gaussian policy, as `predict` of SB3 with that seed of torch: [1, A] or None."""
        space: Any = self.policy.action_space
        if type(self.policy.action_dist) is not DiagGaussianDistribution:
            return None
        means = self.logits(observation)
        if means is None:
            return None
        if not likeliest:
            self._noise.manual_seed(seed)
            ones = torch.ones(means.shape)
            noise = torch.normal(torch.zeros(means.shape), ones, generator=self._noise)
            spread = self.policy.log_std.detach().exp()
            means = (torch.from_numpy(means) + noise * spread).numpy()
        if not np.isfinite(means).all():
            return None  # torch says what is wrong
        clipped: Row = np.clip(means.reshape(-1, *space.shape), space.low, space.high)
        return clipped

    def _read(self) -> None:
        self._watched, self._known = [], True
        try:
            self._layers = [
                *self._sight(self.policy.pi_features_extractor),
                *self._tower(self.policy.mlp_extractor, self.policy.action_net),
            ]
        except _UnknownLayerError:
            self._layers = None

    def _array(self, module: nn.Module, name: str) -> Row:
        """A tensor of a module as it is in memory."""
        owner: Any = module._parameters if name in module._parameters else module._buffers
        tensor = owner.get(name)
        if tensor is None or tensor.dtype != torch.float32 or tensor.device.type != "cpu":
            raise _UnknownLayerError
        self._watched.append((owner, name, tensor, tensor.data_ptr()))
        array: Row = tensor.detach().numpy()
        return array

    def _sight(self, extractor: Any) -> list[Layer]:
        """What turns an observation into features."""
        if type(extractor) is Normaliser:
            mean, scale = self._array(extractor, "mean"), self._array(extractor, "scale")
            if isinstance(self.policy.observation_space, spaces.Box):
                return [lambda x: (x - mean) * scale]
        if type(extractor) is ObservationEncoder and not extractor.steps and extractor.parts.plain:
            scales, seen = extractor.parts.scales, len(extractor.parts.vectors)
            mean, scale = self._array(scales, "mean"), self._array(scales, "scale")
            return [lambda x: np.concatenate([(x[:seen] - mean) * scale, x[seen:]])]
        raise _UnknownLayerError

    def _tower(self, towers: Any, head: Any) -> list[Layer]:
        """What turns features into logits: hidden layers, then the head around them."""
        masked = type(towers) is MaskedTowers and type(head) is MaskedHead
        if not masked and type(towers) is not Towers:
            raise _UnknownLayerError
        inner = head.linear if isinstance(head, MaskedHead | ActionHead) else head
        hidden = [
            layer
            for module in (*towers.policy_net, inner)
            if type(module) is not nn.Dropout  # which drops nothing where nothing is learned
            for layer in self._module(module)
        ]
        if type(head) is ActionHead:
            unit, center = self._array(head, "unit"), self._array(head, "center")
            return [*hidden, lambda x: x * unit + center]
        return [self._under_mask(hidden, towers.mask)] if masked else hidden

    def _module(self, module: nn.Module) -> list[Layer]:
        if type(module) is nn.Linear and module.bias is not None:
            weight, bias = self._array(module, "weight"), self._array(module, "bias")
            return [lambda x: weight @ x + bias]
        if type(module) in ACTIVATIONS:
            return [ACTIVATIONS[type(module)]]
        raise _UnknownLayerError

    def _under_mask(self, hidden: list[Layer], mask: int) -> Layer:
        """Hidden layers that do not look at the mask at the end, and logits of what it allows."""

        def run(x: Row) -> Row:
            allowed, x = x[-mask:] > 0, x[:-mask]
            for layer in hidden:
                x = layer(x)
            return np.where(allowed, x, np.float32(FORBIDDEN))

        return run
