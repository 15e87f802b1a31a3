"""What a viewer shows: one game or two, whose time runs or stands still; it gets no keys and draws nothing.

Its seats are players (`demos.sessions.match.match`), its agents those of a `Cast`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agents.files.run_agents import CheckpointGone
from demos.data.episodes.episode import Actor
from demos.sessions.game.phases import TOAST, Message
from demos.sessions.match.cast import Cast, CastMember
from demos.sessions.match.driver import Driver
from demos.sessions.match.match import NOTHING, Match
from demos.sessions.match.tally import Result, Tally
from demos.window.pacing import NANOSECONDS, Pacer

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
HOLD = 1.5  # s that the end of a game is shown before the next begins
PANELS = range(1, 9)


@dataclass
class Side:
    """A game and who is watched in it."""

    match: Match
    entrant: CastMember


class WatchState:
    """What is watched, and how time passes in it.

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
        self.clockwork = Pacer(self.world.tick)
        self.speed, self.hold = 1.0, hold
        self.playing, self.over, self.helping = True, False, False
        self.typing: str | None = None  # digits of a seed so far
        self.panels = set(PANELS) if panels else set[int]()
        self.hidden = set(PANELS) - self.panels
        self.message: Message | None = None
        self._ended: set[int] = set()  # seeds of games that came to their end
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.thinking: deque[float] = deque(maxlen=200)  # s a decision took, of the last ones
        # What only a window can do is asked for here, and done by whoever runs it.
        self.wants_photograph, self.wants_video, self.filming = False, False, False
        self.no_hands = ""  # why nobody can take over, in a sentence
        self.wheel: Driver | None = None  # of a person who may take over, or plays
        self.following = cast.live  # the newest checkpoint
        self.next_at = float("inf")  # s
        self._incidents: list[str] = []  # of somebody else's environment, not yet shown
        guard = getattr(self.main.match.batch.world, "guard", None)
        if guard is not None:
            guard.listeners.append(lambda incident: self._incidents.append(str(incident)))
        self.begin(0.0)

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
        return min(self.clockwork.next_due, self.next_at)

    @property
    def driver(self) -> Actor | None:
        """Who drives the watched seat; None where nobody can take over."""
        return None if self.wheel is None else self.wheel.driver

    def sit_down(self, wheel: Driver) -> None:
        """Let a person take over, or play, from the game on that has just begun."""
        self.wheel = wheel
        wheel.begin(self.main.match)

    def say(self, words: str, now: float, warning: bool = False) -> None:
        """Show a sentence for a while."""
        self.message = Message(words, now + (2 if warning else 1) * TOAST, warning)

    # -- time ---------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Let time run from here."""
        self.run_on(now)

    def advance(self, now: float) -> None:
        """Do what is due."""
        if self.message is not None and now >= self.message.until:
            self.message = None
        clockwork = self.clockwork
        for late in clockwork.due(now):
            self.step(now, late)
            if self.ended or self.clockwork is not clockwork:
                break
        while self._incidents:
            self.say(self._incidents.pop(), now, warning=True)
        if now >= self.next_at:
            self.next_at = float("inf")
            self.next_game(now)

    def run_on(self, now: float) -> None:
        """Set the pace, or stand still, as it is now."""
        self.clockwork = Pacer(self.world.tick / self.speed)
        if self.playing and not self.ended:
            self.clockwork.start(now)

    def step(self, now: float, late: bool = False) -> None:
        """One step in every game that is not over."""
        wheel = None if self.main.match.over else self.wheel
        actions = NOTHING if wheel is None else wheel.actions()
        for side in self.sides:
            if not side.match.over:
                mine = side is self.main or self.cast.human in actions
                side.match.step(actions if mine else NOTHING)
        if wheel is not None:
            wheel.stepped(round(now * NANOSECONDS), late)
            self._heed(wheel, now)
        self.thinking.append(self.main.match.thoughts[self.cast.seat].seconds)
        if self.ended:
            self._end(now)

    def _heed(self, wheel: Driver, now: float) -> None:
        """What follows from who drives now."""
        if self.driver is Actor.HUMAN and self.speed > 1:  # nobody drives any faster
            self.speed = 1.0
            self.run_on(now)
        if wheel.keeper is not None and wheel.keeper.trouble:
            self.say(wheel.keeper.trouble, now, warning=True)
            wheel.keeper.trouble = ""

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
        handover = None if self.wheel is None else self.wheel.handover
        if handover is None or not handover.interventions:  # else it is not the agent's alone
            self.tally.add(Result(self.seed, mine, score, match.steps, rival))
        self._ended.add(self.seed)
        if self.playing:
            self.next_at = now + self.hold

    def begin(self, now: float) -> None:
        """Begin the game of this seed; an agent that has gone is left out."""
        self.next_at = float("inf")
        while True:
            try:
                for side in self.sides:
                    side.match.players = self.cast.players(side.entrant, self.seed)
                break
            except CheckpointGone as gone:
                self.say(f"The checkpoint of {gone} is gone or torn: it is left out.", now, True)
                self._leave_out(str(gone))
        for side in self.sides:
            side.match.begin(self.seed)
        if self.wheel is not None:
            self.wheel.begin(self.main.match)
        self.run_on(now)

    def _leave_out(self, name: str) -> None:
        self.cast.entrants = [e for e in self.cast.entrants if e.name != name]
        for side in self.sides:
            if side.entrant.name == name:
                side.entrant = self.cast.entrants[-1]

    def _swap_in(self, now: float) -> None:
        """Between games: the newest checkpoint of a run that is still training."""
        if not self.following:
            return
        newest = self.cast.newest()
        if newest is not None and newest.update != self.main.entrant.update:
            known = [e for e in self.cast.entrants if e.update != newest.update]
            self.cast.entrants = [*known, newest]
            self.main.entrant = newest
            self.say(f"Now {newest.name}.", now)

    def next_game(self, now: float) -> None:
        """The next seed; the last game asked for was the last."""
        if self.games is not None and self.played >= self.games:
            self.over = True
            return
        self._swap_in(now)
        self.seed += 1
        self.begin(now)

    def again(self, now: float) -> None:
        """The same seed from its beginning."""
        self.begin(now)

    def close(self) -> None:
        """Keep what a person has driven, and close the games."""
        if self.wheel is not None:
            self.wheel.let_go()
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
