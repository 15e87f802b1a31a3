"""The kinds of environments whose states can be set, and a reset that ends in a state.

A further kind is a class as `StateAccess` says and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
from gymnasium import wrappers

from environments.external.states.mujoco_states import (
    AdroitStates,
    MujocoStates,
    RobosuiteStates,
)
from environments.external.states.plain_states import ClassicStates, OwnStates, PushTStates
from environments.external.states.state_access import InvalidState, State, StateAccess, plain
from environments.system.errors import UserError

KINDS: tuple[StateAccess, ...] = (  # the first that fits
    OwnStates(),
    AdroitStates(),
    RobosuiteStates(),
    MujocoStates(),
    PushTStates(),
    ClassicStates(),
)
# Wrappers that change nothing of what is shown.
_PLAIN = (wrappers.TimeLimit, wrappers.OrderEnforcing, wrappers.PassiveEnvChecker)
NO_ACCESS = (
    "it offers no get_state() and set_state(state), and is of no kind whose states are known (MuJoCo, "
    "Adroit, robosuite, PushT, classic control)"
)


def state_access(env: Any) -> tuple[StateAccess, Any]:
    """What an environment's states are set with, and the environment without its wrappers.

    Raises:
        InvalidState: its states cannot be set.
    """
    inner = innermost(env)
    for kind in KINDS:
        if kind.fits(inner):
            return kind, inner
    raise InvalidState(NO_ACCESS)


def state_of(env: Any, name: str) -> dict[str, Any]:
    """The state that the environment of that name is in, as it may stand in a file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        access, inner = state_access(env)
        found: dict[str, Any] = plain(access.get(inner))
    except InvalidState as problem:
        raise UserError(f"The states of '{name}' cannot be read: {problem}.") from problem
    return found


def cannot_begin(name: str, problem: InvalidState) -> UserError:
    """The sentence that an environment of that name cannot begin in a state."""
    return UserError(f"The environment '{name}' cannot begin in a recorded state: {problem}.")


def reset_to(env: Any, state: State, seed: int | None, options: dict[str, Any] | None) -> Any:
    """Reset an environment and put it into a state: what `reset` returns, as its wrappers show it.

    The state is set below all wrappers, in the middle of their reset, so that each of them begins with it.

    Raises:
        InvalidState: its states cannot be set, or this is none of them.
    """
    if not isinstance(state, Mapping):
        raise InvalidState("it is no table of names and numbers")
    inner = innermost(env)
    before: Callable[..., Any] = inner.reset

    def reset(*, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        seen, info = before(seed=seed, options=options)
        access, _ = state_access(inner)
        shown = access.set(inner, state)
        return _like(seen, shown), info

    inner.reset = reset
    try:
        return env.reset(seed=seed, options=options)
    finally:
        del inner.reset


def put(env: Any, state: State) -> Any:
    """Put an environment that has begun into a state; returns what it shows, as its wrappers do.

    Without a reset where no wrapper changes what is shown: some environments take long to reset.

    Raises:
        InvalidState: as `reset_to`.
    """
    around = env
    while isinstance(around, gymnasium.Wrapper):
        if not isinstance(around, _PLAIN):
            return reset_to(env, state, 0, None)[0]
        around = around.env
    access, inner = state_access(env)
    return access.set(inner, state)


def innermost(env: Any) -> Any:
    """An environment without Gymnasium's wrappers; robosuite's `GymWrapper` is one itself, and stays."""
    while isinstance(env, gymnasium.Wrapper):
        env = env.env
    return env


def _like(seen: Any, shown: Any) -> Any:
    """An observation of the type that the environment's own reset gives."""
    kind = getattr(seen, "dtype", None)
    return shown.astype(kind) if kind is not None and hasattr(shown, "astype") else shown
