"""A player that chooses in a process of its own while the learner chooses; the choices are the same.

Until the process is up the player plays here. Then it moves, with its generators and with what it remembers,
so that the actions are the same whenever that happens, or if it never does. A thread would not do: a step of
a small network is so short that two threads mostly wait for Python's lock.

B games, N agents.
"""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.players.mixture import Mixture, MixtureChange, SelfPlayer
from agents.players.player import Player
from agents.players.remote_server import LETTER, do, taken, work
from environments.simulation.batch import Batch
from environments.system import processes as process
from environments.system.errors import UserError
from environments.system.processes import GLANCE, can_start, start
from environments.system.shared_arrays import Layout, map_arrays, shared_memory


class PlayerLost(UserError):
    """The process of a player is gone, and with it what the player remembered; `what` says how it went."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; repeat the command to go on from the last checkpoint.")
        self.what = what


@dataclass
class _RemoteMemory:
    """Stands for the state that the player keeps in the other process."""

    number: int


class RemotePlayer:
    """Plays a player in a process of its own: `begin` lets it choose, `predict` takes what it chose.

    Args:
        player: who plays; see `can_be_remote`.
        batch: the games, of which it plays all seats but one.

    Raises:
        PlayerLost: by any method, if the process has ended, or has not answered for so long that it was
            ended.
    """

    def __init__(self, player: Player, batch: Batch) -> None:
        self._player: Any = player
        self._seats = max(1, len(batch.world.agents) - 1)
        self._places = 2 * self._seats  # each may be asked, after a letter
        rows, seen, done = (self._places, batch.size), batch.observation, batch.actions
        layout: Layout = {  # each order has a place; after the last comes the first again
            "order": (
                rows[:1],
                "i8",
            ),  # whose turn it is, the number of a `_RemoteMemory`; or LETTER
            "observation": ((*rows, *seen.shape[2:]), seen.dtype.str),
            "start": (rows, "?"),
            "greedy": (rows[:1], "?"),
            "action": ((*rows, *done.shape[2:]), done.dtype.str),
            "failed": ((1,), "?"),
        }
        memory, spawn = shared_memory(layout), multiprocessing.get_context("spawn")
        self._board = map_arrays(layout, memory)
        self._go, self._done = spawn.Semaphore(0), spawn.Semaphore(0)
        self._orders = self._heard = self._kept = 0  # how many there were so far
        self._asked: dict[int, int] = {}  # in which order, by the number of a `_RemoteMemory`
        self.is_remote = False  # whether the player has moved into the process
        self._process, self._pipe, self.end = start(
            self, "gpo-partner", work, layout, memory, self._go, self._done
        )

    def begin(
        self, observation: Any, state: Any, episode_start: Any, deterministic: bool = False
    ) -> Any:
        """Let the player choose, as `predict` would; returns the state to hand to that `predict`."""
        if not self.is_remote and not self._move():
            return state
        if not isinstance(state, _RemoteMemory):
            remembered, state, self._kept = state, _RemoteMemory(self._kept), self._kept + 1
            self._write("remember", state.number, remembered)
        if len(self._asked) == self._seats:  # nobody takes what was begun
            self.drop()
        board, place = self._board, self._orders % self._places
        board["observation"][place] = observation
        board["start"][place] = False if episode_start is None else episode_start
        board["greedy"][place] = deterministic
        self._asked[state.number] = self._order(state.number)
        return state

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """As `Player.predict`; what was begun for this state is waited for instead."""
        if not self.is_remote:
            return self._player.predict(observation, state, episode_start, deterministic)  # type: ignore[no-any-return]
        if not isinstance(state, _RemoteMemory) or state.number not in self._asked:
            state = self.begin(observation, state, episode_start, deterministic)
        order = self._asked.pop(state.number)
        self._hear(order + 1)
        return self._board["action"][order % self._places].copy(), state

    def drop(self) -> None:
        """Forget what was begun."""
        self._asked.clear()
        self._hear(self._orders)

    def reseed(self, seed: int) -> None:
        """Set the generators of a player that draws."""
        self._do("reseed", seed)

    def progress(self, done: float) -> None:
        """Tell a mixture how much of the training is done."""
        self._do("progress", done)

    def change(self, change: MixtureChange) -> None:
        """Give a mixture other members; new ones are copied to where it plays.

        Raises:
            ValueError: one of them is the learner itself, which cannot be copied as it learns.
        """
        if any(isinstance(member, SelfPlayer) for member in change.members):
            raise ValueError("The learner itself cannot join a partner in a process of its own")
        pickle.dumps(change)  # what cannot be sent fails here, before anything is ordered
        self._do("change", change)

    def _do(self, name: str, argument: Any) -> None:
        if self.is_remote:
            self.drop()
            self._write(name, argument)
        else:
            do(self._player, name, argument)

    def _move(self) -> bool:
        """Let the player go if the process is up; whether it went."""
        if self._process.is_alive() and self._pipe.poll():
            # It may have died since, or not know the player's class.
            with suppress(EOFError, OSError, UserError, RuntimeError):
                self._pipe.recv()
                self._write("arrive", self._player)
                self.is_remote = True
            if not self.is_remote:
                self.end()
        return self.is_remote

    def _write(self, what: str, *about: Any) -> None:
        self._order(LETTER)
        # The pipe's own way of sending would share the memory of tensors; the player is to be a copy. It goes
        # from a thread, for a pipe that nobody reads is soon full.
        send = threading.Thread(target=self._send, args=(pickle.dumps((what, about)),), daemon=True)
        send.start()
        self._hear(self._orders)
        send.join()

    def _send(self, letter: bytes) -> None:
        with suppress(OSError):  # it has died, which the hearing finds out
            self._pipe.send_bytes(letter)

    def _order(self, order: int) -> int:
        self._board["order"][self._orders % self._places] = order
        self._orders += 1
        self._go.release()
        return self._orders - 1

    def _hear(self, orders: int) -> None:
        """Wait until so many orders were carried out."""
        while self._heard < orders:
            self._await()
            self._heard += 1
            if self._board["failed"][0]:
                self._board["failed"][0] = False
                raise self._pipe.recv()

    def _await(self) -> None:
        """Wait until one more order was carried out."""
        # Glances, not seconds: if all of us were stopped, with Ctrl-Z or a closed lid, that is one.
        for _ in range(process.PATIENCE):
            if taken(self._done, GLANCE):
                return
            if not self._process.is_alive():
                code = self._process.exitcode
                self.end()
                raise PlayerLost(
                    f"The process in which the partner plays has ended (exit code {code})"
                )
        self.end()
        raise PlayerLost(
            "The process in which the partner plays has not answered for "
            f"{process.PATIENCE * GLANCE:g} s and was ended"
        )


def remote_if_possible(player: Player, batch: Batch) -> Player:
    """The player in a process of its own, or as it is where that cannot be."""
    if can_be_remote(player):
        with suppress(ImportError, OSError):  # no memory or semaphores to share on this machine
            return RemotePlayer(player, batch)
    return player


def can_be_remote(player: Player) -> bool:
    """Whether a player plays the same in another process: not the learner itself, nor what cannot be sent."""
    members = player.players if isinstance(player, Mixture) else [player]
    if not can_start() or any(isinstance(member, SelfPlayer) for member in members):
        return False
    try:
        pickle.dumps(player)
    except Exception:  # noqa: BLE001 - whatever a class of others raises
        return False
    return True
