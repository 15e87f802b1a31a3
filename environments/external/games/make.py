"""Makes one game of an external environment by its name, as Gymnasium's and PettingZoo's `make` do."""

from __future__ import annotations

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
