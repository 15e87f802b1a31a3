"""Pictures of a dataset: return per episode, what was done how often, where time was spent.

E = episodes, S = steps of all.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from demos.data.dataset.dataset import Dataset
from demos.data.inspection.positions import Positions
from demos.data.inspection.step_statistics import StepStatistics
from environments.files.atomic import replace_after

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, GREY, ORANGE = "#2f6690", "#8d99a6", "#d1603d"
NAMED = 24  # bars that can still be read
PARTS = 12  # of an action that are drawn


def draw_pictures(
    dataset: Dataset,
    statistics: StepStatistics,
    names: tuple[str, ...],
    places: Positions | None,
    folder: Path,
) -> list[Path]:
    """Draw all into PNG files in a folder; returns them.

    Args:
        dataset: what is drawn; at least one episode of it can be read.
        statistics: of the episodes that can be read.
        names: of the discrete actions, as people call them; empty where they have no names.
        places: as `positions.find_places`; without them the lengths of episodes are drawn.
        folder: made if it is not there; pictures of an earlier call are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "returns.png": _returns(dataset, statistics),
        "actions.png": _actions(dataset, statistics, names),
    }
    if places is None:
        drawn["lengths.png"] = _lengths(dataset, statistics)
    else:
        drawn["places.png"] = _places(dataset, places)
    for name, figure in drawn.items():
        with replace_after(folder / name) as beside:
            figure.savefig(beside, dpi=150, format="png")
    return [folder / name for name in drawn]


def _figure(title: str, size: tuple[float, float] = (8, 4.5)) -> Figure:
    from matplotlib.figure import Figure  # without pyplot: no window, nothing left behind

    figure = Figure(size, layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.02, ha="left")
    return figure


def _plain(axes: Axes) -> Axes:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color="#e3e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def _returns(dataset: Dataset, statistics: StepStatistics) -> Figure:
    """A point an episode, in the order of recording, with the running mean over ten."""
    star = dataset.facts["north_star"]
    figure = _figure(f"{dataset.name}: what each episode earned")
    axes = _plain(figure.subplots())
    _points(axes, statistics.numbers, statistics.returns, "return")
    axes.set_xlabel("episode")
    axes.set_ylabel("return, under the world's own weights")
    if star and not _proportional(statistics.stars, statistics.returns):
        beside = axes.twinx()
        beside.scatter(
            statistics.numbers, statistics.stars, s=16, color=ORANGE, marker="x", label=star
        )
        beside.set_ylabel(f"{star} (north star)", color=ORANGE)
        beside.spines["top"].set_visible(False)
        _from_zero(beside, statistics.stars)
    figure.legend(loc="outside upper right", ncols=3, frameon=False, fontsize=9)
    return figure


def _points(axes: Axes, numbers: list[int], values: list[float], label: str) -> None:
    axes.scatter(numbers, values, s=18, color=BLUE, label=label)
    if len(values) >= 20:
        mean = np.convolve(values, np.ones(10) / 10, "valid")
        axes.plot(numbers[9:], mean, color=GREY, linewidth=1.5, label="mean of the last ten")
    _from_zero(axes, values)
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _from_zero(axes: Axes, values: list[float]) -> None:
    if min(values) >= 0:
        axes.set_ylim(bottom=0)


def _proportional(some: list[float], others: list[float]) -> bool:
    """Whether one is the other in another unit: then there is nothing to see in a second one."""
    a, b = np.array(some), np.array(others)
    return np.allclose(a * np.abs(b).max(), b * np.abs(a).max())


def _actions(dataset: Dataset, statistics: StepStatistics, names: tuple[str, ...]) -> Figure:
    """How often each action was applied; of continuous ones the spread of each part."""
    space = dataset.revision.action_space
    arrays = dataset.arrays(statistics.numbers)
    title = f"{dataset.name}: what was done, in {len(arrays.actions):,} steps"
    if isinstance(space, spaces.Box):
        return _spread(title, arrays.actions.reshape(len(arrays.actions), -1), space)
    figure = _figure(title)
    axes = _plain(figure.subplots())
    labels, counts = _counted(space, arrays.actions, names)
    shares = 100 * counts / len(arrays.actions)
    bars = axes.bar(range(len(labels)), shares, color=BLUE)
    if len(labels) <= NAMED:
        axes.set_xticks(range(len(labels)), labels, rotation=0 if len(labels) < 9 else 60)
        axes.bar_label(bars, [f"{share:.1f}" for share in shares], fontsize=8, padding=2)
    axes.set_xlabel("action")
    axes.set_ylabel("share of steps, %")
    return figure


def _counted(space: Any, actions: Any, names: tuple[str, ...]) -> tuple[list[str], Any]:
    """What there is to choose, and how often it was chosen."""
    if isinstance(space, spaces.Discrete):
        labels = list(names) or [str(k) for k in range(int(space.n))]
        return labels, np.bincount(actions, minlength=int(space.n))
    if isinstance(space, spaces.MultiBinary):
        flat = actions.reshape(len(actions), -1)
        return [f"on {k}" for k in range(flat.shape[1])], flat.sum(axis=0)
    parts = [np.bincount(actions[:, k], minlength=int(n)) for k, n in enumerate(space.nvec)]
    labels = [f"{k}: {choice}" for k, n in enumerate(space.nvec) for choice in range(int(n))]
    return labels, np.concatenate(parts)


def _spread(title: str, actions: Any, space: spaces.Box) -> Figure:
    shown = min(actions.shape[1], PARTS)
    rows = -(-shown // 4)
    figure = _figure(title, (8, 1.2 + 2.1 * rows))
    low, high = space.low.ravel(), space.high.ravel()
    for k in range(shown):
        axes = _plain(figure.add_subplot(rows, min(shown, 4), k + 1))
        bounded = np.isfinite(low[k]) and np.isfinite(high[k])
        reach = (float(low[k]), float(high[k])) if bounded else None
        weights = np.full(len(actions), 100 / len(actions))
        axes.hist(actions[:, k], bins=31, range=reach, color=BLUE, weights=weights)
        axes.set_title(f"part {k}", fontsize=9)
        axes.set_ylabel("share of steps, %" if k % 4 == 0 else "", fontsize=9)
    return figure


def _places(dataset: Dataset, places: Positions) -> Figure:
    """The world at its start, and beside it the share of time that was spent in each place."""
    figure = _figure(f"{dataset.name}: where time was spent, in {places.games} games", (9.5, 4.2))
    before, axes = figure.subplots(1, 2, width_ratios=(1, 1.2))
    before.imshow(places.start)
    before.set_title("at the start", fontsize=9)
    before.axis("off")
    points = places.points
    if points.shape[1] == 1:
        axes = _plain(axes)
        weights = np.full(len(points), 100 / len(points))
        axes.hist(points[:, 0], bins=60, color=BLUE, weights=weights)
        axes.set_xlabel("place, in the world's own units")
        axes.set_ylabel("share of time, %")
        return figure
    shares, reach = _shares(places)
    drawn = axes.imshow(shares, cmap="YlGnBu", vmin=0, extent=reach, interpolation="nearest")
    axes.set_facecolor("#dfe3e7")
    if places.cells:
        axes.set_xticks([])
        axes.set_yticks([])
        for row, column in np.argwhere(~np.ma.getmaskarray(shares)):
            share = shares[row, column]
            ink = "white" if share > 0.6 * shares.max() else "#1f2933"
            axes.text(
                column, row, f"{share:.0f} %", ha="center", va="center", color=ink, fontsize=8
            )
    figure.colorbar(drawn, ax=axes, label="share of time, %", shrink=0.85)
    axes.set_title("time spent; nobody was where it is grey", fontsize=9)
    return figure


def _shares(places: Positions) -> tuple[Any, tuple[float, float, float, float]]:
    """Percent of the time by place, masked where nobody was, and the picture's edges."""
    points = places.points
    if places.cells:
        width, height = (int(n) + 2 for n in points.max(axis=0))  # a wall's width more
        counts, _, _ = np.histogram2d(
            points[:, 1], points[:, 0], bins=(height, width), range=((0, height), (0, width))
        )
        reach = (-0.5, width - 0.5, height - 0.5, -0.5)
    else:
        counts, y, x = np.histogram2d(points[:, 1], points[:, 0], bins=40)
        reach = (x[0], x[-1], y[-1], y[0])
    return np.ma.masked_equal(100 * counts / len(points), 0), reach


def _lengths(dataset: Dataset, statistics: StepStatistics) -> Figure:
    figure = _figure(f"{dataset.name}: how long each episode is")
    axes = _plain(figure.subplots())
    _points(axes, statistics.numbers, [float(length) for length in statistics.lengths], "steps")
    axes.set_xlabel("episode")
    axes.set_ylabel("steps")
    return figure
