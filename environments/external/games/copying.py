"""Copies of external games: they go on from the same step, or there are none, for a reason."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any, Self

from environments.external.games.global_state import is_our_signal
from environments.external.games.step_values import error_text
from environments.system.errors import UserError

# Of `ExternalGames`, what a copy of them keeps; all else follows from it.
KEPT = ("spec", "name", "arrays", "first", "games", "_globals", "_named")
DEEPEST = 100  # wrappers around an environment


class CopiedGames:
    """How `ExternalGames` are pickled and copied."""

    name: str
    games: list[Any]

    def _link(self) -> None:
        """Make what follows from the games and the arrays."""

    def __getstate__(self) -> dict[str, Any]:
        """All that a copy keeps.

        Raises:
            UserError: the environment cannot be pickled.
        """
        self._attempt(lambda: pickle.dumps(self.games))
        return {name: getattr(self, name) for name in KEPT}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self).update(kept)
        self._link()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A copy that goes on from the same step.

        Raises:
            UserError: the environment cannot be copied.
        """
        made = memo[id(self)] = object.__new__(type(self))
        games = self._attempt(lambda: copy.deepcopy(self.games, memo))
        rest = {name: copy.deepcopy(getattr(self, name), memo) for name in KEPT if name != "games"}
        made.__setstate__({**rest, "games": games})
        return made

    def _attempt(self, make: Callable[[], Any]) -> Any:
        """What is made of the games, if their environment allows it.

        Raises:
            UserError: it does not, or a copy would begin anew.
        """
        if any(_begins_anew(part) for game in self.games for part in _layers(game.env)):
            raise UserError(
                f"The environment '{self.name}' cannot be copied in the middle of a game: its copies (an "
                "`EzPickle`) know how it was made, and not where the game stands."
            )
        try:
            return make()
        except BaseException as error:  # external code: any exception
            if is_our_signal(error):
                raise
            raise UserError(
                f"The environment '{self.name}' cannot be copied or pickled: it raised {error_text(error)}."
            ) from error


def _layers(env: Any) -> Iterator[Any]:
    """An environment and what it wraps, from outside inwards."""
    for _ in range(DEEPEST):
        yield env
        inside = getattr(env, "__dict__", {})
        env = inside.get("env", inside.get("aec_env"))  # PettingZoo's, whose agents take turns
        if env is None:
            return


def _begins_anew(env: Any) -> bool:
    """Whether copies of an environment are made from its arguments, as with Gymnasium's `EzPickle`."""
    keeps = getattr(type(env), "__getstate__", None)
    return getattr(keeps, "__qualname__", "") == "EzPickle.__getstate__"
