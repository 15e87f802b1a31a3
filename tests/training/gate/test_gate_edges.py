"""The gate at its edges, with weights that are one number and games that are told: quick, and all of it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from agents.evaluation.statistics import cost_interval, mean_interval
from tests.training.support.told_games import CLONE, Weights, games, keeper_of, weight
from training.gate.best_agent import is_identical
from training.gate.confirmation import conclude
from training.gate.judge import JUDGE_SEEDS
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.gate.verdict import Refusal

# ------------------------------------------------------------------ before anything is judged


def test_it_begins_with_the_clone_sampled_and_greedy():
    keeper = keeper_of()
    assert keeper.trials.judge.judged == [(7.0, False, JUDGE_SEEDS, 1), (7.0, True, JUDGE_SEEDS, 1)]
    assert (keeper.clone_mean, keeper.best_mean, keeper.best_update) == (10.0, 10.0, -1)
    assert weight(keeper.best) == 7.0
    told = keeper.facts()
    assert (told["best_mean"], told["best_update"], told["refused"]) == (10.0, -1, "")
    assert told["gate"]["kept"] is None
    assert keeper.judgement is None
    assert keeper._on_step() is True


def test_without_the_guard_anything_is_better_than_nothing():
    keeper = keeper_of({1.0: games([1.0, 2.0, 1.0, 2.0])}, guard=False)
    keeper.assess(Weights(1.0))
    assert (keeper.best_update, keeper.best_mean, weight(keeper.best)) == (0, 1.5, 1.0)
    found = conclude(keeper).verdict
    assert found.is_refined
    assert "begun from nothing is from update 0 and worse than the clone: won 1.50" in str(found)


def test_the_settings_left_out():
    found = GateSettings("won", 3)
    assert (found.guard, dict(found.limits), found.budget) == (True, {}, None)
    assert (found.only_greedy, found.body) == (False, None)


# ------------------------------------------------------------------ what is kept


@pytest.mark.parametrize(
    ("gain", "kept", "handed_on"),
    [
        ([0.0] * 4, False, False),
        ([0.001] * 4, True, True),
        ([-0.001] * 4, False, False),
        ([-10.0, -10.0, -10.0, 90.0], True, False),
    ],
)
def test_what_is_handed_on_is_surely_better_than_the_clone(gain, kept, handed_on):
    star = np.add(CLONE, gain)
    keeper = keeper_of({1.0: games(star)})
    keeper.num_timesteps = 30
    keeper.assess(Weights(1.0))
    assert keeper.selection.highest.mean("won") == pytest.approx(np.mean(star))
    expected = (pytest.approx(np.mean(star)), 3, 1.0) if kept else (10.0, -1, 7.0)
    assert (keeper.best_mean, keeper.best_update, weight(keeper.best)) == expected
    assert conclude(keeper).verdict.is_refined is handed_on


@pytest.mark.parametrize(("second", "kept"), [(19.999, 0), (20.0, 1), (20.001, 1)])
def test_the_latest_is_kept_that_reaches_up_to_the_highest(second, kept):
    keeper = keeper_of({0.0: games([20.0] * 4), 1.0: games([second] * 4)})
    keeper.selection.clone.totals["won"][:] = 10.0
    for update in range(2):
        keeper.num_timesteps = 10 * update
        keeper.assess(Weights(float(update)))
    assert (keeper.best_update, weight(keeper.best)) == (kept, float(kept))
    assert keeper.selection.highest.mean("won") == max(20.0, second)


def test_a_judgement_tells_all_of_it():
    keeper = keeper_of({1.0: games([20.0, 22.0] * 2, 1.5, 3.0)}, limits={"hits": 2.0})
    keeper.num_timesteps = 45
    found = keeper.assess(Weights(1.0))
    assert (found.update, found.steps) == (4, 45)
    assert found.figure == mean_interval([20.0, 22.0] * 2)
    assert found.limited["hits"] == cost_interval([1.5] * 4)
    assert found.totals == {"won": 21.0, "far": 42.0, "hits": 1.5}
    assert found.shield == {"shielded": 3.0}
    assert keeper_of().assess(Weights(7.0)).shield == {}


def test_an_agent_with_the_clones_weights_is_named_and_never_handed_on_as_refined():
    keeper = keeper_of()
    before = len(keeper.trials.judge.judged)
    judgement = keeper.assess(Weights(7.0))
    assert judgement.figure.mean == 10.0
    assert len(keeper.trials.judge.judged) == before, "it has played already: to the bit the same"
    found = conclude(keeper).verdict
    assert found.handed_on == "clone"
    assert "acts with the very weights of the clone" in str(found)
    keeper.trials.judge.answers[1.0] = games([0.0] * 4)
    keeper.assess(Weights(1.0))
    assert "very weights" not in str(conclude(keeper).verdict)


def test_values_may_differ_between_agents_that_act_alike():
    class Valued(Weights):
        def __init__(self, value: float) -> None:
            super().__init__(7.0)
            self.value_net = torch.nn.Linear(1, 1)
            torch.nn.init.constant_(self.value_net.weight, value)

    assert is_identical(Valued(1.0), Valued(2.0))
    assert not is_identical(Weights(1.0), Weights(1.0 + 1e-7))


# ------------------------------------------------------------------ manners


def test_greedy_play_is_handed_on_where_it_is_reliably_better():
    better = {1.0: games([30.0, 31.0, 30.0, 31.0])}
    keeper = keeper_of({1.0: games([20.0] * 4)}, greedy=better)
    keeper.assess(Weights(1.0))
    found = conclude(keeper)
    assert found.manner == Manner(greedy=True)
    assert found.verdict.greedy
    assert "likeliest actions" in str(found.verdict)
    assert found.verdict.mean == 30.5
    sampled = keeper_of({1.0: games([20.0] * 4)}, greedy={1.0: games([20.0, 21.0, 20.0, 19.0])})
    sampled.assess(Weights(1.0))
    assert conclude(sampled).manner == Manner(), "not to be told apart"


def test_a_clone_that_is_better_greedily_is_the_floor_and_is_handed_on_so():
    greedy = {7.0: games([46.0, 47.0, 46.0, 47.0])}
    keeper = keeper_of({1.0: games([20.0] * 4)}, greedy=greedy)
    assert keeper.clone_mean == 46.5
    keeper.assess(Weights(1.0))
    found = conclude(keeper)
    assert (found.verdict.handed_on, found.manner.greedy) == ("clone", True)


def test_greedy_play_that_was_worse_is_left_out_of_the_next_judgements():
    keeper = keeper_of({1.0: games([20.0] * 4)})
    for update in range(6):
        keeper.num_timesteps = 10 * update
        keeper.assess(Weights(1.0))
        keeper.assess(Weights(1.0))  # again, as after resuming: the same is played
    ways = [greedy for _, greedy, *_ in keeper.trials.judge.judged[2:]]
    assert ways == [*[False, True] * 2, *[False] * 6, *[False, True] * 2, *[False] * 2]


def test_where_the_recipe_judges_greedily_nobody_samples():
    keeper = keeper_of({1.0: games([20.0] * 4)}, only_greedy=True)
    keeper.assess(Weights(1.0))
    found = conclude(keeper)
    assert all(greedy for _, greedy, *_ in keeper.trials.judge.judged)
    assert "as the recipe asks" in str(found.verdict)


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(("limit", "refused"), [(1.2, False), (0.99, True)])
def test_a_limit_is_kept_by_the_upper_end(limit, refused):
    clone, agent = games([10.0] * 40), games([20.0] * 40, np.repeat([0.0, 1.0], [20, 20]))
    high = cost_interval(np.repeat([0.0, 1.0], [20, 20])).high
    keeper = keeper_of({7.0: clone, 1.0: agent}, limits={"hits": limit * high})
    keeper.assess(Weights(1.0))
    assert conclude(keeper).verdict.is_refined is not refused
    assert (keeper.selection.highest is None) is refused, "it is nothing to be measured by"
    assert bool(keeper.refused) is refused
    assert keeper.facts()["refused"] == keeper.refused


@pytest.mark.parametrize(("distance", "refused"), [(0.4, False), (0.5, False), (0.501, True)])
def test_a_budget_is_kept(distance, refused):
    keeper = keeper_of({1.0: games([20.0] * 4)}, budget=0.5)
    keeper.model.anchor = SimpleNamespace(distance=distance)
    keeper.assess(Weights(1.0))
    assert conclude(keeper).verdict.is_refined is not refused
    assert ("nats away, its budget 0.5." in str(conclude(keeper).verdict)) == refused


def test_without_an_anchor_the_distance_is_nothing():
    keeper = keeper_of({1.0: games([20.0] * 4)}, budget=0.5)
    keeper.assess(Weights(1.0))
    assert conclude(keeper).verdict.is_refined


def test_without_rules_nothing_is_refused():
    keeper = keeper_of({1.0: games([20.0] * 4, cost=99.0)})
    keeper.model.anchor = SimpleNamespace(distance=99.0)
    keeper.assess(Weights(1.0))
    assert conclude(keeper).verdict.is_refined


def test_a_refusal_is_one_sentence():
    assert str(Refusal("budget", 0.512, 0.5)) == (
        "The last agent refused was 0.51 nats away, its budget 0.5."
    )
    assert str(Refusal("limit", 2.5, 2.0, "hits")) == (
        "The last agent refused may cost 2.50 hits, more than its limit of 2."
    )
