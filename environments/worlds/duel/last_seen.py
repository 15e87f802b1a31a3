"""What each fighter of a duel remembers of the other: where and how it was last seen."""

from __future__ import annotations

from numba import njit

from environments.worlds.duel.arena import clear

FORGOTTEN = 100  # ticks after which one can no longer tell how long ago it was


@njit
def forget(state, n):  # type: ignore[no-untyped-def]
    """Fighter n knows nothing of the other."""
    state.sees[n] = 0
    state.seen_age[n] = -1
    for i in range(2):
        state.seen_position[n, i] = 0
        state.seen_velocity[n, i] = 0
        state.seen_heading[n, i] = 0
    state.seen_health[n] = 0
    state.seen_reloading[n] = 0
    state.seen_shield[n] = 0


@njit
def remember(state):  # type: ignore[no-untyped-def]
    """Who sees whom now, and what each then knows of the other: the line between both middles decides."""
    free = False
    if state.down[0] == 0 and state.down[1] == 0:
        x, y = state.position[0, 0], state.position[0, 1]
        free = clear(state.rows, x, y, state.position[1, 0], state.position[1, 1])
    for n in range(2):
        m = 1 - n
        state.sees[n] = free
        if free:
            for i in range(2):
                state.seen_position[n, i] = state.position[m, i]
                state.seen_velocity[n, i] = state.velocity[m, i]
                state.seen_heading[n, i] = state.heading[m, i]
            state.seen_health[n] = state.health[m]
            state.seen_reloading[n] = state.reloading[m] > 0
            state.seen_shield[n] = state.shield[m] > 0
            state.seen_age[n] = 0
        elif state.seen_age[n] >= 0:
            state.seen_age[n] = min(state.seen_age[n] + 1, FORGOTTEN)
        if state.down[m] > 0:  # both hear the bell; where it comes back, nobody has seen
            forget(state, n)
