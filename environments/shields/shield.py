"""The shield: what stands between players and games, and replaces actions that are not safe.

It is made of a world's own rule, of ready-made limits, and of a function of a person's own.

A native world may offer a rule by `shield_one(table, state, requested, applied)` (numba, for one game): it
writes for every agent the action to apply, [N, ...], which is what was asked for wherever that is safe. It
sees the whole state, as a safety device has sensors of its own; what it guarantees, the world says. Any
world, ours or an environment of others, may be given rules that go by the observation
(`environments.shields.rules`); they act first, so that a world's own has the last word.

`make_batch(..., shield=True)` plays behind it, and so does every wrapper: `gymnasium.make("gpo/Courier-v0",
shield=True)`. After each step such a batch holds what was asked for (`requested`), what was done (`actions`)
and where these differ (`intervened`); for a recording the last is the actor SHIELD.

B games, N agents.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.shields.limits import Moment
from environments.shields.own_rule import OwnRule
from environments.shields.rules import OWN, limits_of
from environments.simulation.batch import Batch
from environments.simulation.kernels import bind_shield
from environments.simulation.world import World
from environments.system.errors import UserError


class Shield:
    """A world's own rule and those that it was given, for any number of games.

    Args:
        world: which has one.

    Raises:
        UserError: it has none, or a function of a person's own cannot be used.
    """

    def __init__(self, world: World) -> None:
        if not offers_shield(world):
            raise UserError(
                f"The world '{world.id}' has no shield: play it without, or give it one of your own "
                "([world.shield] in a recipe, --shield-by)."
            )
        self.world, rules = world, world.shield_rules
        self._own = OwnRule(rules[OWN], world) if OWN in rules else None
        self._limits = limits_of(rules)
        self._bind()

    def _bind(self) -> None:
        native = hasattr(self.world.module, "shield_one")
        self._loop = bind_shield(self.world.module) if native else None

    def __getstate__(self) -> dict[str, Any]:
        """What a copy keeps: loops cannot be pickled."""
        return {name: value for name, value in vars(self).items() if name != "_loop"}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """The same again."""
        vars(self).update(kept)
        self._bind()

    def __call__(
        self,
        states: np.ndarray,
        requested: np.ndarray,
        applied: np.ndarray,
        table: np.ndarray | None = None,
    ) -> None:
        """Write what the world's own rule lets pass, [B, N, ...], in these states, [B].

        The `table` is the world's unless it varies.
        """
        if self._loop is None:
            np.copyto(applied, requested)
        else:
            self._loop(self.world.table if table is None else table, states, requested, applied)

    def limit(self, moment: Moment, requested: np.ndarray, present: np.ndarray) -> np.ndarray:
        """What the other rules let pass of what is asked for, [B, N, ...], where `present` [B, N].

        Raises:
            UserError: a function of a person's own raises, or gives no action.
        """
        wanted = requested
        if self._own is not None:
            wanted = self._own(moment.seen, wanted, moment.begun, present)
        if self._limits:
            rows = np.asarray(moment.seen).reshape(*requested.shape[:2], -1)
            moment = Moment(rows, moment.before, moment.begun)
            allowed = wanted
            for rule in self._limits:
                allowed = rule(moment, allowed)
            there = present.reshape(*present.shape, *[1] * (wanted.ndim - 2))
            wanted = np.where(there, allowed, wanted)
        return wanted


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
        """Act with as much of `actions` [B, N, ...] as is safe; returns the next observation [B, N, O].

        Raises:
            UserError: as `Batch.step`, or of a person's own rule; then nothing was done.
        """
        before = self.actions.copy()
        self._take(actions)
        begun = self._begun
        self.interventions[begun] = 0
        np.copyto(self.requested, self.actions)
        moment = Moment(self.observation, before, begun)
        there = self.presence.now & ~self.skipped[:, None]
        limited = self._shield.limit(moment, self.requested, there)
        applied = np.empty_like(self.actions)
        limited = np.ascontiguousarray(limited, applied.dtype)
        self._shield(self.state, limited, applied, self.table)
        differs = applied != self.requested
        np.any(differs.reshape(*differs.shape[:2], -1), axis=2, out=self.intervened)
        self.interventions += self.intervened
        return super().step(applied)

    def step_past(self, actions: Any) -> np.ndarray:
        """Act with `actions` [B, N, ...] themselves, past the shield: to leave a machine at rest."""
        return super().step(actions)

    @property
    def _begun(self) -> np.ndarray:
        """Which games are at the beginning of an episode: [B]."""
        begun: np.ndarray = self.state["tick"] == 0
        return begun


def offers_shield(world: World) -> bool:
    """Whether a world has a shield, of its own or given."""
    return bool(world.shield_rules) or hasattr(world.module, "shield_one")
