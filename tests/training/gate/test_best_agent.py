"""The floor: what is worse than the clone is never handed on, and what is better is."""

import copy
import json
from typing import Any, cast

import numpy as np
import pytest
import torch

from agents.networks.policy import AgentPolicy, build_policy
from agents.players.player import NetworkPlayer
from environments.catalog import make_batch, make_world
from tests.training.support.toys import careless_clone
from training.gate.best_agent import BestAgentKeeper
from training.gate.judge import Judge
from training.pipeline.refine_loop import RewardSchedule, refine
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
    return BestAgentKeeper(
        judge, world.north_star, cloned, NetworkPlayer(cloned), 2, folder, **keywords
    )


def refined(world, cloned, folder, **changes):
    """The floor after a short refining, and what was handed on."""
    floor = floor_for(world, cloned, folder)
    settings = RefineSettings(**{**QUICK, **changes})
    policy = refine(
        world, cloned, None, settings, PAID, floor, seed=0, folder=folder, options=HORIZON
    )
    return floor, policy


def same(left: AgentPolicy, right: AgentPolicy) -> bool:
    ours, theirs = left.tensors(), right.tensors()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("learning_rate", [1e4, 1e30])
def test_an_absurd_learning_rate_hands_on_the_clone_and_says_so(
    world, cloned, tmp_path, learning_rate
):
    floor, policy = refined(world, cloned, tmp_path, learning_rate=learning_rate, warm_up=0)
    assert same(policy, cloned), floor.verdict
    assert floor.verdict.endswith("so the clone itself is handed on.")
    assert ("diverged" in floor.verdict) == (learning_rate == 1e30)
    assert "\n" not in floor.verdict


def test_an_agent_that_improves_is_handed_on(world, cloned, tmp_path):
    floor, policy = refined(world, cloned, tmp_path, learning_rate=3e-3, steps=8 * 50 * 16)
    assert floor.best_update > 0
    assert not same(policy, cloned)
    assert floor.best_mean > 1.3 * floor.clone_mean
    assert f"from update {floor.best_update}" in floor.verdict


def test_refining_nothing_hands_on_the_clone(world, cloned, tmp_path):
    _, policy = refined(world, cloned, tmp_path, steps=0)
    assert same(policy, cloned)


def test_every_judgement_is_a_row_and_a_checkpoint(world, cloned, tmp_path):
    floor, _ = refined(world, cloned, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["update"] for row in rows] == [0, 2, 4, 6]
    assert all(row["clone"] == floor.clone_mean for row in rows)
    assert {"play/balanced", "play/off_centre", "low", "high", "steps"} <= rows[0].keys()
    checkpoint, damaged = read_checkpoint(tmp_path / "checkpoints")
    assert checkpoint is not None
    assert (checkpoint.update, damaged) == (6, [])
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2, "two checkpoints are kept"


# ------------------------------------------------------------------ what is kept, judgement by judgement


class Told(Judge):
    """A judge that says what it was told: a list of totals for each judgement."""

    def __init__(self, *answers):
        self.answers = [np.array(answer, float) for answer in answers]

    def __call__(self, player):
        from agents.evaluation.games import EpisodeTotals

        totals = self.answers.pop(0)[:, None]
        return [EpisodeTotals({"balanced": totals}, {}, totals, np.ones(len(totals), int))]


def kept_after(cloned, folder, clone_total, judgements, guard=True):
    """The number of the judgement whose agent is kept, -1 for the clone, and the floor."""
    floor = BestAgentKeeper(
        Told(clone_total, *judgements),
        "balanced",
        cloned,
        NetworkPlayer(cloned),
        1,
        folder,
        guard,
    )
    policy = copy.deepcopy(cloned)

    class Model:
        n_steps = n_envs = 1
        num_timesteps = 0
        logger = type("", (), {"name_to_value": {}})()

    floor.model = cast(Any, Model())
    for number in range(len(judgements)):
        with torch.no_grad():
            policy.action_net.bias.fill_(number)
        floor.num_timesteps = number
        floor._play(policy)
    if floor.best_update >= 0:
        kept = floor.best.tensors()["action_net.bias"]
        assert (kept == floor.best_update).all(), "the wrong weights are kept"
    return floor.best_update, floor


AT_10 = [9.0, 10.0, 11.0, 10.0]


@pytest.mark.parametrize(
    ("judgements", "kept"),
    [
        ([[5, 6, 5, 6]], -1),  # worse
        ([[0, 0, 0, 100]], -1),  # better on the average, but not reliably
        ([[20, 21, 20, 21]], 0),  # better
        ([[20, 21, 20, 21], [15, 16, 15, 16]], 0),  # then clearly worse than the best
        ([[20, 21, 20, 21], [30, 31, 30, 31], [15, 16, 15, 16]], 1),
        ([[20, 24, 20, 24], [21, 23, 21, 23]], 1),  # not to be told apart: the one trained longest
    ],
)
def test_the_best_is_kept(cloned, tmp_path, judgements, kept):
    assert kept_after(cloned, tmp_path, AT_10, judgements)[0] == kept


def test_without_the_guard_the_best_is_simply_the_best(cloned, tmp_path):
    assert kept_after(cloned, tmp_path, AT_10, [[1, 2, 1, 2], [5, 6, 5, 6]], guard=False)[0] == 1


# ------------------------------------------------------------------ how it is judged


def test_the_judge_plays_every_seat_on_the_same_seeds_each_time():
    kitchen = make_world("gpo/Kitchen-v0", layout="cramped_room")
    made = []

    def batch(games, seed):
        made.append((games, seed))
        return make_batch(kitchen, games, seed=seed, options={"horizon": 20})

    policy = build_policy(kitchen.observation_space, kitchen.action_space, {"net_arch": [8]})
    partner = NetworkPlayer(copy.deepcopy(policy), seed=1)
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
