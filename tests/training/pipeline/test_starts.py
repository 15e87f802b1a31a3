"""Training games that begin in states of the recordings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from demos.collect.collect import collect
from demos.data.dataset.store import Store
from environments.catalog import make_world
from environments.external.batch import ExternalBatch
from environments.external.trial.trial import try_here
from environments.system.errors import UserError
from tests.training.support.toys import Leaning
from training.api import train
from training.pipeline.starts import (
    FIRST,
    DemonstrationStarts,
    demonstration_starts,
    require_starts,
    share_at,
)
from training.run.reporter import SilentReporter

POLE = "CartPole-v1"


@pytest.fixture(autouse=True)
def _tried_in_this_process(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


class Listening(SilentReporter):
    """Keeps what is said."""

    def __init__(self):
        self.said = []

    def say(self, sentence):
        self.said.append(sentence)


def recorded(folder, episodes=6) -> Store:
    store = Store(folder / "datasets")
    world = make_world(POLE)
    collect(store, "pole", world, [Leaning(careless=0.2)], episodes, options={"horizon": 60})
    return store


def recipe(folder, **world: Any) -> dict[str, Any]:
    return {
        "world": {"id": POLE, "horizon": 60, **world},
        "data": {"train": "pole", "root": str(folder / "datasets")},
        "clone": {"epochs": 2},
        "refine": {"steps": 1024, "games": 4, "judge": {"games": 2}},
        "evaluate": {"games": 2},
    }


def test_states_of_recordings_are_those_that_were_recorded(tmp_path):
    dataset = recorded(tmp_path).open("pole")
    starts = demonstration_starts(make_world(POLE), dataset)
    assert [len(states) for states in starts.states] == [len(e) for e in dataset.load_all()]
    for states, episode in zip(starts.states, dataset.load_all(), strict=True):
        rows = np.array([state["state"] for state in states])
        np.testing.assert_allclose(rows, episode.observations[:-1], atol=1e-5)


def test_only_states_near_the_recording_are_starts(tmp_path):
    store = recorded(tmp_path, 1)
    broken = store.open("pole").load(0)
    other = np.where(np.arange(len(broken)) < 10, broken.actions, 1 - broken.actions)
    broken = replace(broken, actions=other, requested_actions=other)
    with store.building_for(make_world(POLE), "broken") as dataset:
        dataset.append(broken)
    (states,) = demonstration_starts(make_world(POLE), store.open("broken")).states
    assert 10 < len(states) < len(broken)


def test_a_start_is_drawn_by_game_and_share():
    starts = DemonstrationStarts([[{"at": t} for t in range(100)]] * 2)
    drawn = [starts.draw(7, episode) for episode in range(200)]
    assert drawn == [starts.draw(7, episode) for episode in range(200)]
    places = [state["at"] for state in drawn]
    assert min(places) < 10
    assert max(places) > 90
    starts.share = 0.05
    assert min(starts.draw(7, episode)["at"] for episode in range(200)) >= 95
    starts.share = 0.0
    assert starts.draw(7, 0)["at"] == 99


def test_starts_move_from_the_end_to_the_beginning():
    assert share_at(0.0, 0.5) == FIRST
    assert share_at(0.25, 0.5) == 0.5
    assert share_at(0.5, 0.5) == share_at(0.9, 0.5) == 1
    assert share_at(0.0, 0.0) == 1


def test_training_begins_there_and_judging_does_not(tmp_path, monkeypatch):
    dataset = recorded(tmp_path).open("pole")
    seen = np.concatenate([e.observations[:-1] for e in dataset.load_all()])
    begun: dict[bool, list[np.ndarray]] = {True: [], False: []}
    begin = ExternalBatch._begin_games

    def watched(batch, orders):
        begin(batch, orders)
        games = [order.game for order in orders]
        begun[batch.starts is not None].append(np.array(batch.observation[games, 0]))

    monkeypatch.setattr(ExternalBatch, "_begin_games", watched)
    listening = Listening()
    how = recipe(tmp_path, start="demonstrations", reverse_until=0.5)
    train(how, tmp_path / "run", reporter=listening)
    assert any("Games begin in" in said and "6 of 6 recordings" in said for said in listening.said)
    here, elsewhere = (np.concatenate(begun[which]) for which in (True, False))
    gaps = np.abs(here[:, None] - seen[None]).max(axis=2).min(axis=1)
    assert len(here) > 10
    assert gaps.max() < 1e-5
    assert np.abs(here).max() > 0.05
    assert np.abs(elsewhere).max() <= 0.05 + 1e-6  # where a reset of CartPole puts it


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"start": "demonstrations", "id": "gpo/Balance-v0"}, "is for environments of others"),
        ({"reverse_until": 0.5}, r'it needs start = "demonstrations"'),
        ({"start": "end"}, "start"),
        ({"start": "demonstrations", "reverse_until": 2}, "reverse_until"),
    ],
)
def test_what_cannot_be_is_refused_before_training(tmp_path, changed, sentence):
    recorded(tmp_path, 4)
    with pytest.raises(UserError, match=sentence):
        train(recipe(tmp_path, **changed), tmp_path / "run")


def test_a_world_without_states_is_refused_in_a_sentence():
    with pytest.raises(
        UserError, match=r'start = "demonstrations": The states of .* cannot be read'
    ):
        require_starts(make_world("tests.environments.external.test_states:Closed"), True)
    with pytest.raises(UserError, match="needs recordings"):
        require_starts(make_world(POLE), False)


def test_recordings_that_do_not_play_again_are_no_starts(tmp_path):
    store = recorded(tmp_path, 1)
    lost = store.open("pole").load(0)
    lost = replace(lost, seed=None)
    with store.building_for(make_world(POLE), "lost") as dataset:
        dataset.append(lost)
    with pytest.raises(UserError, match=r"No state of dataset lost can be a start.* no seed"):
        demonstration_starts(make_world(POLE), store.open("lost"))
