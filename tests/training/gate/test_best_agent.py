"""The floor: what is worse than the clone is never handed on, and what is better is."""

import copy
import json

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.networks.policy import AgentPolicy, build_policy
from agents.players.player import NetworkPlayer
from environments.catalog import make_batch, make_world
from tests.training.support.toys import careless_clone
from training.gate.best_agent import BestAgentKeeper
from training.gate.judge import Judge, all_totals
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.partners.pool import PartnerPool
from training.pipeline.refine_loop import RefineInputs, RewardSchedule, refine
from training.ppo.settings import RefineSettings
from training.run.checkpoint import read_checkpoint

WORLD = "gpo/Balance-v0"
HORIZON = {"horizon": 100}
QUICK = {
    "games": 8,
    "rollout": 50,
    "batch_size": 100,
    "epochs": 4,
    "warm_up": 1,
    "judge_every": 2,
    "judge_games": 16,
    "steps": 8 * 50 * 6,
    "half_life": 1.0,
    "entropy": (0.0, 0.0),
}
PAID = RewardSchedule({"balanced": 1.0}, (), 1.0)


@pytest.fixture(scope="module")
def world():
    return make_world(WORLD)


@pytest.fixture(scope="module")
def cloned(world):
    return careless_clone(world)


def floor_for(world, cloned, folder, **keywords):
    judge = Judge(
        lambda games, seed: make_batch(world, games, seed=seed, options=HORIZON), None, 16, 1
    )
    settings = GateSettings(world.north_star, 2, **keywords)
    return BestAgentKeeper(judge, cloned, Manner(), settings)


def refined(world, cloned, folder, **changes):
    """The floor after a short refining, and what was handed on."""
    floor = floor_for(world, cloned, folder)
    settings = RefineSettings(**{**QUICK, **changes})
    inputs = RefineInputs(world, cloned, PAID, folder, seed=0, options=HORIZON)
    found = refine(inputs, settings, floor).conclusion
    return floor, found.policy, found.verdict


def same(left: AgentPolicy, right: AgentPolicy) -> bool:
    ours, theirs = left.tensors(), right.tensors()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("learning_rate", [1e4, 1e30])
def test_an_absurd_learning_rate_hands_on_the_clone_and_says_so(
    world, cloned, tmp_path, learning_rate
):
    _, policy, verdict = refined(world, cloned, tmp_path, learning_rate=learning_rate, warm_up=0)
    assert same(policy, cloned), verdict
    assert "so the clone itself is handed on." in verdict.sentence
    assert ("diverged" in verdict.sentence) == (learning_rate == 1e30)
    assert "\n" not in verdict.sentence


def test_an_agent_that_improves_is_handed_on(world, cloned, tmp_path):
    floor, policy, verdict = refined(world, cloned, tmp_path, learning_rate=3e-3, steps=8 * 50 * 16)
    assert floor.best_update > 0
    assert not same(policy, cloned)
    assert floor.best_mean > 1.3 * floor.clone_mean
    assert f"from update {floor.best_update}: " in verdict.sentence
    assert "on 48 fresh games" in verdict.sentence


def test_refining_nothing_hands_on_the_clone(world, cloned, tmp_path):
    _, policy, _ = refined(world, cloned, tmp_path, steps=0)
    assert same(policy, cloned)


def test_every_judgement_is_a_row_and_a_checkpoint(world, cloned, tmp_path):
    floor, _, _ = refined(world, cloned, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["update"] for row in rows] == [0, 2, 4, 6]
    assert all(row["clone"] == floor.clone_mean for row in rows)
    assert {"play/balanced", "play/off_centre", "low", "high", "steps"} <= rows[0].keys()
    checkpoint, damaged = read_checkpoint(tmp_path / "checkpoints")
    assert checkpoint is not None
    assert (checkpoint.update, damaged) == (6, [])
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2, "two checkpoints are kept"


# ------------------------------------------------------------------ how it is judged


def test_the_judge_plays_every_seat_on_the_same_seeds_each_time():
    kitchen = make_world("gpo/Kitchen-v0", layout="cramped_room")
    made = []

    def batch(games, seed):
        made.append((games, seed))
        return make_batch(kitchen, games, seed=seed, options={"horizon": 20})

    policy = build_policy(kitchen.observation_space, kitchen.action_space, {"net_arch": [8]})
    partner = PartnerPool.of(NetworkPlayer(copy.deepcopy(policy), seed=1))
    judge = Judge(batch, partner, games=6, seats=2)
    first = judge(NetworkPlayer(policy, seed=2))
    partner.predict(np.zeros((5, *kitchen.observation_space.shape), np.float32))
    again = judge(NetworkPlayer(policy, seed=2))
    assert len(first) == 2
    assert len(set(made)) == 1, f"seats were judged on different games: {made}"
    assert made[0][0] == 3, "six games over two seats are three games each"
    for ours, theirs in zip(first, again, strict=True):
        for name in ours.terms:
            assert np.array_equal(ours.terms[name], theirs.terms[name])


@pytest.mark.parametrize("greedy", [False, True])
def test_equal_weights_play_equal_games_whatever_was_played_before(world, cloned, greedy):
    judge = Judge(
        lambda games, seed: make_batch(world, games, seed=seed, options=HORIZON), None, 16, 1
    )
    manner = Manner(greedy)
    first = all_totals(judge(manner.player(cloned, 5)))
    judge(manner.player(cloned, 6))
    torch.manual_seed(1)
    again = all_totals(judge(manner.player(copy.deepcopy(cloned), 5)))
    assert all(np.array_equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize(
    "space", [spaces.Discrete(3), spaces.MultiDiscrete([3, 2]), spaces.Box(-1, 1, (2,), np.float32)]
)
def test_the_noise_of_a_game_does_not_hang_on_what_is_done_in_it_or_in_others(space):
    """Common random numbers: two agents that differ in some games draw the same in all of them."""
    seen = spaces.Box(-9, 9, (4,), np.float32)
    torch.manual_seed(0)
    policy = build_policy(seen, space, {"net_arch": [8]})
    one, other = (Manner().player(policy, 7) for _ in range(2))
    here = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    there = here.copy()
    there[3:] += 2.0  # the last three games went another way
    for _ in range(5):
        mine, theirs = one.predict(here)[0], other.predict(there)[0]
        assert np.array_equal(mine[:3], theirs[:3])


def test_the_stuck_rule_applies_to_both_sides_of_a_comparison():
    kitchen = make_world("gpo/Kitchen-v0", layout="cramped_room")
    policy = build_policy(kitchen.observation_space, kitchen.action_space, {"net_arch": [8]})
    partner = PartnerPool.of(NetworkPlayer(copy.deepcopy(policy), seed=1))
    judge = Judge(
        lambda games, seed: make_batch(kitchen, games, seed=seed, options={"horizon": 40}),
        partner,
        4,
        2,
    )
    settings = GateSettings(kitchen.north_star, 1, body=kitchen.body)
    keeper = BestAgentKeeper(judge, policy, Manner(stuck_steps=3), settings)
    ways = [one.manner for one in keeper.selection.clones]
    assert ways == [Manner(False, 3), Manner(True, 3), Manner(False, 0), Manner(True, 0)]
    against = [one.manner for one in keeper.selection.references(Manner())]
    assert against == [keeper.selection.clone.manner, Manner()], (
        "and under the candidate's own rules"
    )
