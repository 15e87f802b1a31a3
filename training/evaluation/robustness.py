"""Robustness curves: what agents reach by the value of a parameter that varies from episode to episode.

Every value is played on the same seeds, with all other parameters drawn as in training, so the points of a
curve differ by that value alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.players.player import Player
from environments.files.atomic import replace as write_whole
from environments.simulation.variation import points_of
from environments.simulation.world import World
from training.evaluation.protocol import Protocol, evaluate, spread_of
from training.evaluation.results import Scores
from training.run.reporter import Reporter

POINTS = 7  # of a curve, unless there are fewer choices
LEAST = 8  # games of a point: a quarter of the judgement's, but not fewer
PICTURE = "robustness.png"
ACROSS = 4  # pictures in a row


def robustness(
    world: World,
    players: Mapping[str, Callable[[int], Player]],
    partner: Callable[[int], Player] | None,
    protocol: Protocol,
    reporter: Reporter,
) -> dict[str, Any]:
    """The curves of all parameters that vary, as JSON: `values`, and by role the return at each.

    Args:
        world: it may vary in nothing; then there are none.
        players: makers of who is judged, by role.
        partner: maker of who has the other seats; None if there are none, or all are one's own.
        protocol: of the judgement.
        reporter: is shown a bar.
    """
    if not world.vary:
        return {}
    games = min(protocol.games, max(LEAST, protocol.games // 4))
    points = {name: points_of(about, POINTS) for name, about in world.vary.items()}
    found: dict[str, Any] = {}
    total = len(players) * sum(map(len, points.values()))
    with reporter.bar("measuring robustness", total, "points") as bar:
        done = 0
        for name, values in points.items():
            rows: dict[str, list[Any]] = {role: [] for role in players}
            for value in values:
                at = replace(protocol, games=games, options={**protocol.options, name: value})
                for role, maker in players.items():
                    played = evaluate(world, maker, partner, at)
                    returns = [one.returns[one.whole, seat] for seat, one in enumerate(played)]
                    rows[role].append(_spread(np.concatenate(returns)))
                    done += 1
                    bar(done)
            found[name] = {"values": values, "games": games, "return": rows}
    return found


def _spread(returns: np.ndarray) -> dict[str, float] | None:
    """None where the environment broke off all games."""
    return spread_of(returns) if len(returns) else None


def draw_robustness(folder: Path, scores: Scores) -> str:
    """Draw the curves into `robustness.png`; in a sentence, where agents are worst."""
    from matplotlib.figure import Figure  # here, because it is slow to import

    curves = scores.robustness
    rows, columns = -(-len(curves) // ACROSS), min(len(curves), ACROSS)
    figure = Figure(figsize=(5 * columns, 4 * rows), dpi=120, layout="constrained")
    every = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in every[len(curves) :]:
        unused.set_axis_off()
    for axes, (name, curve) in zip(every, curves.items(), strict=False):
        numbers = all(isinstance(value, int | float) for value in curve["values"])
        places = curve["values"] if numbers else list(range(len(curve["values"])))
        for role, points in curve["return"].items():
            kept = [(x, one) for x, one in zip(places, points, strict=True) if one is not None]
            xs = [x for x, _ in kept]
            axes.plot(xs, [one["mean"] for _, one in kept], marker="o", label=role)
            low, high = ([one[end] for _, one in kept] for end in ("low", "high"))
            axes.fill_between(xs, low, high, alpha=0.2, linewidth=0)
        if not numbers:
            axes.set_xticks(places, [str(value) for value in curve["values"]])
        axes.set_xlabel(name)
        axes.set_ylabel("return per game, 95 % interval")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_whole(folder / PICTURE, picture.getvalue())
    told = "; ".join(_worst(name, curve) for name, curve in curves.items())
    return f"By what varies ({PICTURE}): {told}."


def _worst(name: str, curve: Mapping[str, Any]) -> str:
    role, points = list(curve["return"].items())[-1]
    kept = [(one["mean"], k) for k, one in enumerate(points) if one is not None]
    if not kept:
        return f"{name} left no whole game"
    (least, at), (most, best) = min(kept), max(kept)
    return (
        f"{role} reaches {least:.4g} at {name} = {_short(curve['values'][at])} and {most:.4g} at "
        f"{_short(curve['values'][best])}"
    )


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
