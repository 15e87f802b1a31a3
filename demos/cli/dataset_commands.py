"""The output of `gpo demos`: of all datasets, of edits, checks and imports."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from demos.cli.options import ImportDatasetOptions
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.history import edit_of, episode_count, lineage, revision_names
from demos.data.dataset.provenance import provenance_of
from demos.data.dataset.revision import read_revision
from demos.data.dataset.store import Store
from demos.data.inspection.summary import Summary, summarise
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console


def list_datasets(root: Path) -> None:
    """A line for each dataset."""
    store = Store(root)
    console = plain_console()
    names = store.names()
    if not names:
        console.print(
            f"No datasets in {root} yet. To fetch some: gpo demos import overcooked", soft_wrap=True
        )
        return
    # Plain and narrow: the longest names of our own should fit 80 columns.
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("dataset", overflow="fold")
    for heading in ("episodes", "steps", "minutes", "players", "by", "each"):
        table.add_column(heading, justify="right")
    for name in names:
        try:
            dataset = store.open(name)
            table.add_row(name, *_row(dataset, summarise(dataset)))
        except UserError:
            table.add_row(name, "damaged", "", "", "", "", f"gpo demos info {name}")
    console.print(table)
    console.print("Minutes are of play: two people in one game count once.", style="dim")
    console.print(
        "By: people, a script, an agent, or mixed; from who acted in each step.", style="dim"
    )
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
        provenance_of(dataset) or "",
        "" if mean is None else f"{mean:.1f} {star}",
    ]


def verify_dataset(root: Path, name: str, numbers: Sequence[int] | None = None) -> int:
    """Play every game again; returns 0 if all agree, 3 if some cannot be told, 1 if some differ."""
    from demos.data.inspection.verify import verify

    dataset = Store(root).open(name)
    console = plain_console(highlight=False)
    verdicts = verify(dataset, numbers, lambda words: console.print(words, soft_wrap=True))
    for verdict in verdicts:
        if verdict.found != "agrees":
            style = "red" if verdict.found == "differs" else "yellow"
            line = f"Episode {verdict.episode}: {verdict.sentence}"
            console.print(line, style=style, soft_wrap=True)
    found = Counter[str](verdict.found for verdict in verdicts)
    words = {"agrees": "play again as recorded", "differs": "do not", "untold": "cannot be told"}
    told = ", ".join(f"{found[kind]} {text}" for kind, text in words.items() if found[kind])
    console.print(f"{name}: of {len(verdicts)} episodes {told or 'there is nothing to tell'}.")
    if verdicts:
        console.print(f"Played by: {provenance_of(dataset) or 'nobody can tell'}.")
    return 1 if found["differs"] else 3 if found["untold"] else 0


def show_history(root: Path, name: str) -> None:
    """Every revision of a dataset, the latest first: when, what was done, and which one counts."""
    dataset = Store(root).open(name)
    counting = [revision.name for revision in lineage(dataset)]
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("", "revision", "when", "episodes"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what", overflow="fold")
    for made in reversed(revision_names(dataset.folder)):
        revision = read_revision(dataset.folder, made, name)
        edit = edit_of(revision) or {}
        what = edit.get("what") or revision.facts["description"] or "recorded"
        parent = edit.get("parent")
        line = f"{what}, from {parent}" if parent else what
        mark = "*" if revision.name == counting[0] else "" if revision.name in counting else "-"
        when = edit.get("when", revision.facts["created"]).removesuffix("+00:00")
        style = "dim" if mark == "-" else None
        episodes = str(episode_count(dataset.folder, revision.name))
        table.add_row(mark, revision.name, when, episodes, line, style=style)
    console = plain_console(highlight=False)
    console.print(table)
    console.print(f"Played by: {provenance_of(dataset) or 'nobody can tell'}.")
    console.print("* counts; - was gone back from, and is still there. Times are UTC.", style="dim")


def say(sentence: str) -> None:
    """What an edit has done."""
    plain_console(highlight=False).print(sentence, soft_wrap=True)


def import_command(given: ImportDatasetOptions) -> None:
    """`gpo demos import`: published play, or a file of another tool.

    Raises:
        UserError: what is asked for one of them belongs to the other, or no file is named.
    """
    about_a_file = (given.path, given.name, given.world, given.seat, given.zeros)
    if given.kind == "overcooked":
        if any(about_a_file):
            raise UserError("`gpo demos import overcooked` reads no file: it takes only --layout.")
        return import_overcooked(given.root, given.layout)
    if given.layout:
        raise UserError(f"--layout is for overcooked alone, not for {given.kind}.")
    if given.path is None:
        raise UserError(f"Say what to read: gpo demos import {given.kind} PLACE")
    from demos.data.exchange.formats import import_from

    chosen = given.name or re.sub("[^A-Za-z0-9_-]+", "-", given.path.stem).strip("-_")
    store, how = Store(given.root), {"world": given.world, "seat": given.seat}
    return say(import_from(store, given.kind, given.path, chosen, **how, zeros=given.zeros))


def import_overcooked(root: Path, layouts: Sequence[str] | None) -> None:
    """Fetch the published play of people in five kitchens; a dataset for each layout and split."""
    # Here, because the kitchen brings its compiler with it, which the other commands do not need.
    from demos.data.exchange.file_format import ImportRequest
    from demos.data.exchange.formats import import_all

    console = plain_console()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("checking the files", total=1.0)
        results = import_all(
            Store(root),
            "overcooked",
            ImportRequest(layouts=layouts or ()),
            lambda text, part: bar.update(task, description=text, completed=part),
        )
    for result in results:
        what = "imported" if result.is_new else "already there, left as it is"
        console.print(f"{result.name}: {what}, {result.episodes} episodes", soft_wrap=True)
    console.print(f"To look closer: gpo demos info {results[0].name}", soft_wrap=True)
