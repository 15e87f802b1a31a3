"""When an agent is judged, and how a run goes on from a checkpoint of the gate."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch

from tests.training.support.told_games import Weights, games, keeper_of, weight
from training.gate.best_agent import updates_of
from training.gate.confirmation import conclude


@pytest.mark.parametrize(
    ("every", "judged"), [(1, [0, 1, 2, 3]), (2, [0, 2]), (3, [0, 3]), (4, [0])]
)
def test_it_is_judged_every_few_updates_and_at_the_end(every, judged):
    keeper = keeper_of({0.0: games([20.0] * 4)}, every=every)
    found = []
    for update in range(4):
        keeper.num_timesteps = 10 * update
        keeper._on_rollout_start()
        if keeper.judgement is not None:
            found.append(keeper.judgement.update)
    assert found == judged
    keeper.judgement = None
    keeper._on_training_end()
    assert keeper.judgement.update == 3
    assert "evaluation" in keeper.model.clock.seconds


@pytest.mark.parametrize(("steps", "updates"), [(0, 0), (9, 0), (10, 1), (19, 1), (20, 2)])
def test_updates_are_whole(steps, updates):
    assert updates_of(SimpleNamespace(n_steps=5, n_envs=2), steps) == updates


def test_it_goes_on_where_a_checkpoint_left_off():
    answers = {1.0: games([20.0, 21.0, 20.0, 21.0], 0.0), 2.0: games([5.0] * 4, 0.0)}
    keeper, other = (
        keeper_of(answers, limits={"hits": 2.0}),
        keeper_of(answers, limits={"hits": 2.0}),
    )
    keeper.bounds.see_training("hits", 3.0)
    keeper.num_timesteps = 30
    keeper.assess(Weights(1.0))
    keeper.assess(Weights(2.0))
    facts, parts = json.loads(json.dumps(keeper.facts())), keeper.parts()
    other.resume(SimpleNamespace(part=parts.__getitem__, facts=facts))
    assert other.facts() == keeper.facts()
    assert (other.best_update, weight(other.best), weight(other.safest)) == (3, 1.0, 1.0)
    assert conclude(other).verdict == conclude(keeper).verdict


def test_a_checkpoint_of_before_this_gate_is_taken_up():
    keeper = keeper_of({5.0: games([20.0] * 4)})
    facts = {"best_mean": 20.0, "best_update": 3, "highest": 20.0, "refused": "Because."}
    start = SimpleNamespace(part=lambda name: {"weight": torch.tensor([[5.0]])}, facts=facts)
    keeper.resume(start)
    assert (keeper.best_mean, keeper.best_update, keeper.refused) == (20.0, 3, "Because.")
    assert weight(keeper.best) == 5.0
    del facts["refused"]  # as older ones still are
    keeper.resume(start)
    assert keeper.refused == ""
