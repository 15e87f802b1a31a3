"""The gate at its edges, with weights that are one number and games that are told: quick, and all of it."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from gymnasium import spaces

import training.gate.judge as judge_file
import training.gate.writers as writers_file
from agents.evaluation.games import EpisodeTotals
from training.compute.timers import StageTimer
from training.gate.best_agent import BestAgentKeeper, GateSettings, Judgement, updates_of
from training.gate.judge import JUDGE_SEEDS, Judge, judged_totals
from training.gate.verdict import Refusal, Verdict, refining_verdict
from training.gate.writers import CheckpointWriter, JudgementWriter, MetricsWriter


class Weights(torch.nn.Linear):
    """A policy of one number."""

    action_space = spaces.Discrete(2)

    def __init__(self, number: float = 0.0) -> None:
        super().__init__(1, 1, bias=False)
        self.load_tensors({"weight": torch.tensor([[number]])})
        self.optimizer = torch.optim.SGD(self.parameters(), 0.1)

    def set_training_mode(self, mode: bool) -> None:
        self.train(mode)

    def tensors(self) -> dict[str, torch.Tensor]:
        return {name: value.clone() for name, value in self.state_dict().items()}

    def load_tensors(self, tensors: dict[str, torch.Tensor]) -> None:
        self.load_state_dict(tensors)


def games(star: Any, cost: Any = 0.0, shield: Any = None) -> EpisodeTotals:
    """Games of two seats, of which the first is judged."""
    totals = np.stack([np.asarray(star, float), np.full(len(star), 99.0)], axis=1)
    spent = np.stack([np.zeros(len(star)) + cost, np.full(len(star), 99.0)], axis=1)
    guarded = {} if shield is None else {"shielded": np.full((len(star), 2), shield)}
    return EpisodeTotals(
        {"won": totals, "far": 2 * totals}, {"hits": spent}, totals, spent, guarded
    )


class Told:
    """A judge that says what it was told, and notes whom it judged."""

    def __init__(self, *answers: EpisodeTotals) -> None:
        self.answers, self.judged = list(answers), list[Any]()

    def __call__(self, player: Any) -> list[EpisodeTotals]:
        self.judged.append(player)
        return [self.answers.pop(0)]


CLONE = [9.0, 10.0, 11.0, 10.0]


def keeper_of(*answers: EpisodeTotals, every: int = 1, **rules: Any) -> Any:
    """A keeper whose clone is weight 7 and wins 10; of a model that has done nothing yet."""
    settings = GateSettings("won", every, **rules)
    told = cast(Any, Told(games(CLONE), *answers))
    keeper = BestAgentKeeper(told, cast(Any, Weights(7.0)), cast(Any, "the clone"), settings)
    keeper.model = cast(
        Any,
        SimpleNamespace(
            n_steps=5,
            n_envs=2,
            policy=Weights(),
            clock=StageTimer(),
            facts=lambda: {"at": 1},
            logger=SimpleNamespace(name_to_value={}),
        ),
    )
    return keeper


def weight(policy: Any) -> float:
    return float(policy.weight.detach())


# ------------------------------------------------------------------ before anything is judged


def test_it_begins_with_the_clone():
    keeper = keeper_of()
    assert keeper.judge.judged == ["the clone"]
    assert (keeper.clone_mean, keeper.best_mean, keeper.best_update) == (10.0, 10.0, -1)
    assert (keeper.least, keeper.highest, weight(keeper.best)) == (10.0, 10.0, 7.0)
    assert keeper.facts() == {"best_mean": 10.0, "highest": 10.0, "best_update": -1, "refused": ""}
    assert keeper.judgement is None
    assert keeper._on_step() is True


def test_without_the_guard_anything_is_better_than_nothing():
    keeper = keeper_of(games([1.0, 2.0]), guard=False)
    assert keeper.least == -math.inf
    assert keeper.facts()["highest"] is None
    keeper.assess(Weights(1.0))
    assert (keeper.best_update, keeper.highest, weight(keeper.best)) == (0, 1.5, 1.0)


def test_the_settings_left_out():
    found = GateSettings("won", 3)
    assert (found.guard, dict(found.limits), found.budget) == (True, {}, None)


# ------------------------------------------------------------------ what is kept


@pytest.mark.parametrize(
    ("star", "kept"),
    [
        ([10.0] * 4, False),
        ([10.001] * 4, True),
        ([9.999] * 4, False),
        ([0.0, 0.0, 0.0, 100.0], False),
    ],
)
def test_what_is_kept_is_surely_better_than_the_clone(star, kept):
    keeper = keeper_of(games(star))
    keeper.num_timesteps = 30
    keeper.assess(Weights(1.0))
    assert keeper.highest == max(10.0, np.mean(star))
    expected = (np.mean(star), 3, 1.0) if kept else (10.0, -1, 7.0)
    assert (keeper.best_mean, keeper.best_update, weight(keeper.best)) == expected
    assert keeper.verdict.is_refined is kept


@pytest.mark.parametrize(("second", "kept"), [(19.999, 0), (20.0, 1), (20.001, 1)])
def test_the_latest_is_kept_that_reaches_up_to_the_highest(second, kept):
    keeper = keeper_of(games([20.0] * 4), games([second] * 4))
    for update in range(2):
        keeper.num_timesteps = 10 * update
        keeper.assess(Weights(float(update)))
    assert (keeper.best_update, weight(keeper.best)) == (kept, float(kept))
    assert keeper.highest == max(20.0, second)


def test_a_judgement_tells_all_of_it():
    keeper = keeper_of(games([20.0, 22.0], cost=1.5, shield=3.0), limits={"hits": 2.0})
    keeper.num_timesteps = 45
    policy = Weights(1.0)
    found = keeper.assess(policy)
    assert (found.update, found.steps) == (4, 45)
    assert (found.north_star.mean, found.north_star.low, found.north_star.high) == (
        21.0,
        20.0,
        22.0,
    )
    assert found.limited["hits"].high == 1.5
    assert found.totals == {"won": 21.0, "far": 42.0, "hits": 1.5}
    assert found.shield == {"shielded": 3.0}
    assert keeper.judge.judged[1].policy is policy
    assert keeper_of(games(CLONE)).assess(policy).shield == {}


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(("cost", "refused"), [(1.999, False), (2.0, False), (2.001, True)])
def test_a_limit_is_kept_by_the_upper_end(cost, refused):
    keeper = keeper_of(games([20.0] * 4, cost=cost), limits={"hits": 2.0})
    keeper.assess(Weights(1.0))
    assert keeper.verdict.is_refined is not refused
    assert keeper.highest == (10.0 if refused else 20.0)
    assert bool(keeper.refused) is refused
    assert keeper.facts()["refused"] == keeper.refused


def test_it_is_the_upper_end_of_the_interval_and_not_the_mean():
    keeper = keeper_of(games([20.0] * 4, cost=np.array([0.0, 0.0, 0.0, 4.0])), limits={"hits": 2.0})
    keeper.assess(Weights(1.0))
    assert "may cost 3.00 hits, more than its limit of 2." in keeper.refused


@pytest.mark.parametrize(("distance", "refused"), [(0.4, False), (0.5, False), (0.501, True)])
def test_a_budget_is_kept(distance, refused):
    keeper = keeper_of(games([20.0] * 4), budget=0.5)
    keeper.model.anchor = SimpleNamespace(distance=distance)
    keeper.assess(Weights(1.0))
    assert keeper.verdict.is_refined is not refused


def test_without_an_anchor_the_distance_is_nothing():
    keeper = keeper_of(games([20.0] * 4), budget=0.5)
    keeper.assess(Weights(1.0))
    assert keeper.verdict.is_refined


def test_without_rules_nothing_is_refused():
    keeper = keeper_of(games([20.0] * 4, cost=99.0))
    keeper.model.anchor = SimpleNamespace(distance=99.0)
    keeper.assess(Weights(1.0))
    assert keeper.verdict.is_refined


def test_what_was_refused_stays_known_until_the_next():
    keeper = keeper_of(games([20.0] * 4, cost=9.0), games([20.0] * 4), limits={"hits": 2.0})
    keeper.assess(Weights(1.0))
    assert keeper.verdict.sentence.startswith("The last agent refused may cost 9.00 hits")
    keeper.assess(Weights(2.0))
    assert keeper.refused
    assert "refused" not in keeper.verdict.sentence, "another one is handed on"


# ------------------------------------------------------------------ when it is judged


@pytest.mark.parametrize(
    ("every", "judged"), [(1, [0, 1, 2, 3]), (2, [0, 2]), (3, [0, 3]), (4, [0])]
)
def test_it_is_judged_every_few_updates_and_at_the_end(every, judged):
    keeper = keeper_of(*[games([20.0] * 4)] * 5, every=every)
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


@pytest.mark.parametrize("highest", [None, 12.0])
def test_it_goes_on_where_a_checkpoint_left_off(highest):
    keeper = keeper_of()
    facts = {"best_mean": 11.0, "best_update": 3, "highest": highest, "refused": "Because."}
    start = SimpleNamespace(part=lambda name: {"weight": torch.tensor([[5.0]])}, facts=facts)
    keeper.resume(start)
    assert (keeper.best_mean, keeper.best_update, keeper.refused) == (11.0, 3, "Because.")
    assert (keeper.highest, weight(keeper.best)) == (highest or 10.0, 5.0)
    del facts["refused"]  # as older checkpoints are
    keeper.resume(start)
    assert keeper.refused == ""


# ------------------------------------------------------------------ the verdict


def test_a_refusal_is_one_sentence():
    assert str(Refusal("budget", 0.512, 0.5)) == (
        "The last agent refused was 0.51 nats away, its budget 0.5."
    )
    assert str(Refusal("limit", 2.5, 2.0, "hits")) == (
        "The last agent refused may cost 2.50 hits, more than its limit of 2."
    )


def test_the_clone_is_handed_on_where_nothing_was_better():
    assert refining_verdict("won", 1.0, 1.0, -1) == Verdict(
        "clone",
        "No refined agent was reliably better than the clone (won 1.00), so the clone itself is handed on.",
        "won",
        1.0,
        1.0,
    )
    told = refining_verdict("won", 1.0, 1.0, -1, "Too dear.", "It diverged.")
    assert told.sentence.startswith("It diverged. Too dear. No refined")
    assert told.diverged
    assert str(told) == told.sentence
    assert not told.is_refined


@pytest.mark.parametrize("update", [0, 1, 40])
def test_the_best_is_handed_on_where_there_is_one(update):
    found = refining_verdict("won", 1.0, 2.0, update, "Too dear.")
    sentence = f"The best agent is from update {update}: won 2.00 against the clone's 1.00 on the same seeds."
    assert found == Verdict("refined", sentence, "won", 1.0, 2.0, update)
    assert found.is_refined
    late = refining_verdict("won", 1.0, 2.0, update, "", "It diverged.")
    assert late.sentence == f"It diverged. {sentence}"
    assert late.diverged


def test_the_keeper_says_what_stopped_it():
    keeper = keeper_of()
    keeper.trouble = "It diverged."
    assert keeper.verdict.diverged
    assert keeper.verdict.clone_mean == 10.0


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
    keeper = keeper_of(games([20.0, 22.0], cost=1.5, shield=3.0), limits={"hits": 2.0})
    keeper.num_timesteps = 10
    rows: list[Any] = []
    made = MetricsWriter(keeper, tmp_path, {"won": 2.0, "far": -0.25}, rows.append)
    writer = written(made, keeper, loss=0.5, **{"play/won": 9.0})
    writer._on_rollout_start()
    (line,) = (tmp_path / "metrics.jsonl").read_text().splitlines()
    expected = {
        "update": 1, "steps": 10, "north_star": 21.0, "low": 20.0, "high": 22.0, "clone": 10.0,
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
    keeper = keeper_of(games([20.0] * 4))
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
