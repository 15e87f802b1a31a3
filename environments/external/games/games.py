"""Some games of a foreign environment, stepped one after another in whichever process this runs.

Whatever such a game does, it is told as a `GameFault` of that game, and the others go on. What is told apart
from that is written on the board: arrays that processes can share.

B games, N agents, K terms, C costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from environments.external.games.adapters import (
    GymGame,
    PettingZooGame,
    StepResult,
    flatten_action,
    flatten_observation,
    offered_mask,
)
from environments.external.games.global_state import (
    ExternalGlobals,
    Handlers,
    is_our_signal,
    tell_interrupts_apart,
)
from environments.external.games.make import make_env
from environments.external.games.step_values import (
    InvalidObservation,
    costs_of,
    in_words,
    picture,
    reader,
    terms_of,
)
from environments.simulation.observation_parts import flat_mask
from environments.system.errors import UserError
from environments.system.shared_arrays import Board


class GameFault(NamedTuple):
    """What a game did that it must not do."""

    what: str  # goes on after the environment's name; empty if another game of its process is to blame
    lost: tuple[int, ...] = ()  # the games of the process that was lost with it


class ResetOrder(NamedTuple):
    """How a game is to begin its next episode."""

    game: int
    seed: int | None  # None goes on from the last episode
    options: dict[str, Any] | None
    anew: bool = False  # with a fresh instance of the environment


@dataclass(frozen=True)
class EnvironmentSpec:
    """All that a process needs to make games of an environment."""

    name: str  # as `make_env`
    params: dict[str, Any]
    terms: tuple[str, ...] = ()  # their names, without the return's
    costs: tuple[str, ...] = ()
    closes: bool = True  # whether it is safe to close one: it answered when it was tried
    recorded: bool = False  # name and keywords were read from a file

    def open(self) -> GymGame | PettingZooGame:
        """One game.

        Raises:
            UserError: there is none, or its maker raises.
        """
        try:
            return make_env(self.name, self.params, self.recorded)
        except UserError:
            raise
        except BaseException as error:  # somebody else's code: anything
            if is_our_signal(error):
                raise
            raise UserError(
                f"The environment '{self.name}' raised {in_words(error)}, when it was made."
            ) from error


class ExternalGames:
    """The games in rows `first` and onward of the board, as many as it is given.

    Args:
        opening: what they are made from.
        board: their rows of it.
        first: the number that the first of them has among all.
    """

    def __init__(self, opening: EnvironmentSpec, board: Board, first: int = 0) -> None:
        self.opening, self.name, self.board, self.first = opening, opening.name, board, first
        self._theirs = ExternalGlobals(first)
        tell_interrupts_apart()
        with Handlers(), self._theirs:
            self.games: list[GymGame | PettingZooGame] = [opening.open() for _ in board["busy"]]
        name, seen = self.name, self.games[0].observation_space
        space, flatten = flatten_observation(seen, name)
        self._seen = reader(seen, flatten)
        # Numbers of the action mask, which come after those of what is seen.
        self._mask = int(np.prod(board["observation"].shape[2:]) - np.prod(space.shape))
        self._done = flatten_action(self.games[0].action_space, name)[1]
        self._terms_named, self._costs_named = opening.terms, opening.costs
        self._observation, self._present = board["observation"], board["present"]

    def begin(self, orders: Sequence[ResetOrder]) -> dict[int, GameFault]:
        """Begin new episodes as ordered; what went wrong, by game."""
        if len(orders) == len(self.games) and not any(o.anew or o.seed is None for o in orders):
            self._theirs.seed(int(orders[0].seed or 0))  # what they draw follows from it too
        return self._each((order.game - self.first, self._begin, order) for order in orders)

    def step(self) -> dict[int, GameFault]:
        """Take the actions on the board in every game; what went wrong, by game."""
        return self._each((i, self._step, None) for i in range(len(self.games)))

    def _each(self, calls: Any) -> dict[int, GameFault]:
        busy, faults = self.board["busy"], {}
        with self._theirs:
            for i, call, argument in calls:
                busy[i] = True
                try:
                    call(i, argument)
                except InvalidObservation as strange:
                    faults[self.first + i] = GameFault(str(strange))
                except BaseException as error:  # somebody else's code: anything, Ctrl-C's kind too
                    if is_our_signal(error):
                        raise
                    faults[self.first + i] = GameFault(f"raised {in_words(error)}")
                busy[i] = False
        return faults

    def _begin(self, i: int, order: ResetOrder) -> None:
        if order.anew:
            self._close(self.games[i])
            self.games[i] = self.opening.open()
        self._look(i, self.games[i].reset(order.seed, order.options))

    def _step(self, i: int, _: None) -> None:
        board, done = self.board, self._done
        turn = self.games[i].step([done(action) for action in board["action"][i]])
        board["terminated"][i], board["truncated"][i] = turn.terminated, turn.truncated
        terms, costs = board["terms"][i], board["costs"][i]
        for n, info in enumerate(turn.infos):
            terms[n, 0] = turn.rewards[n]
            _fill(terms[n, 1:], self._terms_named, terms_of(info))
            _fill(costs[n], self._costs_named, costs_of(info))
        self._look(i, turn)

    def _look(self, i: int, turn: StepResult) -> None:
        """Write what was seen on the board; an agent that has left sees zeros."""
        alone = isinstance(self.games[i], GymGame)
        for n, seen in enumerate(turn.observations):
            if alone and seen is None:  # only PettingZoo's agents may leave
                raise InvalidObservation("gave no observation")
            self._present[i, n] = seen is not None
            row = self._observation[i, n]
            if seen is None:
                row[:] = 0
            elif self._mask:
                row[: -self._mask] = np.ravel(self._seen(seen))
                mask = offered_mask(self.games[i].env, turn.infos[n])
                row[-self._mask :] = flat_mask(mask, self._mask, self.name)
            else:
                row[...] = self._seen(seen)

    def draw(self, game: int) -> np.ndarray | str | None:
        """A game's own picture; None where it makes none; in words what is wrong with it."""
        try:
            with Handlers(), self._theirs:
                return picture(self.games[game - self.first].env.render())
        except BaseException as error:  # somebody else's code: anything
            if is_our_signal(error):
                raise
            return f"raised {in_words(error)}"

    def close(self) -> None:
        """Close every game that can be."""
        with Handlers(), self._theirs:
            for game in self.games:
                self._close(game)

    def _close(self, game: GymGame | PettingZooGame) -> None:
        """Close a game; what goes wrong then matters to nobody any more."""
        if not self.opening.closes:
            return
        try:
            game.env.close()
        except BaseException as error:  # somebody else's code: anything
            if is_our_signal(error):
                raise


def _fill(row: np.ndarray, names: Sequence[str], values: Mapping[str, Any]) -> None:
    for k, name in enumerate(names):
        row[k] = values.get(name, 0.0)
