"""A shield of a person's own: a function of an observation and an action, or a class of such, by its name.

It is shown what the environment itself shows, and is given and gives an action in the environment's own
numbers. A class is made once for each agent of each game, without arguments, so that it may remember; where
it has a `reset`, that is called when an episode begins. One that takes `agent` is told whose action it is.

B games, N agents, A numbers of an action.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from environments.external.games.factories import import_typed
from environments.external.games.own_actions import to_counted, to_own
from environments.external.games.own_observations import own_observations
from environments.external.games.step_values import error_text
from environments.files.trusted_code import module_of, written_here
from environments.simulation.world import World
from environments.system.errors import UserError


class OwnRule:
    """The rule of a name, for any number of games.

    Args:
        name: `module:name`; it may come out of a file, and is called only if a person wrote it here.
        world: that it stands in.

    Raises:
        UserError: nobody has written that name here, there is no such thing, or it takes no observation and
            action.
    """

    def __init__(self, name: str, world: World) -> None:
        if not written_here(name):
            raise UserError(
                f"The shield '{name}' of '{world.id}' is code of '{module_of(name)}', which nobody has asked "
                f"for here: if you know and trust that, type --trust {name} (once in this folder)."
            )
        self.name, self.world = name, world
        try:
            self._found = import_typed(name)
        except UserError:
            raise
        except Exception as error:
            raise UserError(
                f"The shield '{name}' raised {error_text(error)}, when it was loaded."
            ) from error
        if not callable(self._found):
            raise UserError(
                f"The shield '{name}' cannot be called: a function of an observation and an action can, or a "
                "class of such."
            )
        space = world.own_action_space
        self.space = world.action_space if space is None else space
        self._made: dict[tuple[int, int], Any] = {}
        self._takes_agent = _takes_agent(self._make(0, 0))  # says at once what is wrong with it
        self._bind()

    def _bind(self) -> None:
        self._own, self._to_own = own_observations(self.world), to_own(self.space)
        self._to_counted = to_counted(self.space)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy keeps: how it translates is made anew."""
        made = ("_own", "_to_own", "_to_counted")
        return {name: value for name, value in vars(self).items() if name not in made}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """The same again."""
        vars(self).update(kept)
        self._bind()

    def __call__(
        self, observation: Any, requested: np.ndarray, begun: np.ndarray, present: np.ndarray
    ) -> np.ndarray:
        """What is to be done of what is asked for.

        Args:
            observation: rows of ours [B, N, ...], with what the environment showed beside them if it did.
            requested: [B, N, ...].
            begun: games of which this is the first step, bool [B].
            present: who is in the game, bool [B, N]; others are not asked.

        Raises:
            UserError: it raises, or gives no action of the space.
        """
        applied = requested.copy()
        for b, n in zip(*np.nonzero(present), strict=True):
            rule = self._make(int(b), int(n))
            if begun[b] and hasattr(rule, "reset"):
                self._tried(rule.reset)
            shown = self._shown(observation, int(b), int(n))
            wanted = self._to_own(requested[b, n])
            more = {"agent": self.world.agents[n]} if self._takes_agent else {}
            # An action of no dimensions is a number.
            asked = np.copy(wanted) if np.shape(wanted) else wanted
            given = self._tried(rule, shown, asked, **more)
            applied[b, n] = self._read(given, wanted, requested[b, n])
        return applied

    def _make(self, game: int, seat: int) -> Any:
        if not isinstance(self._found, type):
            return self._found
        if (game, seat) not in self._made:
            made = self._tried(self._found)
            if not callable(made):
                raise UserError(f"The shield '{self.name}' makes what cannot be called.")
            self._made[game, seat] = made
        return self._made[game, seat]

    def _tried(self, what: Callable[..., Any], *given: Any, **more: Any) -> Any:
        try:
            return what(*given, **more)
        except Exception as error:
            raise UserError(
                f"The shield '{self.name}' raised {error_text(error)}; nothing was done, for what it would "
                "have let pass is unknown."
            ) from error

    def _shown(self, observation: Any, game: int, seat: int) -> Any:
        """What the environment shows an agent: a copy, in its own dicts and tuples."""
        if self._own is None:
            return np.array(observation[game, seat])
        return _single(self._own.shown(observation[game, seat : seat + 1]))

    def _read(self, given: Any, wanted: Any, requested: np.ndarray) -> np.ndarray:
        """Its action as we count it; the very request where it lets that pass."""
        try:
            array = np.asarray(given)
            if np.array_equal(array, np.asarray(wanted)):
                return requested
            kinds = "biuf" if np.asarray(wanted).dtype.kind == "f" else "biu"
            fits = array.dtype.kind in kinds and array.shape == np.shape(wanted)
            own = array.astype(np.asarray(wanted).dtype)
            fits = fits and self.space.contains(own if own.shape else self.space.dtype.type(own))
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise UserError(
                f"The shield '{self.name}' gave {str(given)[:80]}, which is no action of {self.space}."
            )
        counted: np.ndarray = self._to_counted(own[None])[0]
        return counted.reshape(np.shape(requested))


def _takes_agent(rule: Any) -> bool:
    """Whether a rule has an argument for who acts."""
    try:
        return "agent" in inspect.signature(rule).parameters
    except (TypeError, ValueError):  # of a kind that does not tell its arguments
        return False


def _single(shown: Any) -> Any:
    """The only one of arrays [1, ...] in dicts and tuples."""
    if isinstance(shown, dict):
        return {key: _single(part) for key, part in shown.items()}
    if isinstance(shown, tuple) and len(shown) == 1 and isinstance(shown[0], str):
        return shown[0]
    if isinstance(shown, tuple):
        return tuple(_single(part) for part in shown)
    return shown[0]
