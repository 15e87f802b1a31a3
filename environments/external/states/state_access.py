"""`StateAccess`: a way to put an environment of others into a state, and to read the one it is in.

A state is a table of names and plain numbers, as it stands in the facts of an episode: `{"qpos": [...],
"qvel": [...]}`. Two names mean the same everywhere: `observation`, a state that is to be told from what the
environment shows, and `flattened`, MuJoCo's time, positions and velocities end to end, as robosuite and
robomimic write them.

An environment offers states with `get_state()` and `set_state(state)`; of those that do not,
`environments.external.states.registry` knows some kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

START = "start_state"  # the option of an episode that holds the state it begins in
SEEN, FLATTENED = "observation", "flattened"
State = Mapping[str, Any]


class InvalidState(Exception):
    """A state that an environment cannot take; the text says why, as the end of a sentence."""


class StateAccess(Protocol):
    """What a kind of environment needs for its states to be set and read."""

    def set(self, env: Any, state: State) -> Any:
        """Put an environment that was just reset into a state; returns what it shows then.

        Raises:
            InvalidState: it is none of such an environment.
        """

    def get(self, env: Any) -> dict[str, Any]:
        """The state that it is in, of plain lists and numbers."""

    def fits(self, env: Any) -> bool:
        """Whether the environment, without its wrappers, is of this kind."""


class Starts(Protocol):
    """Where the episodes of a batch begin."""

    def draw(self, seed: int, episode: int) -> State:
        """The state that an episode of a game of that seed begins in."""


def numbers(state: State, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """One of the arrays of a state.

    Raises:
        InvalidState: it is missing, of another shape, or not finite.
    """
    if name not in state:
        raise InvalidState(f"the state has no {name}")
    try:
        found = np.asarray(state[name], np.float64)
    except (TypeError, ValueError):
        raise InvalidState(f"the {name} of the state are no numbers") from None
    if found.shape != shape:
        raise InvalidState(
            f"the {name} of the state have the shape {list(found.shape)}, and need {list(shape)}"
        )
    if not np.isfinite(found).all():
        raise InvalidState(f"the {name} of the state are not finite")
    return found


def plain(value: Any) -> Any:
    """A state as it stands in a file: lists, numbers, texts and tables of these.

    Raises:
        InvalidState: it holds something else.
    """
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InvalidState(f"the state holds a {type(value).__name__}, which cannot be kept in a file")
