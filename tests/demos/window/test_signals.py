"""Ctrl-C and SIGTERM: noted, heeded between two steps, and insisted on if nobody listens."""

import os
import signal
import threading
import time

import pytest

from demos.sessions.game.phases import Phase
from demos.sessions.record.painter import RecordPainter
from demos.window import signals as stopping
from demos.window.drawing.scenery import Scenery
from demos.window.loading_screen import wait_for
from demos.window.loop import run
from demos.window.pacing import RealClock
from demos.window.signals import Stopped, stoppable
from demos.window.window import AppWindow
from tests.demos.support.sessions import Session


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_noted_and_does_not_interrupt_who_listens(number, code):
    before = signal.getsignal(number)
    with stoppable() as stop:
        assert not stop.noticed()
        os.kill(os.getpid(), number)
        assert stop.noticed()
        assert stop.code == code
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(number) is before


def test_who_does_not_listen_is_interrupted(monkeypatch):
    monkeypatch.setattr(stopping, "PATIENCE", 0.05)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with stoppable(), pytest.raises(Stopped):
        threading.Event().wait(30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_session_that_is_told_to_stop_keeps_what_was_played(tmp_path, number):
    with (
        Session(tmp_path, "gpo/Balance-v0", fps=100) as session,
        AppWindow("test", (640, 480), headless=True) as stage,
    ):
        session.begin()
        clock = RealClock()
        session.recorder.clock = clock
        session.recorder.pacer.start(clock.now())
        game = session.ready.game

        def stop_soon() -> None:
            while game.steps < 3:
                time.sleep(0.002)
            os.kill(os.getpid(), number)

        threading.Thread(target=stop_soon, daemon=True).start()
        scenery = Scenery(game.world, game.batch)
        session.recorder.painter = RecordPainter(session.recorder, scenery, {})
        with stoppable() as stop:
            run(stage, session.recorder, clock, stop)
        assert stop.signal == number
        assert session.at(Phase.OVER)
        (episode,) = session.dataset.load_all()
    assert episode.aborted or episode.terminated
    assert len(episode) >= 3


def test_waiting_shows_a_window_and_hands_on_what_was_found_or_raised():
    with AppWindow("test", (640, 480), headless=True) as stage, stoppable() as stop:
        stage.headless = False  # as if somebody watched
        slow = threading.Event()
        assert wait_for(stage, lambda: slow.wait(0.1) or 5, "Wait", "for it", stop) == 5
        assert len({tuple(stage.surface.get_at((x, 240))) for x in range(0, 640, 4)}) > 2

        def fail() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            wait_for(stage, fail, "Wait", "for it", stop)
        os.kill(os.getpid(), signal.SIGINT)
        assert wait_for(stage, lambda: slow.wait(30), "Wait", "for it", stop) is None
        slow.set()
        stage.headless = True
