"""The gate at its edges, with weights that are one number and games that are told: quick, and all of it."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

import training.gate.judge as judge_file
import training.gate.writers as writers_file
from agents.evaluation.statistics import cost_interval, mean_interval
from tests.training.support.told_games import CLONE, Weights, games, keeper_of, weight
from training.gate.best_agent import is_identical, updates_of
from training.gate.confirmation import conclude
from training.gate.judge import JUDGE_SEEDS, Judge, Judgement, judged_totals
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.gate.verdict import Refusal
from training.gate.writers import CheckpointWriter, JudgementWriter, MetricsWriter

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


# ------------------------------------------------------------------ when it is judged


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


def test_a_refusal_is_one_sentence():
    assert str(Refusal("budget", 0.512, 0.5)) == (
        "The last agent refused was 0.51 nats away, its budget 0.5."
    )
    assert str(Refusal("limit", 2.5, 2.0, "hits")) == (
        "The last agent refused may cost 2.50 hits, more than its limit of 2."
    )


# ------------------------------------------------------------------ the judge


@pytest.mark.parametrize(
    ("games_", "seats", "each"), [(6, 2, 3), (7, 2, 3), (1, 2, 1), (0, 1, 1), (4, 1, 4)]
)
def test_every_seat_plays_its_share_of_the_games(monkeypatch, games_, seats, each):
    reseeded, played = list[int](), list[Any]()
    partner = SimpleNamespace(reseed=reseeded.append)

    def play(*given: Any, again: bool) -> int:
        assert again, "pairs of games must be whole"
        played.append(given)
        return len(played)

    monkeypatch.setattr(judge_file, "play_games", play)
    judge: Any = Judge(
        lambda size, seed: cast(Any, (size, seed)), cast(Any, partner), games_, seats
    )
    assert judge("me") == list(range(1, seats + 1))
    assert reseeded == [JUDGE_SEEDS + seat for seat in range(seats)]
    for seat, (batch, players) in enumerate(played):
        assert batch == (each, JUDGE_SEEDS)
        assert players == ["me" if n == seat else partner for n in range(seats)]


def test_alone_there_is_nobody_to_reseed(monkeypatch):
    monkeypatch.setattr(judge_file, "play_games", lambda batch, players, again: players)
    judge: Any = Judge(lambda size, seed: None, None, 4, 1)
    assert judge("me") == [["me"]]
    assert JUDGE_SEEDS == 500_000


def test_totals_are_those_of_the_judged_seat():
    first, second = games([1.0, 2.0], 5.0, 7.0), games([3.0, 4.0], 6.0, 8.0)
    assert judged_totals([first, second], "won").tolist() == [1.0, 2.0, 99.0, 99.0]
    assert judged_totals([first, second], "hits").tolist() == [5.0, 5.0, 99.0, 99.0]
    assert judged_totals([first, second], "shielded").tolist() == [7.0, 7.0, 8.0, 8.0]
    with pytest.raises(KeyError):
        judged_totals([games([1.0])], "shielded")


# ------------------------------------------------------------------ what is written


class Log(dict):
    """A logger that keeps the last of each."""

    @property
    def name_to_value(self) -> dict[str, float]:
        return self

    def record(self, name: str, value: float) -> None:
        self[name] = value


def written(writer: Any, keeper: Any, **logged: float) -> Any:
    """A writer of a keeper that has judged once."""
    keeper.model.logger = Log(logged)
    writer.model = keeper.model
    keeper.judgement = keeper.assess(Weights(1.0))
    return writer


def test_a_row_says_how_good_it_was_and_what_was_logged(tmp_path):
    answers = {1.0: games([20.0, 22.0] * 2, cost=1.5, shield=3.0)}
    keeper = keeper_of(answers, limits={"hits": 2.0})
    keeper.num_timesteps = 10
    rows: list[Any] = []
    made = MetricsWriter(keeper, tmp_path, {"won": 2.0, "far": -0.25}, rows.append)
    writer = written(made, keeper, loss=0.5, **{"play/won": 9.0})
    writer._on_rollout_start()
    (line,) = (tmp_path / "metrics.jsonl").read_text().splitlines()
    expected = {
        "update": 1, "steps": 10, "north_star": 21.0, "clone": 10.0,
        "proxy": 2 * 21.0 - 0.25 * 42.0, "best": 21.0, "high/hits": 1.5, "play/won": 21.0,
        "play/far": 42.0, "play/hits": 1.5, "play/shielded": 3.0, "loss": 0.5,
    }  # fmt: skip
    found = json.loads(line)
    assert {name: found[name] for name in expected} == expected
    assert [row.update for row in rows] == [1]
    assert keeper.model.logger["play/won"] == 21.0
    assert writer._on_step() is True


def test_rows_that_will_be_written_again_are_dropped(tmp_path):
    writer = MetricsWriter(keeper_of(), tmp_path, {})
    writer.drop_rows(0)  # there are none yet
    for update in range(4):
        writer.lines.add({"update": update})
    writer.drop_rows(2)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["update"] for line in lines] == [0, 1]


def test_nothing_is_written_without_a_judgement():
    keeper, calls = keeper_of(), list[Judgement]()

    class Noting(JudgementWriter):
        def write(self, judgement: Judgement) -> None:
            calls.append(judgement)

    writer = Noting(keeper)
    writer._on_rollout_start()
    writer._on_training_end()
    assert calls == []
    keeper.judgement = told = cast(Any, "a judgement")
    writer._on_rollout_start()
    writer._on_training_end()
    assert calls == [told, told]
    with pytest.raises(NotImplementedError):
        JudgementWriter(keeper).write(told)
    writer.model, keeper.model.num_timesteps = keeper.model, 3
    assert writer.on_step(), "SB3 counts its calls"
    assert (writer.n_calls, writer.num_timesteps) == (1, 3)


def test_a_checkpoint_holds_all_that_is_needed_to_go_on(tmp_path, monkeypatch):
    wrote = []
    monkeypatch.setattr(writers_file, "write_checkpoint", lambda *given: wrote.append(given))
    keeper = keeper_of({1.0: games([20.0] * 4)})
    keeper.num_timesteps = 20
    made = CheckpointWriter(keeper, tmp_path, lambda: {"more": 2})
    written(made, keeper, loss=0.5, bad=math.inf)._on_training_end()
    ((folder, update, parts, facts),) = wrote
    assert (folder, update) == (tmp_path / "checkpoints", 2)
    assert float(parts["policy"]["weight"]) == 0.0
    assert float(parts["best"]["weight"]) == 1.0
    assert "optimiser" in parts
    assert facts == {
        "refiner": {"at": 1},
        **keeper.facts(),
        "logged": {"loss": 0.5, "bad": None},
        "more": 2,
    }
