"""The control loop: a player drives a robot at a fixed rate, with absolute deadlines.

A robot is anything with `read()`, the newest observation or None if none came since, and `write(action)`. In
each tick the loop reads, asks the player, and writes; where there is no answer in time, or what was seen is
too old, it holds the last action or sends a safe one, and counts a miss. Ticks lie on a grid, t0 + k / hz, so
nothing drifts; those that were slept through are left out and counted, never made up for in a burst.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from agents.deciding import Decider, MonotonicClock, WatchClock
from environments.system.errors import UserError

FINE = 1e-9  # s, of rounding
RECENT = 1_000_000  # ticks whose latencies are kept


class Robot(Protocol):
    """What is driven.

    It may have `stamp`, the s of `time.monotonic` at which the newest observation was captured (else it
    counts from when it was read); `over`, whether its episode has ended; `reset()`, which begins another
    one; and `stop()`, which is called once at the end, whatever happened.
    """

    def read(self) -> Any:
        """The newest observation, or None if none came since the last call."""

    def write(self, action: Any) -> None:
        """Act; it returns at once."""


@dataclass(frozen=True)
class ControlSettings:
    """How a robot is driven.

    Raises:
        UserError: numbers that cannot be meant.
    """

    hz: float = 20.0  # ticks a second
    budget: float = 0.8  # share of a tick after which a decision comes too late
    stale: float | None = None  # s after which what was seen is too old; three ticks if None
    on_miss: Literal["hold", "safe"] = "hold"
    safe: Any = None  # the action that is sent where nothing better is known
    holds: float = 0.5  # s that an action is held before the safe one is sent, if there is one

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name, value, most in (("hz", self.hz, 10_000.0), ("budget", self.budget, 1.0)):
            if not 0 < value <= most:
                raise UserError(f"The loop's {name} is {value}: give a number up to {most:g}.")
        if self.stale is not None and not self.stale > 0:
            raise UserError(f"The loop's stale is {self.stale}: give seconds above 0.")
        if self.on_miss not in ("hold", "safe"):
            raise UserError(f"The loop's on_miss is '{self.on_miss}': give hold or safe.")
        if self.on_miss == "safe" and self.safe is None:
            raise UserError("The loop sends a safe action on a miss: say which, as `safe`.")

    @property
    def period(self) -> float:
        """s a tick takes."""
        return 1.0 / self.hz

    @property
    def oldest(self) -> float:
        """s after which what was seen is too old."""
        return 3 * self.period if self.stale is None else self.stale


@dataclass(frozen=True)
class Tick:
    """What was done in one tick."""

    number: int  # on the grid, from 0
    due: float  # s
    latency: float  # s from when it was due until the action was written
    action: Any  # that was sent to the robot
    miss: str  # "late", "stale", "slow" (written after the tick's end), or empty
    person: bool  # whether a person drove
    seen: Any = None  # the newest observation, as the player was shown it
    applied: Any = None  # what the robot says that it did (`applied`), after limits of its own


@dataclass
class ControlSummary:
    """What the loop came to."""

    ticks: int = 0
    misses: dict[str, int] = field(default_factory=dict)  # by kind; "skipped" were slept through
    driven: int = 0  # ticks that a person drove
    episodes: int = 0
    interventions: int = 0  # of a shield
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))  # s, the last

    def percentiles(self) -> tuple[float, float, float]:
        """Median, p99 and p99.9 of the latency, s; 0 before the first tick."""
        if not self.latencies:
            return 0.0, 0.0, 0.0
        p50, p99, p999 = np.percentile(self.latencies, [50, 99, 99.9]).tolist()
        return p50, p99, p999

    def __str__(self) -> str:
        """In a sentence."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.misses.items() if count)
        p50, p99, p999 = (f"{1000 * one:.2f}" for one in self.percentiles())
        told = f"{self.ticks:,} ticks, {sum(self.misses.values())} missed" + (
            kinds and f" ({kinds})"
        )
        told += f"; from a tick to its action {p50} ms at the median, {p99} at p99, {p999} at p99.9"
        told += f"; {self.interventions} interventions of the shield" if self.interventions else ""
        return told + (f"; {self.driven} ticks driven by a person" if self.driven else "")


class ControlLoop:
    """Drives a robot.

    Args:
        robot: what is driven.
        decider: who decides.
        settings: how.
        clock: the time; a threaded decider needs the real one.
        takeover: asked in each tick: the action of a person who drives now, else None.
        note: is told of each tick, after it.
        between: is called after each tick with the time until which there is nothing to do, to draw in.
    """

    def __init__(
        self,
        robot: Any,
        decider: Decider,
        settings: ControlSettings,
        *,
        clock: WatchClock | None = None,
        takeover: Callable[[], Any] = lambda: None,
        note: Callable[[Tick], None] = lambda tick: None,
        between: Callable[[float], None] = lambda until: None,
    ) -> None:
        self.robot, self.decider, self.settings = robot, decider, settings
        self.clock = MonotonicClock() if clock is None else clock
        self.summary = ControlSummary(misses={"late": 0, "stale": 0, "slow": 0, "skipped": 0})
        self._takeover, self._note, self._between = takeover, note, between
        self._seen: Any = None
        self._seen_at = self._answered_at = float("-inf")
        self._last: Any = None  # that was sent
        self._begins = True

    def run(
        self, seconds: float | None = None, stop: Callable[[], bool] = lambda: False
    ) -> ControlSummary:
        """Drive until so many seconds have passed, or `stop` says so; then the robot is stopped."""
        period, began = self.settings.period, self.clock.now()
        ends = None if seconds is None else began + seconds - FINE
        start, k = began, 0
        self._begin()
        try:
            while not stop() and (ends is None or start + k * period < ends):
                due = start + k * period
                self.clock.wait(due)
                self._tick(k, due)
                if getattr(self.robot, "over", False):
                    self._begin(again=True)
                    # How long a reset takes is nobody's miss.
                    start, k = max(self.clock.now(), due + period), 0
                    continue
                k += 1
                self._between(start + k * period)
                passed = int((self.clock.now() - start - k * period + FINE) / period)
                if passed > 0:
                    self.summary.misses["skipped"] += passed
                    k += passed
        finally:
            try:  # first of all, whatever the player is at
                if hasattr(self.robot, "stop"):
                    self.robot.stop()
                elif self.settings.safe is not None:
                    self.robot.write(self.settings.safe)
            finally:
                self.decider.close()
        return self.summary

    def _begin(self, again: bool = False) -> None:
        self.summary.episodes += 1
        if again:
            self.robot.reset()
        self._begins, self._seen, self._last = True, None, None
        self._seen_at = self._answered_at = self.clock.now()

    def _tick(self, number: int, due: float) -> None:
        self._read()
        person = self._takeover()
        answer, miss = self._decide(due)
        if person is not None:
            action, miss = person, ""
        elif answer is not None:
            action = answer
        else:
            action = self._instead()
        if action is not None:
            self.robot.write(action)
            self._last = action
        now = self.clock.now()
        miss = miss or ("slow" if now - due > self.settings.period + FINE else "")
        done = getattr(self.robot, "applied", action)
        drove = person is not None
        self._count(Tick(number, due, now - due, action, miss, drove, self._seen, done))

    def _count(self, tick: Tick) -> None:
        summary = self.summary
        summary.ticks += 1
        summary.driven += tick.person
        summary.latencies.append(tick.latency)
        if tick.miss:
            summary.misses[tick.miss] += 1
        if tick.action is not None:
            self._note(tick)

    def _read(self) -> None:
        seen, now = self.robot.read(), self.clock.now()
        if seen is not None:
            self._seen, self._seen_at = seen, getattr(self.robot, "stamp", None) or now

    def _decide(self, due: float) -> tuple[Any, str]:
        """The player's action and nothing, or None and the kind of the miss."""
        settings = self.settings
        if self._seen is None or self.clock.now() - self._seen_at > settings.oldest + FINE:
            return None, "stale"
        if not self.decider.ask(self._seen, self._begins):
            return None, "late"
        self._begins = False
        answer = self.decider.answer(due + settings.budget * settings.period)
        if answer is None:
            return None, "late"
        self._answered_at = self.clock.now()
        return answer, ""

    def _instead(self) -> Any:
        """What is sent where the player gave nothing."""
        settings = self.settings
        too_long = self.clock.now() - self._answered_at > settings.holds + FINE
        if self._last is None or settings.on_miss == "safe" or too_long:
            return self._last if settings.safe is None else settings.safe
        return self._last
