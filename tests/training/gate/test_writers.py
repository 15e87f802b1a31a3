"""What a judgement leaves in the run folder: rows and checkpoints."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import pytest

import training.gate.writers as writers_file
from tests.training.support.told_games import Weights, games, keeper_of
from training.gate.judge import Judgement
from training.gate.writers import CheckpointWriter, JudgementWriter, MetricsWriter


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
