"""The state of what is watched: one game or two, whose time runs or stands still; no keys, no drawing.

Its seats are players (`demos.sessions.match.match`), its agents those of a `Cast`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.files.run_agents import CheckpointGone
from demos.data.episodes.episode import Actor
from demos.sessions.match.cast import Cast, CastMember
from demos.sessions.match.driver import Driver
from demos.sessions.match.match import NOTHING, Match
from demos.sessions.match.watch_display import PANELS, WatchDisplay
from demos.sessions.match.watch_pace import HOLD, WatchPace
from demos.sessions.match.watch_results import Result, Tally, WatchResults
from demos.window.pacing import NANOSECONDS


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
        self.pace = WatchPace(self.world.tick, hold)
        every = set(PANELS)
        self.display = WatchDisplay(every if panels else set(), set() if panels else every)
        self.results = WatchResults()
        self.over = False
        self.human: Driver | None = None  # the controls of a person who may take over, or plays
        self.no_takeover = ""  # why nobody can take over, in a sentence
        self.following = cast.live  # the newest checkpoint
        self._incidents: list[str] = []  # of an external environment, not yet shown
        guard = getattr(self.main.match.batch.world, "guard", None)
        if guard is not None:
            guard.listeners.append(lambda incident: self._incidents.append(str(incident)))
            guard.readers.append(self._incidents.append)
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
        return self.results.tally(self.main.entrant.name, self.rival)

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
        return self.pace.next_due

    @property
    def driver(self) -> Actor | None:
        """Who drives the watched seat; None where nobody can take over."""
        return None if self.human is None else self.human.driver

    def seat_human(self, human: Driver) -> None:
        """Let a person take over, or play, from the game on that has just begun."""
        self.human = human
        human.begin(self.main.match)

    # -- time ---------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Let time run from here."""
        self.run_on(now)

    def advance(self, now: float) -> None:
        """Do what is due."""
        self.display.expire(now)
        pacer = self.pace.pacer
        for late in pacer.due(now):
            self.step(now, late)
            if self.ended or self.pace.pacer is not pacer:
                break
        while self._incidents:
            self.display.say(self._incidents.pop(), now, warning=True)
        if self.pace.next_game_due(now):
            self.next_game(now)

    def run_on(self, now: float) -> None:
        """Set the pace, or stand still, as it is now."""
        self.pace.run_on(now, self.ended)

    def step(self, now: float, late: bool = False) -> None:
        """One step in every game that is not over."""
        human = None if self.main.match.over else self.human
        actions = NOTHING if human is None else human.actions()
        for side in self.sides:
            if not side.match.over:
                mine = side is self.main or self.cast.human in actions
                side.match.step(actions if mine else NOTHING)
        if human is not None:
            human.stepped(round(now * NANOSECONDS), late)
            self._after_human(human, now)
        self.results.decided(self.main.match.decisions[self.cast.seat].seconds)
        if self.ended:
            self._end_game(now)

    def _after_human(self, human: Driver, now: float) -> None:
        """What follows from who drives now."""
        if self.driver is Actor.HUMAN and self.pace.speed > 1:  # nobody drives any faster
            self.pace.speed = 1.0
            self.run_on(now)
        if human.corrections is not None and human.corrections.trouble:
            self.display.say(human.corrections.trouble, now, warning=True)
            human.corrections.trouble = ""

    def _end_game(self, now: float) -> None:
        """The games came to their end: count them, show how they ended, then go on."""
        self.pace.game_ended(now)
        match, star, seat = self.main.match, self.world.north_star, self.cast.seat
        rival = None
        if self.ghost is not None:
            rival = self.ghost.match.total(star, seat)
        elif self.cast.rivals:
            others = [n for n in range(len(self.world.agents)) if n != seat]
            rival = max(match.total(star, n) for n in others)
        takeover = None if self.human is None else self.human.takeover
        if takeover is None or not takeover.interventions:  # else it is not the agent's alone
            score = float(match.score[seat])
            result = Result(self.seed, match.total(star, seat), score, match.steps, rival)
            self.results.add(self.main.entrant.name, self.rival, result)
        self.results.ended(self.seed)

    def begin(self, now: float) -> None:
        """Begin the game of this seed; an agent that has gone is left out."""
        self.pace.next_at = float("inf")
        while True:
            try:
                for side in self.sides:
                    side.match.players = self.cast.players(side.entrant, self.seed)
                break
            except CheckpointGone as gone:
                words = f"The checkpoint of {gone} is gone or torn: it is left out."
                self.display.say(words, now, warning=True)
                self._leave_out(str(gone))
        for side in self.sides:
            side.match.begin(self.seed)
        if self.human is not None:
            self.human.begin(self.main.match)
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
            self.display.say(f"Now {newest.name}.", now)

    def next_game(self, now: float) -> None:
        """The next seed; the last game asked for was the last."""
        if self.games is not None and self.results.played >= self.games:
            self.over = True
            return
        self._swap_in(now)
        self.seed += 1
        self.begin(now)

    def close(self) -> None:
        """Keep what a person has driven, and close the games."""
        if self.human is not None:
            self.human.close()
        for side in self.sides:
            side.match.close()

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
