"""A viewer: what is shown, and what keys do to it; draws nothing."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from demos.sessions.match.showing import PANELS, SPEEDS, Side, WatchState
from demos.sessions.watch.keys import command_of, typed

LONGEST_SEED = 9  # digits

__all__ = ["PANELS", "SPEEDS", "Side", "Viewer"]


class Viewer(WatchState):
    """What is watched, in the hands of a person; each command of `viewer_keys` is a method."""

    def take(self, event: pygame.event.Event, now: float) -> None:
        """Heed one event."""
        if event.type == pygame.QUIT:
            self.over = True
        elif event.type == pygame.KEYDOWN and self.typing is not None:
            self._type(event, now)
        elif self.wheel is not None and self.wheel.take(event, self.running):
            return
        elif event.type == pygame.KEYDOWN:
            name, number = command_of(event)
            if number is not None:
                self.toggle(number)
            elif name:
                command: Callable[[float], None] = getattr(self, name)
                command(now)

    @property
    def running(self) -> bool:
        """Whether time runs in a game that is not over, with nothing laid over it."""
        return self.playing and not self.ended and not self.helping

    def _type(self, event: pygame.event.Event, now: float) -> None:
        """A seed is being typed."""
        key = pygame.key.name(event.key)
        if key in ("return", "enter"):
            text, self.typing = self.typing, None
            if text:
                self.seed = int(text)
                self.begin(now)
        elif key == "escape":
            self.typing = None
        elif key == "backspace":
            self.typing = (self.typing or "")[:-1]
        elif digit := typed(event):
            self.typing = ((self.typing or "") + digit)[:LONGEST_SEED]

    def toggle(self, number: int) -> None:
        """Show or hide a panel."""
        self.panels ^= {number}

    def toggle_all(self, now: float) -> None:
        """Hide all panels, or show those again that were shown."""
        self.panels, self.hidden = (set(), self.panels) if self.panels else (self.hidden, set())
        if not self.panels and not self.hidden:
            self.panels = set(PANELS)

    def pause_or_run(self, now: float) -> None:
        """Stand still, or go on."""
        self.playing = not self.playing
        if self.playing and self.ended:
            self.next_game(now)
        else:
            self.next_at = float("inf")
            self.run_on(now)

    def step_on(self, now: float) -> None:
        """One step, then stand still."""
        self._stand_still()
        if not self.ended:
            self.step(now)

    def step_back(self, now: float) -> None:
        """One step back, then stand still."""
        self._stand_still()
        if not self.main.match.can_go_back:
            words = f"{self.world.id} keeps its state to itself, so it cannot go back; Home begins again."
            self.say(words, now)
            return
        longest = max(side.match.steps for side in self.sides)
        for side in self.sides:
            if side.match.steps == longest:
                side.match.back()
        if self.wheel is not None:
            self.wheel.went_back(self.main.match)

    def _stand_still(self) -> None:
        self.playing, self.next_at = False, float("inf")
        self.clockwork.stop()

    def faster(self, now: float) -> None:
        """The next higher speed."""
        self._change_speed(1, now)

    def slower(self, now: float) -> None:
        """The next lower speed."""
        self._change_speed(-1, now)

    def _change_speed(self, by: int, now: float) -> None:
        at = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
        self.run_on(now)

    def take_over(self, now: float) -> None:
        """T, where nobody can take over: say why."""
        if self.cast.human is None and self.no_hands:
            self.say(self.no_hands, now, warning=True)

    def type_seed(self, now: float) -> None:
        """Ask for a seed."""
        self.typing = ""

    def next_agent(self, now: float) -> None:
        """The next agent of the run, on the same seed."""
        self._move(self.main, now)

    def next_ghost(self, now: float) -> None:
        """The next agent as the ghost."""
        if self.ghost is not None:
            self._move(self.ghost, now)

    def _move(self, side: Side, now: float) -> None:
        entrants = self.cast.entrants
        if len(entrants) == 1:
            self.say(f"There is no other agent beside {entrants[0].name}.", now)
            return
        others = [other.entrant.name for other in self.sides if other is not side]
        step = 1
        if len(entrants) > 2 and entrants[(self._place(side) + 1) % len(entrants)].name in others:
            step = 2  # two of the same would play the same game
        side.entrant = entrants[(self._place(side) + step) % len(entrants)]
        if side is self.main:
            self.following = self.cast.live and side.entrant is entrants[-1]
        self.begin(now)

    def _place(self, side: Side) -> int:
        names = [entrant.name for entrant in self.cast.entrants]
        return names.index(side.entrant.name) if side.entrant.name in names else -1

    def toggle_ghost(self, now: float) -> None:
        """Show another agent on the same seed beside this one, or no more."""
        if self.ghost is not None:
            self.ghost.match.close()
            self.ghost = None
            self.run_on(now)
            return
        entrants = self.cast.entrants
        other = entrants[0] if self._place(self.main) else entrants[-1]
        self.ghost = Side(self.cast.match(), other)
        self.begin(now)

    def photograph(self, now: float) -> None:
        """Keep a picture of the window."""
        self.wants_photograph = True

    def film(self, now: float) -> None:
        """Begin or end a video of the window."""
        self.wants_video = not self.wants_video

    def help(self, now: float) -> None:
        """Show the keys, or no more."""
        self.helping = not self.helping

    def end(self, now: float) -> None:
        """Close the help if it is open, else end."""
        if self.helping:
            self.helping = False
        else:
            self.over = True
