"""The `Player` protocol: Stable-Baselines3's `predict`, which everything that acts has; its actions, checked.

B observations, O numbers in each.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from environments.system.errors import UserError


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


def as_actions(actions: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """The actions as an array that can be copied into such a buffer without a loss.

    Raises:
        UserError: they have another shape, or are fractions where whole numbers are wanted.
    """
    given = np.asarray(actions)
    if given.shape != shape:
        raise UserError(
            f"The actions have the shape {list(given.shape)}; it must be {list(shape)}."
        )
    if given.dtype.kind not in ("iuf" if np.dtype(dtype).kind == "f" else "iub"):
        raise UserError(f"The actions are of type {given.dtype}; they must be {dtype}.")
    return given
