"""An update that leaves no numbers behind is undone, and several in a row stop the refining, not the run."""

import copy
from typing import Any

import numpy as np
import pytest
import torch

from agents.networks.policy import AgentPolicy
from environments.catalog import make_batch, make_world
from environments.simulation.batch import Batch
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.training.support.toys import careless_clone
from training.gate.best_agent import BestAgentKeeper
from training.gate.confirmation import conclude
from training.gate.judge import Judge
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.pipeline.refine_loop import RefineInputs, RewardSchedule, refine
from training.ppo.refiner import Refiner
from training.ppo.settings import RefineSettings
from training.ppo.update import IN_A_ROW, Diverged

GAMES, STEPS = 4, 32


@pytest.fixture
def agent():
    """A Refiner after its first update, with a rollout at hand."""
    face = Sb3VecEnv(Seating(Batch(make_world("gpo/Balance-v0"), GAMES)))
    common: dict[str, Any] = {
        "n_steps": STEPS,
        "batch_size": 64,
        "n_epochs": 2,
        "seed": 0,
        "device": "cpu",
    }
    return Refiner(AgentPolicy, face, **common).learn(GAMES * STEPS)


def state_of(agent):
    """Parameters and the optimiser's state, to compare."""
    return copy.deepcopy((agent.policy.state_dict(), agent.policy.optimizer.state_dict()["state"]))


def assert_same(left, right):
    for name, value in left[0].items():
        assert torch.equal(value, right[0][name]), f"{name} differs"
    assert left[1].keys() == right[1].keys()
    for number, moments in left[1].items():
        for name, value in moments.items():
            assert torch.equal(value, right[1][number][name]), f"{name} of {number} differs"


# ------------------------------------------------------------------ what can go wrong


def a_reward_is_no_number(agent, monkeypatch):
    monkeypatch.setitem(
        agent.rollout_buffer.__dict__, "advantages", np.full((STEPS, GAMES), np.nan, np.float32)
    )


def a_return_is_infinite(agent, monkeypatch):
    returns = agent.rollout_buffer.returns.copy()
    returns[3, 2] = np.inf
    monkeypatch.setattr(agent.rollout_buffer, "returns", returns)


def the_gradient_is_infinite(agent, monkeypatch):
    """And the loss is not: only the norm and the weights tell."""
    handle = agent.policy.action_net.bias.register_hook(lambda gradient: gradient * torch.inf)
    monkeypatch.setattr(agent, "undo", handle.remove, raising=False)


def the_learning_rate_is_absurd(agent, monkeypatch):
    monkeypatch.setattr(agent, "lr_schedule", lambda remaining: 1e38)


def the_last_step_alone_fails(agent, monkeypatch):
    """After steps that were good, which must be undone too."""
    real, calls = agent.gradient_step, []

    def step(*arguments):
        calls.append(real(*arguments))
        return {**calls[-1], "loss": torch.tensor(torch.nan)} if len(calls) % 4 == 0 else calls[-1]

    monkeypatch.setattr(agent, "gradient_step", step)


MISHAPS = [
    a_reward_is_no_number,
    a_return_is_infinite,
    the_gradient_is_infinite,
    the_learning_rate_is_absurd,
    the_last_step_alone_fails,
]


def update(agent, mishap=None):
    """One more update over the same rollout, in which something goes wrong."""
    with pytest.MonkeyPatch.context() as patch:
        if mishap is not None:
            mishap(agent, patch)
        try:
            agent.train()
        finally:
            getattr(agent, "undo", lambda: None)()


@pytest.mark.parametrize("mishap", MISHAPS)
def test_an_update_without_numbers_is_undone(agent, mishap):
    before = state_of(agent)
    update(agent, mishap)
    assert agent.rejected == 1
    assert_same(before, state_of(agent))


@pytest.mark.parametrize("mishap", MISHAPS)
def test_the_next_update_is_as_if_there_had_been_none(agent, mishap):
    plain = copy.deepcopy(state_of(agent))
    update(agent, mishap)
    torch.manual_seed(5)
    update(agent)
    after = state_of(agent)
    agent.policy.load_state_dict(plain[0])
    described = agent.policy.optimizer.state_dict()
    agent.policy.optimizer.load_state_dict({**described, "state": plain[1]})
    torch.manual_seed(5)
    update(agent)
    assert_same(after, state_of(agent))


def test_several_in_a_row_are_too_many_and_the_reason_is_one_sentence(agent):
    before = state_of(agent)
    for _ in range(IN_A_ROW - 1):
        update(agent, a_reward_is_no_number)
    with pytest.raises(Diverged) as raised:
        update(agent, a_reward_is_no_number)
    said = str(raised.value)
    assert said.startswith("The refining diverged: ")
    assert said.endswith(".")
    assert said.count(". ") == said.count("\n") == 0, said
    assert_same(before, state_of(agent))


def test_a_good_update_in_between_begins_the_count_anew(agent):
    for _ in range(3):
        for _ in range(IN_A_ROW - 1):
            update(agent, a_reward_is_no_number)
        update(agent)
        assert agent.rejected == 0


def test_the_count_survives_a_checkpoint(agent):
    update(agent, a_reward_is_no_number)
    facts = agent.facts()
    agent.rejected = 0
    agent.restore(facts)
    assert agent.rejected == 1


# ------------------------------------------------------------------ what is handed on


SETTINGS = {
    "games": 8,
    "rollout": 50,
    "batch_size": 100,
    "warm_up": 1,
    "judge_every": 2,
    "judge_games": 16,
    "learning_rate": 3e-3,
    "half_life": 1.0,
    "entropy": (0.0, 0.0),
    "steps": 8 * 50 * 16,
}
GOOD = 12  # updates before numbers end


def refined_until_numbers_end(folder, monkeypatch, good):
    """The clone, the floor and what was handed on, where numbers end after some good updates."""
    world = make_world("gpo/Balance-v0")
    clone, options = careless_clone(world), {"horizon": 100}
    judge = Judge(
        lambda games, seed: make_batch(world, games, seed=seed, options=options), None, 16, 1
    )
    floor = BestAgentKeeper(judge, clone, Manner(), GateSettings(world.north_star, 2))
    settings, paid = (
        RefineSettings.model_validate(SETTINGS),
        RewardSchedule({"balanced": 1.0}, (), 1.0),
    )
    real = Refiner.gradient_step

    def step(self, minibatch, weights, clip):
        if self.num_timesteps > good * 8 * 50:
            minibatch = {**minibatch, "returns": minibatch["returns"] * torch.nan}
        return real(self, minibatch, weights, clip)

    monkeypatch.setattr(Refiner, "gradient_step", step)
    inputs = RefineInputs(world, clone, paid, folder, 0, options=options)
    return clone, floor, refine(inputs, settings, floor).conclusion.policy


def test_the_best_agent_so_far_is_handed_on_and_the_verdict_says_why(tmp_path, monkeypatch):
    clone, floor, policy = refined_until_numbers_end(tmp_path, monkeypatch, GOOD)
    assert 0 < floor.best_update <= GOOD + IN_A_ROW
    assert conclude(floor).verdict.sentence.startswith("The refining diverged: ")
    assert f"The best agent is from update {floor.best_update}" in conclude(floor).verdict.sentence
    assert "\n" not in conclude(floor).verdict.sentence
    ours, theirs = policy.tensors(), clone.tensors()
    assert all(tensor.isfinite().all() for tensor in ours.values())
    assert any(not torch.equal(ours[name], theirs[name]) for name in theirs)


def test_without_a_better_agent_the_clone_is_handed_on(tmp_path, monkeypatch):
    clone, floor, policy = refined_until_numbers_end(tmp_path, monkeypatch, 0)
    assert conclude(floor).verdict.sentence.startswith("The refining diverged: ")
    assert "so the clone itself is handed on." in conclude(floor).verdict.sentence
    ours, theirs = policy.tensors(), clone.tensors()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
