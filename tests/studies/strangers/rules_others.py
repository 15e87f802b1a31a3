"""Rules of thumb for MuJoCo's arms and poles, for minigrid's mazes and for three agents that spread out.

A rule maps what B games show, [B, O], to what a person would do there, [B] or [B, A].
"""

from __future__ import annotations

from collections import deque

import numpy as np

# minigrid's numbers of objects, states of a door and actions
WALL, EMPTY, DOOR, KEY, GOAL = 2, 1, 4, 5, 8
OPEN = 0
LEFT, RIGHT, FORWARD, PICK_UP, TOGGLE = 0, 1, 2, 3, 5
HERE = (3, 6)  # where the agent stands in its view of 7 x 7, looking at (3, 5)


def double_pendulum(seen: np.ndarray) -> np.ndarray:
    """A linear controller of the cart."""
    place, speed = (
        seen[:, :3],
        seen[:, 5:8],
    )  # of the cart; then the sines, and the turning, of the joints
    force = place @ (0.13, 0.93, 3.9) + speed @ (0.19, 0.56, 0.59)
    return np.clip(-force, -1, 1)[:, None].astype(np.float32)


def reacher(seen: np.ndarray) -> np.ndarray:
    """Pull the fingertip to the target through the arm's Jacobian, with damping."""
    cos1, cos2, sin1, sin2 = seen[:, :4].T
    cos12, sin12 = cos1 * cos2 - sin1 * sin2, sin1 * cos2 + cos1 * sin2
    off = seen[:, 8:10]  # fingertip less target
    near, far = 0.1, 0.11  # m, the two parts of the arm
    first = np.stack([-near * sin1 - far * sin12, near * cos1 + far * cos12], 1)
    second = np.stack([-far * sin12, far * cos12], 1)
    pull = np.stack([(first * off).sum(1), (second * off).sum(1)], 1)
    return np.clip(-20 * pull - 0.08 * seen[:, 6:8], -1, 1).astype(np.float32)


def maze(seen: np.ndarray) -> np.ndarray:
    """The key, the door, the goal: to what is in sight on the shortest way, else look around."""
    views = seen.reshape(len(seen), -1)[:, :147].reshape(-1, 7, 7, 3)
    return np.array([_move(view) for view in views], np.int64)


def _move(view: np.ndarray) -> int:
    """What to do for one view, [7, 7, 3]: object, colour and state of each place."""
    kind, state = view[..., 0], view[..., 2]
    locked = bool(((kind == DOOR) & (state != OPEN)).any())
    carrying = kind[HERE] == KEY
    if (kind == GOAL).any() and not locked:
        wanted = [(GOAL, FORWARD)]
    elif carrying:
        wanted = [(DOOR, TOGGLE), (GOAL, FORWARD)]
    else:
        wanted = [(KEY, PICK_UP), (GOAL, FORWARD)]
    for target, act in wanted:
        there = kind == target
        there[HERE] = False
        if target == DOOR:
            there &= state != OPEN
        if there.any() and (step := _step_to(there, kind, state)) is not None:
            return act if step == HERE else _turn_to(step)
    doors = (kind == DOOR) & (state == OPEN)
    if doors.any() and (step := _step_to(doors, kind, state)) is not None:
        return FORWARD if step == HERE else _turn_to(step)
    return RIGHT


def _step_to(there: np.ndarray, kind: np.ndarray, state: np.ndarray) -> tuple[int, int] | None:
    """The next place on the shortest way to stand before a target; `HERE` if it is straight ahead."""
    if there[3, 5]:
        return HERE
    free = (kind == EMPTY) | (kind == GOAL) | ((kind == DOOR) & (state == OPEN))
    came: dict[tuple[int, int], tuple[int, int]] = {HERE: HERE}
    queue = deque([HERE])
    while queue:
        at = queue.popleft()
        for dx, dy in ((0, -1), (-1, 0), (1, 0), (0, 1)):
            to = (at[0] + dx, at[1] + dy)
            if to in came or not (0 <= to[0] < 7 and 0 <= to[1] < 7):
                continue
            came[to] = at
            if there[to]:
                while came[to] != HERE:
                    to = came[to]
                return to
            if free[to]:
                queue.append(to)
    return None


def _turn_to(step: tuple[int, int]) -> int:
    """Forward if the next place is ahead, else a turn to it."""
    if step == (3, 5):
        return FORWARD
    return LEFT if step[0] < 3 else RIGHT


def spread(seen: np.ndarray) -> np.ndarray:
    """To the nearest landmark that no other is nearer to: still, left, right, down, up."""
    speed, marks = seen[:, :2], seen[:, 4:10].reshape(-1, 3, 2)
    others = seen[:, 10:14].reshape(-1, 2, 2)
    mine = np.linalg.norm(marks, axis=2)  # [B, 3]
    theirs = np.linalg.norm(marks[:, None] - others[:, :, None], axis=3).min(1)
    chosen = np.where(mine <= theirs, mine, mine + 10).argmin(1)
    way = marks[np.arange(len(seen)), chosen] - 0.5 * speed
    across = np.abs(way[:, 0]) > np.abs(way[:, 1])
    action = np.where(across, np.where(way[:, 0] < 0, 1, 2), np.where(way[:, 1] < 0, 3, 4))
    return np.where(np.linalg.norm(way, axis=1) < 0.05, 0, action)
