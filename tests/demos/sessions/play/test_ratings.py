"""The table of games with agents: what it counts, with which intervals, and what it survives."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from agents.evaluation.statistics import mean_interval, share_interval
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor, Episode
from demos.sessions.game.match_recording import META
from demos.sessions.play.ratings import (
    FORMAT,
    NAME,
    RatedGame,
    Ratings,
    show_ratings,
    standings,
)
from environments.files.atomic import to_checked_json
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import create

ROOT = Path(__file__).resolve().parents[4]
ENTRY = RatedGame("d", "w", "ada", "rival", "a" * 64, "easy", "cook_0", 1.0, 2.0)
HORIZON = 4


def game(number, mine=1.0, theirs=2.0, steps=HORIZON, terminated=False, **told):
    """The two streams of a game in which the seats scored so much."""
    about = {
        "seat": "cook_0",
        "person": "ada",
        "agent": "rival",
        "sha256": "a" * 64,
        "level": "easy",
        "horizon": HORIZON,
        "coach": False,
        **told,
    }
    return [
        Episode(
            observations=np.zeros((steps + 1, 2, 3), np.float32),
            actions=np.zeros(steps, np.int64),
            rewards=np.zeros(steps, np.float32),
            terminated=terminated,
            truncated=not terminated,
            world="test/World-v0",
            fingerprint="abc",
            agent=agent,
            terms={"soup": np.full(steps, score / steps, np.float32)},
            costs={"waste": np.zeros(steps, np.float32)},
            actors=np.full(steps, Actor.AGENT if k else Actor.HUMAN, np.uint8),
            match=f"match-{number}",
            meta={META: about},
        )
        for k, (agent, score) in enumerate((("cook_0", mine), ("cook_1", theirs)))
    ]


@pytest.fixture
def dataset(tmp_path):
    return create(tmp_path)


def keep(dataset, *games):
    for streams in games:
        dataset.append_many(streams)


# ------------------------------------------------------------------ what it counts


def test_every_game_is_counted_once(dataset, tmp_path):
    ratings = Ratings(tmp_path)
    keep(dataset, game(0), game(1, mine=3.0))
    assert set(ratings.catch_up(dataset)) == {"match-0", "match-1"}
    before = ratings.path.stat().st_mtime_ns
    ratings.catch_up(dataset)
    assert ratings.path.stat().st_mtime_ns == before, "there was nothing new to write"
    keep(dataset, game(2))
    assert len(ratings.catch_up(dataset)) == 3
    (standing,) = standings(ratings.read().values()).values()
    assert (standing.games, standing.won, standing.drawn, standing.lost) == (3, 1, 0, 2)


def test_a_game_taken_back_is_gone_and_other_datasets_stay(dataset, tmp_path):
    ratings = Ratings(tmp_path)
    keep(dataset, game(0), game(1))
    other = create(tmp_path, "other")
    keep(other, game(7))
    ratings.catch_up(other)
    assert len(ratings.catch_up(dataset)) == 3
    dataset.take_back([2, 3])
    assert set(ratings.catch_up(dataset)) == {"match-0", "match-7"}


def test_what_is_no_game_with_agents_or_was_coached_is_left_out(dataset, tmp_path):
    plain = [replace(episode, meta={}) for episode in game(0)]
    keep(dataset, plain, game(1, coach=True))
    assert not Ratings(tmp_path).catch_up(dataset)


@pytest.mark.parametrize(
    ("steps", "terminated", "counted"), [(4, False, True), (2, True, True), (2, False, False)]
)
def test_only_games_that_came_to_their_end_count(dataset, tmp_path, steps, terminated, counted):
    keep(dataset, game(0, steps=steps, terminated=terminated))
    (entry,) = Ratings(tmp_path).catch_up(dataset).values()
    assert entry.counted is counted
    assert len(standings([entry])) == counted


def test_agents_are_told_apart_by_their_weights_and_levels():
    entries = [ENTRY, replace(ENTRY, level="hard"), replace(ENTRY, sha256="b" * 64), ENTRY]
    found = standings(entries)
    assert [standing.games for standing in found.values()] == [2, 1, 1]


def test_intervals_are_those_of_every_table(capsys):
    entries = {str(k): replace(ENTRY, star=star) for k, star in enumerate((1.0, 3.0, 5.0))}
    (standing,) = standings(entries.values()).values()
    assert (
        standing.star
        == mean_interval([1.0, 3.0, 5.0])
        == pytest.approx((3, -1.968, 7.968), abs=1e-3)
    )
    show_ratings(Console(width=120), entries, "soup", "w")
    said = capsys.readouterr().out
    share, low, high = share_interval(2, 3)
    assert f"{100 * share:.0f} % [{100 * low:.0f}, {100 * high:.0f}]" in said
    assert "2-0-1" in said
    assert "3 [-1.97, 7.97]" in said


def test_cooks_who_always_earn_the_same_have_nothing_to_win(capsys):
    entries = {str(k): replace(ENTRY, star=2.0) for k in range(3)}
    assert not next(iter(standings(entries.values()).values())).contested
    show_ratings(Console(width=120), entries, "soup", "w")
    assert "0-3-0" not in capsys.readouterr().out


# ------------------------------------------------------------------ what it survives


def test_a_damaged_table_is_one_sentence(dataset, tmp_path):
    ratings = Ratings(tmp_path)
    keep(dataset, game(0))
    ratings.catch_up(dataset)
    text = ratings.path.read_text().replace('"star": 1', '"star": 9')
    ratings.path.write_text(text)
    with pytest.raises(UserError, match="is damaged"):
        ratings.read()
    ratings.path.unlink()
    assert len(ratings.catch_up(dataset)) == 1


COUNT = """
import sys
from pathlib import Path
from demos.sessions.play.ratings import Ratings
from demos.data.dataset.store import Store
from tests.demos.sessions.play.test_ratings import game
root = Path(sys.argv[1])
dataset = Store(root).open(sys.argv[2])
for number in range(100000):
    dataset.append_many(game(number))
    Ratings(root).catch_up(dataset)
    if not number:
        print("go", flush=True)  # from here on something is counted, however slow the machine
"""


def test_it_survives_a_kill_in_the_middle(dataset, tmp_path):
    for attempt in range(3):
        name = dataset.name if attempt == 0 else f"games{attempt}"
        current = dataset if attempt == 0 else create(tmp_path, name)
        process = subprocess.Popen(
            [sys.executable, "-c", COUNT, str(tmp_path), name],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        time.sleep(0.2 + 0.05 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        ratings = Ratings(tmp_path)
        before = ratings.read()  # whole, whenever it was
        current = Store(tmp_path).open(name)
        matches = {current.episode_facts(number)["match"] for number in range(len(current))}
        counted = {match for match, entry in before.items() if entry.dataset == name}
        assert counted <= matches
        assert len(matches - counted) <= 1, "at most the game of that moment is uncounted"
        after = ratings.catch_up(current)
        assert {m for m, entry in after.items() if entry.dataset == name} == matches
        assert matches
    assert (tmp_path / NAME).is_file()


def test_ten_thousand_games_are_still_read(tmp_path):
    entry = {"dataset": "d", "world": "w", "person": "", "agent": "a", "sha256": "0", "level": "",
             "seat": "s", "star": 1.0, "rival": None, "counted": True}  # fmt: skip
    games = {f"m{number}": entry for number in range(10_000)}
    (tmp_path / NAME).write_bytes(to_checked_json({"format": FORMAT, "games": games}))
    assert len(Ratings(tmp_path).read()) == 10_000
