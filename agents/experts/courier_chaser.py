"""A driver for the courier who tries to run into people: it shows what a shield is worth.

B games, R rays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.worlds.courier.constants import RAYS, REACH

RAY_ANGLES = (np.arange(RAYS) * 2 * np.pi / RAYS + np.pi) % (
    2 * np.pi
) - np.pi  # [R], right positive
AIMED = 0.8  # rad off a person's bearing within which it drives at full speed
SEARCH = 0.6  # of the turn, while it sees nobody


class Chaser:
    """Drives at the nearest person whom the lidar shows, at full speed; else it looks around."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, None]:
        """As `Player.predict`, [B, O] -> [B, 2]; it remembers nothing."""
        seen = np.asarray(observation)
        ranges = np.where(seen[:, RAYS : 2 * RAYS] > 0, seen[:, :RAYS] * REACH, np.inf)
        sees = np.isfinite(ranges.min(1))
        bearing = RAY_ANGLES[ranges.argmin(1)]
        ahead = np.where(sees & (np.abs(bearing) < AIMED), 1.0, 0.0)
        turn = np.where(sees, np.clip(bearing, -1, 1), SEARCH)
        return np.stack([ahead, turn], axis=1).astype(np.float32), None
