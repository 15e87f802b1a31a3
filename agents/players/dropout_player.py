"""A cloned player whose dropout stays on while it plays, so that it varies from step to step.

Different hidden units are left out in every step, which is a cheap stand-in for many clones (Gal and
Ghahramani, ICML 2016, read such a network as an ensemble).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import nn

from agents.networks.policy import AgentPolicy
from agents.players.player import NetworkPlayer


class DropoutPlayer(NetworkPlayer):
    """Plays a copy of a discrete policy with some of its hidden units left out.

    Args:
        policy: the network; it is copied.
        dropout: the share of units left out.
        seed: of the sampling and of what is left out.
        temperature: as `NetworkPlayer`.
    """

    def __init__(
        self, policy: AgentPolicy, dropout: float, seed: int = 0, temperature: float = 1.0
    ) -> None:
        super().__init__(copy.deepcopy(policy), seed, temperature)
        layers = [layer for layer in self.policy.modules() if isinstance(layer, nn.Dropout)]
        if not self.discrete or not layers:
            raise ValueError("Dropout needs a discrete policy with dropout layers")
        for layer in layers:
            layer.p = dropout

    def scores(self, observation: Any) -> np.ndarray:
        """As `NetworkPlayer.scores`, of what is left of the network this time."""
        with torch.random.fork_rng(devices=[]):  # dropout draws from no other generator
            torch.manual_seed(int(self._random.integers(2**63)))
            self.policy.set_training_mode(True)
            found = super().scores(observation)
            self.policy.set_training_mode(False)
        return found
