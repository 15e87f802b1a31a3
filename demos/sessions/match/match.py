"""A watched game: every seat is a player's, whose next action is known and who can be stepped back.

A player decides as soon as a state is reached, so that its action is known while one looks at that state; the
next step only carries it out. N seats, K terms, C costs, A numbers of an action.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.networks.policy import AgentPolicy
from agents.players.handicapped import tell_executed_action
from agents.players.introspection import Decision, inspect_decision
from agents.players.player import Player
from agents.players.snapshots import PlayerSnapshot, restore_snapshot, take_snapshot
from demos.sessions.game.game import Game
from demos.sessions.match.evaluated_games import BatchRow, EvaluatedGames
from environments.external.world import ExternalWorld
from environments.simulation.reward_source import weight_vector
from environments.simulation.world import World

NOTHING: Mapping[int, Any] = MappingProxyType({})
GUARDED = ("requested", "intervened", "interventions")  # what a shield keeps beside
FIRST_ROWS = 256  # of a table, set aside at first
BUFFERS = ("observation", "actions", "terms", "costs", "reward", "terminated", "truncated")


class Rows:
    """A table that grows at its end: [rows, width]."""

    def __init__(self, width: int) -> None:
        self._held = np.full((FIRST_ROWS, width), np.nan)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def table(self) -> npt.NDArray[np.float64]:
        """All rows so far, not a copy: [rows, width]."""
        return self._held[: self._count]

    def add(self, row: npt.ArrayLike) -> None:
        """Take down a row; what there is no number for is nan."""
        if self._count == len(self._held):
            self._held = np.concatenate([self._held, np.full_like(self._held, np.nan)])
        self._held[self._count] = row
        self._count += 1

    def cut(self, count: int) -> None:
        """Keep only the first rows."""
        self._count = min(self._count, count)


@dataclass(frozen=True)
class DecisionView:
    """What a player is about to do."""

    action: Any
    seconds: float  # that it took to decide
    details: Decision | None = None


@dataclass(frozen=True)
class MatchSnapshot:
    """All that it takes to be at a moment of a game again."""

    state: np.ndarray  # [1]
    buffers: tuple[np.ndarray, ...]  # as `BUFFERS` and, behind a shield, `GUARDED` name them
    sums: tuple[np.ndarray, ...]  # terms, costs, score
    asked: np.ndarray  # [N, ...]
    decisions: tuple[DecisionView, ...]  # [N]
    kept: tuple[PlayerSnapshot, ...]  # [N]


class Match(Game):
    """One game at a time, every seat a player's; it can be stepped, and stepped back.

    Actions of a person who takes over are given to `step`, and the player whose seat it is is told. What is
    recorded stands where it stands in a `Game`: `observation`, `asked`, and the arrays of `batch`.

    Args:
        world: what is played.
        players: who sits in each seat, one object a seat; None does nothing (the world's `IDLE`).
        seat: the one that is looked into.
        options: of every episode.
        weights: of the terms; the world's own if None.
        clone: whom the watched player's distance is measured from.
        shield: play behind the world's shield.
        evaluated: the seeds whose games are played as `gpo evaluate` plays them; none if None.
    """

    def __init__(
        self,
        world: World,
        players: Sequence[Player | None],
        seat: int = 0,
        options: Mapping[str, Any] | None = None,
        weights: Mapping[str, float] | None = None,
        clone: AgentPolicy | None = None,
        shield: bool = False,
        evaluated: EvaluatedGames | None = None,
    ) -> None:
        super().__init__(world, (), None, options, shield)
        self.evaluated = EvaluatedGames(games=0) if evaluated is None else evaluated
        self._buffers = (*BUFFERS, *(name for name in GUARDED if hasattr(self.batch, name)))
        self.players, self.seat, self.clone = list(players), seat, clone
        self._seated = self.players  # for the game that was begun
        if weights is not None:
            self.batch.weights[:] = weight_vector(world.terms, weights)
        self.can_go_back = not isinstance(world, ExternalWorld)

    def _clear(self) -> None:
        super()._clear()
        self.decisions: list[DecisionView] = [
            DecisionView(self.world.idle, 0.0) for _ in self.world.agents
        ]
        self.moments: list[MatchSnapshot] = []  # before the present one
        self.before: np.ndarray | None = None  # what the watched seat saw a step ago
        # A row a step, of the watched seat: what the player decided before it, and the sums until then.
        self.values: Rows | None = None  # [1 + C]
        self.distances = Rows(1)
        self.earned = Rows(len(self.world.terms))  # weighted sums of the terms
        self.shielded = Rows(1)  # whether the step before was changed by a shield

    def begin(self, seed: int) -> None:
        """Begin an episode that the players and the seed alone repeat."""
        super().begin(seed)
        self._seated = [
            self.evaluated.seat(player, n, seed) for n, player in enumerate(self.players)
        ]
        self._arrive()

    def step(self, actions: Mapping[int, Any] = NOTHING) -> None:
        """Do what the players are about to do, or in some seats what is given instead."""
        if self.can_go_back:
            self.moments.append(self._moment())
        self.before = self.observation(self.seat)
        for n, action in actions.items():  # only after the moment was kept: going back undoes it
            tell_executed_action(self._memory.get(n), self._done(n, action)[None])
        self.seats = tuple(actions)  # for this step they are not the players'
        super().step(actions)
        self.seats = ()
        self._arrive()

    def _done(self, n: int, action: Any) -> np.ndarray:
        """What a seat will do if it asks for an action now."""
        asked = self.asked.copy()
        asked[n] = action
        return np.asarray(self.possible(asked)[n])

    def back(self) -> bool:
        """Be at the moment before the last step again; False where that is not possible."""
        if not self.moments:
            return False
        moment = self.moments.pop()
        self.batch.state[...] = moment.state
        for name, held in zip(self._buffers, moment.buffers, strict=True):
            getattr(self.batch, name)[...] = held
        for ours, held in zip((self.terms, self.costs, self.score), moment.sums, strict=True):
            ours[...] = held
        self.asked[...] = moment.asked
        self.decisions = list(moment.decisions)
        self._memory = {n: restore_snapshot(kept) for n, kept in enumerate(moment.kept)}
        self.before = self.moments[-1].buffers[0][0, self.seat] if self.moments else None
        self.refusals -= self.refused
        self.refused = np.zeros_like(self.refused)
        self.steps -= 1
        self.moment += 1
        for rows in (self.values, self.distances, self.earned, self.shielded):
            if rows is not None:
                rows.cut(self.steps + 1)
        return True

    def _choose(self, n: int, starts: np.ndarray) -> Any:
        return self.decisions[n].action

    def _arrive(self) -> None:
        """Let all players see the state that was reached and decide, and take down what they weighed."""
        if not self.over:
            self.decisions = [
                self._decide(n, player, self.starts(n)) for n, player in enumerate(self._seated)
            ]
        details = self.decisions[self.seat].details
        if details is not None and details.values is not None:
            self.values = Rows(len(details.values)) if self.values is None else self.values
            self.values.add(details.values)
        distance = None if details is None else details.distance
        self.distances.add(np.nan if distance is None else distance)
        self.earned.add(self.terms[self.seat] * self.batch.weights)
        self.shielded.add(self.shield)

    def _decide(self, n: int, player: Player | None, starts: np.ndarray) -> DecisionView:
        if player is None:
            return DecisionView(self.world.idle, 0.0)
        began = time.perf_counter()
        action, self._memory[n] = player.predict(
            self.batch.observation[:, n], self._memory.get(n), starts, self.evaluated.greedy
        )
        took = time.perf_counter() - began
        chooser = player.player if isinstance(player, BatchRow) else player
        details = inspect_decision(chooser, self.clone) if n == self.seat else None
        return DecisionView(np.array(action[0]), took, details)

    def _moment(self) -> MatchSnapshot:
        batch = self.batch
        return MatchSnapshot(
            batch.state.copy(),
            tuple(getattr(batch, name).copy() for name in self._buffers),
            (self.terms.copy(), self.costs.copy(), self.score.copy()),
            self.asked.copy(),
            tuple(self.decisions),
            tuple(
                take_snapshot(player, self._memory.get(n)) for n, player in enumerate(self._seated)
            ),
        )

    @property
    def shield(self) -> float:
        """Whether a shield changed what the watched seat did last; nan where none stands by."""
        told = getattr(self.batch, "intervened", None)  # [B, N], of the last step
        return float("nan") if told is None else float(told[0, self.seat])
