"""Action masks come with what is seen, from our own worlds and from those of others."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from agents.evaluation.games import play_games
from agents.players.player import RandomPlayer
from environments.catalog import make_batch, make_world
from environments.simulation.batch import Batch
from environments.simulation.observation_parts import flat_mask, parts_of_space
from environments.simulation.seating import Seating
from environments.simulation.world import module_world
from environments.system.errors import UserError
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support import native_doors

TOYS = "tests.environments.support.kind_toys"


@pytest.fixture(scope="module")
def doors():
    return module_world("toy/Doors", native_doors, native_doors.Params())


def test_a_world_of_our_own_writes_its_mask_after_what_is_seen(doors):
    assert doors.observation_space == native_doors.SPACE
    assert doors.mask_size == 3
    assert doors.describe()["parts"] == ["seen: vector [2]", "action_mask: mask [3]"]
    batch = Batch(doors, 20)
    for _ in range(7):
        masks = batch.observation[:, :, 2:]
        assert (masks.sum(2) == 2).all()
        assert (masks.argmin(2) == batch.state["shut"][:, None]).all()
        assert (batch.observation[:, :, 1] == 0.5).all()
        batch.step(masks.argmax(2))
        assert batch.terms.all()


def test_a_player_who_heeds_the_mask_finds_no_shut_door(doors):
    batch = Batch(doors, 50)
    games = play_games(batch, [RandomPlayer(doors.action_space, n, mask=3) for n in range(2)])
    assert (games.terms["open"] == 5).all()
    games = play_games(Batch(doors, 50), [RandomPlayer(doors.action_space, n) for n in range(2)])
    assert games.terms["open"].mean() < 4


@pytest.mark.parametrize("how", ["info", "method"])
def test_the_mask_of_a_foreign_environment_is_found(how):
    world = make_world(f"{TOYS}:Doors", how=how)
    assert world.mask_size == 4
    face = Sb3VecEnv(Seating(make_batch(world, 8)))
    seen: Any = face.reset()
    for _ in range(9):
        assert (seen[:, -4:].sum(1) == 2).all()
        assert np.allclose(seen[:, 0], (3 - seen[:, :-5:-1].argmax(1)) / 4)
        seen, reward, _, infos = face.step(seen[:, -4:].argmax(1))  # the other open door
        assert not reward.any()
    assert all(
        "terminal_observation" not in info or len(info["terminal_observation"]) == 5
        for info in infos
    )


def test_masks_of_several_parts_are_laid_end_to_end():
    assert flat_mask(([1, 0], np.array([True, True, False])), 5, "it").tolist() == [1, 0, 1, 1, 0]
    with pytest.raises(UserError, match="has 4 numbers; there are 5 choices"):
        flat_mask([1, 0, 1, 1], 5, "it")
    with pytest.raises(UserError, match="does not in every step"):
        flat_mask(None, 5, "it")


def test_worlds_without_masks_or_pictures_are_described_as_ever():
    for name in ("gpo/Balance-v0", "gpo/Kitchen-v0", "CartPole-v1"):
        world = make_world(name)
        assert world.parts == ()
        assert "parts" not in world.describe()


def test_parts_are_named_by_their_way_through_a_space():
    camera = spaces.Box(0, 255, (4, 4, 3), np.uint8)
    space = spaces.Dict(
        {"b": spaces.Tuple([camera, spaces.Discrete(3)]), "a": spaces.Box(0, 1, (2, 2))}
    )
    assert [str(part) for part in parts_of_space(space)] == [
        "a: vector [4]",
        "b.0: image [4, 4, 3]",
        "b.1: vector [3]",
    ]
    assert sum(part.size for part in parts_of_space(space)) == spaces.utils.flatdim(space)
