"""The session of watching: what keys do to what is watched; it draws nothing."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from demos.sessions.match.watch_state import Side, WatchState
from demos.sessions.watch.keys import command_of, typed
from demos.window.session import PaintedSession

LONGEST_SEED = 9  # digits


class Viewer(WatchState, PaintedSession):
    """What is watched, and a person's keys; each command of `demos.sessions.watch.keys` is a method."""

    @property
    def waits(self) -> bool:
        """Whether it goes on like this until a person does something."""
        return self.games is None or not self.pace.playing

    def take(self, event: pygame.event.Event, now: float) -> None:
        """Act on one event."""
        if event.type == pygame.QUIT:
            self.end(now)
        elif event.type == pygame.KEYDOWN and self.display.typing is not None:
            self._type(event, now)
        elif self.human is not None and self.human.take(event, self.running):
            return
        elif event.type == pygame.KEYDOWN:
            name, number = command_of(event)
            if number is not None:
                self.display.toggle(number)
            elif name:
                command: Callable[[float], None] = getattr(self, name)
                command(now)

    def end(self, now: float, insist: bool = False) -> None:
        """End."""
        self.over = True

    @property
    def running(self) -> bool:
        """Whether time runs in a game that is not over, with nothing laid over it."""
        return self.pace.playing and not self.ended and not self.display.helping

    def _type(self, event: pygame.event.Event, now: float) -> None:
        """A seed is being typed."""
        display, key = self.display, pygame.key.name(event.key)
        if key in ("return", "enter"):
            text, display.typing = display.typing, None
            if text:
                self.seed = int(text)
                self.begin(now)
        elif key == "escape":
            display.typing = None
        elif key == "backspace":
            display.typing = (display.typing or "")[:-1]
        elif digit := typed(event):
            display.typing = ((display.typing or "") + digit)[:LONGEST_SEED]

    # -- commands, by the names that `keys` gives them --------------------------------------------

    def toggle_all(self, now: float) -> None:
        """Hide all panels, or show those again that were shown."""
        self.display.toggle_all()

    def pause_or_run(self, now: float) -> None:
        """Stand still, or go on."""
        self.pace.playing = not self.pace.playing
        if self.pace.playing and self.ended:
            self.next_game(now)
        else:
            self.pace.next_at = float("inf")
            self.run_on(now)

    def step_on(self, now: float) -> None:
        """One step, then stand still."""
        self.pace.stand_still()
        if not self.ended:
            self.step(now)

    def step_back(self, now: float) -> None:
        """One step back, then stand still."""
        self.pace.stand_still()
        if not self.main.match.can_go_back:
            words = f"{self.world.id} keeps its state to itself, so it cannot go back; Home begins again."
            self.display.say(words, now)
            return
        longest = max(side.match.steps for side in self.sides)
        for side in self.sides:
            if side.match.steps == longest:
                side.match.back()
        if self.human is not None:
            self.human.went_back(self.main.match)

    def faster(self, now: float) -> None:
        """The next higher speed."""
        self.pace.change_speed(1)
        self.run_on(now)

    def slower(self, now: float) -> None:
        """The next lower speed."""
        self.pace.change_speed(-1)
        self.run_on(now)

    def again(self, now: float) -> None:
        """The same seed from its beginning."""
        self.begin(now)

    def take_over(self, now: float) -> None:
        """T, where nobody can take over: say why."""
        if self.cast.human is None and self.no_takeover:
            self.display.say(self.no_takeover, now, warning=True)

    def type_seed(self, now: float) -> None:
        """Ask for a seed."""
        self.display.typing = ""

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
            self.display.say(f"There is no other agent beside {entrants[0].name}.", now)
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
        self.display.wants_photograph = True

    def film(self, now: float) -> None:
        """Begin or end a video of the window."""
        self.display.wants_video = not self.display.wants_video

    def help(self, now: float) -> None:
        """Show the keys, or no more."""
        self.display.helping = not self.display.helping

    def leave(self, now: float) -> None:
        """Close the help if it is open, else end."""
        if self.display.helping:
            self.display.helping = False
        else:
            self.end(now)
