"""`OwnNumbersPolicy`: our network for a space of actions in an environment's own numbers, for SB3's tools.

Stable-Baselines3 counts choices from 0 and knows no tables of them and no whole numbers; here what leaves the
policy is the environment's, and what comes back is counted again.

B actions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from agents.networks.policy import AgentPolicy
from environments.external.games.own_actions import counted_space, own_rows


class OwnNumbersPolicy(AgentPolicy):
    """As `AgentPolicy`, with `action_space` the environment's own."""

    def __init__(
        self, observation_space: Any, action_space: Any, *args: Any, **keywords: Any
    ) -> None:
        counted = counted_space(action_space, "the environment")
        super().__init__(observation_space, counted, *args, **keywords)
        self.action_space = action_space

    def _own(self, counted: Tensor) -> Tensor:
        """Actions of the environment, [B, ...], of ours."""
        made = np.asarray(own_rows(self.action_space)(counted.detach().cpu().numpy()))
        return torch.from_numpy(made).to(counted.device)

    def _counted(self, own: Tensor) -> Tensor:
        """Actions of ours of the environment's, [B, ...]."""
        space: Any = self.action_space
        if isinstance(space, spaces.Box):
            return own.flatten(1) if space.shape else own.reshape(-1, 1)
        start = torch.as_tensor(np.asarray(getattr(space, "start", 0)), device=own.device)
        rows = own.reshape(-1, *space.shape) - start
        return rows.flatten(1) if space.shape else rows

    def forward(self, obs: Any, deterministic: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """The environment's own actions, their values and log-probabilities: [B, ...], [B, 1], [B]."""
        values, distribution = self.predict_values(obs), self.get_distribution(obs)
        counted = distribution.get_actions(deterministic=deterministic)
        return self._own(counted), values, distribution.log_prob(counted)

    def evaluate_actions(self, obs: Any, actions: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Values, log-probabilities and entropies of actions in the environment's own numbers."""
        distribution = self.get_distribution(obs)
        log_prob = distribution.log_prob(self._counted(actions))
        return self.predict_values(obs), log_prob, distribution.entropy()

    def _predict(self, observation: Any, deterministic: bool = False) -> Tensor:
        counted = self.get_distribution(observation).get_actions(deterministic=deterministic)
        return self._own(counted)
