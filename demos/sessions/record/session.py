"""A recording session: title, countdown, play, card, and again; it gets events and draws nothing."""

from __future__ import annotations

from collections.abc import Mapping

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
from demos.window.controls.devices import Devices
from demos.window.pacing import Clock, Pacer
from environments.system.errors import UserError
from environments.system.os_errors import os_sentence


class RecordSession:
    """The session.

    Args:
        recording: plays and keeps the games.
        devices: what the people hold.
        clock: tells the time at which a step is captured.
        tick: s a step takes.
        seed: of the first game; each game has the next one.
        episodes: how many games to keep before the session ends by itself; None is no limit.
        limits: of costs by name, for the eyes only.
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
    ) -> None:
        self.recording, self.game, self.devices = recording, recording.game, devices
        self.clock, self.clockwork = clock, Pacer(tick)
        self.limits = dict(limits or {})
        self.phase = Phase.TITLE
        self.message: Message | None = None
        self.reason = ""  # why it is paused, or why the game ended
        self.rating: int | None = None
        self.marks = 0
        self.kept: list[list[int]] = []  # numbers in the dataset, a list a game
        self.broken_off: list[int] = []  # of those, what was not played to an end
        self.discarded = 0
        self.left_open = False  # a game that could not be kept is in its journal
        self.trouble = ""  # why the last thing that should be kept is not, in a sentence
        self.lost = 0  # steps of a game that was left, for which the disk had no room
        self.area = pygame.Rect(0, 0, 1, 1)  # where the game is drawn, for the pointer
        self._seed, self._episodes = seed, episodes
        self._go_at = 0.0  # s, when the countdown ends
        self._finish = False  # the next step is the last

    # -- time -------------------------------------------------------------------------------

    @property
    def next_due(self) -> float:
        """When something has to happen next, s."""
        return self._go_at if self.phase is Phase.COUNTDOWN else self.clockwork.next_due

    @property
    def waits(self) -> bool:
        """Whether nothing happens until somebody does something."""
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
            self.clockwork.start(self._go_at)
        for late in self.clockwork.due(now):
            self._step(now, late)
            if self.phase is not Phase.PLAY:
                return

    def _step(self, now: float, late: bool = False) -> None:
        scene = self.devices.aim(self.area)
        try:
            self.recording.tick(self.devices.held, scene, self.clock.ns(), late, self._finish)
        except (DiskFull, OSError) as error:
            self._pause(
                self._refused(error)
            )  # the step is in memory: only the person can make space
        if self.game.over or self._finish:
            self._end_game()

    def _end_game(self) -> None:
        self.reason = "finished by you"
        if self.game.over:
            cut = self.game.batch.truncated[0]
            self.reason = "the time is up" if cut else "the game is over"
        self._finish = False
        self.clockwork.stop()
        self.phase = Phase.CARD

    # -- events -----------------------------------------------------------------------------

    def take(self, event: pygame.event.Event, now: float) -> None:
        """Heed one event."""
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
                self.say(self._refused(error), now, warning=True)

    def _play(self, event: pygame.event.Event, now: float) -> None:
        """What is no command goes to the devices; on the title it may also begin the game."""
        self.devices.take(event)
        if event.type == pygame.WINDOWFOCUSLOST:
            self._pause(UNFOCUSED)
        elif event.type == pygame.KEYDOWN and self.phase is Phase.PLAY:
            told = [p.controls.unknown(pygame.key.name(event.key)) for p in self.recording.people]
            if all(told):
                self.say(str(told[0]), now)
        begins = event.type == pygame.KEYDOWN and event.key == pygame.K_SPACE
        begins |= event.type == pygame.JOYBUTTONDOWN and event.button == 0
        if begins and self.phase is Phase.TITLE:
            self._command("return", now)

    def _watch_pads(self, now: float) -> None:
        """Pause while a pad that was in use is unplugged."""
        used = {
            p.controls.hands.pad for p in self.recording.people if p.controls.device == "gamepad"
        }
        missing = used & set(self.devices.missing)
        if missing and self.phase in (Phase.PLAY, Phase.COUNTDOWN):
            self._pause(UNPLUGGED)
        elif not missing and self.phase is Phase.PAUSE and self.reason == UNPLUGGED:
            self._count_down(now, RESUME)

    def _pause(self, reason: str) -> None:
        """Stop where it is, with nothing held any more."""
        self.devices.release()
        if self.phase in (Phase.PLAY, Phase.COUNTDOWN):
            self.clockwork.stop()
            self.phase, self.reason = Phase.PAUSE, reason

    def _count_down(self, now: float, seconds: float) -> None:
        self.phase, self._go_at = Phase.COUNTDOWN, now + seconds

    # -- commands ---------------------------------------------------------------------------

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
            if self._episodes is not None and len(self.kept) >= self._episodes:
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
        if not self.recording.open:
            return
        self.discarded += bool(self.game.steps)
        self.recording.discard()
        self._begin(now)

    def mark(self, now: float) -> None:
        """Mark this moment."""
        if self.phase in (Phase.PLAY, Phase.PAUSE):
            self.recording.mark()
            self.marks += 1
            self.say(f"Marked this moment ({self.marks}).", now)

    def take_back(self, now: float) -> None:
        """Undo the last game that was kept."""
        if not self.kept:
            self.say("Nothing was kept in this session that could be taken back.", now)
            return
        try:
            self.recording.dataset.take_back(self.kept[-1])
        except UserError as problem:  # the session goes on: the person reads it in the window
            self.say(f"{problem}", now, warning=True)
            return
        self.say(f"Took back episode {told(self.kept.pop())}.", now)

    def end(self, now: float, insist: bool = False) -> None:
        """End the session; an open game is kept as far as it was played.

        Where it cannot be kept, the person is asked to make space, and once more ends it all the same;
        it stays in its journal.
        """
        if self.recording.open and not self.game.steps:
            self.recording.discard()
        elif self.recording.open:
            played_out = self.phase is Phase.CARD
            try:
                self._keep()
            except (DiskFull, OSError) as error:
                refused = self._refused(error)
                if not insist and not self.left_open:
                    self.left_open = True
                    self._pause("")
                    self.say(f"{refused} Esc again ends without it.", now, warning=True)
                    return
                self.left_open = True
                self.lost = self.recording.leave()
            else:
                self.left_open = False
                self.broken_off += [] if played_out else self.kept[-1]
        self.clockwork.stop()
        self.phase = Phase.OVER

    def _begin(self, now: float) -> None:
        self.phase, self.rating, self.marks, self._finish = Phase.TITLE, None, 0, False
        self.clockwork.forget()
        self.recording.begin(self._seed)
        self._seed += 1
        self.trouble = ""
        self._count_down(now, COUNTDOWN)

    def _keep(self) -> None:
        self.kept.append(self.recording.keep(self.rating))
        self.message, self.trouble = None, ""

    def _refused(self, error: DiskFull | OSError) -> str:
        """What the disk refused, remembered until it takes something again."""
        self.trouble = str(error) if isinstance(error, UserError) else os_sentence(error)
        return self.trouble


def told(numbers: list[int]) -> str:
    """Episode numbers as people say them."""
    return " and ".join(str(number) for number in numbers)
