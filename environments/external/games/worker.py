"""`GameWorker`: a process that plays some external games, and is ended if one of them hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from environments.external.games.games import EnvironmentSpec, ExternalGames, GameFault
from environments.system.errors import UserError
from environments.system.processes import ENDING, end_with_parent, how_it_ended, start
from environments.system.shared_arrays import Layout, SharedArrays, map_arrays

STARTING = 120.0  # s, for a process to start and to make its games


class GameWorker:
    """A process with a slice of the games."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        layout: Layout,
        memory: Any,
        arrays: SharedArrays,
        own: range,
        patience: float,
    ) -> None:
        self.own, self.patience = own, patience
        self._busy = arrays["busy"][own.start : own.stop]
        self._arguments = (spec, layout, memory, own)
        self._start()

    def _start(self) -> None:
        self._lost = False
        self._process, self._pipe, self._end = start(self, "gpo-games", _work, *self._arguments)

    def await_start(self) -> None:
        """Wait until it has made its games.

        Raises:
            UserError: it cannot make them.
        """
        said = self._hear(STARTING) if self._pipe.poll(STARTING) else None
        if said != "ready":
            self._end()
            raise UserError(
                f"A process for the games did not start: {said or 'it never answered'}."
            )

    def ask(self, *message: Any) -> None:
        """Send a message; a process that was lost is started again first."""
        if self._lost:
            self._start()
            self.await_start()
        with suppress(OSError):  # it has died: `faults` will find out
            self._pipe.send(message)

    def faults(self) -> dict[int, GameFault]:
        """Wait for what went wrong in the games; a process that does not answer is ended."""
        answer = self._hear(self.patience)
        if isinstance(answer, dict):
            return answer
        busy = np.flatnonzero(self._busy)
        to_blame = self.own[int(busy[0]) if len(busy) else 0]
        self._lost = True
        self._end()
        self._busy[:] = False
        lost = {game: GameFault("") for game in self.own}
        return {**lost, to_blame: GameFault(answer, tuple(self.own))}

    def drawn(self) -> Any:
        """Wait for a picture; as `ExternalGames.draw`. A process that does not answer is ended."""
        answer = self._hear(self.patience)
        if isinstance(answer, str):  # its own `ExternalGames` says so in a tuple
            self._lost = True
            self._end()
        return answer[0] if isinstance(answer, tuple) else answer

    def names(self) -> set[tuple[str, str]]:
        """Wait for what `ExternalGames.unknown_names` says. A process that does not answer is ended."""
        answer = self._hear(self.patience)
        if isinstance(answer, set):
            return answer
        self._lost = True
        self._end()
        return set()

    def _hear(self, patience: float) -> Any:
        """What it says; or, in words, why it says nothing. Each game may take all of the patience."""
        at, since = b"", time.monotonic()
        while not self._pipe.poll(patience / 20):
            now = time.monotonic()
            if at != self._busy.tobytes():  # another game's result
                at, since = self._busy.tobytes(), now
            elif now - since >= patience:
                return f"did not answer for {patience:g} s"
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(ENDING)
            return how_it_ended(self._process.exitcode)

    def close(self) -> None:
        """Ask it to close its games and to end."""
        with suppress(OSError):  # it has ended already
            self._pipe.send(("close",))

    def end(self) -> None:
        """End the process, by force if it has not ended by itself."""
        self._process.join(ENDING)
        self._end()


def _work(pipe: Any, spec: EnvironmentSpec, layout: Layout, memory: Any, own: range) -> None:
    """Play a slice of the games for the process that started this one, as long as there is one."""
    end_with_parent()
    arrays = {name: rows[own.start : own.stop] for name, rows in map_arrays(layout, memory).items()}
    with suppress(EOFError, OSError):
        try:
            games = ExternalGames(spec, arrays, own.start)
        except UserError as problem:
            pipe.send(str(problem).rstrip("."))
            return
        pipe.send("ready")
        commands: dict[str, Callable[..., Any]] = {
            "begin": games.begin,
            "step": games.step,
            "names": games.unknown_names,
            "draw": lambda game: (games.draw(game),),
        }
        while (message := pipe.recv())[0] != "close":
            pipe.send(commands[message[0]](*message[1:]))
        games.close()
