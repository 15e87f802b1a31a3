"""`gpo run`: ticks, takeovers and a log that is kept, whatever ends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import gpo
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.sessions.run.options import RunOptions
from environments.files import trusted_code
from training.imitation.corrected_steps import read_corrections

CART = "tests.environments.support.arms:Cart"
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def known(monkeypatch, tmp_path):
    monkeypatch.setattr(trusted_code, "_file", lambda: tmp_path / "trusted.json")


def run(tmp_path, *words, world="gpo/Courier-v0", player="random"):
    where = ["--world", world, "--root", str(tmp_path)]
    return gpo.main(["run", player, *where, *words])


def script(tmp_path, text):
    path = tmp_path / "keys.toml"
    path.write_text(text)
    return ["--headless", "--script", str(path)]


def test_a_second_in_real_time_without_a_window(tmp_path, capsys):
    began = time.monotonic()
    assert run(tmp_path, "--headless", "--seconds", "1", "--hz", "50", "--rate", "0.05") == 0
    assert time.monotonic() - began >= 1
    said = capsys.readouterr().out
    assert "random drove gpo/Courier-v0 at 50 Hz: " in said
    assert "interventions of the shield" in said
    assert "1 episode kept in dataset courier-run." in said
    (episode,) = Store(tmp_path).open("courier-run").load_all()
    assert 25 <= len(episode) <= 50
    assert episode.truncated
    assert episode.meta["left"]
    assert episode.meta["control"] == {"hz": 50.0}
    assert episode.meta["tick"] == 0.02
    assert set(episode.actors) <= {Actor.AGENT, Actor.SHIELD}
    assert (episode.actors == Actor.SHIELD).any()
    assert np.diff(episode.capture_times).min() > 0
    assert gpo.main(["demos", "verify", "courier-run", "--root", str(tmp_path)]) == 0


def test_episodes_that_end_are_kept_and_the_next_begins(tmp_path):
    words = script(tmp_path, 'event = [{at = 500, press = "z"}]')
    code = run(tmp_path, *words, "--seconds", "2.5", "--seed", "7", world=CART)
    assert code == 0
    (name,) = Store(tmp_path).names()
    episodes = Store(tmp_path).open(name).load_all()
    assert [len(episode) for episode in episodes] == [20, 20, 10]
    assert [episode.seed for episode in episodes] == [7, 8, 9]
    assert [episode.meta.get("left", False) for episode in episodes] == [False, False, True]
    assert not any(episode.late.any() for episode in episodes)
    assert gpo.main(["demos", "verify", name, "--root", str(tmp_path)]) == 0


def test_a_person_takes_over_by_a_key_and_gives_back(tmp_path, capsys):
    words = script(tmp_path, 'event = [{at = 1.0, press = "up", seconds = 1.0}]')
    assert run(tmp_path, *words, "--seconds", "4", "--hz", "20", player="still") == 0
    assert "ticks driven by a person" in capsys.readouterr().out
    (episode,) = Store(tmp_path).open("courier-run").load_all()
    driven = np.flatnonzero(episode.actors == Actor.HUMAN)
    assert driven[0] in (20, 21)
    assert 18 <= len(driven) <= 30, "a second, and the moment after it"
    assert np.abs(episode.actions[driven[5]]).max() > 0.5
    assert (episode.actors[-20:] == Actor.AGENT).all()
    found = read_corrections(Store(tmp_path).open("courier-run"), doubt=0.5)
    assert 0 < found.corrected.sum() < len(driven), "the moment after it is no correction"
    assert found.trusted.sum() > 20


def test_escape_ends_it(tmp_path):
    words = script(tmp_path, 'event = [{at = 1.0, press = "escape"}]')
    assert run(tmp_path, *words, "--seconds", "60") == 0
    (episode,) = Store(tmp_path).open("courier-run").load_all()
    assert len(episode) < 30


def test_a_rate_and_a_function_of_ones_own_limit_what_is_done(tmp_path):
    words = script(tmp_path, 'event = [{at = 500, press = "z"}]')
    halve = ["--shield-by", "tests.environments.support.arms:halve", "--rate", "0.1"]
    assert run(tmp_path, *words, "--seconds", "0.9", *halve, world=CART) == 0
    (name,) = Store(tmp_path).names()
    (episode,) = Store(tmp_path).open(name).load_all()
    changes = np.abs(np.diff(episode.actions, axis=0, prepend=np.zeros((1, 2))))
    assert changes.max() < 0.1001
    assert np.abs(np.diff(episode.requested_actions, axis=0)).max() > 0.5
    assert (episode.actors == Actor.SHIELD).mean() > 0.5


def test_nothing_is_kept_where_that_is_not_wanted(tmp_path):
    assert run(tmp_path, "--headless", "--seconds", "0.2", "--no-log", world=CART) == 0
    assert Store(tmp_path).names() == []


def test_the_other_seats_are_played_and_recorded_too(tmp_path):
    words = script(tmp_path, 'event = [{at = 500, press = "z"}]')
    seat = ["--seat", "1", "--partner", "still"]
    assert run(tmp_path, *words, "--seconds", "3", *seat, world="gpo/Kitchen-v0") == 0
    episodes = Store(tmp_path).open("kitchen-cramped_room-run").load_all()
    assert len(episodes) == 2
    assert [episode.player for episode in episodes] == ["still", "random"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seat", "3"], "There is no seat 3"),
        (["--safe", "[5, 5]"], "is none of Box"),
        (["--safe", "halt"], "is no action"),
        (["--on-miss", "pray"], "is none of its values"),
        (["--hz", "0"], "--hz"),
        (["--shield-by", "nowhere.toml"], "There is no file"),
        (["--script", "nowhere.toml"], "There is no script"),
    ],
)
def test_what_cannot_be_driven_is_said_and_nothing_is_written(tmp_path, words, said, capsys):
    assert run(tmp_path, "--headless", "--seconds", "1", *words) == 2
    assert said in capsys.readouterr().err
    assert Store(tmp_path).names() == []


def test_a_player_of_any_world_needs_one(tmp_path, capsys):
    assert gpo.main(["run", "random", "--headless", "--root", str(tmp_path)]) == 2
    assert "say which with --world" in capsys.readouterr().err


def test_simulated_time_needs_an_end(tmp_path):
    keys = tmp_path / "keys.toml"
    keys.write_text("event = []")
    with pytest.raises(Exception, match="it would never end"):
        RunOptions("random", headless=True, script=keys).check()


def started(tmp_path):
    """A run in a process of its own, which drives already."""
    words = [sys.executable, str(ROOT / "gpo.py"), "run", "random", "--world", "gpo/Courier-v0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    process = subprocess.Popen(
        [*words, "--headless", "--root", str(tmp_path)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    journal = tmp_path / "courier-run" / "journal"
    for _ in range(600):
        if list((tmp_path / "courier-run").glob("journal*")) and size_of(tmp_path) > 20_000:
            break
        time.sleep(0.1)
    assert journal.parent.exists(), process.communicate(timeout=1)
    return process


def size_of(tmp_path):
    return sum(path.stat().st_size for path in (tmp_path / "courier-run").glob("journal*"))


def test_ctrl_c_ends_it_and_what_was_driven_is_kept(tmp_path):
    process = started(tmp_path)
    process.send_signal(signal.SIGINT)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert "1 episode kept" in said
    (episode,) = Store(tmp_path).open("courier-run").load_all()
    assert len(episode) > 10


@pytest.mark.battery("killed while driving")
def test_what_was_driven_before_a_kill_is_got_back_by_the_next_run(tmp_path, capsys):
    process = started(tmp_path)
    process.kill()
    process.communicate(timeout=60)
    assert len(Store(tmp_path).open("courier-run")) == 0
    assert run(tmp_path, "--headless", "--seconds", "0.3") == 0
    assert "gpo run: " in capsys.readouterr().out
    episodes = Store(tmp_path).open("courier-run").load_all()
    assert len(episodes) == 2
    assert len(episodes[0]) > 10
    assert episodes[0].meta["recovered"]
