"""`ExternalGames`: some games of an external environment, stepped one after another.

Whatever a game does wrong is returned as its `GameFault`, and the others go on. Everything else is
written into arrays that processes can share (`SharedArrays`).

B games, N agents, K terms, C costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from environments.external.games.adapters import (
    GymGame,
    PettingZooGame,
    StepResult,
    flatten_observation,
    offered_mask,
)
from environments.external.games.copying import CopiedGames
from environments.external.games.global_state import (
    ExternalGlobals,
    Handlers,
    is_our_signal,
    mark_interrupts,
)
from environments.external.games.make import make_env, set_attributes
from environments.external.games.named_values import NamedValues
from environments.external.games.own_actions import to_own
from environments.external.games.own_observations import record_writer
from environments.external.games.step_values import (
    InvalidObservation,
    error_text,
    observation_reader,
    picture,
)
from environments.external.states.registry import cannot_begin, put, state_of
from environments.external.states.state_access import InvalidState
from environments.simulation.observation_parts import flat_mask
from environments.system.errors import UserError
from environments.system.shared_arrays import SharedArrays


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
    keywords: dict[str, Any] | None = None  # it is made anew with these among its own
    attributes: dict[str, Any] | None = None  # set before the episode begins


@dataclass(frozen=True)
class EnvironmentSpec:
    """All that a process needs to make games of an environment."""

    name: str  # as `make_env`
    params: dict[str, Any]
    terms: tuple[str, ...] = ()  # their names, without the return's
    costs: tuple[str, ...] = ()
    success: str | None = None  # key of the info that says whether a game is solved, if unusual
    closes: bool = True  # whether it is safe to close one: it answered when it was tried
    recorded: bool = False  # name and keywords were read from a file

    def open(self, keywords: dict[str, Any] | None = None) -> GymGame | PettingZooGame:
        """One game, with these keywords among its own.

        Raises:
            UserError: there is none, or its maker raises.
        """
        try:
            return make_env(self.name, {**self.params, **(keywords or {})}, self.recorded)
        except BaseException as error:  # external code: any exception
            if is_our_signal(error) or isinstance(error, UserError):
                raise
            raise UserError(
                f"The environment '{self.name}' raised {error_text(error)}, when it was made."
            ) from error


class ExternalGames(CopiedGames):
    """The games in rows `first` and onward of the shared arrays, one for each row that it is given.

    Args:
        spec: what they are made from.
        arrays: their rows.
        first: the number that the first of them has among all.
    """

    def __init__(self, spec: EnvironmentSpec, arrays: SharedArrays, first: int = 0) -> None:
        self.spec, self.name, self.arrays, self.first = spec, spec.name, arrays, first
        self._globals = ExternalGlobals(first)
        mark_interrupts()
        with Handlers(), self._globals:
            self.games: list[GymGame | PettingZooGame] = [spec.open() for _ in arrays["busy"]]
        self._named = NamedValues(spec.terms, spec.costs, spec.success)
        self._link()

    def _link(self) -> None:
        """Make what follows from the games and the arrays."""
        arrays, seen = self.arrays, self.games[0].observation_space
        space, flatten = flatten_observation(seen, self.name)
        self._seen = observation_reader(seen, flatten)
        # Numbers of the action mask, which come after those of what is seen.
        self._mask = int(np.prod(arrays["observation"].shape[2:]) - np.prod(space.shape))
        self._to_env_action = to_own(self.games[0].action_space)
        self._observation, self._present = arrays["observation"], arrays["present"]
        self._live, self._own = arrays["live"], arrays.get("own")
        self._note = None if self._own is None else record_writer(seen, self._own)

    def begin(self, orders: Sequence[ResetOrder]) -> dict[int, GameFault]:
        """Begin new episodes as ordered; what went wrong, by game."""
        if len(orders) == len(self.games) and not any(o.anew or o.seed is None for o in orders):
            self._globals.seed(int(orders[0].seed or 0))  # what they draw follows from it
        return self._each((order.game - self.first, self._begin, order) for order in orders)

    def step(self) -> dict[int, GameFault]:
        """Take the actions in the arrays in every game that is not skipped; what went wrong, by game."""
        played = np.flatnonzero(~self.arrays["skipped"]).tolist()
        return self._each((i, self._step, None) for i in played)

    def _each(self, calls: Any) -> dict[int, GameFault]:
        busy, faults = self.arrays["busy"], {}
        with self._globals:
            for i, call, argument in calls:
                busy[i] = True
                try:
                    call(i, argument)
                except InvalidState as problem:
                    busy[i] = False
                    raise cannot_begin(self.name, problem) from problem
                except InvalidObservation as invalid:
                    faults[self.first + i] = GameFault(str(invalid))
                except BaseException as error:  # external code: KeyboardInterrupt, too
                    if is_our_signal(error):
                        raise
                    faults[self.first + i] = GameFault(f"raised {error_text(error)}")
                busy[i] = False
        return faults

    def _begin(self, i: int, order: ResetOrder) -> None:
        if order.anew or order.keywords:
            self._close(self.games[i])
            self.games[i] = self.spec.open(order.keywords)
        if order.attributes:
            set_attributes(self.games[i].env, order.attributes)
        self._live[i] = False  # the game before is over
        self._named.begin(i)
        self._look(i, self.games[i].reset(order.seed, order.options))

    def _step(self, i: int, _: None) -> None:
        arrays, done = self.arrays, self._to_env_action
        result = self.games[i].step([done(action) for action in arrays["action"][i]])
        arrays["terminated"][i], arrays["truncated"][i] = result.terminated, result.truncated
        for name in ("agent_terminated", "agent_truncated"):
            own = getattr(result, name)
            arrays[name][i] = getattr(result, name.removeprefix("agent_")) if own is None else own
        terms, costs = arrays["terms"][i], arrays["costs"][i]
        for n, info in enumerate(result.infos):
            terms[n, 0] = result.rewards[n]
            if self._named.write((i, n), info, terms[n, 1:], costs[n]):
                arrays["news"][i] = True
        self._look(i, result)

    def _look(self, i: int, result: StepResult) -> None:
        """Write the observations into the arrays; zeros for an agent that is not in the game.

        One that leaves without a last observation keeps the one before.
        """
        alone = isinstance(self.games[i], GymGame)
        before, self._live[i] = self._live[i].copy(), result.live
        for n, seen in enumerate(result.observations):
            if alone and seen is None:  # only PettingZoo's agents may leave
                raise InvalidObservation("gave no observation")
            self._present[i, n] = seen is not None
            row = self._observation[i, n]
            if seen is None:
                if not before[n] or self._live[i, n]:
                    row[...] = 0
                    if self._own is not None:
                        self._own[i, n] = np.zeros((), self._own.dtype)
                continue
            if self._mask:
                row[: -self._mask] = np.ravel(self._seen(seen))
                mask = offered_mask(self.games[i].env, result.infos[n])
                if mask is None and (result.terminated or result.truncated or not result.live[n]):
                    row[-self._mask :] = 1  # nothing is chosen any more
                else:
                    row[-self._mask :] = flat_mask(mask, self._mask, self.name)
            else:
                row[...] = self._seen(seen)
            if self._note is not None:  # once its shape and type were checked
                self._note((i, n), seen)

    def unknown_names(self) -> set[tuple[str, str]]:
        """The terms and costs that infos named and that have no column: their kind and name."""
        self.arrays["news"][:] = False
        return set(self._named.unknown)

    def state(self, game: int) -> dict[str, Any]:
        """The state that a game is in; raises as `state_of`."""
        with Handlers(), self._globals:
            return state_of(self.games[game - self.first].env, self.name)

    def show(self, game: int, state: Any) -> dict[int, GameFault]:
        """Put a game that has begun into a state, and write what it shows; what went wrong, by game."""

        def look(i: int, env: Any) -> None:
            self._look(i, StepResult([put(env, state)], [0.0], False, False, [{}]))

        return self._each([(game - self.first, look, self.games[game - self.first].env)])

    def draw(self, game: int) -> np.ndarray | str | None:
        """A game's own picture; None where it makes none; in words what is wrong with it."""
        try:
            with Handlers(), self._globals:
                return picture(self.games[game - self.first].env.render())
        except BaseException as error:  # external code: any exception
            if is_our_signal(error):
                raise
            return f"raised {error_text(error)}"

    def close(self) -> None:
        """Close every game that can be."""
        with Handlers(), self._globals:
            for game in self.games:
                self._close(game)

    def _close(self, game: GymGame | PettingZooGame) -> None:
        """Close a game; errors of its own are ignored."""
        if not self.spec.closes:
            return
        try:
            game.env.close()
        except BaseException as error:  # external code: any exception
            if is_our_signal(error):
                raise
