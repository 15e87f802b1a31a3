"""The other process of `agents.players.remote_player`: it plays a player for the process that started it."""

from __future__ import annotations

import itertools
import pickle
import time
import traceback
from contextlib import suppress
from typing import Any

import torch

from environments.system.errors import UserError
from environments.system.processes import GLANCE, end_with_parent
from environments.system.shared_arrays import Layout, SharedArrays, map_arrays

LETTER = -1  # an order to read the pipe
_AWAKE = 1e-3  # s, for which a wait keeps its core: longer than a step, shorter than an update


def taken(semaphore: Any, patience: float) -> bool:
    """Whether it could be taken within so many seconds; at first without sleeping, for waking takes long."""
    until = time.perf_counter() + _AWAKE
    while time.perf_counter() < until:
        if semaphore.acquire(block=False):
            return True
    return bool(semaphore.acquire(timeout=patience))


def do(player: Any, name: str, argument: float) -> None:
    """Call one of the player's methods, if it has it."""
    if hasattr(player, name):
        getattr(player, name)(argument)


class _Server:
    """The player in the other process.

    Args:
        board: where it sees and acts.
    """

    def __init__(self, board: SharedArrays) -> None:
        self.board = board
        self.player: Any = None
        self.memory: dict[int, Any] = {}

    def read(self, what: str, about: tuple[Any, ...]) -> None:
        """Do what a letter says."""
        if what == "arrive":
            (self.player,) = about
        elif what == "remember":
            self.memory[about[0]] = about[1]
        else:
            do(self.player, what, about[0])

    def choose(self, number: int, place: int) -> None:
        """Choose an action in all games, as the one whose memory has that number."""
        board = self.board
        board["action"][place], self.memory[number] = self.player.predict(
            board["observation"][place],
            self.memory[number],
            board["start"][place],
            bool(board["greedy"][place]),
        )


def work(pipe: Any, layout: Layout, memory: Any, go: Any, done: Any) -> None:
    """Play for the process that started this one, as long as there is one."""
    end_with_parent()
    torch.set_num_threads(1)
    board = map_arrays(layout, memory)
    orders, there = board["order"], _Server(board)
    pipe.send("up")
    for place in itertools.cycle(range(len(orders))):
        while not taken(go, GLANCE):
            pass
        order = int(orders[place])
        try:
            if order == LETTER:
                there.read(*pickle.loads(pipe.recv_bytes()))  # noqa: S301 - our own process's, no file's
            else:
                there.choose(order, place)
        except UserError as problem:
            _fail(board, pipe, problem)
        except Exception:  # noqa: BLE001 - it is raised on the other side
            _fail(board, pipe, RuntimeError(traceback.format_exc()))
        done.release()


def _fail(board: SharedArrays, pipe: Any, error: Exception) -> None:
    board["failed"][0] = True
    with suppress(OSError):
        pipe.send(error)
