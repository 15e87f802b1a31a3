"""The curve of a run: what it is judged by against steps, as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from environments.files.atomic import replace
from environments.simulation.world import World
from training.run.metrics import MetricsRow, read_metrics


def draw_curve(
    folder: Path,
    world: World,
    others: Sequence[tuple[str, Path]] = (),
    lines: dict[str, float] | None = None,
) -> Path | None:
    """Draw the north star, or what is judged instead, against steps into `curve.png`.

    Args:
        folder: of the run.
        world: for the name and the weight of its north star.
        others: further runs to draw beside it: label and folder.
        lines: levels to compare with, by label.

    Returns:
        The picture's path, or None if nothing was judged.
    """
    rows = read_metrics(folder)
    if not rows:
        return None
    from matplotlib.figure import Figure  # here, because it is slow to import

    scale, called = _figure(rows[0], world)
    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    for label, place in ((_begun(folder), folder), *others):
        found = read_metrics(place)
        steps = [row.steps / 1e6 for row in found]
        axes.plot(steps, [scale * row.north_star for row in found], label=label, linewidth=2)
        low, high = [scale * row.low for row in found], [scale * row.high for row in found]
        axes.fill_between(steps, low, high, alpha=0.2, linewidth=0)
    axes.axhline(scale * rows[0].clone, color="grey", linestyle="--", label="before refining")
    for number, (label, level) in enumerate((lines or {}).items()):
        axes.axhline(level, color=f"C{number + 3}", linestyle=":", label=label)
    axes.set_xlabel("million steps")
    axes.set_ylabel(f"{called} per game, 95 % interval")
    axes.set_title(f"{world.id}: refining, judged on fixed seeds")
    if axes.dataLim.ymin >= 0:  # else returns below 0 would be out of sight
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", frameon=False)
    path, picture = folder / "curve.png", io.BytesIO()
    figure.savefig(picture, format="png")
    replace(path, picture.getvalue())
    return path


def _figure(row: MetricsRow, world: World) -> tuple[float, str]:
    """What the judged figure is drawn times, and what it is called."""
    if row.judged_by is not None:
        return 1.0, row.judged_by
    scale = world.weights.get(world.north_star, 1.0)
    return scale, f"{world.north_star} x {scale:g}"


def _begun(folder: Path) -> str:
    """What the agent of a run was begun from."""
    return "from the clone" if (folder / "clone.safetensors").exists() else "from nothing"
