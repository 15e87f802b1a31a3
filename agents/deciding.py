"""Deciders: a player that is asked for one action at a time, and left behind where it takes too long."""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

import numpy as np

from environments.simulation.player import Player


class Decider(Protocol):
    """Answers questions, one at a time."""

    def ask(self, observation: Any, begins: bool) -> bool:
        """Begin to decide about [1, ...]; False where the last question is still thought about."""

    def answer(self, until: float) -> np.ndarray | None:
        """The action [...] by then (s of the loop's clock), else None: it is dropped when it comes."""

    def close(self) -> None:
        """Ask no more."""


class WatchClock(Protocol):
    """Tells and passes the time in s (`demos.window.pacing` has a real and a simulated one)."""

    def now(self) -> float:
        """The time in s."""

    def wait(self, until: float) -> None:
        """Let time pass until then."""


class MonotonicClock:
    """The machine's own clock, that of `time.monotonic`."""

    def now(self) -> float:
        """The time in s."""
        return time.monotonic()

    def wait(self, until: float) -> None:
        """Sleep until then."""
        if (left := until - time.monotonic()) > 0:
            time.sleep(left)


class InlineDecider:
    """Decides where it is asked: a player that hangs holds the loop up, and is known to be late after it.

    Args:
        player: who decides.
        clock: of the loop.
        greedy: take the likeliest actions.
    """

    def __init__(self, player: Player, clock: WatchClock, greedy: bool = False) -> None:
        self._player, self._clock, self._greedy = player, clock, greedy
        self._state: Any = None
        self._action: np.ndarray | None = None

    def ask(self, observation: Any, begins: bool) -> bool:
        """As `Decider.ask`."""
        chosen, self._state = self._player.predict(
            observation, None if begins else self._state, np.array([begins]), self._greedy
        )
        self._action = np.array(chosen[0])
        return True

    def answer(self, until: float) -> np.ndarray | None:
        """As `Decider.answer`."""
        return self._action if self._clock.now() <= until else None

    def close(self) -> None:
        """As `Decider.close`."""


class ThreadedDecider:
    """Decides in a thread of its own, so that the loop sends something in time even where it hangs.

    Args:
        player: who decides; nobody else may ask it meanwhile.
        greedy: take the likeliest actions.
    """

    def __init__(self, player: Player, greedy: bool = False) -> None:
        self._player, self._greedy, self._state = player, greedy, None
        self._question: tuple[Any, bool] | None = None
        self._answer: np.ndarray | None = None
        self._error: BaseException | None = None
        self._late = self._over = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="gpo decides", daemon=True)
        self._thread.start()

    def ask(self, observation: Any, begins: bool) -> bool:
        """As `Decider.ask`; what the player raised is raised here, or by `answer`."""
        with self._change:
            self._raise()
            if self._question is not None:  # it is still at it, and its answer will be of the past
                self._late = True
                return False
            self._question, self._answer, self._late = (observation, begins), None, False
            self._change.notify_all()
        return True

    def answer(self, until: float) -> np.ndarray | None:
        """As `Decider.answer`; until is of `time.monotonic`."""
        with self._change:
            while self._question is not None and (left := until - time.monotonic()) > 0:
                self._change.wait(left)
            self._raise()
            if self._question is not None:
                self._late = True
                return None
            return self._answer

    def close(self) -> None:
        """As `Decider.close`; a player that hangs is left to the end of the process."""
        with self._change:
            self._over = True
            self._change.notify_all()
        self._thread.join(1.0)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while True:
            with self._change:
                while self._question is None and not self._over:
                    self._change.wait()
                if self._over:
                    return
                assert self._question is not None
                observation, begins = self._question
            error: BaseException | None = None
            action: np.ndarray | None = None
            try:
                chosen, self._state = self._player.predict(
                    observation, None if begins else self._state, np.array([begins]), self._greedy
                )
                action = np.array(chosen[0])
            except BaseException as raised:  # noqa: BLE001  it is raised where the loop asks
                error = raised
            with self._change:
                self._error = error
                self._answer = None if self._late else action
                self._question = None
                self._change.notify_all()
