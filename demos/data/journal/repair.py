"""`gpo demos repair`: recovers the game that was open in a crash, and names every damaged episode.

What a journal holds becomes an episode; nothing else is changed and nothing is deleted. A damaged episode
stays in its folder, under its number: its checksum keeps it from ever being loaded, the others keep their
numbers, and a copy can be put back in its place. Leaving it out is an edit like any other
(`gpo demos delete`), which can be undone.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.revision import OWN, current_name, make_current, read_revision, require_own
from demos.data.dataset.store import Store
from demos.data.journal.recovery import ASIDE, recover
from environments.files.atomic import locked
from environments.system.errors import UserError

COMPLETE, NOTHING, LOSSY = 0, 1, 3  # exit codes of `gpo demos repair`, as those of `mcap recover`


def repair_command(root: Path, name: str) -> int:
    """Recover what can be recovered of a dataset, and print what that is and what is lost.

    Returns:
        0 if all is whole now, 3 if something is lost or damaged, 1 if nothing can be read.

    Raises:
        UserError: there is no such dataset, or another process is writing it.
    """
    store = Store(root)
    lines = _mend_pointer(root / name)
    whole = not lines
    try:
        dataset = store.open(name)
    except UserError as problem:
        if not (root / name / "current").exists() and not lines:
            raise  # there is no such dataset
        print("\n".join([*lines, str(problem)]))
        return NOTHING
    with dataset.writing():
        recovery = recover(dataset)
        damaged = dataset.check()
    if recovery:
        lines.append(recovery.sentence)
        whole = whole and recovery.whole
    lines += [*damaged, _count(dataset, len(damaged)), *_asides(dataset)]
    print("\n".join(lines))
    if whole and not damaged:
        return COMPLETE
    return LOSSY if len(dataset) > len(damaged) else NOTHING


def _count(dataset: Dataset, damaged: int) -> str:
    count = len(dataset)
    if not damaged:
        return f"Dataset {dataset.name}: all {count} episodes are whole."
    return (
        f"Dataset {dataset.name}: {count - damaged} of {count} episodes are whole, {damaged} damaged; all "
        f"keep their numbers, and gpo demos delete {dataset.name} NUMBER leaves out what is damaged."
    )


def _asides(dataset: Dataset) -> list[str]:
    return [
        f"{path}: a journal that could not be read to its end; delete it when you need it no more."
        for path in sorted(dataset.folder.glob(f"{ASIDE}*"))
    ]


def _mend_pointer(folder: Path) -> list[str]:
    """Let the newest whole revision count where `current` names none; a line that says so."""
    revisions = sorted(folder.glob("revision-v*/revision.json"), key=_age)
    require_own(folder, folder.name, OWN)
    with suppress(UserError):  # it is missing, or no name
        if (folder / current_name(folder, folder.name) / "revision.json").exists():
            return []
    for path in reversed(revisions):
        try:
            read_revision(folder, path.parent.name, folder.name)
        except UserError:
            continue  # the next older one may be whole
        refusal = f"Dataset {folder.name} is being written by another process: end that one first."
        with locked(folder / "lock", refusal):
            make_current(folder, path.parent.name)
        return [
            f"Dataset {folder.name}: `current` named no revision; of its {len(revisions)} the newest "
            f"that is whole counts now, {path.parent.name}."
        ]
    return [f"Dataset {folder.name}: none of its revisions can be read."] if revisions else []


def _age(path: Path) -> tuple[int, str]:
    digits = "".join(filter(str.isdigit, path.parent.name))
    return int(digits or -1), path.parent.name
