"""The pace of games that are watched: their speed, whether time runs, and when the next one begins."""

from __future__ import annotations

from demos.window.pacing import Pacer

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
HOLD = 1.5  # s that the end of a game is shown before the next begins


class WatchPace:
    """The pace of games that are watched.

    Args:
        tick: s a step takes at speed 1.
        hold: s that the end of a game is shown.
    """

    def __init__(self, tick: float, hold: float = HOLD) -> None:
        self.tick, self.hold = tick, hold
        self.speed, self.playing = 1.0, True
        self.pacer = Pacer(tick)
        self.next_at = float("inf")  # s, when the next game begins

    @property
    def next_due(self) -> float:
        """When something has to happen next, s."""
        return min(self.pacer.next_due, self.next_at)

    def run_on(self, now: float, ended: bool) -> None:
        """Set the pace as the speed is now; time runs unless it stands still or the games have ended."""
        self.pacer = Pacer(self.tick / self.speed)
        if self.playing and not ended:
            self.pacer.start(now)

    def stand_still(self) -> None:
        """Let nothing happen until it plays on."""
        self.playing, self.next_at = False, float("inf")
        self.pacer.stop()

    def game_ended(self, now: float) -> None:
        """Show the end for a while, then let the next game begin."""
        self.pacer.stop()
        if self.playing:
            self.next_at = now + self.hold

    def next_game_due(self, now: float) -> bool:
        """Whether the next game is to begin; said once."""
        due = now >= self.next_at
        if due:
            self.next_at = float("inf")
        return due

    def change_speed(self, by: int) -> None:
        """Go up or down in `SPEEDS`."""
        at = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
