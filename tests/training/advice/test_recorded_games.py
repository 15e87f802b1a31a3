"""What recorded games say of those to come: their options, and whether the world still plays them so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from environments.catalog import make_batch, make_world
from environments.external.world import Declared, declare
from environments.recorded_worlds import described_world
from environments.system.errors import UserError
from training.advice.recorded_games import changed_physics, options_sentence, recorded_options
from training.pipeline.prepare import prepare
from training.run.recipe import Recipe

LEVELS = "tests.environments.support.namers:Levels"


def games(folder, name="games", levels=(2, 2), world=None):
    """A dataset of one game at each level."""
    world = world or make_world(LEVELS)
    store, player = Store(folder), RandomPlayer(world.action_space, 0)
    parts = [
        collect(store, f"part-{n}", world, [player], 1, seed=n, options=level_of(level))
        for n, level in enumerate(levels)
    ]
    with store.building_for(world, name) as dataset:
        dataset.append_many([part.load(0) for part in parts])
    return store.open(name)


def level_of(level):
    return {"horizon": 8} if level is None else {"level": level, "horizon": 8}


def recipe(folder, **world):
    told = {"world": {"id": LEVELS, **world}, "data": {"train": "games", "root": str(folder)}}
    return Recipe.model_validate(told)


def reward(world):
    """What the first step of a game brings: the level that it was begun with."""
    batch = make_batch(world, 1)
    batch.step(np.zeros((1, 1), np.int64))
    found = float(batch.reward[0, 0])
    batch.close()
    return found


@pytest.mark.parametrize(("given", "level"), [({}, 2), ({"options": {"level": 3}}, 3)])
def test_games_are_trained_with_the_options_of_the_recordings_or_of_the_recipe(
    tmp_path, given, level
):
    games(tmp_path)
    world, _ = prepare(recipe(tmp_path, **given))
    assert world.episode_options == {"level": level}
    assert reward(world) == level
    again = described_world(world.describe(), "An agent")
    assert reward(again) == level, "the agent file knows it"
    assert reward(declare(again, Declared(options={"level": 7}))) == 7
    assert again.fingerprint == make_world(LEVELS).fingerprint


def test_what_is_said_of_them_is_one_line(tmp_path):
    dataset = games(tmp_path)
    words = options_sentence(dataset, {})
    assert words.startswith("Games are played with level = 2, as those of dataset games were")
    assert options_sentence(dataset, {"level": 3}) == ""


@pytest.mark.parametrize("levels", [(1, 2), (2, None)])
def test_options_in_which_recordings_differ_are_not_guessed_but_said(tmp_path, levels):
    dataset = games(tmp_path, levels=levels)
    assert recorded_options(dataset)[0] == {}
    assert f"differ in level ({levels[0]}, {levels[1]})" in options_sentence(dataset, {})
    assert options_sentence(dataset, {"level": 1}) == ""


def test_the_horizon_has_a_setting_of_its_own(tmp_path):
    games(tmp_path)
    with pytest.raises(UserError, match="write it as `horizon` under"):
        prepare(recipe(tmp_path, options={"horizon": 9}))


def test_games_that_play_again_as_recorded_say_nothing(tmp_path):
    world = make_world(LEVELS)
    assert changed_physics(world, games(tmp_path, world=world)) == ""
    with_defaults = replace(world, episode_options={"level": 5})
    assert changed_physics(with_defaults, Store(tmp_path).open("games")) == ""


def test_physics_that_have_changed_are_said(tmp_path):
    dataset = games(tmp_path, levels=(2, 2, 2, 2))
    changed = make_world(LEVELS, pace=3)
    words = changed_physics(changed, dataset)
    assert words.startswith("Of 3 recorded games 3 play otherwise in today's")
    assert "episode 0 in step 1" in words
    assert "gpo demos verify games" in words


def test_an_environment_that_never_repeats_itself_is_not_blamed(tmp_path):
    dataset = games(tmp_path)
    assert changed_physics(make_world(LEVELS, chance=True), dataset) == ""


def test_long_games_are_not_played_again(tmp_path, monkeypatch):
    dataset = games(tmp_path)
    monkeypatch.setattr("training.advice.recorded_games.STEPS", 10)
    assert changed_physics(make_world(LEVELS, pace=3), dataset) == ""


@pytest.mark.parametrize(
    ("params", "version"), [({}, 0), ({"version": "1.2"}, "1.2"), ({"noted": 3}, 3)]
)
def test_an_environment_may_say_which_version_it_is(tmp_path, params, version):
    assert make_world(LEVELS, **params).version == version


def test_what_was_recorded_before_a_version_was_declared_goes_on_to_be_used(tmp_path):
    dataset = games(tmp_path)
    declares = replace(make_world(LEVELS), version="1.2")
    dataset.require_world(declares)
    with pytest.raises(UserError, match=r"before .* said which version"):
        dataset.require_columns(declares)
