"""The shield: a world's own rule that replaces actions which are not safe.

A world offers it by `shield_one(table, state, requested, applied)` (numba, for one game): it writes for
every agent the action to apply, [N, ...], which is what was asked for wherever that is safe. The rule sees
the whole state, as a safety device has sensors of its own; what it guarantees, the world says.

`make_batch(..., shield=True)` plays behind it, and so does every wrapper: `gymnasium.make("gpo/Courier-v0",
shield=True)`. After each step such a batch holds what was asked for (`requested`), what was done (`actions`)
and where these differ (`intervened`); for a recording the last is the actor SHIELD.

B games, N agents.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.simulation.batch import Batch
from environments.simulation.kernels import bind_shield
from environments.simulation.world import World
from environments.system.errors import UserError


class Shield:
    """A world's rule, for any number of games.

    Args:
        world: which offers it.

    Raises:
        UserError: the world has none.
    """

    def __init__(self, world: World) -> None:
        if not offers_shield(world):
            raise UserError(f"The world '{world.id}' has no shield: play it without.")
        self.world, self._loop = world, bind_shield(world.module)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is made anew: it keeps nothing of its own, and loops cannot be pickled."""
        return Shield, (self.world,)

    def __call__(self, states: np.ndarray, requested: np.ndarray, applied: np.ndarray) -> None:
        """Write what is to be applied, [B, N, ...], for what was asked for in these states, [B]."""
        self._loop(self.world.table, states, requested, applied)


class ShieldedBatch(Batch):
    """A batch in which the shield stands between the players and the games; else as `Batch`."""

    def _open(self) -> None:
        super()._open()
        self._shield = Shield(self.world)
        self.requested = np.zeros_like(self.actions)  # [B, N, ...], of the last step
        self.intervened = np.zeros(self.actions.shape[:2], np.bool_)  # [B, N], in the last step
        self.interventions = np.zeros(self.actions.shape[:2], np.int64)  # [B, N], of the episode

    def reset(self, *arguments: Any, **keywords: Any) -> np.ndarray:
        """Begin new episodes: as `Batch.reset`."""
        chosen = keywords.get("chosen", arguments[2] if len(arguments) > 2 else None)
        games = slice(None) if chosen is None else np.asarray(chosen, np.bool_)
        self.interventions[games], self.intervened[games] = 0, False
        return super().reset(*arguments, **keywords)

    def step(self, actions: Any) -> np.ndarray:
        """Act with as much of `actions` [B, N, ...] as is safe; returns the next observation [B, N, O]."""
        self._take(actions)
        self.interventions[self._begun] = 0
        np.copyto(self.requested, self.actions)
        applied = np.empty_like(self.actions)
        self._shield(self.state, self.requested, applied)
        differs = applied != self.requested
        np.any(differs.reshape(*differs.shape[:2], -1), axis=2, out=self.intervened)
        self.interventions += self.intervened
        return super().step(applied)

    @property
    def _begun(self) -> np.ndarray:
        """Which games are at the beginning of an episode: [B]."""
        begun: np.ndarray = self.state["tick"] == 0
        return begun


def offers_shield(world: World) -> bool:
    """Whether a world has a shield."""
    return hasattr(world.module, "shield_one")
