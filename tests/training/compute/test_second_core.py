"""Two cores: the same bits, work in its order, and nothing that goes on alone after an error."""

import copy
import pickle
import threading
from typing import Any

import pytest
import torch

from agents.networks.policy import AgentPolicy, build_policy
from agents.players.player import NetworkPlayer
from agents.players.remote_player import RemotePlayer
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.compute.second_core import SecondCore
from training.ppo.controllers.lagrange import CostSettings
from training.ppo.refiner import Refiner
from training.ppo.settings import RefinerInputs


def refined(cores, world_name, precision="float32", moved=False, costs=None):
    """The weights after three updates; the partner may have moved to another process."""
    torch.manual_seed(0)
    world = make_world(world_name)
    clone = build_policy(world.observation_space, world.action_space, {"n_costs": len(world.costs)})
    batch = make_batch(world, 8)
    partner: Any = NetworkPlayer(clone, 1) if len(world.agents) > 1 else None
    if moved:
        partner = RemotePlayer(partner, batch)
        assert partner._pipe.poll(60)  # it is up
    face = Sb3VecEnv(Seating(batch, 0, partner))
    agent = Refiner(
        AgentPolicy,
        face,
        RefinerInputs(
            clone=copy.deepcopy(clone),
            weights={"kl_clone": 0.1, "kl_clone_reverse": 0.1},
            costs=costs or {},
            precision=precision,
            cores=cores,
        ),
        n_steps=32,
        batch_size=64,
        n_epochs=2,
        seed=1,
        policy_kwargs={"n_costs": len(world.costs)},
    )
    agent.learn(3 * 8 * 32)
    assert not moved or partner.is_remote
    policy: Any = agent.policy
    return policy.tensors()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("world", ["gpo/Balance-v0", "gpo/Kitchen-v0"])
def test_two_cores_learn_the_same_bits_as_one(world, precision):
    costs = {"collision": CostSettings(limit=1.0)} if "Kitchen" in world else None
    one, two = (refined(cores, world, precision, costs=costs) for cores in (1, 2))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_partner_in_another_process_changes_no_bit(precision):
    one = refined(1, "gpo/Kitchen-v0", precision)
    two = refined(2, "gpo/Kitchen-v0", precision, moved=True)
    assert all(torch.equal(one[name], two[name]) for name in one)


def begun(crew, work):
    """The task, once the other core is at it."""
    running = threading.Event()

    def signalled():
        running.set()
        return work()

    task = crew.begin(signalled)
    assert running.wait(60)
    return task


def test_the_second_piece_of_work_is_done_elsewhere():
    running = threading.Event()

    def second():
        running.set()
        return threading.get_ident()

    here, there = threading.get_ident(), SecondCore(2).both(lambda: running.wait(60), second)[1]
    assert here != there
    assert SecondCore(1).both(threading.get_ident, threading.get_ident) == (here, here)


def test_a_second_thread_does_not_take_all_cores_for_itself():
    assert begun(SecondCore(2), torch.get_num_threads).result() == 1


def test_what_nobody_has_begun_is_done_by_whoever_needs_it():
    crew, free = SecondCore(2), threading.Event()
    long = begun(crew, lambda: free.wait(60))
    assert crew.begin(threading.get_ident).result() == threading.get_ident()
    free.set()
    assert long.result()


def test_work_that_may_wait_is_done_after_what_is_given_next():
    crew, done, free, end = SecondCore(2), [], threading.Event(), threading.Event()
    begun(crew, lambda: free.wait(60))
    crew.begin_after(lambda: done.append("later"))
    crew.begin(lambda: done.append("sooner"))
    crew.begin(end.set)
    free.set()
    assert end.wait(60)
    assert done == ["sooner", "later"]


def test_work_that_may_wait_is_done_even_if_nothing_is_given_next():
    for cores in (1, 2):
        assert SecondCore(cores).begin_after(lambda: 7).result() == 7


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
        SecondCore(2).both(work(0), work(1))
    assert finished == [1 - broken]


def test_a_crew_can_be_saved_with_its_model():
    crew = SecondCore(2)
    crew.both(int, int)
    assert pickle.loads(pickle.dumps(crew)).both(int, str) == (0, "")
