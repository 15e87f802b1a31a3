"""Scores as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from training.evaluation.results import Scores


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
    table.add_column("who", no_wrap=True)
    for seat in range(seats):
        table.add_column(f"seat {seat}" if seats > 1 else "return", justify="right", no_wrap=True)
    shielded = any("shielded" in row.seats[0] for row in scores.rows.values() if row.seats)
    if shielded:
        table.add_column("shield acted", justify="right")
    for column in extra or {}:
        table.add_column(column, justify="right")
    for name, row in scores.rows.items():
        cells = [spread(seat["return"]) for seat in row.seats]
        cells += [""] * (seats - len(cells))
        if shielded:
            acted = [seat["shielded"] for seat in row.seats if "shielded" in seat]
            cells.append(", ".join(spread(one, 1) for one in acted))
        cells += [texts.get(name, "") for texts in (extra or {}).values()]
        table.add_row(name, *cells)
    console.print(heading, style="bold")
    console.print(table)
    console.print(f"{scores.protocol}; mean [95 % interval].", soft_wrap=True)
    if scores.likeness:
        told = ", ".join(f"{name} {value:.2f}" for name, value in scores.likeness.items())
        console.print(f"Log-likelihood of what people did, in nats a step: {told}.", soft_wrap=True)


def show_parts(
    console: Console, found: Mapping[str, Any], costs: Sequence[str], first: int = 0
) -> None:
    """Print every term and cost of one pairing, a column for each seat from `first` on."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("per game", no_wrap=True)
    for seat in range(len(found["seats"])):
        table.add_column(f"seat {first + seat}", justify="right", no_wrap=True)
    for name in found["seats"][0]:
        if name != "return" or len(found["seats"][0]) == 1:
            label = f"{name} (cost)" if name in costs else name
            table.add_row(label, *(spread(seat[name], 2) for seat in found["seats"]))
    console.print(table)


def show_limits(
    console: Console, costs: Iterable[tuple[str, Mapping[str, float], float | None]]
) -> None:
    """Print each cost of a game: its mean, its upper 95 % bound, and whether that is within its limit."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("cost a game", "mean", "95 % upper bound", "limit", ""):
        table.add_column(heading, no_wrap=True, justify="left" if not heading else "right")
    for name, cost, limit in costs:
        within = cost["high"] <= (limit or 0.0) or (limit == 0 and cost["mean"] == 0)
        kept = "" if limit is None else ("within" if within else "[bold]over[/]")
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
    """`156.4 [150, 163]`, safe from rich's markup; the ends have `digits` decimals, or as many as tell."""
    if digits is None:
        digits = 0 if abs(found["mean"]) >= 20 else 2
    return f"{found['mean']:.{max(digits, 1)}f} \\[{found['low']:.{digits}f}, {found['high']:.{digits}f}]"
