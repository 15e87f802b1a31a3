"""The names of an environment's terms and costs: as it declares them, and as its infos show them in play."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.external.games.adapters import (
    GymGame,
    PettingZooGame,
    StepResult,
    offered_mask,
)
from environments.external.games.global_state import is_our_signal
from environments.external.games.named_values import SUCCESS, costs_of, success_key, terms_of
from environments.simulation.observation_parts import choices, flat_mask
from environments.simulation.spec import LONGEST_NAME
from environments.simulation.world import UNDECLARED
from environments.system.errors import UserError

PLAYED_STEPS = 1000  # at most, in which names are looked for
PLAYED_SECONDS = 1.0  # likewise
NAMED = 100  # terms or costs, at most: an environment that names more makes them up as it goes
SEEN = {"term": "a part that it names in its info", "cost": "a cost that it names in its info"}
SUCCESS_MEANING = "whether the game is solved: 1 when it comes to be, -1 when it no longer is"
_OF_TERMS, _OF_COSTS = ("terms", "term_names"), ("costs", "cost_names")


def declared(env: Any, kind: str) -> dict[str, str]:
    """The terms or costs that an environment declares as an attribute, with their meanings.

    Names alone, or a table of name and meaning. Whatever else it calls so is no declaration.
    """
    for attribute in _OF_TERMS if kind == "term" else _OF_COSTS:
        found = _attribute(env, attribute)
        if isinstance(found, Mapping) and _are_names([*found, *found.values()]):
            return dict(found)
        if isinstance(found, list | tuple | set | frozenset) and _are_names(found):
            names = sorted(found) if isinstance(found, set | frozenset) else found
            return dict.fromkeys(names, SEEN[kind])
    return {}


def declared_word(env: Any, attribute: str) -> str | None:
    """A text that an environment has as an attribute; None where it has none, or something else."""
    found = _attribute(env, attribute)
    return found if isinstance(found, str) and found else None


def declared_version(env: Any) -> Any:
    """The version that an environment says it is of, as a number or a text; `UNDECLARED` if it does not."""
    found = _attribute(env, "VERSION")
    if found is not None:
        return found if isinstance(found, str | int | float) else str(found)
    metadata = getattr(env, "metadata", None)
    noted = metadata.get("version") if isinstance(metadata, Mapping) else None
    for version in (_attribute(env, "version"), noted):
        if isinstance(version, str | int | float) and not isinstance(version, bool):
            return version
    return UNDECLARED


def _attribute(env: Any, name: str) -> Any:
    try:
        return getattr(env.unwrapped, name, None)
    except Exception:  # noqa: BLE001  a property of external code
        return None


def _are_names(found: Iterable[Any]) -> bool:
    listed = list(found)
    return bool(listed) and all(isinstance(name, str) and name for name in listed)


def names_in(infos: Iterable[Mapping[str, Any]], kind: str, environment: str) -> tuple[str, ...]:
    """The names that infos give, each once, in order.

    Raises:
        UserError: one of them cannot be a name.
    """
    read = terms_of if kind == "term" else costs_of
    found = dict.fromkeys(key for info in infos for key in read(info))
    for key in found:
        check_name(key, kind, environment)
    return tuple(found)


def check_name(key: Any, kind: str, environment: str) -> None:
    """Refuse what cannot be the name of a term or a cost.

    Raises:
        UserError: it says why.
    """
    if not isinstance(key, str):
        raise UserError(
            f"The environment '{environment}' names a {kind} {key!r}, which is no text."
        )
    if not 0 < len(key) <= LONGEST_NAME or not key.isprintable():
        raise UserError(
            f"The environment '{environment}' names a {kind} {key[:60]!r}, which cannot be shown: use up "
            f"to {LONGEST_NAME} ordinary letters."
        )


class PlayedNames:
    """The terms and costs that infos named while an environment was played at random."""

    def __init__(self) -> None:
        self.terms: dict[str, str] = {}
        self.costs: dict[str, str] = {}

    @property
    def found(self) -> tuple[dict[str, str], dict[str, str]]:
        """Both, with their meanings."""
        return self.terms, self.costs

    def read(self, infos: Iterable[Mapping[str, Any]]) -> None:
        """Add what these infos name."""
        for info in infos:
            named = {**dict.fromkeys(terms_of(info), SEEN["term"])}
            if success_key(info) is not None:
                named.setdefault(SUCCESS, SUCCESS_MEANING)
            for known, new in (
                (self.terms, named),
                (self.costs, dict.fromkeys(costs_of(info), SEEN["cost"])),
            ):
                for name, meaning in new.items():
                    if isinstance(name, str) and len(known) < NAMED:
                        known.setdefault(name, meaning)


def play_on(
    game: GymGame | PettingZooGame,
    result: StepResult,
    found: PlayedNames,
    episodes: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Play a game on at random, and read what its infos name; whatever it does ends this, and no more.

    Args:
        game: whose last answer was `result`.
        result: it.
        found: is told.
        episodes: to play at most; None until steps or time are up.
        clock: gives the time, s.
    """
    until, left = clock() + PLAYED_SECONDS, episodes
    try:
        for _ in range(PLAYED_STEPS):
            if clock() > until or left == 0:
                return
            if result.terminated or result.truncated:
                left = None if left is None else left - 1
                result = game.reset(None, None)
            else:
                result = game.step(some_actions(game, result.infos))
            found.read(result.infos)
    except BaseException as error:  # external code: any exception; it is met again when people play
        if is_our_signal(error):
            raise


def some_actions(game: GymGame | PettingZooGame, infos: Iterable[Mapping[str, Any]]) -> list[Any]:
    """An action of each agent that its mask allows."""
    space = game.action_space
    return [space.sample(mask=_sampled(space, game.env, info)) for info in infos]


def _sampled(space: Any, env: Any, info: Mapping[str, Any]) -> Any:
    """The mask that `space.sample` is to keep to, as Gymnasium wants it."""
    mask = offered_mask(env, info)
    if mask is None:
        return None
    allowed = flat_mask(mask, choices(space), "the environment").astype(np.int8)
    if isinstance(space, spaces.MultiDiscrete):
        return tuple(np.split(allowed, np.cumsum(space.nvec)[:-1]))
    return 2 * allowed if isinstance(space, spaces.MultiBinary) else allowed  # 2: either
