"""Rows of metrics: a line is read as it was written, and older ones are read, too."""

import json

from training.run.metrics import METRICS, MetricsRow, read_metrics

ROW = MetricsRow(
    update=8,
    steps=800,
    north_star=1.5,
    low=1.0,
    high=2.0,
    clone=0.5,
    proxy=3.0,
    best=1.25,
    cost_high={"hit": 4.0},
    play={"win": 1.5, "hit": 2.0, "shielded": 0.0},
    training={"train/loss": 0.25, "weight/entropy": 0.0},
)


def test_a_line_keeps_its_columns_and_their_order():
    assert list(ROW.to_json()) == [
        "update", "steps", "north_star", "low", "high", "proxy", "clone", "best",
        "high/hit", "play/win", "play/hit", "play/shielded", "train/loss", "weight/entropy",
    ]  # fmt: skip
    assert MetricsRow.from_json(json.loads(json.dumps(ROW.to_json()))) == ROW


def test_a_line_of_before_there_was_a_proxy_is_read(tmp_path):
    line = {"update": 0, "steps": 0, "north_star": 1.0, "low": 1.0, "high": 1.0, "clone": 1.0}
    (tmp_path / METRICS).write_text(json.dumps(line) + "\n")
    (row,) = read_metrics(tmp_path)
    assert (row.update, row.clone, row.proxy, row.best) == (0, 1.0, None, None)
    assert row.to_json() == line


def test_a_run_without_judgements_has_no_rows(tmp_path):
    assert read_metrics(tmp_path) == []
