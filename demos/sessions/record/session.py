"""The recording session: title, countdown, play, card, and again; it gets events and draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pygame

from demos.data.journal.journal import DiskFull
from demos.sessions.game.phases import (
    COMMANDS,
    COUNTDOWN,
    RATINGS,
    RESERVED,
    RESUME,
    TOAST,
    UNFOCUSED,
    UNPLUGGED,
    Message,
    Phase,
)
from demos.sessions.game.recording import Recording
from demos.sessions.record.keeper import GameKeeper, told
from demos.window.controls.devices import Devices
from demos.window.pacing import Clock, Pacer
from demos.window.session import PaintedSession
from environments.system.errors import UserError


class RecordSession(PaintedSession):
    """Plays games and keeps them, as the keys of `demos.sessions.game.phases` say.

    Args:
        recording: plays and keeps the games.
        devices: what the people hold.
        clock: tells the time at which a step is captured.
        tick: s a step takes.
        seed: of the first game; each game has the next one.
        episodes: how many games to keep before the session ends by itself; None is no limit.
        limits: of costs by name; they are only shown.
        changed: called when a game was kept or taken back.
    """

    def __init__(
        self,
        recording: Recording,
        devices: Devices,
        clock: Clock,
        tick: float,
        *,
        seed: int = 0,
        episodes: int | None = None,
        limits: Mapping[str, float] | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.recording, self.game, self.devices = recording, recording.game, devices
        self.keeper, self._changed = GameKeeper(recording), changed
        self.clock, self.pacer = clock, Pacer(tick)
        self.limits = dict(limits or {})
        self.phase, self.reason = Phase.TITLE, ""  # why it is paused, or why the game ended
        self.message: Message | None = None
        self.aim = ""  # whom one plays, and what score is to be beaten, in a few words
        self.rating: int | None = None  # of this game
        self.marks = 0  # in this game
        self.area = pygame.Rect(0, 0, 1, 1)  # where the game is drawn, for the pointer
        self._seed, self._episodes = seed, episodes
        self._go_at = 0.0  # s, when the countdown ends
        self._finish = False  # the next step is the last

    @property
    def over(self) -> bool:
        """Whether the session has ended."""
        return self.phase is Phase.OVER

    @property
    def next_due(self) -> float:
        """When something has to happen next, s."""
        return self._go_at if self.phase is Phase.COUNTDOWN else self.pacer.next_due

    @property
    def waits(self) -> bool:
        """Whether nothing happens until a person does something."""
        return self.phase in (Phase.TITLE, Phase.PAUSE, Phase.CARD)

    def countdown(self, now: float) -> float:
        """Seconds until it begins."""
        return max(self._go_at - now, 0.0)

    def advance(self, now: float) -> None:
        """Do what is due."""
        if self.message is not None and now >= self.message.until:
            self.message = None
        if self.phase is Phase.COUNTDOWN and now >= self._go_at:
            self.phase = Phase.PLAY
            self.devices.settle()
            self.pacer.start(self._go_at)
        for late in self.pacer.due(now):
            self._step(now, late)
            if self.phase is not Phase.PLAY:
                return

    def _step(self, now: float, late: bool = False) -> None:
        scene = self.devices.aim(self.area)
        try:
            self.recording.tick(self.devices.held, scene, self.clock.ns(), late, self._finish)
        except (DiskFull, OSError) as error:
            self._pause(
                self.keeper.refused(error)
            )  # it is in memory: only the person can make space
        if self.game.over or self._finish:
            self._end_game()

    def _end_game(self) -> None:
        self.reason = self.game.ending or "finished by you"
        self._finish = False
        self.pacer.stop()
        self.phase = Phase.CARD

    def take(self, event: pygame.event.Event, now: float) -> None:
        """Act on one event."""
        if event.type == pygame.QUIT:
            self.end(now)
        elif event.type == pygame.KEYDOWN and (name := pygame.key.name(event.key)) in RESERVED:
            self._command(name, now)
        else:
            self._play(event, now)
        self._watch_pads(now)

    def say(self, words: str, now: float, warning: bool = False) -> None:
        """Show a sentence for a while; a warning stays until the next one."""
        self.message = Message(words, float("inf") if warning else now + TOAST, warning)

    def _command(self, name: str, now: float) -> None:
        if name in RATINGS:
            if self.recording.open:
                self.rating = RATINGS[name]
                if self.phase is not Phase.CARD:  # which shows it
                    self.say(f"Rated {self.rating} of 5.", now)
        elif name in COMMANDS:
            try:
                getattr(self, COMMANDS[name])(now)
            except (DiskFull, OSError) as error:
                self.say(self.keeper.refused(error), now, warning=True)

    def _play(self, event: pygame.event.Event, now: float) -> None:
        """What is no command goes to the devices; on the title it may also begin the game."""
        self.devices.take(event)
        if event.type == pygame.WINDOWFOCUSLOST:
            self._pause(UNFOCUSED)
        pressed = event.type == pygame.KEYDOWN and self.phase is Phase.PLAY
        if pressed and (useless := self.recording.unknown(pygame.key.name(event.key))):
            self.say(useless, now)
        begins = event.type == pygame.KEYDOWN and event.key == pygame.K_SPACE
        begins |= event.type == pygame.JOYBUTTONDOWN and event.button == 0
        if begins and self.phase is Phase.TITLE:
            self._command("return", now)

    def _watch_pads(self, now: float) -> None:
        """Pause while a pad that was in use is unplugged."""
        missing = self.recording.pads.intersection(self.devices.missing)
        if missing and self.phase in (Phase.PLAY, Phase.COUNTDOWN):
            self._pause(UNPLUGGED)
        elif not missing and self.phase is Phase.PAUSE and self.reason == UNPLUGGED:
            self._count_down(now, RESUME)

    def _pause(self, reason: str) -> None:
        """Stop where it is, with nothing held any more."""
        self.devices.release()
        if self.phase in (Phase.PLAY, Phase.COUNTDOWN):
            self.pacer.stop()
            self.phase, self.reason = Phase.PAUSE, reason

    def _count_down(self, now: float, seconds: float) -> None:
        self.phase, self._go_at = Phase.COUNTDOWN, now + seconds

    def go_on(self, now: float) -> None:
        """Begin; or finish the game; or keep what was finished and begin the next."""
        if self.phase is Phase.TITLE:
            self._begin(now)
        elif self.phase is Phase.PLAY:
            self._finish = True
        elif self.phase is Phase.PAUSE:
            self._finish = True
            self.phase = Phase.PLAY  # for one step, in which nothing is held
            self._step(now)
        elif self.phase is Phase.CARD:
            self._keep()
            if self._episodes is not None and len(self.keeper.kept) >= self._episodes:
                self.phase = Phase.OVER
            else:
                self._begin(now)

    def pause_or_resume(self, now: float) -> None:
        """Stop, or play on."""
        if self.phase in (Phase.PLAY, Phase.COUNTDOWN):
            self._pause("")
        elif self.phase is Phase.PAUSE and self.reason != UNPLUGGED:
            self.message = None
            self._count_down(now, RESUME)

    def discard(self, now: float) -> None:
        """Throw the game away and begin another."""
        if self.recording.open:
            self.keeper.discard()
            self._begin(now)

    def mark(self, now: float) -> None:
        """Mark this moment."""
        if self.phase in (Phase.PLAY, Phase.PAUSE):
            self.recording.mark()
            self.marks += 1
            self.say(f"Marked this moment ({self.marks}).", now)

    def take_back(self, now: float) -> None:
        """Undo the last game that was kept."""
        try:
            numbers = self.keeper.take_back()
        except UserError as problem:  # the session goes on: the person reads it in the window
            self.say(f"{problem}", now, warning=bool(self.keeper.kept))
            return
        self.say(f"Took back episode {told(numbers)}.", now)
        self._changed()

    def end(self, now: float, insist: bool = False) -> None:
        """End the session; an open game is kept as far as it was played.

        Where it cannot be kept, the person is asked to make space; a second `end` leaves it in its journal.
        """
        before = len(self.keeper.kept)
        if refused := self.keeper.close(self.rating, self.phase is Phase.CARD, insist):
            self._pause("")
            self.say(f"{refused} Esc again ends without it.", now, warning=True)
            return
        if len(self.keeper.kept) > before:
            self._changed()
        self.pacer.stop()
        self.phase = Phase.OVER

    def _begin(self, now: float) -> None:
        self.phase, self.rating, self.marks, self._finish = Phase.TITLE, None, 0, False
        self.pacer.forget()
        self.recording.begin(self._seed)
        self._seed += 1
        self.keeper.trouble = ""
        self._count_down(now, COUNTDOWN)

    def _keep(self) -> None:
        self.keeper.keep(self.rating)
        self.message = None
        self._changed()
