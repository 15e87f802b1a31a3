"""The output of `gpo demos`: of all datasets, of edits, checks and imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

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
    """Play every game again; returns 0 if all agree, 3 if some cannot be told, 1 if some differ.

    Where they do not all agree it is told, too, whether actions stand one row off.
    """
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
    off = bool(found["differs"] or found["untold"]) and tell_alignment(dataset)
    return 1 if found["differs"] or off else 3 if found["untold"] else 0


def tell_alignment(dataset: Dataset) -> bool:
    """Say it if actions seem to stand one row off, which no replay is needed to see; whether they do."""
    from demos.data.inspection.alignment import alignment_of

    alignment = alignment_of(dataset)
    if alignment is None or not alignment.sentence:
        return False
    plain_console(highlight=False).print(alignment.sentence, style="red", soft_wrap=True)
    return True


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
