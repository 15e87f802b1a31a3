"""The published play of people comes in whole, checked, and only from the published bytes."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import demos.data.exchange.overcooked.files
import gpo
from demos.cli.dataset_commands import list_datasets
from demos.cli.import_command import import_overcooked
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.exchange.overcooked.files import data_folder, published_bytes, read_games
from demos.data.exchange.overcooked.importing import dataset_name, import_layouts, replay
from demos.data.inspection.report import show_dataset
from demos.data.inspection.summary import summarise
from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.system.errors import UserError

LAYOUT = "cramped_room"
NAME = dataset_name(LAYOUT, "train")


def quietly(_text: str, _part: float) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Both splits of one layout, imported."""
    store = Store(tmp_path_factory.mktemp("datasets"))
    import_layouts(store, [LAYOUT], quietly)
    return store


def test_every_recorded_game_is_there_from_both_seats(store):
    assert store.names() == [dataset_name(LAYOUT, "test"), NAME]
    summary = summarise(store.open(NAME))
    assert (summary.episodes, summary.matches, summary.steps) == (16, 8, 2 * 9564)
    assert 23 < summary.seconds / 60 < 25
    first, second = (store.open(NAME).load(number) for number in (0, 1))
    assert (first.agent, second.agent) == ("cook_0", "cook_1")
    assert first.match == second.match
    assert first.player != second.player
    assert first.truncated
    assert first.options == {"horizon": len(first)}


def test_the_people_earned_what_was_recorded(store):
    games = read_games(published_bytes("train"), [LAYOUT])[LAYOUT]
    dataset = store.open(NAME)
    for number, game in enumerate(games):
        for seat in range(2):
            episode = dataset.load(2 * number + seat)
            np.testing.assert_array_equal(episode.actions, game.actions[:, seat])
            np.testing.assert_array_equal(episode.terms["soup"] * 5, game.rewards)
            np.testing.assert_array_equal(episode.rewards, game.rewards * 4)
            np.testing.assert_array_equal(episode.capture_times, game.times)


def test_observations_are_what_the_kitchen_shows(store):
    dataset = store.open(NAME)
    streams = [dataset.load(number) for number in (0, 1)]
    world = make_world("gpo/Kitchen-v0", layout=LAYOUT)
    batch = Batch(world, 1, options=streams[0].options, restart=False)
    for step in range(len(streams[0])):
        for seat, episode in enumerate(streams):
            np.testing.assert_array_equal(batch.observation[0, seat], episode.observations[step])
        batch.step(np.array([[episode.actions[step] for episode in streams]]))


def test_a_second_import_leaves_everything_alone(store):
    stamps = {path: path.stat().st_mtime_ns for path in store.root.rglob("*.parquet")}
    results = import_layouts(store, [LAYOUT], quietly)
    assert [result.is_new for result in results] == [False, False]
    assert stamps == {path: path.stat().st_mtime_ns for path in store.root.rglob("*.parquet")}


def test_something_else_under_that_name_is_refused(tmp_path):
    store = Store(tmp_path)
    world = make_world("gpo/Kitchen-v0", layout="coordination_ring")
    store.create(
        NAME,
        DatasetSpec(
            world=world.id,
            fingerprint=world.fingerprint,
            world_description=world.describe(),
            observation_space=world.observation_space,
            action_space=world.action_space,
        ),
    )
    with pytest.raises(
        UserError, match=r"params\.layout: here cramped_room, there coordination_ring"
    ):
        import_layouts(store, [LAYOUT], quietly)


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, crater: Path) -> None:
        self.crater = crater

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.crater),)


def test_other_bytes_are_refused_before_they_are_unpickled(tmp_path, monkeypatch):
    for name in ("clean_train_trials.pickle", "clean_test_trials.pickle"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "crater")))
    monkeypatch.setattr(demos.data.exchange.overcooked.files, "data_folder", lambda: tmp_path)
    with pytest.raises(UserError, match="not the published file"):
        import_layouts(Store(tmp_path / "datasets"), [LAYOUT], quietly)
    assert not (tmp_path / "crater").exists()
    assert Store(tmp_path / "datasets").names() == []


def test_a_missing_package_says_what_to_type(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UserError, match="pip install --no-deps overcooked-ai"):
        data_folder()


def test_a_game_that_replays_otherwise_is_refused():
    world = make_world("gpo/Kitchen-v0", layout=LAYOUT)
    game = read_games(published_bytes("train"), [LAYOUT])[LAYOUT][0]
    game.actions[100:110] = 0
    with pytest.raises(UserError, match="rules have changed"):
        replay(world, [game])


def test_an_interrupted_import_leaves_whole_datasets_only(tmp_path):
    def interrupt(text: str, _part: float) -> None:
        if text.endswith("test"):
            raise KeyboardInterrupt

    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        import_layouts(store, [LAYOUT], interrupt)
    assert store.names() == [NAME]
    assert store.open(NAME).check() == []
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_the_commands_print_what_there_is(store, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    list_datasets(store.root)
    show_dataset(store.root, NAME)
    import_overcooked(store.root, [LAYOUT])
    printed = capsys.readouterr().out
    for words in ("19,128", "24.1", "17.5 soup", "north star", "1910.05789", "left as it is"):
        assert words in printed
    list_datasets(tmp_path / "nowhere")
    assert "gpo demos import overcooked" in capsys.readouterr().out


def test_the_command_line_imports_one_layout_and_takes_no_file(store, capsys):
    command = ["demos", "import", "overcooked", "--root", str(store.root), "--layout", LAYOUT]
    assert gpo.main(command) == 0
    assert "left as it is" in capsys.readouterr().out
    assert gpo.main([*command[:3], "games.pickle"]) == 2
    assert "takes only --layout" in capsys.readouterr().err


def test_an_unknown_layout_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(UserError, match="did you mean 'cramped_room'"):
        import_overcooked(tmp_path, ["cramped_rom"])
    assert list(tmp_path.iterdir()) == []
