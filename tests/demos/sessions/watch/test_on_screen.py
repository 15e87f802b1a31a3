"""The viewer's window on a screen: keys from outside take over, hand back, step, and change what is shown."""

import time

import pytest

from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.data.journal.journal import NAME as JOURNAL
from tests.demos.sessions.record.test_on_screen import Window, screen
from tests.demos.support.runs import small_run

__all__ = ["screen"]
pytestmark = pytest.mark.slow
DATASET = "kitchen-cramped_room-coach"


class WatchWindow(Window):
    """A `gpo watch` in a process of its own."""

    code = (
        "from demos.sessions.watch.command import watch_command as verb\n"
        "from demos.sessions.watch.options import WatchOptions as Options"
    )


def journals(window):
    return list(window.root.rglob(f"{JOURNAL}*"))


def test_somebody_watches_takes_over_and_ends(screen, tmp_path):
    run = small_run(tmp_path / "cooks", "gpo/Kitchen-v0")
    told = f"{str(run)!r}, seed=3, options={{'horizon': 400}}"
    window = WatchWindow(screen, tmp_path / "datasets", told)
    window.press_until("Right", "the first takeover", lambda: journals(window))
    time.sleep(1)  # s, so that the agent drives again
    window.xdotool("keydown", "t")
    time.sleep(1.2)
    window.xdotool("keyup", "t")
    time.sleep(0.8)
    for key in ("space", "comma", "comma", "period", "Left", "Right", "h", "Escape", "1", "Tab"):
        window.press(key)
        time.sleep(0.15)
    for key in ("g", "bracketright", "n", "Escape"):
        window.press(key)
        time.sleep(0.3)
    code, said = window.end()
    assert code == 0
    assert f"in dataset {DATASET}. Learn from them" in said
    first = Store(tmp_path / "datasets").open(DATASET).load_all()[0]
    driven = (first.actors == Actor.HUMAN).sum()
    assert driven >= 7, "T was held for a second: 8 steps"
    assert (first.actors == Actor.AGENT).sum() >= 3
    assert not journals(window)
