"""Snapshots of a player: its memory and the states of its generators, kept and put back.

A player is what it was made as, its `state` (which belongs to `predict`), and generators; so nothing else
needs to be kept.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from agents.players.player import Player


class PlayerSnapshot(NamedTuple):
    """A player's moment."""

    memory: Any  # what `predict` returned
    draws: tuple[tuple[np.random.Generator, Mapping[str, Any]], ...]  # generators and their states


def take_snapshot(player: Player | None, memory: Any) -> PlayerSnapshot:
    """Keep a moment."""
    draws = tuple((g, g.bit_generator.state) for g in generators(player))
    return PlayerSnapshot(copy.deepcopy(memory), draws)


def restore_snapshot(kept: PlayerSnapshot) -> Any:
    """Set the generators back; returns the memory to go on with."""
    for generator, state in kept.draws:
        generator.bit_generator.state = state
    return copy.deepcopy(kept.memory)


def generators(thing: Any) -> Iterator[np.random.Generator]:
    """The generators of a player, and of the players and spaces that it is made of."""
    if isinstance(thing, np.random.Generator):
        yield thing
    elif isinstance(thing, spaces.Space):
        if thing._np_random is not None:  # asking for `np_random` would make one
            yield thing._np_random
    elif isinstance(thing, (list, tuple)):
        for part in thing:
            yield from generators(part)
    elif hasattr(thing, "predict") and hasattr(thing, "__dict__") and not _is_network(thing):
        for part in vars(thing).values():
            yield from generators(part)


def _is_network(thing: Any) -> bool:
    return hasattr(thing, "state_dict")  # its weights draw nothing, and are many
