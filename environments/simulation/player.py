"""The `Player` protocol: Stable-Baselines3's `predict`, which everything that acts has.

B observations, O numbers in each.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


class Player(Protocol):
    """A network, a script, a person, an exported file: anything that chooses actions."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """Choose an action for each observation.

        Args:
            observation: [B, O].
            state: what the last call returned; None at first. It belongs to the player, which may change it.
            episode_start: [B] bool, where a new episode begins, so that memory of the old one is dropped.
            deterministic: take the likeliest action instead of a sample.

        Returns:
            Actions [B, ...] and the state to hand to the next call.
        """


@runtime_checkable
class AheadPlayer(Player, Protocol):
    """A player that may choose while others still do: in a process of its own, it begins when it is told."""

    is_remote: bool  # whether it is in a process of its own now

    def begin(self, observation: Any, state: Any, episode_start: Any) -> Any:
        """Begin to choose for what `predict` will be given next; returns the state to hand to it."""

    def drop(self) -> None:
        """Forget what it has begun to choose."""
