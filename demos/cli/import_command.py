"""`gpo demos import`: published play, or a file of another tool, with a replay of what came of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from demos.cli.dataset_commands import say, tell_alignment
from demos.cli.options import ImportDatasetOptions
from demos.data.dataset.store import Store
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console

_COLUMNS = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())


def import_command(given: ImportDatasetOptions) -> None:
    """`gpo demos import`.

    Raises:
        UserError: what is asked for one of them belongs to the other, or no file is named.
    """
    about_a_file = (
        given.path, given.name, given.world, given.seat, given.zeros, given.params, given.parts,
    )  # fmt: skip
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
    store = Store(given.root)
    said = {"world": given.world, "seat": given.seat, "zeros": given.zeros}
    parts = dict(_pair(text) for text in given.parts)
    say(
        import_from(store, given.kind, given.path, chosen, **said, params=given.params, parts=parts)
    )
    return _tell_replay(store, chosen)


def _pair(text: str) -> tuple[str, str]:
    ours, sign, theirs = text.partition("=")
    if not sign or not theirs:
        raise UserError(f"--part {text}: write OURS=THEIRS, such as agent_pos=observation.state.")
    return ours, theirs


def _tell_replay(store: Store, name: str) -> None:
    """Play what was imported again, and say how far it goes as recorded."""
    from demos.data.inspection.replay_score import replay_score

    console = plain_console()
    with Progress(*_COLUMNS, console=console, transient=True) as bar:
        task = bar.add_task("playing it again", total=1.0)
        dataset = store.open(name)
        score = replay_score(dataset, lambda part: bar.update(task, completed=part))
    say(score.sentence)
    tell_alignment(dataset)


def import_overcooked(root: Path, layouts: Sequence[str] | None) -> None:
    """Fetch the published play of people in five kitchens; a dataset for each layout and split."""
    # Here, because the kitchen brings its compiler with it, which the other commands do not need.
    from demos.data.exchange.file_format import ImportRequest
    from demos.data.exchange.formats import import_all

    console = plain_console()
    with Progress(*_COLUMNS, console=console, transient=True) as bar:
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
