"""Makes one game of an external environment by its name, as Gymnasium's and PettingZoo's `make` do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium

from environments.external.games.adapters import GymGame, PettingZooGame, TurnBasedGame
from environments.external.games.factories import find_factory, require_all, require_named
from environments.system.errors import UserError

MISSING = (ImportError, gymnasium.error.DependencyNotInstalled)


def make_env(name: str, params: dict[str, Any], recorded: bool = False) -> GymGame | PettingZooGame:
    """One game of the external environment of that name.

    Args:
        name: a Gymnasium id, `module:Id`, `module:Class`, or the id of a PettingZoo parallel environment,
            such as `classic/rps_v2` or `pettingzoo.classic:rps_v2`.
        params: keywords for it.
        recorded: name and keywords were read from a file; a keyword has to be a named parameter.

    Raises:
        UserError: there is none, something it needs is not installed, or it does not take the keywords.
    """
    try:
        maker = find_factory(name)
        if recorded:
            require_named(name, maker, params)
        env = maker(**params)
    except MISSING as error:
        raise UserError(
            f"The environment '{name}' needs something that is missing: {error}"
        ) from error
    except TypeError as error:
        if "unexpected keyword argument" in str(error):
            require_named(name, maker, params)
        if "missing" in str(error):
            require_all(name, maker, params)
        raise UserError(f"The environment '{name}' cannot be made: {error}") from error
    except gymnasium.error.Error as error:
        raise UserError(f"There is no environment '{name}': {error}") from error
    if hasattr(env, "agent_iter"):  # PettingZoo's other kind
        return _of_turns(env, name)
    if hasattr(env, "possible_agents"):
        return PettingZooGame(env, name)
    if hasattr(env, "step") and hasattr(env, "observation_space"):
        return GymGame(env)
    raise UserError(f"'{name}' is no environment of Gymnasium's or PettingZoo's kind.")


def _of_turns(env: Any, name: str) -> PettingZooGame:
    """An environment that steps agent by agent: all at once where it says so, else those take turns."""
    from pettingzoo.utils.conversions import aec_to_parallel, turn_based_aec_to_parallel

    if env.metadata.get("is_parallelizable", False):
        return PettingZooGame(aec_to_parallel(env), name)
    return TurnBasedGame(turn_based_aec_to_parallel(env), name)


def set_attributes(env: Any, values: Mapping[str, Any]) -> None:
    """Set numbers that an environment holds: `gravity`, or with dots of what it holds, `model.opt.timestep`.

    Raises:
        UserError: it has no number of that name that can be set.
    """
    for name, value in values.items():
        owner, last = _owner(env.unwrapped, name)
        kind = type(getattr(owner, last))
        try:
            setattr(owner, last, kind(value) if kind is not int or value == int(value) else value)
        except (AttributeError, TypeError, ValueError) as error:
            raise UserError(f"The attribute '{name}' cannot be set to {value}: {error}.") from error


def number_of(env: Any, name: str) -> int | float:
    """The number that `set_attributes` would replace.

    Raises:
        UserError: there is none.
    """
    owner, last = _owner(env.unwrapped, name)
    found: int | float = getattr(owner, last)
    return found


def _owner(holder: Any, name: str) -> tuple[Any, str]:
    """What holds the number of a dotted name; no hidden names, as they may come out of files."""
    *way, last = name.split(".")
    try:
        if any(part.startswith("_") or not part.isidentifier() for part in (*way, last)):
            raise AttributeError(name)
        for part in way:
            holder = getattr(holder, part)
        found = getattr(holder, last)
    except AttributeError:
        found = None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise UserError(f"The environment has no number '{name}'.")
    return holder, last
