"""What `gpo demos` prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from demos.dataset import Dataset
from demos.store import Store
from demos.summary import Summary, summarise
from environments.problem import Problem


def list_datasets(root: Path) -> None:
    """A line for each dataset."""
    store = Store(root)
    console = Console(markup=False)
    names = store.names()
    if not names:
        console.print(
            f"No datasets in {root} yet. To fetch some: gpo demos import overcooked", soft_wrap=True
        )
        return
    # Plain and narrow: the longest names of our own should fit 80 columns.
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("dataset", overflow="fold")
    for heading in ("episodes", "steps", "minutes", "players", "each"):
        table.add_column(heading, justify="right")
    for name in names:
        try:
            dataset = store.open(name)
            table.add_row(name, *_row(dataset, summarise(dataset)))
        except Problem:
            table.add_row(name, "damaged", "", "", "", f"gpo demos info {name}")
    console.print(table)
    console.print("Minutes are of play: two people in one game count once.", style="dim")
    console.print("Each: what an episode earned of what its world judges by.", style="dim")


def _row(dataset: Dataset, summary: Summary) -> list[str]:
    star = dataset.facts["north_star"]
    mean = summary.mean(star)
    damaged = f" ({len(summary.damaged)} damaged)" if summary.damaged else ""
    return [
        f"{summary.episodes}{damaged}",
        f"{summary.steps:,}",
        f"{summary.seconds / 60:.1f}",
        str(len(summary.players)),
        "" if mean is None else f"{mean:.1f} {star}",
    ]


def show_dataset(root: Path, name: str) -> None:
    """All about one dataset: what it holds, where it comes from, whether it is whole."""
    dataset = Store(root).open(name)
    summary = summarise(dataset)
    console = Console(markup=False)
    console.print(_about(dataset, summary))
    if summary.episodes:
        console.print(_totals(dataset, summary))
    for sentence in dataset.check():
        console.print(sentence, style="red", soft_wrap=True, highlight=False)


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
        "revision": f"{dataset.revision.name}, made {facts['created']}",
        "opens in minari": f"minari.MinariDataset({str(dataset.data)!r})",
        **facts["provenance"],
    }
    for key, value in rows.items():
        if value:
            table.add_row(key, str(value))
    return table


def _totals(dataset: Dataset, summary: Summary) -> Table:
    table = Table(title="Per episode", title_justify="left")
    table.add_column("term or cost", overflow="fold")
    for heading in ("mean", "least", "median", "most"):
        table.add_column(heading, justify="right")
    for name, values in summary.totals.items():
        kind = " (north star)" if name == dataset.facts["north_star"] else ""
        kind = " (cost)" if name in dataset.facts["costs"] else kind
        figures = (np.mean(values), np.min(values), np.median(values), np.max(values))
        table.add_row(name + kind, *(f"{figure:.1f}" for figure in figures))
    return table


def import_overcooked(root: Path, layouts: Sequence[str] | None) -> None:
    """Fetch the published play of people in five kitchens; a dataset for each layout and split."""
    # Here, because the kitchen brings its compiler with it, which the other commands do not need.
    from demos.overcooked import import_layouts
    from environments.worlds.kitchen_layouts import LAYOUTS

    chosen = list(dict.fromkeys(layouts or LAYOUTS))
    console = Console(markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("checking the files", total=1.0)
        results = import_layouts(
            Store(root),
            chosen,
            lambda text, part: bar.update(task, description=text, completed=part),
        )
    for result in results:
        what = "imported" if result.is_new else "already there, left as it is"
        console.print(f"{result.name}: {what}, {result.episodes} episodes", soft_wrap=True)
    console.print(f"To look closer: gpo demos info {results[0].name}", soft_wrap=True)
