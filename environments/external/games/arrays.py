"""The board of a foreign environment: what its games are told and tell.

B games, N agents, K terms, C costs.
"""

from __future__ import annotations

from typing import Any

from gymnasium import spaces

from environments.system.shared_arrays import Layout


def arrays_layout(
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
