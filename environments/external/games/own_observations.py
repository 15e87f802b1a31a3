"""Observations as an environment has them, beside our rows of them: its own types, shapes and numbers.

A row of ours is float32, all parts end to end, as networks, buffers and recordings want it; it holds neither
every float64 nor every whole number. What a person's own player is shown is what the environment gave.

B games, M numbers of an action mask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.simulation.observation_parts import (
    MASK,
    holds_mask,
    leaves_of,
    without_mask,
)
from environments.simulation.spec import WorldSpec

_EXACT = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)


class ShownRows(np.ndarray):
    """Rows of ours [B, ...] with what the environment itself showed beside them, in records of `own_record`.

    Both are indexed and written together, by their leading axes; whatever else is made of the rows is an
    array like any other.
    """

    own: np.ndarray | None = None  # records [B]

    def __array_finalize__(self, source: Any) -> None:
        self.own = None

    def __getitem__(self, index: Any) -> Any:
        rows = super().__getitem__(index)
        places = index if isinstance(index, tuple) else (index,)
        if not isinstance(rows, ShownRows) or self.own is None:
            return rows
        if any(place is None or place is ... for place in places):
            return rows
        with suppress(IndexError):  # further in than games and agents go
            rows.own = self.own[index]
        return rows

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, value)
        if self.own is not None and isinstance(value, ShownRows) and value.own is not None:
            self.own[index] = value.own

    def kept(self) -> ShownRows:
        """A copy of both."""
        return shown_rows(self.copy(), None if self.own is None else self.own.copy())


def own_observations(world: WorldSpec) -> OwnObservations | None:
    """What an environment itself shows; None where that is our rows."""
    if not world.shows_own:
        return None
    return OwnObservations(world.own_observation_space, world.mask_size)


def shown_rows(rows: np.ndarray, own: np.ndarray | None) -> ShownRows:
    """The rows, not copied, with these records beside them."""
    made = rows.view(ShownRows)
    made.own = own
    return made


def own_record(space: Any) -> np.dtype[Any]:
    """The type of a record that holds an observation of a space: a field for each plain space in it.

    Texts and what is one thing or another are kept as Gymnasium flattens them.
    """
    fields = []
    for k, (_, leaf) in enumerate(leaves_of(space)):
        kept: Any = leaf if isinstance(leaf, _EXACT) else spaces.utils.flatten_space(leaf)
        fields.append((f"{k}", kept.dtype, tuple(kept.shape)))
    return np.dtype(fields)


def record_writer(space: Any, records: np.ndarray) -> Callable[[tuple[int, ...], Any], None]:
    """The function that writes an observation of the space into one of the records."""
    places = [
        (records[name], path, leaf if not isinstance(leaf, _EXACT) else None)
        for name, (path, leaf) in zip(records.dtype.names or (), leaves_of(space), strict=True)
    ]

    def write(place: tuple[int, ...], seen: Any) -> None:
        for field, path, leaf in places:
            value = seen
            for key in path:
                value = value[key]
            field[place] = value if leaf is None else spaces.utils.flatten(leaf, value)

    return write


class OwnObservations:
    """What an environment itself shows, of our rows.

    Args:
        space: as the environment has it, with an action mask that is a part of it.
        mask: M, at the end of a row; 0 where none is offered.
    """

    def __init__(self, space: Any, mask: int) -> None:
        self.space, self.mask = space, mask
        self._inside = holds_mask(space, mask)
        self._seen = without_mask(space) if self._inside else space
        self.record = own_record(self._seen)

    def shown(self, rows: np.ndarray) -> Any:
        """What the environment showed in B games, of our rows: arrays [B, ...] in its dicts and tuples.

        They are copies, and exact where the rows are `ShownRows`. Texts are a tuple of B.
        """
        own = rows.own if isinstance(rows, ShownRows) else None
        records = self._read(np.asarray(rows)) if own is None else own
        found = _nested(self._seen, records, iter(records.dtype.names or ()))
        masks = self.masks(rows)
        if masks is None or not self._inside:
            return found
        space = self.space.spaces[MASK]
        told = _mask_records(space, masks)
        found[MASK] = _nested(space, told, iter(told.dtype.names or ()))
        return {key: found[key] for key in self.space.spaces}

    def masks(self, rows: np.ndarray) -> np.ndarray | None:
        """The action masks in our rows: bool [B, M]; None where none is offered."""
        return np.asarray(rows[:, -self.mask :]) > 0 if self.mask else None

    def _read(self, rows: np.ndarray) -> np.ndarray:
        """Records of rows that have none beside them, as near as float32 comes."""
        records, at = np.zeros(len(rows), self.record), 0
        flat = rows.reshape(len(rows), -1)
        for name, (_, leaf) in zip(self.record.names or (), leaves_of(self._seen), strict=True):
            numbers = flat[:, at : at + spaces.utils.flatdim(leaf)]
            at += numbers.shape[1]
            if not isinstance(leaf, _EXACT):
                records[name] = numbers
                continue
            for b, part in enumerate(numbers):
                if part.any():  # else nobody is there: no choice is made of it
                    records[name][b] = spaces.utils.unflatten(leaf, part)
        return records


def _nested(space: Any, records: np.ndarray, names: Iterator[str]) -> Any:
    """The fields of records as a space has them, copied: arrays [B, ...] in dicts and tuples."""
    if isinstance(space, spaces.Dict):
        return {key: _nested(part, records, names) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_nested(part, records, names) for part in space.spaces)
    found = records[next(names)].copy()
    if isinstance(space, _EXACT):
        return found
    return tuple(spaces.utils.unflatten(space, row) for row in found)


def _mask_records(space: Any, masks: np.ndarray) -> np.ndarray:
    """Masks [B, M] in the pieces and the types that a part of a dict has."""
    records, at = np.zeros(len(masks), own_record(space)), 0
    for name in records.dtype.names or ():
        field = records[name]
        size = field[0].size
        field[...] = masks[:, at : at + size].reshape(field.shape)
        at += size
    return records
