"""Trimming of idle starts and ends off recorded games, the streams of one game alike.

A step is idle when every seat asks for nothing: for what is done when no key is pressed (by the table
of controls), the world's own idle action, no button of several, or a continuous action near zero; and
when nothing happens in it, neither a cost nor (where that is rare) what the world is judged by. The end
of a game that the world ended is left alone: without its last step it would be another story. What was
cut is noted in `meta["trimmed"]`:

    first, last, of     steps `first` to `last` of `of` are still there
    before              this seat's actions before them, so that the game can be played again
    others              the same of seats that have no stream
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.history import noted
from demos.data.dataset.store import Store
from demos.data.editing.numbers import count
from demos.data.editing.revise import Piece, editing, revise
from demos.data.episodes.episode import Episode
from demos.data.inspection.idle import NEAR_ZERO, idle_action, is_idle
from demos.data.inspection.resimulate import matches
from environments.system.errors import UserError

SHORTEST = 10  # steps that a game keeps, or it is left as it is


def trim(
    store: Store,
    name: str,
    *,
    shortest: int = SHORTEST,
    idle: Any = None,
    near_zero: float = NEAR_ZERO,
) -> str:
    """Cut idle starts and ends; returns what was done, as a sentence.

    Args:
        store: where the dataset is.
        name: of the dataset.
        shortest: a game that would keep fewer steps is left as it is.
        idle: the action that does nothing: a number or name, or one a component of an action. What the
            world's table of controls or the world says if None.
        near_zero: how far from it a continuous action still counts as none, of half its range.

    Raises:
        UserError: nobody knows what idle is here, or it is no action; nothing is idle, or damaged.
    """
    with editing(store.open(name)) as dataset:
        none = idle_action(dataset, idle)
        changed: dict[int, Episode] = {}
        short = cut = 0
        for game in matches(dataset, range(len(dataset))):
            streams = [dataset.load(number) for number in game]
            span = _busy(dataset, streams, none, near_zero)
            first, last = span or (0, 0)
            if (first, last) == (0, len(streams[0])) or len({len(s) for s in streams}) > 1:
                continue
            if last - first < shortest:
                short += 1
                continue
            cut += sum(len(stream) - (last - first) for stream in streams)
            changed |= {n: shorter(s, first, last) for n, s in zip(game, streams, strict=True)}
        left = f"; {short} too idle to cut" if short else ""
        if not changed:
            raise UserError(
                f"No game of dataset {name} starts or ends idle{left}: nothing was done."
            )
        pieces = [Piece.of(dataset, n, changed.get(n)) for n in range(len(dataset))]
        what = f"cut {cut} idle steps off {count(len(changed))}{left}"
        made = revise(dataset, pieces, noted("trim", what, dataset.revision.name, len(dataset)))
        return f"{made} of {name}: {what}."


def shorter(stream: Episode, first: int, last: int) -> Episode:
    """Steps `first` to `last` of an episode, with what was cut noted in `meta`."""
    if stream.terminated and last < len(stream):
        raise ValueError("an episode that terminated ends with its last step")
    parts: dict[str, Any] = {}
    for field in fields(stream):
        value = getattr(stream, field.name)
        if field.name == "observations":
            parts[field.name] = value[first : last + 1]
        elif isinstance(value, np.ndarray):
            parts[field.name] = value[first:last]
        elif field.name in ("terms", "costs"):
            parts[field.name] = {key: values[first:last] for key, values in value.items()}
    return replace(stream, **{**parts, "meta": _noted(stream, first, last)})


def _busy(
    dataset: Dataset, streams: Sequence[Episode], none: Any, near_zero: float
) -> tuple[int, int] | None:
    """From which step to before which something goes on; None if nothing ever does."""
    space, star = dataset.revision.action_space, dataset.facts["north_star"]
    busy = np.zeros(min(len(stream) for stream in streams), np.bool_)
    for stream in streams:
        steps = slice(len(busy))
        busy |= ~is_idle(stream.requested_actions[steps], space, none, near_zero)
        busy |= ~is_idle(stream.actions[steps], space, none, near_zero)
        happened = [*stream.costs.values()]
        # Where it is earned in most steps, as a pole's balance or a dense reward is, it is no event.
        if star in stream.terms and np.mean(stream.terms[star] == 0) >= 0.5:
            happened.append(stream.terms[star])
        for values in happened:
            busy |= values[steps] != 0
    if not busy.any():
        return None
    first, last = int(np.argmax(busy)), len(busy) - int(np.argmax(busy[::-1]))
    return first, len(busy) if any(stream.terminated for stream in streams) else last


def _noted(stream: Episode, first: int, last: int) -> dict[str, Any]:
    """`meta` of what is left; a second cut is told as one with the first."""
    meta, old = dict(stream.meta), stream.meta.get("trimmed", {})
    begun = int(old.get("first", 0))
    others = {
        agent: [*old.get("others", {}).get(agent, []), *actions[:first].tolist()]
        for agent, actions in _noted_actions(stream).items()
    }
    meta["trimmed"] = {
        "first": begun + first,
        "last": begun + last,
        "of": int(old.get("of", len(stream))),
        "before": [*old.get("before", []), *stream.actions[:first].tolist()],
    } | ({"others": others} if others else {})
    if "marks" in meta:
        meta["marks"] = [mark - first for mark in meta["marks"] if first <= mark < last]
    return meta


def _noted_actions(stream: Episode) -> dict[str, npt.NDArray[Any]]:
    """Actions of seats without a stream, as the raw numbers hold them: each [T, A]."""
    columns: dict[str, list[int]] = {}
    for k, name in enumerate(stream.meta.get("raw_names", [])):
        if name.startswith("action "):
            columns.setdefault(name.split(" ")[1], []).append(k)
    return {agent: stream.raw[:, found] for agent, found in columns.items()}
