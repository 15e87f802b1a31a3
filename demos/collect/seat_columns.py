"""What one seat of the games that were taken down has: its steps, its columns, who sat there.

`games` is the recorder of `demos.collect.collect`. B games, N seats, T steps of a stream, R raw numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from demos.data.episodes.episode import ABSENT, JOINED, first_stay
from environments.simulation.world import World


def coming(world: World, games: Any, b: int, stay: range) -> dict[str, Any]:
    """When the stream's agent came into the game, and who never did, where that is to be told."""
    never = [name for n, name in enumerate(world.agents) if not stay_of(games, b, n)]
    return ({JOINED: stay.start} if stay.start else {}) | ({ABSENT: never} if never else {})


def column(games: Any, name: str, b: int, seat: int, steps: range | None = None) -> np.ndarray:
    """What one seat of a game has in a column, in some steps or while its agent is there: [T, ...]."""
    stay = stay_of(games, b, seat) if steps is None else steps
    return np.array([games.columns[name][t][b, seat] for t in stay])


def stay_of(games: Any, b: int, seat: int) -> range:
    """The steps in which the agent of a seat is there; none where it never came."""
    every = range(int(games.length[b]))
    changes = games.batch.presence.changes
    return first_stay(column(games, "acted", b, seat, every)) if changes else every


def players_of(world: World, games: Any, b: int) -> dict[str, str]:
    """Who played in a game, by seat."""
    count, first = len(world.agents), int(games.seats[b])
    return {world.agents[(first + n) % count]: names[b] for n, names in enumerate(games.names)}


def others_actions(
    world: World, games: Any, b: int, seat: int
) -> tuple[np.ndarray, dict[str, list[str]]]:
    """The other seats' actions as raw numbers, [T, R], and their names, where one stream alone is kept."""
    stay, seats = stay_of(games, b, seat), range(len(world.agents))
    if not games.plan.alone or len(seats) == 1:
        return np.zeros((len(stay), 0), np.float32), {}
    given = {n: column(games, "actions", b, n, stay) for n in seats if n != seat}
    others = {n: actions.reshape(len(stay), -1) for n, actions in given.items()}
    names = [
        f"action {world.agents[n]} {k}" for n, acts in others.items() for k in range(acts.shape[1])
    ]
    raw = np.concatenate(list(others.values()), axis=1).astype(np.float32)
    return raw, {"raw_names": names}
