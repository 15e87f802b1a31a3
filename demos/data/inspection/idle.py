"""Idle actions: the one of a world that does nothing, and which steps of a recording are idle."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.data.dataset.dataset import Dataset
from demos.data.inspection.resimulate import world_of
from environments.catalog import WORLDS
from environments.system.errors import UserError, shortened
from environments.system.suggestions import nearest

NEAR_ZERO = 0.05  # of a continuous action, as part of its range: what a stick at rest gives


def idle_action(dataset: Dataset, given: Any = None) -> npt.NDArray[Any]:
    """The action that does nothing in a dataset's world, in the shape of an action.

    It is the given one, or what nobody pressing anything does by the world's table of controls, or the
    world's own; of numbers and switches 0; else what no key does by those that its environment offers.

    Args:
        dataset: whose world it is.
        given: a number or a name, or one for each component of an action.

    Raises:
        UserError: nobody knows, or it is no action.
    """
    from demos.window.controls.bindings import written_labels  # here: they load pygame
    from demos.window.controls.table import written_table

    space: Any = dataset.revision.action_space
    names = [_known_names(dataset), written_labels(dataset.world, space).choices]
    if given is not None:
        return _read(given, space, names, f"--idle {_shown(given)}")
    written = written_table(dataset.world, space)
    if written is not None and written[1].idle is not None:
        where, table = written
        if isinstance(space, spaces.Discrete) and table.names:
            names.append((tuple(table.names),))
        return _read(_one_choice(table.idle, space, where), space, names, f"idle in {where.name}")
    if isinstance(space, (spaces.Box, spaces.MultiBinary)):
        low, high = getattr(space, "low", 0), getattr(space, "high", 1)
        return np.broadcast_to(np.clip(0, low, high), space.shape)
    if dataset.world in WORLDS:
        world = world_of(dataset)
        if len(world.agents) > 1:  # alone, nobody ever leaves the seat empty: IDLE means nothing
            return np.broadcast_to(np.asarray(world.idle), space.shape)
    elif written is not None:  # as `Controls` has it for what nobody presses
        return np.zeros(space.shape, space.dtype)
    elif (offered := _offered(dataset)) is not None:
        return _read(offered, space, names, f"get_keys_to_action of {dataset.world}")
    raise UserError(
        f"The world {dataset.world} does not say which of its actions does nothing: say it with "
        f"--idle {_wanted(space)}, or as `idle` in its table of controls."
    )


def is_idle(
    actions: npt.NDArray[Any], space: Any, none: Any, near_zero: float = NEAR_ZERO
) -> npt.NDArray[np.bool_]:
    """Which of the actions [T, ...] ask for nothing: [T]."""
    if isinstance(space, spaces.Box):
        reach = np.where(np.isfinite(space.high - space.low), (space.high - space.low) / 2, 1.0)
        still = np.abs(actions - none) <= near_zero * reach
    else:
        still = actions == none
    return np.asarray(still.reshape(len(actions), -1).all(axis=1))


def _offered(dataset: Dataset) -> Any:
    """What no key does by the keys that the environment itself offers.

    None where it does not say, is not there, or nobody has allowed that it is made.
    """
    with suppress(UserError):
        return next((action for keys, action in world_of(dataset).keys if not keys), None)
    return None


Names = Sequence[Sequence[str]]  # of the choices of each component


def _known_names(dataset: Dataset) -> Names:
    """What the world itself calls its choices, where it is one of ours."""
    if dataset.world not in WORLDS:
        return ()
    world = world_of(dataset)
    return world.choice_names or ((world.action_names,) if world.action_names else ())


def _one_choice(idle: Any, space: Any, where: Path) -> Any:
    """What a table says; several that are done in turn tell nothing of a step."""
    if not isinstance(space, spaces.Discrete) or not isinstance(idle, list):
        return idle
    if len(idle) != 1:
        raise UserError(
            f"By {where.name}, nothing pressed does {_shown(idle)} in turn, so no step tells whether it was "
            "idle: say with --idle which action is to count as idle."
        )
    return idle[0]


def _read(given: Any, space: Any, names: Sequence[Names], what: str) -> npt.NDArray[Any]:
    """An action out of what a person wrote.

    Raises:
        UserError: it has another shape, or there is no such choice.
    """
    flat = np.ravel(np.asarray(given, object)).tolist()
    count = int(np.prod(space.shape))
    if len(flat) != count:
        numbers = f"{len(flat)} value{'s' * (len(flat) != 1)}"
        raise UserError(f"{what} has {numbers}; actions here have {count}: {_wanted(space)}.")
    chosen = isinstance(space, spaces.Discrete | spaces.MultiDiscrete)
    if chosen:
        flat = [
            _number(one, [n[k] for n in names if k < len(n)], what) for k, one in enumerate(flat)
        ]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in flat):
        raise UserError(f"{what} is no action: give {_wanted(space)}.")
    found = np.asarray(flat, float).reshape(space.shape)
    kind = space.dtype
    if (kind.kind in "iu" and (found != np.floor(found)).any()) or not _within(found, space):
        raise UserError(f"{what} is no action of {space}: give {_wanted(space)}.")
    return found.astype(kind)


def _number(given: Any, names: Sequence[Sequence[str]], what: str) -> Any:
    """The number of a choice that may be named."""
    if not isinstance(given, str):
        return given
    for known in names:
        if given in known:
            return list(known).index(given)
    known = [name for each in names for name in each if not name.isdigit()]
    hint = nearest(given, dict.fromkeys(known)) if known else "they have numbers only."
    raise UserError(f"{what}: there is no action '{shortened(given)}': {hint}")


def _within(found: npt.NDArray[Any], space: Any) -> bool:
    if isinstance(space, spaces.Box):
        return bool(((found >= space.low) & (found <= space.high)).all())
    if isinstance(space, spaces.MultiBinary):
        return bool(np.isin(found, (0, 1)).all())
    counts = space.n if isinstance(space, spaces.Discrete) else space.nvec
    return bool(((found >= 0) & (found < counts)).all())


def _wanted(space: Any) -> str:
    """What may be given, as a sentence says it: `N, from 0 to 3`."""
    if isinstance(space, spaces.Discrete):
        return f"N, from 0 to {space.n - 1}"
    count = int(np.prod(space.shape))
    kinds = {spaces.MultiDiscrete: "a choice a component", spaces.MultiBinary: "each 0 or 1"}
    kind = kinds.get(type(space), "within the bounds")
    return f"{' '.join('N' * min(count, 4))}{' ...' * (count > 4)} ({count}, {kind})"


def _shown(given: Any) -> str:
    flat = np.ravel(np.asarray(given, object)).tolist()
    return shortened(" ".join(map(str, flat)))
