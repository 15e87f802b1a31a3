"""Partner: what training asks of the player of the other seats, and the callback that asks it."""

from __future__ import annotations

from typing import Protocol

from stable_baselines3.common.callbacks import BaseCallback

from agents.networks.policy import AgentPolicy
from agents.players.player import Player


class Partner(Player, Protocol):
    """A player of the other seats, as training uses it."""

    def reseed(self, seed: int) -> None:
        """Set every generator to the start of `seed`: at each checkpoint, and before judging."""

    def bind(self, policy: AgentPolicy) -> None:
        """Say who learns, for members that are the learner itself."""

    def progress(self, done: float) -> None:
        """Weigh the members as is due when that share of the training is done; called before each rollout."""


class PartnerSchedule(BaseCallback):
    """Tells a partner who learns, and at the start of each rollout how far the training is."""

    def __init__(self, partner: Partner | None) -> None:
        super().__init__()
        self.partner = partner

    def _on_training_start(self) -> None:
        if self.partner is not None:
            self.partner.bind(self.model.policy)  # type: ignore[arg-type]

    def _on_rollout_start(self) -> None:
        if self.partner is not None:
            self.partner.progress(1 - self.model._current_progress_remaining)

    def _on_step(self) -> bool:
        return True
