"""Rows of what an environment shows, as agents see it, by what a file says of its parts.

B observations, O numbers of a row, M of the action mask at its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.schema.own_observation import TYPES, OwnPart, read_layout
from environments.system.errors import UserError


class OwnLayout:
    """Makes rows of what an environment shows.

    Args:
        described: `layout` of its world.
        size: O.
        source: the world, for sentences.

    Raises:
        Unreadable: as `read_layout`.
    """

    def __init__(self, described: Any, size: int, source: str) -> None:
        self.parts = read_layout(described, size)
        self.source = source
        self.mask = self.parts[-1] if self.parts[-1].is_mask else None
        self.seen = self.parts[:-1] if self.mask is not None else self.parts

    @property
    def counts(self) -> bool:
        """Whether what is shown is one choice, whose whole numbers are no row of ours."""
        return self.whole and isinstance(self.seen[0].space, spaces.Discrete)

    @property
    def whole(self) -> bool:
        """Whether what is shown is one thing, neither a dict nor a tuple."""
        return [part.path for part in self.seen] == [()]

    def rows(self, observation: Any, masks: Any = None) -> tuple[np.ndarray, bool]:
        """Rows [B, O] of one observation or of B of them, and whether it is one.

        Args:
            observation: as the environment has it.
            masks: what is allowed, [M] or [B, M], where that is no part of the observation.

        Raises:
            UserError: it is no such observation; the sentence says why.
        """
        shapes = [self._values(part, observation) for part in self.seen]
        games = {None if one else len(values) for values, one in shapes}
        if len(games) > 1:
            raise UserError(
                "This agent was handed an observation whose parts are of different numbers of games: hand it "
                f"one that {self.source} shows, or a batch of them."
            )
        found = [part.encode(v) for part, (v, _) in zip(self.seen, shapes, strict=True)]
        one, count = shapes[0][1], len(found[0])
        if self.mask is not None:
            found.append(self._masks(self.mask, observation, masks, count))
        return np.concatenate(found, axis=1), one

    def _values(self, part: OwnPart, observation: Any) -> tuple[np.ndarray, bool]:
        """What is shown of a part, [B, ...], and whether it is that of a single game."""
        given = np.asarray(self._at(part, observation))
        wanted = tuple(part.space.shape)
        if given.dtype.kind in TYPES and given.shape == wanted:
            return given[None], True
        if given.dtype.kind in TYPES and given.shape[1:] == wanted and given.ndim > len(wanted):
            return given, False
        raise UserError(
            f"This agent sees '{part.name}' as {part.space.dtype} {list(wanted)}, not {given.dtype} "
            f"{list(given.shape)}: hand it what {self.source} shows."
        )

    def _at(self, part: OwnPart, observation: Any) -> Any:
        value = observation
        for key in part.path or ():
            try:
                if isinstance(key, str) and not isinstance(value, Mapping):
                    raise LookupError(key)  # a record of numpy has names, too
                value = value[key]
            except (LookupError, TypeError):
                raise UserError(
                    f"This agent sees '{part.name}', and the observation has none: hand it what "
                    f"{self.source} shows."
                ) from None
        return value

    def _masks(self, mask: OwnPart, observation: Any, masks: Any, count: int) -> np.ndarray:
        """What is allowed, perhaps in several pieces: float32 [B, M]."""
        given = self._at(mask, observation) if masks is None and mask.path is not None else masks
        if given is None:
            raise UserError(
                "This agent chooses among what is allowed: hand it action_masks, which "
                f"{self.source} has in info['action_mask'] or in action_masks()."
            )
        several = isinstance(given, (tuple, list)) and any(np.ndim(one) for one in given)
        pieces = [np.asarray(one) for one in given] if several else [np.asarray(given)]
        if any(one.size % count or one.dtype.kind not in TYPES for one in pieces):
            raise UserError(f"This agent sees a mask of {mask.numbers} choices in each game.")
        found = np.concatenate([one.reshape(count, -1) for one in pieces], axis=1) != 0
        if found.shape[1] != mask.numbers:
            raise UserError(
                f"This agent sees a mask of {mask.numbers} choices, not of {found.shape[1]}."
            )
        allowed: np.ndarray = found.astype(np.float32)
        return allowed
