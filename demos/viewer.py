"""A viewer: one game or two, time that runs, stands still or goes back, and what keys do; draws nothing.

Its seats are players (`demos.viewer_match`), its agents those of a `Cast`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pygame

from agents.stages import Gone
from demos.clockwork import Clockwork
from demos.phases import TOAST, Message
from demos.viewer_keys import command_of, typed
from demos.viewer_match import Match
from demos.viewer_tally import Result, Tally
from demos.watch_cast import Cast, Entrant

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
HOLD = 1.5  # s that the end of a game is shown before the next begins
PANELS = range(1, 9)
LONGEST_SEED = 9  # digits


@dataclass
class Side:
    """A game and who is watched in it."""

    match: Match
    entrant: Entrant


class Viewer:
    """What is watched, and how.

    Args:
        cast: who plays, in which world.
        seed: of the first game; each has the next one.
        games: after how many it ends by itself; None is never.
        panels: whether they are shown at first.
        hold: s that the end of a game is shown.
    """

    def __init__(
        self,
        cast: Cast,
        seed: int = 0,
        games: int | None = None,
        panels: bool = True,
        hold: float = HOLD,
    ) -> None:
        self.cast, self.world, self.seed, self.games = cast, cast.world, seed, games
        self.main = Side(cast.match(), cast.entrants[cast.at])
        self.ghost: Side | None = None
        self.clockwork = Clockwork(self.world.tick)
        self.speed, self.hold = 1.0, hold
        self.playing, self.over, self.helping = True, False, False
        self.typing: str | None = None  # digits of a seed so far
        self.panels = set(PANELS) if panels else set[int]()
        self._hidden = set(PANELS) - self.panels
        self.message: Message | None = None
        self._ended: set[int] = set()  # seeds of games that came to their end
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.thinking: deque[float] = deque(maxlen=200)  # s a decision took, of the last ones
        # What only a window can do is asked for here, and done by whoever runs it.
        self.wants_photograph, self.wants_video, self.filming = False, False, False
        self.frame: tuple[int, int, int] | None = (
            None  # around the game, where it matters who drives
        )
        self._following = cast.live  # the newest checkpoint
        self._next_game = float("inf")  # s
        self._incidents: list[str] = []  # of somebody else's environment, not yet shown
        guard = getattr(self.main.match.batch.world, "guard", None)
        if guard is not None:
            guard.listeners.append(lambda incident: self._incidents.append(str(incident)))
        self._begin(0.0)

    # -- what is shown ------------------------------------------------------------------------

    @property
    def sides(self) -> list[Side]:
        """The game, and the ghost's beside it if there is one."""
        return [self.main] if self.ghost is None else [self.main, self.ghost]

    @property
    def rival(self) -> str:
        """Whom games are won against; nobody in a game that people play together."""
        if self.ghost is not None:
            return self.ghost.entrant.name
        return self.cast.partner_name if self.cast.rivals else ""

    @property
    def tally(self) -> Tally:
        """The games of whom one watches now."""
        return self.tallies.setdefault((self.main.entrant.name, self.rival), Tally())

    @property
    def played(self) -> int:
        """How many games came to their end; one that is played again counts once."""
        return len(self._ended)

    @property
    def moment(self) -> tuple[int, ...]:
        """Changes whenever a game does."""
        return tuple(side.match.moment for side in self.sides)

    @property
    def ended(self) -> bool:
        """Whether all games that are shown are over."""
        return all(side.match.over for side in self.sides)

    @property
    def next_due(self) -> float:
        """When something has to happen next, s."""
        return min(self.clockwork.next_due, self._next_game)

    def say(self, words: str, now: float, warning: bool = False) -> None:
        """Show a sentence for a while."""
        self.message = Message(words, now + (2 if warning else 1) * TOAST, warning)

    # -- time ---------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Let time run from here."""
        self._run(now)

    def advance(self, now: float) -> None:
        """Do what is due."""
        if self.message is not None and now >= self.message.until:
            self.message = None
        for _ in self.clockwork.due(now):
            self._step(now)
            if self.ended:
                break
        while self._incidents:
            self.say(self._incidents.pop(), now, warning=True)
        if now >= self._next_game:
            self._next_game = float("inf")
            self.next_game(now)

    def _run(self, now: float) -> None:
        """Set the pace, or stand still."""
        self.clockwork = Clockwork(self.world.tick / self.speed)
        if self.playing and not self.ended:
            self.clockwork.start(now)

    def _step(self, now: float) -> None:
        for side in self.sides:
            if not side.match.over:
                side.match.step()
        self.thinking.append(self.main.match.thoughts[self.cast.seat].seconds)
        if self.ended:
            self._end(now)

    def _end(self, now: float) -> None:
        """A game came to its end: count it, show how it ended, then go on."""
        self.clockwork.stop()
        match, star = self.main.match, self.world.north_star
        rival = None
        if self.ghost is not None:
            rival = self.ghost.match.total(star, self.cast.seat)
        elif self.cast.rivals:
            others = [n for n in range(len(self.world.agents)) if n != self.cast.seat]
            rival = max(match.total(star, n) for n in others)
        score = float(match.score[self.cast.seat])
        mine = match.total(star, self.cast.seat)
        self.tally.add(Result(self.seed, mine, score, match.steps, rival))
        self._ended.add(self.seed)
        if self.playing:
            self._next_game = now + self.hold

    def _begin(self, now: float) -> None:
        """Begin the game of this seed; an agent that has gone is left out."""
        self._next_game = float("inf")
        while True:
            try:
                for side in self.sides:
                    side.match.players = self.cast.players(side.entrant, self.seed)
                break
            except Gone as gone:
                self.say(f"The checkpoint of {gone} is gone or torn: it is left out.", now, True)
                self._leave_out(str(gone))
        for side in self.sides:
            side.match.begin(self.seed)
        self._run(now)

    def _leave_out(self, name: str) -> None:
        self.cast.entrants = [e for e in self.cast.entrants if e.name != name]
        for side in self.sides:
            if side.entrant.name == name:
                side.entrant = self.cast.entrants[-1]

    def _swap_in(self, now: float) -> None:
        """Between games: the newest checkpoint of a run that is still training."""
        if not self._following:
            return
        newest = self.cast.newest()
        if newest is not None and newest.update != self.main.entrant.update:
            known = [e for e in self.cast.entrants if e.update != newest.update]
            self.cast.entrants = [*known, newest]
            self.main.entrant = newest
            self.say(f"Now {newest.name}.", now)

    # -- events -------------------------------------------------------------------------------

    def take(self, event: pygame.event.Event, now: float) -> None:
        """Heed one event."""
        if event.type == pygame.QUIT:
            self.over = True
        elif event.type == pygame.KEYDOWN and self.typing is not None:
            self._type(event, now)
        elif event.type == pygame.KEYDOWN:
            name, number = command_of(event)
            if number is not None:
                self.toggle(number)
            elif name:
                command: Callable[[float], None] = getattr(self, name)
                command(now)

    def _type(self, event: pygame.event.Event, now: float) -> None:
        """A seed is being typed."""
        key = pygame.key.name(event.key)
        if key in ("return", "enter"):
            text, self.typing = self.typing, None
            if text:
                self.seed = int(text)
                self._begin(now)
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
        self.panels, self._hidden = (set(), self.panels) if self.panels else (self._hidden, set())
        if not self.panels and not self._hidden:
            self.panels = set(PANELS)

    def pause_or_run(self, now: float) -> None:
        """Stand still, or go on."""
        self.playing = not self.playing
        if self.playing and self.ended:
            self.next_game(now)
        else:
            self._next_game = float("inf")
            self._run(now)

    def step_on(self, now: float) -> None:
        """One step, then stand still."""
        self._stand_still()
        if not self.ended:
            self._step(now)

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

    def _stand_still(self) -> None:
        self.playing, self._next_game = False, float("inf")
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
        self._run(now)

    def next_game(self, now: float) -> None:
        """The next seed; the last game asked for was the last."""
        if self.games is not None and self.played >= self.games:
            self.over = True
            return
        self._swap_in(now)
        self.seed += 1
        self._begin(now)

    def again(self, now: float) -> None:
        """The same seed from its beginning."""
        self._begin(now)

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
            self._following = self.cast.live and side.entrant is entrants[-1]
        self._begin(now)

    def _place(self, side: Side) -> int:
        names = [entrant.name for entrant in self.cast.entrants]
        return names.index(side.entrant.name) if side.entrant.name in names else -1

    def toggle_ghost(self, now: float) -> None:
        """Show another agent on the same seed beside this one, or no more."""
        if self.ghost is not None:
            self.ghost.match.close()
            self.ghost = None
            self._run(now)
            return
        entrants = self.cast.entrants
        other = entrants[0] if self._place(self.main) else entrants[-1]
        self.ghost = Side(self.cast.match(), other)
        self._begin(now)

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

    def close(self) -> None:
        """Close the games."""
        for side in self.sides:
            side.match.close()

    # -- what it came to ----------------------------------------------------------------------

    @property
    def decision(self) -> float:
        """Seconds that a decision took at the median of the last ones."""
        return float(np.median(self.thinking)) if self.thinking else 0.0

    def file_name(self, ending: str, folder: Path = Path()) -> Path:
        """A name for a picture or video of this moment that no file has yet."""
        name = self.world.id.removeprefix("gpo/").replace("/", "-").replace(":", "-")
        step = self.main.match.steps
        stem = f"watch-{name}-{self.main.entrant.name}-seed{self.seed}-step{step}".replace(" ", "")
        for k in range(1000):
            path = folder / (f"{stem}-{k}{ending}" if k else f"{stem}{ending}")
            if not path.exists():
                break
        return path
