"""Actions that stand one row off are seen without a replay."""

from dataclasses import replace

import numpy as np
import pytest
from gymnasium import spaces

import gpo
from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.inspection.alignment import Alignment, alignment_of, as_numbers, offset_errors
from environments.catalog import make_world
from environments.external.trial.trial import try_here
from tests.training.support.toys import Leaning


@pytest.fixture(autouse=True)
def _tried_in_this_process(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


def rolled(episode, rows: int, **facts):
    moved = np.roll(episode.actions, rows, axis=0)
    return replace(episode, actions=moved, requested_actions=moved, **facts)


def recorded(tmp_path, world_id="CartPole-v1", player=None, episodes=12) -> Store:
    store, world = Store(tmp_path / "d"), make_world(world_id)
    player = player or RandomPlayer(world.action_space, 0)
    collect(store, "x", world, [player], episodes, options={"horizon": 80})
    return store


@pytest.mark.parametrize(
    ("world", "player"),
    [("CartPole-v1", None), ("CartPole-v1", Leaning(0.2)), ("Pendulum-v1", None)],
)
@pytest.mark.parametrize(("rows", "word"), [(-1, "early"), (0, ""), (1, "late")])
def test_the_right_row_is_found(tmp_path, world, player, rows, word):
    dataset = recorded(tmp_path, world, player).open("x")
    episodes = [rolled(episode, rows) for episode in dataset.load_all()]
    errors = offset_errors(episodes, dataset.revision.action_space)
    assert errors is not None
    found = Alignment(tuple(range(len(episodes))), errors)
    assert found.offset == rows
    assert (f"one step too {word}" in found.sentence) if word else not found.sentence


def test_single_episodes_are_named(tmp_path):
    dataset = recorded(tmp_path).open("x")
    episodes = [rolled(e, 1 if n == 4 else 0) for n, e in enumerate(dataset.load_all())]
    errors = offset_errors(episodes, dataset.revision.action_space)
    assert errors is not None
    found = Alignment(tuple(range(len(episodes))), errors)
    assert found.offset == 0
    assert found.shifted(0.8) == {4: 1}
    assert found.sentence.endswith("in 1 episodes: 4 (late).")


def test_units_change_nothing(tmp_path):
    dataset = recorded(tmp_path, "Pendulum-v1").open("x")
    plain = dataset.load_all()
    unit = np.array([1e4, 1e-3, 50.0], np.float32)
    scaled = [replace(e, observations=e.observations * unit + 7) for e in plain]
    space = dataset.revision.action_space
    found, wanted = offset_errors(scaled, space), offset_errors(plain, space)
    assert found is not None
    assert wanted is not None
    np.testing.assert_allclose(found, wanted, rtol=0.02)


def test_verify_says_it_where_no_seed_was_recorded(tmp_path, capsys):
    store = recorded(tmp_path)
    with store.building_for(make_world("CartPole-v1"), "off") as dataset:
        dataset.append_many([rolled(e, 1, seed=None) for e in store.open("x").load_all()])
    assert gpo.main(["demos", "verify", "off", "--root", str(tmp_path / "d")]) == 1
    said = capsys.readouterr().out.replace("\n", " ")
    assert "Every action seems to be recorded one step too late" in said
    assert "cannot be told" in said
    assert gpo.main(["demos", "verify", "x", "--root", str(tmp_path / "d")]) == 0
    assert "seems" not in capsys.readouterr().out


def test_too_little_tells_nothing(tmp_path):
    assert alignment_of(recorded(tmp_path, episodes=3).open("x")) is None


def test_what_never_changes_tells_nothing(tmp_path):
    episodes = recorded(tmp_path).open("x").load_all()
    still = [replace(e, observations=np.ones_like(e.observations)) for e in episodes]
    assert offset_errors(still, spaces.Discrete(2)) is None
    idle = [replace(e, actions=0 * e.actions, requested_actions=0 * e.actions) for e in episodes]
    assert offset_errors(idle, spaces.Box(-1, 1, ())) is None


def test_choices_are_one_column_each():
    found = as_numbers(np.array([[0, 2], [1, 0]]), spaces.MultiDiscrete([2, 3]))
    assert found.tolist() == [[1, 0, 0, 0, 1], [0, 1, 1, 0, 0]]
    assert as_numbers(np.array([1]), spaces.Discrete(2)).tolist() == [[0, 1]]
