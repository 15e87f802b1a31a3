"""Edits of recordings: each a new revision, the old one whole, and every way back."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import minari
import numpy as np
import pytest

import gpo
from demos.cli.dataset_commands import show_history
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.history import Ancestry
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.editing.delete import delete, undelete, undo
from demos.data.editing.episode_filter import EpisodeFilter
from demos.data.editing.filter import filter_episodes
from demos.data.editing.merge_split import merge, split
from demos.data.editing.revise import editing
from demos.data.episodes.files import STEPS_FILE
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import assert_same, create, facts, make_episode

SIX = range(6)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A dataset `play` of six episodes, whose numbers are their seeds."""
    create(tmp_path).append_many([make_episode(number) for number in SIX])
    return Store(tmp_path)


def seeds(store: Store, name: str = "play") -> list[int | None]:
    return [episode.seed for episode in store.open(name).load_all()]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# ------------------------------------------------------------------ leaving out and going back


def test_deleting_makes_a_new_revision_of_links(store):
    before = bytes_of(store.open("play").folder / "revision-v0")
    said = delete(store, "play", [1, 3, 4])
    assert said == "revision-v1 of play: left out episodes 1, 3-4; 3 episodes left."
    dataset = store.open("play")
    assert dataset.revision.name == "revision-v1"
    assert seeds(store) == [0, 2, 5]
    assert bytes_of(dataset.folder / "revision-v0") == before, "nothing is rewritten in place"
    here, there = (
        dataset.data / "1" / STEPS_FILE,
        dataset.folder / "revision-v0/data/2" / STEPS_FILE,
    )
    assert here.samefile(there)
    assert [str(place) for place in Ancestry(dataset).chain(1)] == [
        "revision-v1/1",
        "revision-v0/2",
    ]


def test_minari_opens_every_revision(store):
    delete(store, "play", [0])
    folder = store.root / "play"
    for name, episodes in (("revision-v0", 6), ("revision-v1", 5)):
        opened = minari.MinariDataset(folder / name / "data")
        assert (opened.total_episodes, opened.total_steps) == (episodes, 7 * episodes)
        assert [len(episode) for episode in opened] == [7] * episodes


def test_what_was_left_out_comes_back_to_its_place(store):
    delete(store, "play", [1])
    delete(store, "play", [2, 3])  # 3 and 4 of the first
    undelete(store, "play", [3])
    assert seeds(store) == [0, 2, 4, 5]
    undelete(store, "play")
    assert seeds(store) == [0, 2, 3, 4, 5]
    undelete(store, "play")
    assert seeds(store) == [0, 1, 2, 3, 4, 5]
    with pytest.raises(UserError, match="Nothing was left out"):
        undelete(store, "play")
    for number, episode in enumerate(store.open("play").load_all()):
        assert_same(episode, make_episode(number))


def test_undo_goes_back_edit_by_edit(store):
    delete(store, "play", [0])
    delete(store, "play", [0])
    assert seeds(store) == [2, 3, 4, 5]
    undo(store, "play")
    assert seeds(store) == [1, 2, 3, 4, 5]
    undo(store, "play")
    assert seeds(store) == [0, 1, 2, 3, 4, 5]
    with pytest.raises(UserError, match="not been edited"):
        undo(store, "play")
    delete(store, "play", [5])
    assert store.open("play").revision.name == "revision-v3", "no name is used twice"


def test_undo_keeps_what_was_recorded_since(store):
    delete(store, "play", [0])
    delete(store, "play", [0])
    store.open("play").append(make_episode(7))
    undo(store, "play")
    assert seeds(store) == [1, 2, 3, 4, 5, 7]
    undelete(store, "play")
    assert seeds(store) == [0, 1, 2, 3, 4, 5, 7], "what was undone can still be taken from"
    undo(store, "play")
    undo(store, "play")
    assert seeds(store) == [0, 1, 2, 3, 4, 5, 7]


def test_a_damaged_episode_can_be_left_out(store):
    path = store.open("play").data / "2" / STEPS_FILE
    path.unlink()  # other links to it stay as they are
    path.write_bytes(b"broken")
    delete(store, "play", [2])
    assert seeds(store) == [0, 1, 3, 4, 5]
    assert store.open("play").check() == []


def test_a_recorder_that_opened_it_before_an_edit_writes_to_what_counts_now(store):
    opened = store.open("play")
    delete(store, "play", [0])
    assert opened.append(make_episode(8)) == 5
    assert seeds(store) == [1, 2, 3, 4, 5, 8]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda s: delete(s, "play", [6]), "has no episode 6: it holds 6"),
        (lambda s: delete(s, "play", []), "Say which"),
        (lambda s: delete(s, "play", SIX), "leave nothing"),
        (lambda s: delete(s, "plya", [1]), "did you mean play"),
        (lambda s: filter_episodes(s, "play", EpisodeFilter()), "Say which"),
        (
            lambda s: filter_episodes(s, "play", EpisodeFilter(max_cost={"waist": 1})),
            "mean 'waste'",
        ),
        (
            lambda s: filter_episodes(s, "play", EpisodeFilter(player=["Ada"])),
            "Nobody called 'Ada'",
        ),
        (lambda s: filter_episodes(s, "play", EpisodeFilter(min_steps=1)), "as wanted"),
        (lambda s: split(s, "play", 1.0), "between 0 and 1"),
        (lambda s: split(s, "play", 0.5, into=("play", "b")), "already a dataset play"),
        (lambda s: split(s, "play", 0.5, into=("b", "../b")), "cannot name a dataset"),
        (lambda s: merge(s, ["play", "play"], "b"), "at least two"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(store, edit, said):
    before = bytes_of(store.root)
    with pytest.raises(UserError, match=said):
        edit(store)
    assert bytes_of(store.root) == before


def test_an_edit_is_refused_while_somebody_records(store):
    with store.open("play").writing(), pytest.raises(UserError, match="being written"):
        delete(store, "play", [1])
    assert seeds(store) == [0, 1, 2, 3, 4, 5]


def test_without_links_files_are_copied(store, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr("demos.data.editing.revise.os.link", refuse)
    delete(store, "play", [0])
    assert seeds(store) == [1, 2, 3, 4, 5]
    assert (store.open("play").data / "0" / STEPS_FILE).stat().st_nlink == 1


# ------------------------------------------------------------------ a killed edit

KILLED = """
import os, signal, sys
from pathlib import Path
import demos.data.editing.revise
from demos.data.editing.delete import delete
from demos.data.dataset.store import DatasetSpec, Store
root, after = Path(sys.argv[1]), int(sys.argv[2])
left = after

def killing(function):
    def call(*arguments):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return function(*arguments)
    return call

for name in ("sync", "sync_all", "write_synced", "make_current", "write_revision"):
    setattr(demos.data.editing.revise, name, killing(getattr(demos.data.editing.revise, name)))
demos.data.editing.revise.os.link = killing(os.link)
delete(Store(root), "play", [1])
print("done")
"""


def test_a_killed_edit_leaves_the_old_revision_or_the_new_one(store):
    here, ended = Path(__file__).parents[4], 0
    for after in (0, 1, 5, 12, 20, 21, 22, 23, 24, 25, 40):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(store.root), str(after)],
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode in (0, -9), done.stderr
        if done.returncode == 0:
            ended += 1
            assert seeds(store) == [0, 2, 3, 4, 5]
            break
        assert store.open("play").revision.name == "revision-v0"
        assert seeds(store) == [0, 1, 2, 3, 4, 5]
    assert ended == 1, "the last one was to be left alone"
    with editing(store.open("play")) as dataset:
        assert not list(dataset.folder.glob(".building-*"))
    for number, episode in zip((0, 2, 3, 4, 5), store.open("play").load_all(), strict=True):
        assert_same(episode, make_episode(number))


# ------------------------------------------------------------------ filter


def rated(store: Store) -> None:
    changes: list[dict[str, Any]] = [
        {"meta": {"rating": 5}, "player": "Ada"},
        {"meta": {"rating": 2}, "player": "Bob"},
        {"late": np.ones(7, bool), "player": "Ada"},
    ]
    store.open("play").append_many([make_episode(10 + k, **c) for k, c in enumerate(changes)])


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (EpisodeFilter(rating=2), [10, 11]),
        (EpisodeFilter(rating=3), [10]),
        (EpisodeFilter(player=["Ada"]), [10, 12]),
        (EpisodeFilter(player=["Ada", "Bob"], max_late=0.9), [10, 11]),
        (EpisodeFilter(finished=True), [0, 1, 3, 4, 10, 12]),
    ],
)
def test_what_is_wanted_is_kept(store, wanted, kept):
    rated(store)
    filter_episodes(store, "play", wanted)
    assert seeds(store) == kept
    undelete(store, "play")
    assert seeds(store) == [*SIX, 10, 11, 12]


def test_limits_are_held_against_the_sums(store):
    episodes = store.open("play").load_all()
    returns = [float(episode.rewards.sum(dtype=float)) for episode in episodes]
    costs = [episode.total("waste") for episode in episodes]
    stars = [episode.total("soup") for episode in episodes]
    middle = float(np.median(returns)), float(np.median(costs)), float(np.median(stars))
    wanted = EpisodeFilter(min_return=middle[0])
    filter_episodes(store, "play", wanted)
    assert seeds(store) == [s for s, total in enumerate(returns) if total >= middle[0]]
    undo(store, "play")
    filter_episodes(store, "play", EpisodeFilter(max_cost={"waste": middle[1]}))
    assert seeds(store) == [s for s, total in enumerate(costs) if total <= middle[1]]
    undo(store, "play")
    filter_episodes(store, "play", EpisodeFilter(max_star=middle[2], max_return=1e9))
    assert seeds(store) == [s for s, total in enumerate(stars) if total <= middle[2]]


# ------------------------------------------------------------------ merge and split


def with_matches(root: Path, name: str, draws: range) -> Dataset:
    dataset = create(root, name)
    dataset.append_many(
        [make_episode(draw, match=f"game {draw // 2}", agent=f"cook_{draw % 2}") for draw in draws]
    )
    return dataset


def test_a_split_never_parts_a_match_and_merging_undoes_it(tmp_path):
    store = Store(tmp_path)
    with_matches(tmp_path, "games", range(20))
    split(store, "games", 0.7, seed=1, into=("most", "rest"))
    parts = [store.open(name).load_all() for name in ("most", "rest")]
    assert [len(part) for part in parts] == [14, 6]
    games = [{episode.match for episode in part} for part in parts]
    assert not games[0] & games[1]
    split(store, "games", 0.7, seed=1)
    assert seeds(store, "games-a") == seeds(store, "most"), "the same seed draws the same"
    merge(store, ["most", "rest"], "all")
    assert sorted(seeds(store, "all")) == list(range(20))  # type: ignore[type-var]
    origins = store.open("all").facts["edit"]["episodes"]
    assert origins[0] == "most/revision-v0/0"
    assert len(origins) == 20


def test_merging_takes_doubles_once_and_tells_games_of_one_name_apart(tmp_path):
    store = Store(tmp_path)
    with_matches(tmp_path, "a", range(4))
    with_matches(tmp_path, "b", range(2, 4)).append_many(
        [make_episode(9, match="game 0", agent="cook_0")]
    )
    said = merge(store, ["a", "b"], "both")
    assert "2 episodes that two of them held taken once; 5 episodes" in said
    assert [e.match for e in store.open("both").load_all()] == [
        *("game 0", "game 0", "game 1", "game 1"),
        "b:game 0",
    ]


def test_different_worlds_are_not_merged(store):
    told: dict[str, Any] = {**facts(), "fingerprint": "abd"}
    other = store.create("other", DatasetSpec(**told))
    other.append(make_episode(0, fingerprint="abd"))
    with pytest.raises(UserError, match=r"play \(here\) and other \(there\) cannot be merged"):
        merge(store, ["play", "other"], "both")
    assert "both" not in store.names()


# ------------------------------------------------------------------ what a person types


def test_the_verbs_do_what_they_say(store, capsys):
    root = ["--root", str(store.root)]
    assert gpo.main(["demos", "delete", "play", "0", "2-3", *root]) == 0
    assert "left out episodes 0, 2-3; 3 episodes left" in capsys.readouterr().out
    assert gpo.main(["demos", "undelete", "play", *root]) == 0
    assert gpo.main(["demos", "filter", "play", "--max-cost", "waste=1000", *root]) == 2
    assert gpo.main(["demos", "filter", "play", "--finished", *root]) == 0
    assert gpo.main(["demos", "undo", "play", *root]) == 0
    assert seeds(store) == [0, 1, 2, 3, 4, 5]
    assert gpo.main(["demos", "split", "play", "--share", "0.5", *root]) == 0
    assert gpo.main(["demos", "merge", "play-a", "play-b", "--into", "both", *root]) == 0
    assert gpo.main(["demos", "info", "both", *root]) == 0
    capsys.readouterr()
    assert gpo.main(["demos", "delete", "play", "9-8", *root]) == 2
    assert "'9-8' is neither a number" in capsys.readouterr().err


def test_the_log_tells_every_edit(store, capsys):
    delete(store, "play", [1])
    delete(store, "play", [1])
    undo(store, "play")
    show_history(store.root, "play")
    said = capsys.readouterr().out
    assert "* revision-v1" in said
    assert "- revision-v2" in said
    assert said.count("left out episode 1") == 2


def test_an_edited_dataset_can_be_copied(store, tmp_path):
    delete(store, "play", [1])
    shutil.copytree(store.root / "play", tmp_path / "elsewhere" / "play")
    assert seeds(Store(tmp_path / "elsewhere")) == [0, 2, 3, 4, 5]
