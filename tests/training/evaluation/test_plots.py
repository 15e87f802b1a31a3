"""The curve of a run shows every return, also those below 0."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from training.evaluation import plots
from training.run.metrics import MetricsRow


@pytest.mark.parametrize(
    ("judged_by", "called", "top"),
    [(None, "won x 3 per game, 95 % interval", 6.0), ("far", "far per game, 95 % interval", 2.0)],
)
def test_the_axis_is_named_after_what_is_judged(judged_by, called, top, tmp_path, monkeypatch):
    rows = [
        MetricsRow(0, 0, 1.0, 1.0, 1.0, 1.0, judged_by=judged_by),
        MetricsRow(1, 9, 2.0, 2.0, 2.0, 1.0),
    ]
    monkeypatch.setattr(plots, "read_metrics", lambda folder: rows)
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *rest, **more: drawn.append(figure))
    world: Any = SimpleNamespace(id="w", weights={"won": 3.0}, north_star="won")
    plots.draw_curve(tmp_path, world)
    assert drawn[0].axes[0].get_ylabel() == called
    assert np.max(drawn[0].axes[0].lines[0].get_ydata()) == top


@pytest.mark.parametrize(
    ("returns", "begins_at_zero"),
    [((1.0, 3.0), True), ((0.0, 3.0), True), ((-120.0, -80.0), False)],
)
def test_a_curve_begins_at_zero_only_where_nothing_is_below(
    returns, begins_at_zero, tmp_path, monkeypatch
):
    rows = [
        MetricsRow(n, 1000 * n, value, value - 0.0, value + 1.0, returns[0])
        for n, value in enumerate(returns)
    ]
    monkeypatch.setattr(plots, "read_metrics", lambda folder: rows)
    limits: list[tuple[float, float]] = []
    real = Figure.savefig

    def savefig(figure, *rest, **more):
        limits.append(figure.axes[0].get_ylim())
        real(figure, *rest, **more)

    monkeypatch.setattr(Figure, "savefig", savefig)
    world: Any = SimpleNamespace(id="w", weights={}, north_star="return")
    assert plots.draw_curve(tmp_path, world) == tmp_path / "curve.png"
    low, high = limits[0]
    assert (low == 0) == begins_at_zero
    assert low <= min(returns)
    assert high >= max(returns)
