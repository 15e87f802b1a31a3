"""The curve of a run shows every return, also those below 0."""

from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from training.evaluation import plots
from training.run.metrics import MetricsRow


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
    limits = []
    real = Figure.savefig
    monkeypatch.setattr(
        Figure,
        "savefig",
        lambda figure, *rest, **more: (
            limits.append(figure.axes[0].get_ylim()),
            real(figure, *rest, **more),
        ),
    )
    world = SimpleNamespace(id="w", weights={}, north_star="return")
    assert plots.draw_curve(tmp_path, world).stat().st_size
    low, high = limits[0]
    assert (low == 0) == begins_at_zero
    assert low <= min(returns)
    assert high >= max(returns)
