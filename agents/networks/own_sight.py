"""`OwnSightPolicy`: our network for what an environment itself shows and does, for SB3's tools.

Stable-Baselines3 hands a policy the environment's own observation, a dict of tensors perhaps; here the row
that our network sees is made of it.

B observations, O numbers of a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor
from torch.nn import functional

from agents.networks.own_numbers import OwnNumbersPolicy
from agents.schema.own_observation import OwnPart, read_layout


class OwnSightPolicy(OwnNumbersPolicy):
    """As `OwnNumbersPolicy`, with `observation_space` the environment's own.

    Args:
        rows: the space of a row.
        layout: what a row is made of (`layout` of the world's description).
    """

    def __init__(
        self,
        observation_space: Any,
        action_space: Any,
        *args: Any,
        rows: spaces.Box,
        layout: list[dict[str, Any]],
        **keywords: Any,
    ) -> None:
        super().__init__(rows, action_space, *args, **keywords)
        self.observation_space = observation_space
        self.rows, self.layout = rows, layout
        self._parts = read_layout(layout, int(spaces.utils.flatdim(rows)))

    def made_rows(self, obs: Any) -> Tensor:
        """Rows of what the environment shows, [B, ...]."""
        found = [
            encoded(part, obs[part.path[0]] if part.path and isinstance(obs, Mapping) else obs)
            for part in self._parts
        ]
        return torch.cat(found, dim=1).reshape(-1, *self.rows.shape)

    def _features(self, observations: Any, extractor: Any) -> Tensor:
        found: Tensor = extractor(self.made_rows(observations))
        return found

    def predict_values(self, obs: Any) -> Tensor:
        """The value of the reward: [B, 1]."""
        return self.values_of(self._features(obs, self.vf_features_extractor), costs=False)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        told = super()._get_constructor_parameters()
        return {**told, "rows": self.rows, "layout": self.layout}


def encoded(part: OwnPart, values: Tensor) -> Tensor:
    """Values of a part [B, ...] as they stand in rows, float32 [B, numbers], as `OwnPart.encode`.

    Of a picture, channels may stand first, as Stable-Baselines3 turns them.
    """
    space: Any = part.space
    if part.is_mask:
        return (values.flatten(1) != 0).float()
    if isinstance(space, (spaces.Discrete, spaces.MultiDiscrete)):
        counts = (
            [int(space.n)] if isinstance(space, spaces.Discrete) else space.nvec.ravel().tolist()
        )
        start = torch.as_tensor(space.start, device=values.device).reshape(-1)
        chosen = values.reshape(-1, len(counts)).long() - start
        hot = [functional.one_hot(chosen[:, k], count) for k, count in enumerate(counts)]
        return torch.cat(hot, dim=1).float()
    if len(space.shape) == 3 and tuple(values.shape[1:]) != space.shape:
        values = values.permute(0, 2, 3, 1)
    return values.reshape(len(values), -1).float()
