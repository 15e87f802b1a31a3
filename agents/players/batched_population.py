"""A population of clones as one player: each episode draws one, and all are computed in one batch.

One by one, each clone would be asked for a few games, and most of the time would be overhead of the calls.

B games, K clones, M games of the clone that has most, O numbers in an observation, A actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.networks.policy import AgentPolicy
from agents.networks.scales import Normaliser
from agents.players.player import NetworkPlayer

_APART = 104_729  # between the seed of the sampling and that of the drawing


@dataclass
class Drawn:
    """Which clone plays each game."""

    member: np.ndarray  # [B]

    def act(self, action: np.ndarray) -> None:
        """Nothing: what was done is not remembered."""


class BatchedPopulation(NetworkPlayer):
    """Plays several discrete policies whose layers have the same shapes, drawn with equal chances.

    Args:
        policies: the clones; see `same_architecture`.
        seed: of the drawing and of the sampling.
        temperature: as `NetworkPlayer`.

    Raises:
        ValueError: the policies are not alike.
    """

    def __init__(
        self, policies: Sequence[AgentPolicy], seed: int = 0, temperature: float = 1.0
    ) -> None:
        if not same_architecture(policies):
            raise ValueError("A population needs discrete policies with the same plain layers")
        super().__init__(policies[0], seed, temperature)
        self.size = len(policies)
        scales: list[Any] = [policy.pi_features_extractor for policy in policies]
        self._mean = torch.stack([scale.mean for scale in scales])[:, None]  # [K, 1, O]
        self._scale = torch.stack([scale.scale for scale in scales])[:, None]
        layers = zip(*(_layers(policy) for policy in policies), strict=True)
        self._layers = [
            (
                torch.stack([linear.weight.detach().t() for linear in row]),  # [K, in, out]
                torch.stack([linear.bias.detach() for linear in row])[:, None],  # [K, 1, out]
            )
            for row in layers
        ]
        self._activation = policies[0].activation_fn()
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Set both generators to the start of `seed`."""
        super().reseed(seed)
        self._drawing = np.random.default_rng((seed, _APART))

    def look(self, observation: Any, state: Any, episode_start: Any) -> tuple[Any, Any]:
        """The observation and who is to see it; draws anew where an episode begins."""
        games = len(observation)
        if not isinstance(state, Drawn) or len(state.member) != games:
            state = Drawn(self._drawing.integers(self.size, size=games))
        elif episode_start is not None and (starts := np.asarray(episode_start, bool)).any():
            state.member[starts] = self._drawing.integers(self.size, size=int(starts.sum()))
        return (np.asarray(observation), state.member), state

    def scores(self, observation: Any) -> np.ndarray:
        """Logits at this temperature, [B, A], for what `look` gave."""
        seen, member = observation
        order = np.argsort(member, kind="stable")
        counts = np.bincount(member, minlength=self.size)
        firsts = np.cumsum(counts) - counts
        row, slot = member[order], np.arange(len(member)) - firsts[member[order]]
        padded = np.zeros((self.size, counts.max(), seen.shape[1]), np.float32)  # [K, M, O]
        padded[row, slot] = seen[order]
        logits = np.empty((len(member), self._layers[-1][1].shape[2]), np.float32)
        logits[order] = self._forward(torch.from_numpy(padded)).numpy()[row, slot]
        return logits / self.temperature if self.temperature != 1.0 else logits

    def _forward(self, seen: Tensor) -> Tensor:
        """[K, M, O] -> [K, M, A]."""
        with torch.inference_mode():
            latent = (seen - self._mean) * self._scale
            for number, (weight, bias) in enumerate(self._layers):
                latent = torch.baddbmm(bias, latent, weight)
                if number < len(self._layers) - 1:
                    latent = self._activation(latent)
        return latent


def same_architecture(policies: Sequence[AgentPolicy]) -> bool:
    """Whether these can be one population: discrete networks of the same shapes, no masks, no memory."""
    first = policies[0].settings()
    return all(
        type(policy.pi_features_extractor) is Normaliser
        and isinstance(policy.action_net, nn.Linear)
        and NetworkPlayer(policy).discrete
        and policy.settings() | {"dropout": 0} == first | {"dropout": 0}
        for policy in policies
    )


def _layers(policy: AgentPolicy) -> list[Any]:
    """The linear layers of the policy's tower and its head."""
    tower = policy.mlp_extractor.policy_net
    return [*(layer for layer in tower if isinstance(layer, nn.Linear)), policy.action_net]
