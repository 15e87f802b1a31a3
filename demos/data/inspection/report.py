"""The report of `gpo demos info` on one dataset, and the pictures it draws."""

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
from environments.terminal.consoles import plain_console


def show_dataset(root: Path, name: str, pictures: Path | None = None) -> None:
    """All about one dataset: what it holds, where it comes from, whether it is whole.

    Args:
        root: where datasets are kept.
        name: of the dataset.
        pictures: a folder to draw it into.
    """
    dataset = Store(root).open(name)
    summary, statistics = summarise(dataset), compute_step_statistics(dataset)
    console = plain_console()
    console.print(_about(dataset, summary))
    if statistics.numbers:
        console.print(_totals(dataset, summary, statistics))
        console.print(_play(dataset, statistics))
    for sentence in statistics.damaged:
        console.print(sentence, style="red", soft_wrap=True, highlight=False)
    if pictures is not None:
        _draw(console, dataset, statistics, pictures)


def _draw(console: Console, dataset: Dataset, statistics: StepStatistics, folder: Path) -> None:
    from demos.data.inspection.plots import draw_pictures
    from demos.data.inspection.positions import find_places
    from demos.data.inspection.resimulate import world_of
    from demos.window.controls.bindings import action_labels

    if not statistics.numbers:
        raise UserError(
            f"Dataset {dataset.name} holds no episode that can be read: nothing to draw."
        )
    names: tuple[str, ...] = ()
    places = None
    try:
        world = world_of(dataset)
        choices = action_labels(world).choices
        names = choices[0] if len(choices) == 1 else ()
        if not statistics.damaged and world.fingerprint == dataset.fingerprint:
            places = find_places(world, dataset)
    except UserError as problem:  # pictures of the world are left out, the others need none
        console.print(str(problem), style="dim", soft_wrap=True, highlight=False)
    for path in draw_pictures(dataset, statistics, names, places, folder):
        console.print(f"drawn: {path}", soft_wrap=True, highlight=False)


def _about(dataset: Dataset, summary: Summary) -> Table:
    facts = dataset.facts
    table = Table(title=dataset.name, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    aborted = f", {summary.aborted} of them broken off" if summary.aborted else ""
    aborted += (
        f" ({summary.broken} by the environment: they do not count)" if summary.broken else ""
    )
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


def _totals(dataset: Dataset, summary: Summary, statistics: StepStatistics) -> Table:
    table = Table(title="Per episode", title_justify="left")
    table.add_column("term or cost", overflow="fold")
    for heading in ("mean", "least", "25 %", "median", "75 %", "most"):
        table.add_column(heading, justify="right")
    pairs = zip(statistics.numbers, statistics.returns, strict=True)
    rows: dict[str, Sequence[float]] = {
        "return": [value for number, value in pairs if number not in statistics.broken]
    }
    rows |= summary.totals
    for name, values in rows.items():
        if not values:
            continue
        kind = " (north star)" if name == dataset.facts["north_star"] else ""
        kind = " (cost)" if name in dataset.facts["costs"] else kind
        table.add_row(name + kind, *(f"{figure:.1f}" for figure in quantiles(values)))
    return table


def _play(dataset: Dataset, statistics: StepStatistics) -> Table:
    """How it was played: pace, idleness, doubles, ratings, who."""
    table = Table(title="Play", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    steps = statistics.steps
    rows = {
        "pace": _pace(statistics),
        "late": f"{statistics.late:,} of {steps:,} steps, {_share(statistics.late, steps)}",
        "idle": _idle(statistics),
        "doubles": "; ".join(
            f"episodes {', '.join(map(str, numbers))} hold the same actions"
            for numbers in statistics.doubles
        )
        or "none",
        "ratings": _ratings(statistics),
        "acted": ", ".join(
            f"{actor} {_share(steps, statistics.steps)}"
            for actor, steps in statistics.actors.most_common()
        ),
        "shield": _shield(statistics),
        "devices": ", ".join(f"{d} {n}" for d, n in statistics.devices.most_common()),
        "players": _players(dataset, statistics),
    }
    for key, value in rows.items():
        if value:
            table.add_row(key, value)
    return table


def _pace(statistics: StepStatistics) -> str:
    if statistics.rate is None:
        return "times were not captured"
    really = f"{statistics.rate:.2f} steps/s"
    wanted = ", ".join(f"{1 / tick:.2f}" for tick, _ in statistics.ticks.most_common())
    return f"{really} (median), of {wanted} intended" if wanted else f"{really} (median)"


def _idle(statistics: StepStatistics) -> str:
    if statistics.idle is None:
        return "unknown: the world does not say which action does nothing"
    share = _share(statistics.idle, statistics.steps)
    longest = f", the longest {max(statistics.stretches):.1f} s" if statistics.stretches else ""
    return (
        f"{share} of steps; {len(statistics.stretches)} stretches of {STRETCH:g} s or more{longest}"
    )


def _ratings(statistics: StepStatistics) -> str:
    rated = {rating: n for rating, n in statistics.ratings.items() if rating is not None}
    words = [f"{n} with {rating}" for rating, n in sorted(rated.items(), reverse=True)]
    words += [f"{statistics.ratings[None]} not rated"] if statistics.ratings[None] else []
    return ", ".join(words) + (f"; {statistics.marks} moments marked" if statistics.marks else "")


def _shield(statistics: StepStatistics) -> str:
    if not statistics.shielded:
        return ""
    steps = statistics.actors["shield"]
    mean = steps / statistics.shielded
    games = f"{statistics.shielded} of {len(statistics.numbers)} episodes"
    return f"stood by in {games} and stepped in {steps:,} times, {mean:.1f} an episode"


def _players(dataset: Dataset, statistics: StepStatistics) -> str:
    star = dataset.facts["north_star"] or "return"
    lines = [
        f"{player}: {len(values)} episodes, {sum(values) / len(values):.1f} {star}"
        for player, values in sorted(statistics.players.items())
    ]
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"
