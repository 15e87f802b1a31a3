"""Scores as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from training.evaluation.results import Scores

NAME = 40  # columns that a name may have before it is broken


def show_scores(
    console: Console,
    scores: Scores,
    title: str | None = None,
    extra: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Print a row for each pairing, a column for each seat.

    Args:
        console: where.
        scores: of each pairing.
        title: above the table.
        extra: further columns: heading -> row name -> text.
    """
    seats = max(len(row.seats) for row in scores.rows.values())
    heading = title or f"{scores.world}: return per game"
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    _add_names(table, "who", list(scores.rows))
    reached = {n: [spread(s["return"]) for s in row.seats] for n, row in scores.rows.items()}
    judged = _judged(scores)
    below = _below(console, reached) or (seats > 1 and bool(judged))
    beside = [f"seat {seat}" for seat in range(seats)] if seats > 1 else ["return"]
    for named in ("seat", "return") if below else beside:
        table.add_column(named, justify="right", no_wrap=True)
    more = {**judged, **_shielded(scores), **(extra or {})}
    for column in more:
        table.add_column(column, justify="right", no_wrap=column in judged)
    for name, cells in reached.items():
        beside = _lines(cells) if below else [*cells, *[""] * (seats - len(cells))]
        table.add_row(name, *beside, *(texts.get(name, "") for texts in more.values()))
    console.print(heading, style="bold")
    console.print(table)
    console.print(f"{scores.protocol}; mean [95 % interval].", soft_wrap=True)
    if scores.likeness:
        told = ", ".join(f"{name} {value:.2f}" for name, value in scores.likeness.items())
        console.print(f"Log-likelihood of what people did, in nats a step: {told}.", soft_wrap=True)


def _judged(scores: Scores) -> dict[str, dict[str, str]]:
    """The column of the figure that decided, a line for each seat, unless that is the return."""
    name = scores.judged_by
    if name is None or name == "return":
        return {}
    texts = {}
    for row, found in scores.rows.items():
        cells = [spread(seat[name]) if name in seat else "" for seat in found.seats]
        texts[row] = "\n".join(cells)
    return {name: texts}


def _shielded(scores: Scores) -> dict[str, dict[str, str]]:
    """The column of how often the shield acted in a game, seat after seat, where there is one."""
    if not any("shielded" in row.seats[0] for row in scores.rows.values() if row.seats):
        return {}
    texts = {}
    for name, row in scores.rows.items():
        acted = [seat["shielded"] for seat in row.seats if "shielded" in seat]
        texts[name] = ", ".join(spread(one, 1) for one in acted)
    return {"shield acted": texts}


def show_parts(
    console: Console, found: Mapping[str, Any], costs: Sequence[str], first: int = 0
) -> None:
    """Print every term and cost of one pairing, a column for each seat from `first` on."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    seats = found["seats"]
    rows = {
        f"{name} (cost)" if name in costs else name: [spread(seat[name], 2) for seat in seats]
        for name in seats[0]
        if name != "return" or len(seats[0]) == 1
    }
    below = _below(console, rows)
    _add_names(table, "per game", list(rows))
    for heading in ("seat", "mean") if below else [f"seat {first + n}" for n in range(len(seats))]:
        table.add_column(heading, justify="right", no_wrap=True)
    for label, cells in rows.items():
        table.add_row(label, *(_lines(cells, first) if below else cells))
    console.print(table)


def _add_names(table: Table, heading: str, names: Sequence[str]) -> None:
    """The first column, whose names are broken only where they are very long."""
    table.add_column(heading, no_wrap=max(map(len, names)) <= NAME, overflow="fold")


def _below(console: Console, rows: Mapping[str, Sequence[str]]) -> bool:
    """Whether seats must stand below each other, a line each, for the table to fit the terminal."""
    names = min(max(map(len, rows), default=0), NAME)
    widest = max((sum(len(cell) + 4 for cell in cells) for cells in rows.values()), default=0)
    return max(map(len, rows.values()), default=0) > 1 and names + 4 + widest > console.width


def _lines(cells: Sequence[str], first: int = 0) -> list[str]:
    """A line for each seat: their numbers, and what stands there."""
    return ["\n".join(str(first + n) for n in range(len(cells))), "\n".join(cells)]


def show_limits(
    console: Console, costs: Iterable[tuple[str, Mapping[str, float], float | None]]
) -> None:
    """Print each cost of a game: its mean, its upper 95 % bound, and whether that is within its limit."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("cost a game", "mean", "95 % upper bound", "limit", ""):
        table.add_column(heading, no_wrap=True, justify="left" if not heading else "right")
    for name, cost, limit in costs:
        within = cost["high"] <= (limit or 0.0) or (limit == 0 and cost["mean"] == 0)
        kept = "" if limit is None else ("within" if within else Text("over", "bold"))
        told = "none" if limit is None else f"{limit:g}"
        table.add_row(name, f"{cost['mean']:.3f}", f"{cost['high']:.3f}", told, kept)
    console.print(table)


def limited(
    scores: Scores, limits: Mapping[str, float]
) -> list[tuple[str, Mapping[str, float], float | None]]:
    """For `show_limits`: what the agent handed on cost in its last pairing, by seat, where limited."""
    seats = scores.handed_on.seats if scores.handed_on is not None else []
    return [
        (f"{name}, seat {n}" if len(seats) > 1 else name, seat[name], limit)
        for name, limit in limits.items()
        for n, seat in enumerate(seats)
    ]


def spread(found: Mapping[str, float], digits: int | None = None) -> str:
    """`156.4 [150, 163]`; the ends have `digits` decimals, or as many as tell."""
    if digits is None:
        digits = 0 if abs(found["mean"]) >= 20 else 2
    return f"{found['mean']:.{max(digits, 1)}f} [{found['low']:.{digits}f}, {found['high']:.{digits}f}]"
