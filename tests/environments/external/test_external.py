"""Foreign environments come in through one adapter and look like ours."""

import sys
from typing import Any

import gymnasium
import numpy as np
import pytest

from agents.players.player import RandomPlayer
from environments.catalog import make_batch, make_world
from environments.external.batch import external_batch
from environments.external.description import external_world
from environments.simulation.seating import Seating
from environments.system.errors import UserError
from environments.wrappers.gym_vector_env import GymVectorEnv
from environments.wrappers.sb3_vec_env import Sb3VecEnv

CORRIDOR = "tests.environments.support.foreign_toys:Corridor"
CAMERA = "tests.environments.support.foreign_toys:Camera"
KITCHEN = "environments.wrappers.pettingzoo_env:parallel_env"


@pytest.mark.parametrize("world_id", ["CartPole-v1", "Pendulum-v1", "Acrobot-v1"])
def test_a_gymnasium_id_steps_as_it_does_in_gymnasium(world_id):
    batch: Any = make_batch(world_id, 2, seed=4)
    games = [gymnasium.make(world_id) for _ in range(2)]
    first = np.stack([game.reset(seed=4 + b)[0] for b, game in enumerate(games)])
    assert np.array_equal(batch.observation[:, 0], first.astype(np.float32))
    games[0].action_space.seed(0)
    for _ in range(400):
        actions = [games[0].action_space.sample() for _ in games]
        batch.step(np.stack(actions)[:, None])
        for b, game in enumerate(games):
            seen, reward, terminated, truncated, _ = game.step(actions[b])
            assert batch.reward[b, 0] == np.float32(reward)
            assert (batch.terminated[b], batch.truncated[b]) == (terminated, truncated)
            if terminated or truncated:
                assert np.array_equal(batch.final_observation[b, 0], np.float32(seen))
                seen, _ = game.reset()
            assert np.array_equal(batch.observation[b, 0], np.float32(seen))
    assert batch.state["episode"].min() >= (0 if world_id == "Acrobot-v1" else 1)
    assert batch.world.north_star == "return"


def test_a_class_in_a_module_brings_its_terms_and_costs():
    batch: Any = make_batch(CORRIDOR, 2, length=3, weights={"return": 1.0, "forward": 2.0})
    assert list(batch.world.terms) == ["return", "forward", "effort"]
    assert list(batch.world.costs) == ["speed", "noise"]
    assert batch.world.tick == 0.1
    assert batch.observation.shape == (2, 1, 4 + 2)  # where it is, one of 4, and the wind
    batch.step(np.array([[[1, 2]], [[0, 0]]]))
    assert batch.terms[0, 0].tolist() == pytest.approx([0.8, 1.0, -0.2])
    assert batch.reward[:, 0].tolist() == pytest.approx([2.8, 0.0])
    assert batch.costs[0, 0].tolist() == [2.0, 0.5]
    batch.step(np.array([[[1, 0]], [[0, 0]]]))
    batch.step(np.array([[[1, 0]], [[0, 0]]]))
    assert batch.terminated.tolist() == [True, False]
    assert batch.final_observation[0, 0, :4].tolist() == [0, 0, 0, 1]
    assert batch.observation[0, 0, :4].tolist() == [1, 0, 0, 0]


def test_a_plain_cost_and_the_options_of_an_episode_are_understood():
    batch: Any = make_batch(CORRIDOR, 1, costs="plain", options={"start": 4, "horizon": 2})
    assert list(batch.world.costs) == ["cost"]
    assert batch.observation[0, 0, 4] == 1
    batch.step(np.zeros((1, 1, 2), int))
    assert batch.costs[0, 0].tolist() == [3.0]
    assert not batch.ended[0]
    batch.step(np.zeros((1, 1, 2), int))
    assert batch.truncated[0]
    assert not batch.terminated[0]


def test_pictures_stay_pictures_and_switches_switches():
    batch: Any = make_batch(CAMERA, 2)
    assert batch.observation.dtype == np.uint8
    assert batch.observation.shape == (2, 1, 8, 8, 3)
    batch.step(np.array([[[1, 0, 1]], [[0, 0, 0]]]))
    assert batch.reward[:, 0].tolist() == [2.0, 0.0]
    assert batch.observation[0, 0].max() == 2


@pytest.mark.parametrize("name", ["classic/rps_v2", "pettingzoo.classic:rps_v2"])
def test_a_pettingzoo_environment_is_a_batch_of_all_its_agents(name):
    batch: Any = make_batch(name, 3, max_cycles=4)
    assert batch.world.agents == ("player_0", "player_1")
    for step in range(4):
        batch.step(np.array([[0, 1], [1, 0], [2, 2]]))
        assert batch.reward.tolist() == [[-1, 1], [1, -1], [0, 0]]
        assert batch.truncated.all() == (step == 3)
    assert not batch.terminated.any()


TAKING = "tests.environments.support.kind_toys:Taking"
TICTACTOE = "pettingzoo.classic:tictactoe_v3"


def test_where_agents_take_turns_each_has_its_masks():
    batch: Any = make_batch(TICTACTOE, 1)
    assert [str(part) for part in batch.world.parts] == [
        "observation: vector [18]",
        "action_mask: mask [9]",
    ]
    assert batch.observation[0, :, -9:].tolist() == [[1] * 9, [0] * 9]
    batch.step(np.array([[4, 7]]))
    assert batch.observation[0, :, -9:].tolist() == [[0] * 9, [1, 1, 1, 1, 0, 1, 1, 1, 1]]
    for x, o in ((0, 0), (1, 0), (0, 3), (7, 0)):  # only whose turn it is acts
        batch.step(np.array([[x, o]]))
    assert batch.terminated.all()
    assert batch.presence.terminated.all()
    assert batch.reward.tolist() == [[1, -1]]


def test_an_illegal_move_is_replaced_and_told(caplog):
    batch: Any = make_batch(TICTACTOE, 1)
    batch.step(np.array([[0, 0]]))
    batch.step(np.array([[0, 0]]))  # taken already: the first free one is
    assert batch.actions[0].tolist() == [0, 1]
    assert batch.overruled.tolist() == [[False, True]]
    assert not batch.terminated.any(), "PettingZoo ends a game with an illegal move"
    assert "forbids 0" in caplog.text
    batch.step(np.array([[5, 0]]))
    assert not batch.overruled.any()


def test_players_at_random_heed_masks_of_every_kind():
    for acted in ("discrete", "multi-discrete"):
        world = make_world("tests.environments.support.kind_toys:Doors", actions=acted)
        batch: Any = make_batch(world, 8)
        player = RandomPlayer(world.action_space, 1, world.mask_size)
        for _ in range(9):
            batch.step(player.predict(batch.observation[:, 0])[0][:, None])
            assert not batch.overruled.any()
        assert not batch.incidents


@pytest.mark.parametrize("name", ["observation", "observations", "real_obs"])
def test_a_part_of_a_dict_called_action_mask_is_one(name):
    world = make_world(TAKING, name=name)
    assert [str(part) for part in world.parts] == [f"{name}: vector [2]", "action_mask: mask [3]"]
    batch: Any = make_batch(world, 1)
    seen = []
    for action in (0, 1, 2, 2):
        seen.append(batch.observation[0, 0, -3:].tolist())
        batch.step(np.array([[action]]))
        assert not batch.incidents
    assert seen == [[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize("params", [{"size": 4}, {"alone": True}])
def test_what_has_no_number_a_choice_is_seen_like_any_other(params):
    assert make_world(TAKING, **params).mask_size == 0


def test_our_own_kitchen_seen_through_the_adapter_is_our_own_kitchen():
    foreign = external_batch(KITCHEN, 2, seed=3, horizon=12, layout="coordination_ring")
    ours = make_batch(
        "gpo/Kitchen-v0", 2, seed=3, options={"horizon": 12}, layout="coordination_ring"
    )
    assert list(foreign.world.terms)[1:] == list(ours.world.terms)
    for actions in np.random.default_rng(0).integers(6, size=(40, 2, 2)):
        foreign.step(actions)
        ours.step(actions)
        assert np.array_equal(foreign.observation, ours.observation)
        assert np.array_equal(foreign.final_observation, ours.final_observation)
        assert np.array_equal(foreign.terms[:, :, 1:], ours.terms)
        assert np.array_equal(foreign.costs, ours.costs)
        assert np.array_equal(foreign.truncated, ours.truncated)


def test_faces_stand_on_foreign_worlds_too():
    face = Sb3VecEnv(Seating(make_batch("Pendulum-v1", 2)))
    face.reset()
    for _ in range(200):
        _, _, done, infos = face.step(np.zeros((2, 1), np.float32))
    assert done.all()
    assert infos[0]["TimeLimit.truncated"]
    assert infos[0]["episode"]["terms"]["return"] == pytest.approx(infos[0]["episode"]["r"])
    vector = GymVectorEnv(CORRIDOR, 2, render_mode=None)
    assert vector.reset(seed=0)[0].shape == (2, 8)


def test_the_fingerprint_names_the_keywords():
    assert make_world(CORRIDOR).fingerprint == make_world(CORRIDOR).fingerprint
    assert make_world(CORRIDOR).fingerprint != make_world(CORRIDOR, costs="plain").fingerprint


@pytest.mark.parametrize(
    ("world_id", "says"),
    [
        ("CartPol-v1", "did you mean 'CartPole-v1'"),
        ("gpo/Kitchin-v0", "did you mean 'gpo/Kitchen-v0'"),
        ("no.such.module:Thing", "no module 'no.such.module'"),
        ("tests.environments.support.foreign_toys:Corrido", "Corrido"),
        ("json:dumps", "of Python's own library"),
        ("numpy:save", "is no environment"),
        ("pandas:read_pickle", "is no environment"),
        ("torch:nn", "is no environment"),
        ("gymnasium.spaces:Box", "is no environment"),
    ],
)
def test_what_is_not_there_gets_one_sentence(world_id, says):
    with pytest.raises(UserError, match=says) as caught:
        make_world(world_id)
    assert "\n" not in str(caught.value)


def test_keywords_that_it_does_not_take_and_actions_that_do_not_exist_are_refused():
    with pytest.raises(UserError, match="has no parameter 'width': it has "):
        make_world(CORRIDOR, width=3)
    with pytest.raises(UserError, match="has no parameter 'cost': did you mean 'costs'"):
        make_world(CORRIDOR, cost="plain")
    with pytest.raises(UserError, match=r"has no parameter 'bogus': it has .*render_mode"):
        make_world("CartPole-v1", bogus=1)
    with pytest.raises(UserError, match="MultiDiscrete"):
        make_batch(CORRIDOR).step(np.array([[[5, 0]]]))
    with pytest.raises(UserError, match="shape"):
        make_batch("Pendulum-v1").step(np.zeros((1, 1)))


class Sized(gymnasium.Env):
    """Cannot be made without saying how large."""

    def __init__(self, size, colour="red"):
        self.size = size


def test_a_keyword_that_it_needs_is_asked_for():
    with pytest.raises(UserError, match="needs a size: give it as --param size=VALUE"):
        make_world("tests.environments.external.test_external:Sized")


@pytest.mark.parametrize(("name", "told"), [("horzon", True), ("horizon", False), ("level", False)])
def test_an_option_that_is_meant_to_be_the_horizon_is_refused(name, told):
    world = make_world("CartPole-v1")
    if not told:
        world.check_option(name)
        return
    with pytest.raises(UserError, match="There is no option 'horzon': did you mean 'horizon'"):
        world.check_option(name)


def test_a_module_of_the_folder_one_stands_in_is_found(tmp_path, monkeypatch):
    (tmp_path / "a_game_of_mine.py").write_text(
        "from gymnasium.envs.classic_control.cartpole import CartPoleEnv as MyGame\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert external_world("a_game_of_mine:MyGame").agents == ("agent",)
