"""A world that is made ready has nothing left to compile, and says what it waits for."""

import time

import numpy as np
import pytest

from demos.sessions.game.game import Game
from environments.catalog import make_batch, make_world
from environments.system.errors import UserError
from environments.warmup import warm_up


def compiled(loop):
    """How many kinds of arguments a loop is compiled for."""
    return len(loop.signatures)


@pytest.mark.parametrize("world_id", ["gpo/Balance-v0", "gpo/Duel-v0"])
def test_nothing_is_left_to_compile_when_play_begins(world_id):
    world = make_world(world_id)
    warm_up(world, print)
    loops = world.kernels.reset, world.kernels.step
    assert [compiled(loop) for loop in loops] == [1, 1]
    batch = make_batch(world, 5, restart=False)
    batch.step(batch.actions)
    assert [compiled(loop) for loop in loops] == [1, 1]


def test_a_game_of_a_person_has_its_step_compiled_before_it_begins():
    world = make_world("gpo/Balance-v0")
    game = Game(world)
    assert compiled(world.kernels.step) == 1
    game.begin(3)
    assert game.batch.state["tick"][0] == 0
    begun = game.batch.state.copy()
    assert np.array_equal(begun, make_batch("gpo/Balance-v0", 1, seed=3).state)


def test_what_takes_long_is_said_and_what_does_not_is_not(monkeypatch):
    world = make_world("gpo/Balance-v0")
    said: list[str] = []
    warm_up(world, said.append)
    warm_up(world, said.append)
    monkeypatch.setattr("environments.warmup.PATIENCE", 0.01)
    told = len(said)

    def slow(*given, **keywords):
        time.sleep(0.1)
        return make_batch(*given, **keywords)

    monkeypatch.setattr("environments.warmup.make_batch", slow)
    warm_up(world, said.append)
    assert len(said) == told + 1
    assert said[-1].startswith("The first start of gpo/Balance-v0 compiles its physics")
    assert "done once" in said[-1]


def test_a_foreign_environment_is_left_alone_and_a_missing_shield_is_said(monkeypatch):
    with pytest.raises(UserError, match="has no shield"):
        warm_up(make_world("gpo/Balance-v0"), print, shield=True)
    monkeypatch.setattr("environments.warmup.make_batch", None)
    warm_up(make_world("CartPole-v1"), print)
