"""The board: what games of a foreign environment are told and tell, in memory that processes can share.

B games, N agents, K terms, C costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

Board = dict[str, np.ndarray]  # the arrays that `board_layout` names
Layout = Mapping[str, tuple[tuple[int, ...], str]]  # shape and type of each


def board_layout(
    seen: spaces.Box, done: Any, size: int, agents: int, terms: int, costs: int
) -> Layout:
    """Shape and type of each array of the board."""
    return {
        "action": ((size, agents, *done.shape), done.dtype.str),  # [B, N, ...], as ours
        "observation": ((size, agents, *seen.shape), seen.dtype.str),  # [B, N, ...]
        "present": ((size, agents), "?"),  # [B, N], whether the agent is still in the game
        "terms": ((size, agents, terms), "f4"),  # [B, N, K]
        "costs": ((size, agents, costs), "f4"),  # [B, N, C]
        "terminated": ((size,), "?"),  # [B]
        "truncated": ((size,), "?"),  # [B]
        "busy": ((size,), "?"),  # [B], whether the environment's own code is running
    }


def board_bytes(layout: Layout) -> int:
    """How much memory `lay_out` wants."""
    return sum(_place(np.prod(shape) * np.dtype(kind).itemsize) for shape, kind in layout.values())


def lay_out(layout: Layout, memory: Any) -> Board:
    """The arrays of the board, one after another in `memory`."""
    board, at = {}, 0
    for name, (shape, kind) in layout.items():
        count = int(np.prod(shape))
        board[name] = np.frombuffer(memory, kind, count, at).reshape(shape)
        at += _place(count * np.dtype(kind).itemsize)
    return board


def _place(wanted: Any) -> int:
    """Bytes that an array takes up, so that the next begins at a round address."""
    return -(-max(int(wanted), 1) // 64) * 64
