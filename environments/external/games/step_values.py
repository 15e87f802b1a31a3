"""Checks and conversions of what an external environment returns from reset, step and render."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

OURS = str(Path(__file__).parents[1])  # whose frames are no part of an environment's error
LONGEST = 200  # characters of an external error's message that fit in a sentence


class InvalidObservation(Exception):
    """An observation that is none; its text goes on after the environment's name."""


class InvalidStep(InvalidObservation):
    """An answer to a step or a reset that is none beside its observation; its text goes on likewise."""


def five_values(answer: Any) -> tuple[Any, Any, Any, Any, Any, Any]:
    """What a step returned: five values, then the cost that Safety-Gymnasium gives third, or None.

    Raises:
        InvalidStep: it is something else.
    """
    count = len(answer) if isinstance(answer, Sequence) else 0
    if count == 5:
        seen, reward, terminated, truncated, info = answer
        return seen, reward, terminated, truncated, info, None
    if count == 6:
        seen, reward, cost, terminated, truncated, info = answer
        return seen, reward, terminated, truncated, info, cost
    given = f"{count} values" if count else _told(answer)
    raise InvalidStep(
        f"returned {given} from step, where observation, reward, terminated, truncated and info are wanted "
        "(or a cost after the reward, as Safety-Gymnasium does)"
    )


def two_values(answer: Any) -> tuple[Any, Any]:
    """What a reset returned: the observation and the info.

    Raises:
        InvalidStep: it is something else.
    """
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise InvalidStep("returned no pair of observation and info from reset")
    return answer


def number(value: Any, what: str) -> float:
    """A number as an environment may write it: Python's, numpy's, or an array that holds one.

    Raises:
        InvalidStep: it is none; `what` names it.
    """
    if type(value) is float:
        return value
    given = np.asarray(value)
    if given.size != 1 or given.dtype.kind not in "biuf":
        raise InvalidStep(f"gave the {what} {_told(value)}, which is no number")
    return float(given.item())


def flag(value: Any, what: str) -> bool:
    """Whether something is so, likewise; None is taken for no.

    Raises:
        InvalidStep: it is neither; `what` names it.
    """
    return value if type(value) is bool else value is not None and bool(number(value, what))


def _told(value: Any) -> str:
    """A value in a sentence."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def picture(drawn: Any) -> np.ndarray | str | None:
    """What was drawn, uint8 [H, W, 3]; None if nothing was; or in words what is wrong with it."""
    if not isinstance(drawn, np.ndarray):
        return None
    if drawn.ndim != 3 or drawn.shape[2] != 3 or drawn.dtype != np.uint8 or not drawn.size:
        given = f"{drawn.dtype} {list(drawn.shape)}"
        return f"drew a picture of {given}, where uint8 [height, width, 3] is wanted"
    return drawn


def observation_reader(space: Any, flatten: Any) -> Callable[[Any], Any]:
    """The function that makes an array of what was seen, once it has the declared shape and type.

    Bounds are compared by `guard.Bounds`, for all games at once.
    """
    if not isinstance(space, spaces.Box):

        def read(seen: Any) -> Any:
            check_observation(space, seen, "")
            return flatten(seen)

        return read
    shape, dtype = space.shape, space.dtype

    def read_box(seen: Any) -> Any:
        given = np.asarray(seen)
        if given.shape != shape or given.dtype != dtype:
            check_observation(space, given, "")
        return given

    return read_box


def check_observation(space: Any, seen: Any, where: str) -> None:
    """Refuse what has another shape or type than its space, or lies outside of one that is no box.

    Raises:
        InvalidObservation: it says what is wrong.
    """
    if isinstance(space, spaces.Box):
        given = np.asarray(seen)
        if given.shape != space.shape:
            shapes = f"{list(given.shape)} where {list(space.shape)} was declared"
            raise InvalidObservation(f"gave an observation{where} of shape {shapes}")
        if given.dtype != space.dtype and not np.can_cast(given.dtype, space.dtype, "same_kind"):
            types = f"{given.dtype} where {space.dtype} was declared"
            raise InvalidObservation(f"gave an observation{where} of type {types}")
    elif isinstance(space, spaces.Dict) and isinstance(seen, Mapping):
        if seen.keys() != space.keys():
            raise InvalidObservation(
                f"gave an observation{where} of {sorted(seen)}, not of {sorted(space)}"
            )
        for key, part in space.spaces.items():
            check_observation(part, seen[key], f"{where}['{key}']")
    elif isinstance(space, spaces.Tuple) and isinstance(seen, Sequence):
        if len(seen) != len(space.spaces):
            raise InvalidObservation(
                f"gave an observation{where} of {len(seen)} parts, not {len(space)}"
            )
        for k, part in enumerate(space.spaces):
            check_observation(part, seen[k], f"{where}[{k}]")
    elif not space.contains(seen):
        raise InvalidObservation(
            f"gave the observation{where} {str(seen)[:60]}, which is not in {space}"
        )


def error_text(error: BaseException) -> str:
    """An error of external code in one line: `ValueError in cart.py, line 7: no wheel`.

    Where the call itself failed, as with a keyword that it does not take, no file is named: it was ours.
    """
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<frozen", OURS))
    ]
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    if isinstance(error, SyntaxError):
        place = ""  # its text names file and line
    text = " ".join(str(error).split())[:LONGEST]
    return f"{type(error).__name__}{place}{': ' if text else ''}{text}"
