"""The floor: what is worse than the clone is never handed on, and what is better is."""

import copy
import dataclasses
import json
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from agents.networks.policy import AgentPolicy, build_policy
from agents.players.player import NetworkPlayer
from environments.catalog import make_batch, make_world
from tests.training.support.toys import careless_clone
from training.compute.timers import StageTimer
from training.gate.best_agent import BestAgentKeeper, GateSettings, updates_of
from training.gate.judge import Judge
from training.gate.verdict import Refusal, refining_verdict
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
    return BestAgentKeeper(judge, cloned, NetworkPlayer(cloned), settings)


def refined(world, cloned, folder, **changes):
    """The floor after a short refining, and what was handed on."""
    floor = floor_for(world, cloned, folder)
    settings = RefineSettings(**{**QUICK, **changes})
    inputs = RefineInputs(world, cloned, PAID, folder, seed=0, options=HORIZON)
    found = refine(inputs, settings, floor)
    assert found.verdict == floor.verdict
    return floor, found.policy


def same(left: AgentPolicy, right: AgentPolicy) -> bool:
    ours, theirs = left.tensors(), right.tensors()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("learning_rate", [1e4, 1e30])
def test_an_absurd_learning_rate_hands_on_the_clone_and_says_so(
    world, cloned, tmp_path, learning_rate
):
    floor, policy = refined(world, cloned, tmp_path, learning_rate=learning_rate, warm_up=0)
    assert same(policy, cloned), floor.verdict
    assert floor.verdict.sentence.endswith("so the clone itself is handed on.")
    assert ("diverged" in floor.verdict.sentence) == (learning_rate == 1e30)
    assert "\n" not in floor.verdict.sentence


def test_an_agent_that_improves_is_handed_on(world, cloned, tmp_path):
    floor, policy = refined(world, cloned, tmp_path, learning_rate=3e-3, steps=8 * 50 * 16)
    assert floor.best_update > 0
    assert not same(policy, cloned)
    assert floor.best_mean > 1.3 * floor.clone_mean
    assert f"from update {floor.best_update}" in floor.verdict.sentence


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
    settings = GateSettings("balanced", 1, guard)
    floor = BestAgentKeeper(Told(clone_total, *judgements), cloned, NetworkPlayer(cloned), settings)
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
        floor.assess(policy)
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


# ------------------------------------------------------------------ at the edges


@pytest.mark.parametrize(
    ("judgements", "kept"),
    [
        ([[10.0] * 4], -1),  # its interval begins at the clone's mean, which is not above it
        ([[10.0 - 1e-9] * 4], -1),
        ([[10.0 + 1e-9] * 4], 0),
        ([[20.0] * 4, [20.0] * 4], 1),  # reaches up to the highest mean
        ([[20.0] * 4, [20.0 - 1e-9] * 4], 0),
        ([[20.0] * 4, [20.0 + 1e-9] * 4], 1),
    ],
)
def test_at_the_edge_of_an_interval(cloned, tmp_path, judgements, kept):
    assert kept_after(cloned, tmp_path, AT_10, judgements)[0] == kept


class Priced(Told):
    """As `Told`, and every game costs as much."""

    def __init__(self, cost, *answers):
        super().__init__(*answers)
        self.cost = cost

    def __call__(self, player):
        (played,) = super().__call__(player)
        costs = {"off_centre": np.full_like(played.returns, self.cost)}
        return [dataclasses.replace(played, costs=costs)]


def assessed(cloned, judge, distance=0.0, **rules):
    """A keeper after one judgement, in which the policy plays far better than the clone."""
    keeper = BestAgentKeeper(
        judge, cloned, NetworkPlayer(cloned), GateSettings("balanced", 1, **rules)
    )
    model = SimpleNamespace(n_steps=1, n_envs=1, anchor=SimpleNamespace(distance=distance))
    keeper.model = cast(Any, model)
    return keeper, keeper.assess(copy.deepcopy(cloned))


@pytest.mark.parametrize(
    ("cost", "kept"), [(2.0 - 1e-9, True), (2.0, True), (2.0 + 1e-9, False), (4.0, False)]
)
def test_at_the_edge_of_a_limit(cloned, cost, kept):
    judge = Priced(cost, AT_10, [20.0] * 4)
    keeper, judgement = assessed(cloned, judge, limits={"off_centre": 2.0})
    assert keeper.verdict.is_refined == kept
    assert judgement.limited["off_centre"].high == cost
    assert (keeper.highest == 20.0) == kept, "a refused agent is nothing to be measured by"
    assert ("more than its limit of 2." in keeper.verdict.sentence) == (not kept)


@pytest.mark.parametrize(("distance", "kept"), [(0.5, True), (0.5 + 1e-9, False), (1.0, False)])
def test_at_the_edge_of_a_budget(cloned, distance, kept):
    keeper, _ = assessed(cloned, Told(AT_10, [20.0] * 4), distance, budget=0.5)
    assert keeper.verdict.is_refined == kept
    assert ("nats away, its budget 0.5." in keeper.verdict.sentence) == (not kept)


@pytest.mark.parametrize(
    ("every", "judged"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (4, [0, 4]), (5, [0]), (6, [0])]
)
def test_it_judges_at_every_multiple_and_at_the_end(cloned, every, judged):
    judge = Told(AT_10, *[[20.0] * 4] * (len(judged) + 1))
    keeper = BestAgentKeeper(judge, cloned, NetworkPlayer(cloned), GateSettings("balanced", every))
    model = SimpleNamespace(n_steps=5, n_envs=2, policy=cloned, clock=StageTimer())
    keeper.model = cast(Any, model)
    found = []
    for update in range(5):
        for steps in (10 * update, 10 * update + 9):  # also in the middle of a rollout
            keeper.num_timesteps = steps
            assert updates_of(keeper.model, steps) == update
        keeper._on_rollout_start()
        if keeper.judgement is not None:
            found.append(keeper.judgement.update)
    assert found == judged
    keeper.num_timesteps = 50
    keeper._on_training_end()
    assert keeper.judgement is not None
    assert (keeper.judgement.update, keeper.judgement.steps) == (5, 50)


def test_a_verdict_says_what_it_hangs_on():
    better = refining_verdict("won", 1.0, 2.5, 40)
    assert (better.handed_on, better.update, better.mean, better.clone_mean) == (
        "refined",
        40,
        2.5,
        1.0,
    )
    assert better.is_refined
    refused = str(Refusal("limit", 3.0, 2.0, "hits"))
    none = refining_verdict("won", 1.0, 1.0, -1, refused, "The refining diverged.")
    assert (none.handed_on, none.update, none.mean, none.diverged) == ("clone", None, 1.0, True)
    assert none.sentence == (
        "The refining diverged. The last agent refused may cost 3.00 hits, more than its limit of 2. "
        "No refined agent was reliably better than the clone (won 1.00), so the clone itself is handed on."
    )
    first = refining_verdict("won", 1.0, 2.5, 0)
    assert first.is_refined, "update 0 is an agent, too"


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
