"""What `gpo demos info` prints of one dataset, and the pictures it draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.provenance import provenance_of
from demos.data.dataset.store import Store
from demos.data.inspection.step_statistics import (
    STRETCH,
    StepStatistics,
    compute_step_statistics,
    quantiles,
)
from demos.data.inspection.summary import Summary, summarise
from environments.system.errors import UserError


def show_dataset(root: Path, name: str, pictures: Path | None = None) -> None:
    """All about one dataset: what it holds, where it comes from, whether it is whole.

    Args:
        root: where datasets are kept.
        name: of the dataset.
        pictures: a folder to draw it into.
    """
    dataset = Store(root).open(name)
    summary, detail = summarise(dataset), compute_step_statistics(dataset)
    console = Console(markup=False)
    console.print(_about(dataset, summary))
    if detail.numbers:
        console.print(_totals(dataset, summary, detail))
        console.print(_play(dataset, detail))
    for sentence in detail.damaged:
        console.print(sentence, style="red", soft_wrap=True, highlight=False)
    if pictures is not None:
        _draw(console, dataset, detail, pictures)


def _draw(console: Console, dataset: Dataset, detail: StepStatistics, folder: Path) -> None:
    from demos.data.inspection.plots import draw_pictures
    from demos.data.inspection.positions import find_places
    from demos.data.inspection.resimulate import world_of

    if not detail.numbers:
        raise UserError(
            f"Dataset {dataset.name} holds no episode that can be read: nothing to draw."
        )
    names: tuple[str, ...] = ()
    places = None
    try:
        world = world_of(dataset)
        names = world.action_names
        if not detail.damaged and world.fingerprint == dataset.fingerprint:
            places = find_places(world, dataset)
    except UserError as problem:  # pictures of the world are left out, the others need none
        console.print(str(problem), style="dim", soft_wrap=True, highlight=False)
    for path in draw_pictures(dataset, detail, names, places, folder):
        console.print(f"drawn: {path}", soft_wrap=True, highlight=False)


def _about(dataset: Dataset, summary: Summary) -> Table:
    facts = dataset.facts
    table = Table(title=dataset.name, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    aborted = f", {summary.aborted} of them broken off" if summary.aborted else ""
    rows = {
        "what": facts["description"],
        "world": dataset.world,
        "made for": f"fingerprint {dataset.fingerprint[:12]}",
        "episodes": f"{summary.episodes}{aborted}, from {summary.matches} matches",
        "steps": f"{summary.steps:,}",
        "play": f"{summary.seconds / 60:.1f} minutes",
        "players": str(len(summary.players)),
        "played by": provenance_of(dataset) or "",
        "revision": f"{dataset.revision.name}, made {facts['created']}",
        "opens in minari": f"minari.MinariDataset({str(dataset.data)!r})",
        "edited": _edited(dataset),
        **facts["provenance"],
    }
    for key, value in rows.items():
        if value:
            table.add_row(key, str(value))
    return table


def _edited(dataset: Dataset) -> str:
    edit = dataset.facts.get("edit")
    if not edit:
        return ""
    return f"{edit['what']} (history: gpo demos log {dataset.name})"


def _totals(dataset: Dataset, summary: Summary, detail: StepStatistics) -> Table:
    table = Table(title="Per episode", title_justify="left")
    table.add_column("term or cost", overflow="fold")
    for heading in ("mean", "least", "25 %", "median", "75 %", "most"):
        table.add_column(heading, justify="right")
    rows: dict[str, Sequence[float]] = {"return": detail.returns}
    rows |= {name: values for name, values in summary.totals.items() if values}
    for name, values in rows.items():
        kind = " (north star)" if name == dataset.facts["north_star"] else ""
        kind = " (cost)" if name in dataset.facts["costs"] else kind
        table.add_row(name + kind, *(f"{figure:.1f}" for figure in quantiles(values)))
    return table


def _play(dataset: Dataset, detail: StepStatistics) -> Table:
    """How it was played: pace, idleness, doubles, ratings, who."""
    table = Table(title="Play", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows = {
        "pace": _pace(detail),
        "late": f"{detail.late:,} of {detail.steps:,} steps, {_share(detail.late, detail.steps)}",
        "idle": _idle(detail),
        "doubles": "; ".join(
            f"episodes {', '.join(map(str, numbers))} hold the same actions"
            for numbers in detail.doubles
        )
        or "none",
        "ratings": _ratings(detail),
        "acted": ", ".join(
            f"{actor} {_share(steps, detail.steps)}" for actor, steps in detail.actors.most_common()
        ),
        "shield": _shield(detail),
        "devices": ", ".join(f"{d} {n}" for d, n in detail.devices.most_common()),
        "players": _players(dataset, detail),
    }
    for key, value in rows.items():
        if value:
            table.add_row(key, value)
    return table


def _pace(detail: StepStatistics) -> str:
    if detail.rate is None:
        return "times were not captured"
    really = f"{detail.rate:.2f} steps/s"
    wanted = ", ".join(f"{1 / tick:.2f}" for tick, _ in detail.ticks.most_common())
    return f"{really} (median), of {wanted} intended" if wanted else f"{really} (median)"


def _idle(detail: StepStatistics) -> str:
    if detail.idle is None:
        return "unknown: the world does not say which action does nothing"
    share = _share(detail.idle, detail.steps)
    longest = f", the longest {max(detail.stretches):.1f} s" if detail.stretches else ""
    return f"{share} of steps; {len(detail.stretches)} stretches of {STRETCH:g} s or more{longest}"


def _ratings(detail: StepStatistics) -> str:
    rated = {rating: n for rating, n in detail.ratings.items() if rating is not None}
    words = [f"{n} with {rating}" for rating, n in sorted(rated.items(), reverse=True)]
    words += [f"{detail.ratings[None]} not rated"] if detail.ratings[None] else []
    return ", ".join(words) + (f"; {detail.marks} moments marked" if detail.marks else "")


def _shield(detail: StepStatistics) -> str:
    if not detail.shielded:
        return ""
    steps = detail.actors["shield"]
    mean = steps / detail.shielded
    games = f"{detail.shielded} of {len(detail.numbers)} episodes"
    return f"stood by in {games} and stepped in {steps:,} times, {mean:.1f} an episode"


def _players(dataset: Dataset, detail: StepStatistics) -> str:
    star = dataset.facts["north_star"] or "return"
    lines = [
        f"{player}: {len(values)} episodes, {sum(values) / len(values):.1f} {star}"
        for player, values in sorted(detail.players.items())
    ]
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"
