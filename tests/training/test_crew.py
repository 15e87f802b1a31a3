"""Two cores: the same bits, and nothing that goes on alone after an error."""

import copy
import pickle
import threading
from typing import Any

import pytest
import torch

from agents.player import NetworkPlayer
from agents.policy import AgentPolicy, build_policy
from environments.catalog import make_batch, make_world
from environments.faces.sb3 import Sb3Face
from environments.seating import Seating
from training.costs import CostSettings
from training.crew import Crew
from training.refine import Refiner


def refined(cores, world_name, precision="float32", **keywords):
    """The weights after three updates."""
    torch.manual_seed(0)
    world = make_world(world_name)
    clone = build_policy(world.observation_space, world.action_space, {"n_costs": len(world.costs)})
    partner = NetworkPlayer(clone, 1) if len(world.agents) > 1 else None
    face = Sb3Face(Seating(make_batch(world, 8), 0, partner))
    agent = Refiner(
        AgentPolicy,
        face,
        clone=copy.deepcopy(clone),
        kl_clone=0.1,
        kl_clone_reverse=0.1,
        n_steps=32,
        batch_size=64,
        n_epochs=2,
        seed=1,
        precision=precision,
        cores=cores,
        policy_kwargs={"n_costs": len(world.costs)},
        **keywords,
    )
    agent.learn(3 * 8 * 32)
    policy: Any = agent.policy
    return policy.tensors()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("world", ["gpo/Balance-v0", "gpo/Kitchen-v0"])
def test_two_cores_learn_the_same_bits_as_one(world, precision):
    costs = {"collision": CostSettings(limit=1.0)} if "Kitchen" in world else None
    one, two = (refined(cores, world, precision, costs=costs) for cores in (1, 2))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_second_piece_of_work_is_done_elsewhere():
    here, there = Crew(2).both(threading.get_ident, threading.get_ident)
    assert here == threading.get_ident() != there
    assert Crew(1).both(threading.get_ident, threading.get_ident) == (here, here)


def test_a_second_thread_does_not_take_all_cores_for_itself():
    assert Crew(2).both(lambda: None, torch.get_num_threads)[1] == 1


def test_pieces_come_back_in_order():
    for cores in (1, 2):
        assert Crew(cores).each(lambda n: n * n, range(5)) == [0, 1, 4, 9, 16]


@pytest.mark.parametrize("broken", [0, 1])
def test_an_error_on_either_core_is_raised_once_both_are_still(broken):
    finished = []

    def work(number):
        def do():
            if number == broken:
                raise ValueError("no numbers")
            finished.append(number)

        return do

    with pytest.raises(ValueError, match="no numbers"):
        Crew(2).both(work(0), work(1))
    assert finished == [1 - broken]


def test_a_crew_can_be_saved_with_its_model():
    crew = Crew(2)
    crew.both(int, int)
    assert pickle.loads(pickle.dumps(crew)).both(int, str) == (0, "")
