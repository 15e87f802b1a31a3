"""One loop for every kind of session, and what a further kind takes: here one that labels numbers."""

import pygame
import pytest

from demos.window.loop import NAP, run
from demos.window.opening import Opening, open_session
from demos.window.pacing import SimulatedClock
from demos.window.script import Script
from demos.window.session import FRAME, STALE, Redraw, Session
from demos.window.signals import Stop
from demos.window.window import AppWindow
from environments.system.errors import UserError


class Labels:
    """Shows one number after another; the arrows say whether it is good, Backspace takes back."""

    next_due = float("inf")

    def __init__(self, numbers):
        self.numbers, self.labels, self.over = numbers, [], False
        self.drawn, self._redraw = 0, Redraw()

    @property
    def waits(self):
        return True

    def start(self, now):
        self.began = now

    def take(self, event, now):
        if event.type == pygame.QUIT:
            self.end(now)
        elif event.type == pygame.KEYDOWN:
            key = pygame.key.name(event.key)
            if key in ("left", "right"):
                self.labels.append(key == "right")
            elif key == "backspace":
                self.labels = self.labels[:-1]
            if len(self.labels) == len(self.numbers):
                self.end(now)

    def advance(self, now):
        """Nothing happens by itself."""

    def draw(self, window, now):
        if self._redraw.due(len(self.labels), now):
            window.surface.fill((self.numbers[min(len(self.labels), len(self.numbers) - 1)], 0, 0))
            window.show()
            self.drawn += 1

    def end(self, now, insist=False):
        self.over = True


def keys(tmp_path, text):
    path = tmp_path / "keys.toml"
    path.write_text(text)
    return path


THREE = """
event = [
    {at = 0.1, press = "right"},
    {at = 0.2, press = "right"},
    {at = 0.3, press = "backspace"},
    {at = 0.4, press = "left"},
    {at = 0.5, press = "right"},
    {at = 0.6, press = "right"},
]
"""


def test_a_further_kind_of_session_runs_through_the_same_loop(tmp_path):
    opening = Opening("label", headless=True, script=keys(tmp_path, THREE))
    with open_session(opening, lambda: [10, 20, 30]) as opened:
        assert opened.ready is not None
        session = Labels(opened.ready)
        checked: Session = session  # the protocol is all of it
        opened.run(checked)
        assert opened.code == 0
    assert session.labels == [True, False, True]
    assert session.drawn == 6, "once at first, then with each label that was changed"
    assert opened.clock.now() == pytest.approx(0.5, abs=2 * NAP), "it was over with the third label"


def test_a_session_that_waits_ends_with_its_script_only_without_a_window(tmp_path):
    class ManyRounds(Stop):
        rounds = 0

        def noticed(self):
            self.rounds += 1
            return self.rounds > 30

    script = keys(tmp_path, 'event = [{at = 0.0, press = "right"}]')
    with AppWindow("label", headless=True) as window:
        for headless in (True, False):
            window.headless = headless
            session, stop = Labels([1, 2]), ManyRounds()
            run(window, session, SimulatedClock(), stop, Script.read(script))
            assert (session.over, session.labels) == (True, [True])
            assert (stop.rounds > 30) is not headless, "with a window only the signal ended it"
        window.headless = True


class Due(Labels):
    """Something happens at moments of its own, which it notes."""

    def __init__(self, moments):
        super().__init__([0])
        self.moments, self.happened = list(moments), []

        self.next_due = self.moments[0]

    def advance(self, now):
        while self.moments and now >= self.moments[0]:
            self.happened.append((self.moments.pop(0), now))
        self.over = not self.moments
        self.next_due = self.moments[0] if self.moments else float("inf")


def test_the_loop_is_there_when_something_is_due_and_never_naps_longer_than_a_press_may_wait():
    class Waits(SimulatedClock):
        longest = 0.0

        def wait(self, until):
            self.longest = max(self.longest, until - self.now())
            super().wait(until)

    clock, session = Waits(), Due([0.001, 0.0015, 0.5, 0.5 + 1 / 240])
    with AppWindow("due", headless=True) as window:
        run(window, session, clock, Stop())
    assert all(now == due for due, now in session.happened), session.happened
    assert clock.longest <= NAP + 1e-12


def test_a_picture_is_due_when_it_changes_not_faster_than_frames_and_anew_after_a_while():
    redraw = Redraw()
    assert redraw.due("a", 0.0)
    assert not redraw.due("b", FRAME - 2e-3), "changed, but too soon"
    assert redraw.due("b", FRAME)
    assert not redraw.due("b", FRAME + STALE - 1e-6), "the same picture, not stale yet"
    assert redraw.due("b", FRAME + STALE + 1e-9)


def test_a_bad_script_is_said_before_anything_is_made_ready(tmp_path):
    opening = Opening("label", headless=True, script=keys(tmp_path, "event = 3"))
    made = []
    refused = pytest.raises(UserError, match=r"must be a list of \[\[event\]\]")
    with refused, open_session(opening, lambda: made.append(1)):
        pass
    assert not made
    assert not pygame.display.get_init()
