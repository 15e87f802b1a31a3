"""The arrays that the games of an external batch share, by name: in this process and in its workers."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces


def arrays_layout(
    seen: spaces.Box, done: Any, size: int, agents: int, terms: int, costs: int
) -> dict[str, Any]:
    """Shape and type of each array that the games of a batch share; B, N, K and C of them."""
    return {
        "action": ((size, agents, *done.shape), done.dtype.str),  # [B, N, ...], counted from 0
        "skipped": ((size,), "?"),  # [B], whether the game is left as it is in this step
        "observation": ((size, agents, *seen.shape), seen.dtype.str),  # [B, N, ...]
        "present": ((size, agents), "?"),  # [B, N], whether the agent was given an observation
        "live": ((size, agents), "?"),  # [B, N], whether it acts in the next step
        "agent_terminated": ((size, agents), "?"),  # [B, N], how its own game ended in this step
        "agent_truncated": ((size, agents), "?"),  # [B, N], likewise
        "terms": ((size, agents, terms), "f4"),  # [B, N, K]
        "costs": ((size, agents, costs), "f4"),  # [B, N, C]
        "terminated": ((size,), "?"),  # [B]
        "truncated": ((size,), "?"),  # [B]
        "news": ((size,), "?"),  # [B], whether an info named a term or a cost that has no column
        "busy": ((size,), "?"),  # [B], whether the environment's own code is running
    }
