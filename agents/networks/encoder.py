"""The encoder of a policy, apart from its towers: what turns observations into features, with its weights.

B observations, F features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from agents.networks.encoders import ObservationEncoder
from agents.networks.policy import AgentPolicy
from agents.networks.scales import Normaliser


class Encoder(Protocol):
    """Turns observations into features; `Normaliser` and `ObservationEncoder` are such."""

    @property
    def features_dim(self) -> int:
        """F."""

    def fit(self, observations: np.ndarray, floor: float | None) -> None:
        """Take the scales of single steps' observations [S, ...]; `floor` is the least deviation."""

    def __call__(self, observations: Tensor) -> Tensor:
        """[B, ...] -> [B, F]."""

    def state_dict(self) -> Mapping[str, Tensor]:
        """Weights and scales by name."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Put back what `state_dict` gave."""


@dataclass(frozen=True)
class EncoderWeights:
    """An encoder that a policy may begin with."""

    observation_space: spaces.Box
    settings: dict[str, Any] | None  # keywords of `ObservationEncoder`; None: a `Normaliser`
    tensors: Mapping[str, Tensor]  # weights and scales by name
    facts: Mapping[str, Any] = field(default_factory=dict)  # where it comes from


def build_encoder(space: spaces.Box, settings: Mapping[str, Any] | None) -> Encoder:
    """An encoder with weights drawn anew.

    Raises:
        ValueError: settings that do not fit each other or the space.
    """
    if settings is None:
        return Normaliser(space)
    return ObservationEncoder(space, **settings)


def encoder_of(policy: AgentPolicy) -> Encoder:
    """The encoder that a policy acts by; its values may have another, which learned apart."""
    encoder: Any = policy.pi_features_extractor
    made: Encoder = encoder
    return made


def encoder_weights(policy: AgentPolicy, facts: Mapping[str, Any] | None = None) -> EncoderWeights:
    """The encoder that a policy acts by, copied, to be saved or to begin another policy with."""
    tensors = {
        name: value.detach().cpu().clone().contiguous()
        for name, value in encoder_of(policy).state_dict().items()
    }
    space: Any = policy.observation_space
    return EncoderWeights(space, policy.encoder_settings, tensors, dict(facts or {}))


def require_same_encoder(
    weights: EncoderWeights, shown: spaces.Space[Any], settings: Mapping[str, Any] | None
) -> None:
    """Refuse an encoder of another observation space or another network.

    Raises:
        ValueError: how they differ, as the end of a sentence.
    """
    if shown != weights.observation_space:
        raise ValueError(f"encodes {weights.observation_space}, where the policy is shown {shown}")
    asked, there = _as_json(settings), _as_json(weights.settings)
    if asked != there:
        raise ValueError(f"is made as {there}, where {asked} is asked for")


def put_encoder(policy: AgentPolicy, weights: EncoderWeights) -> None:
    """Let a policy, and its values, begin with an encoder.

    Raises:
        ValueError: it is of another observation space or another network.
    """
    require_same_encoder(weights, policy.observation_space, policy.encoder_settings)
    with torch.no_grad():
        for extractor in (policy.pi_features_extractor, policy.vf_features_extractor):
            extractor.load_state_dict(dict(weights.tensors))


def _as_json(settings: Mapping[str, Any] | None) -> str:
    return "plain scales" if settings is None else json.dumps(settings, sort_keys=True)
