"""How evenly a game steps at 60 Hz while it is drawn and recorded."""

import time

import numpy as np
import pytest

from demos.clockwork import RealClock
from demos.loop import Painter, run
from demos.phases import Phase
from demos.scenery import Scenery
from demos.stage import Stage
from demos.stopping import Stop
from tests.demos.sessions import Session

SECONDS, HERTZ = 20, 60


def bare_p99() -> float:
    """What the machine itself does to a loop that only sleeps, in ms at p99."""
    due, seen = time.monotonic(), []
    for _ in range(5 * HERTZ):
        due += 1 / HERTZ
        time.sleep(max(due - time.monotonic(), 0))
        seen.append(time.monotonic())
    return float(np.percentile(np.abs(np.diff(seen) * 1000 - 1000 / HERTZ), 99))


@pytest.mark.bench
@pytest.mark.parametrize("size", [(1024, 720), (1920, 1080)])
def test_ticks_come_evenly(tmp_path, size):
    steps, bare = SECONDS * HERTZ, bare_p99()
    with (
        Session(tmp_path, fps=HERTZ, options={"horizon": steps}) as session,
        Stage("jitter", size, headless=True) as stage,
    ):
        recorder = session.recorder
        clock = recorder.clock = RealClock()
        session.down("up")
        recorder.go_on(clock.now())
        painter = Painter(stage, Scenery(session.ready.world, session.ready.game.batch), {})
        painter.watched = True  # every picture is drawn, although nobody sees it

        class UntilCard(Stop):
            def noticed(self):
                return recorder.phase is Phase.CARD

        run(stage, recorder, painter, clock, UntilCard())
        (episode,) = session.dataset.load_all()
        late = recorder.clockwork.late + recorder.clockwork.skipped
    gaps = np.diff(episode.capture_times) / 1e6  # ms
    off = np.abs(gaps - 1000 / HERTZ)
    p50, p99, worst = np.percentile(off, [50, 99, 100])
    print(
        f"\n{size[0]}x{size[1]}: {len(episode)} steps at {HERTZ} Hz, off by {p50:.2f} ms at the median, "
        f"{p99:.2f} ms at p99, {worst:.2f} ms at worst; {late} late (a loop that only sleeps: "
        f"{bare:.2f} ms at p99)"
    )
    assert len(episode) == steps
    assert bare <= 1.0, f"The machine is not idle: a loop that only sleeps is off by {bare:.1f} ms."
    assert p99 <= 2.0
