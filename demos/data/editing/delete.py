"""Delete, undelete and undo: each edit makes a new revision or goes back to one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.history import (
    Ancestry,
    EpisodeLocation,
    before_edit,
    edit_of,
    lineage,
    noted,
    now,
)
from demos.data.dataset.revision import Revision, make_current, read_revision
from demos.data.dataset.store import Store
from demos.data.editing.numbers import count, listed
from demos.data.editing.revise import Piece, editing, revise
from environments.system.errors import UserError

LEAVE_OUT = ("delete", "filter")  # what `undelete` brings back


def delete(store: Store, name: str, numbers: Iterable[int]) -> str:
    """Leave episodes out, damaged ones too; returns what was done, as a sentence.

    Raises:
        UserError: no such dataset or episode, or none would be left.
    """
    with editing(store.open(name)) as dataset:
        gone = _known(dataset, numbers)
        return leave_out(dataset, "delete", gone, f"left out {listed(gone)}")


def leave_out(dataset: Dataset, verb: str, gone: Sequence[int], what: str) -> str:
    """A revision without these episodes; within `editing`."""
    kept = [number for number in range(len(dataset)) if number not in set(gone)]
    if not kept:
        raise UserError(
            f"That would leave nothing of dataset {dataset.name}: to be rid of all of it, remove "
            f"the folder {dataset.folder}."
        )
    made = revise(
        dataset,
        [Piece.of(dataset, number) for number in kept],
        noted(verb, what, dataset.revision.name, len(dataset)),
    )
    return f"{made} of {dataset.name}: {what}; {count(len(kept))} left."


def undelete(store: Store, name: str, numbers: Iterable[int] | None = None) -> str:
    """Bring back what the latest `delete` or `filter` left out, or of it only `numbers`.

    `numbers` are those that the episodes had when they were left out; they return to where they were.

    Raises:
        UserError: there is nothing to bring back, or the dataset's world has changed since.
    """
    with editing(store.open(name)) as dataset:
        ancestry = Ancestry(dataset)
        chains = [list(ancestry.chain(number)) for number in range(len(dataset))]
        before, lost = _lost(dataset, {place for chain in chains for place in chain})
        back = lost if numbers is None else _among(lost, numbers, before)
        _require_same_world(dataset, before)
        pieces = [
            (_number_in(before.name, chain), Piece.of(dataset, number))
            for number, chain in enumerate(chains)
        ]
        data = dataset.folder / before.name / "data"
        pieces += [(n, Piece(EpisodeLocation(before.name, n), data / str(n))) for n in back]
        pieces.sort(key=lambda pair: (pair[0] is None, pair[0]))  # recorded later: at the end
        what = f"brought back {listed(back)} of {before.name}"
        made = revise(
            dataset,
            [piece for _, piece in pieces],
            noted("undelete", what, dataset.revision.name, len(dataset)),
        )
        return f"{made} of {name}: {what}; {count(len(pieces))} now."


def undo(store: Store, name: str) -> str:
    """Go back to before the latest edit; what was recorded since then stays.

    Raises:
        UserError: nothing was edited.
    """
    with editing(store.open(name)) as dataset:
        edit = edit_of(dataset.revision)
        if edit is None or edit["parent"] is None:
            raise UserError(f"Dataset {name} has not been edited: there is nothing to undo.")
        before = read_revision(dataset.folder, edit["parent"], name)
        recorded = range(len(edit["episodes"]), len(dataset))
        if not recorded:
            make_current(dataset.folder, before.name)
            return f"Dataset {name} is {before.name} again: undone is '{edit['what']}'."
        _require_same_world(dataset, before)
        return _undone(dataset, before, before_edit(dataset, before, edit), recorded)


def _undone(dataset: Dataset, before: Revision, of: range, recorded: range) -> str:
    """The revision before, made once more, with the episodes that were recorded since."""
    data = dataset.folder / before.name / "data"
    pieces = [Piece(EpisodeLocation(before.name, number), data / str(number)) for number in of]
    pieces += [Piece.of(dataset, number) for number in recorded]
    what = f"went back to {before.name}, with {count(len(recorded))} recorded since"
    # It takes the place of the one before: to undo once more is to go back further, and what was
    # recorded stays recorded.
    earlier = edit_of(before) or {**noted("undo", "", None, 0), "episodes": [], "changed": []}
    words = f"{earlier['what']}; {what}" if earlier["what"] else what
    made = revise(dataset, pieces, {**earlier, "what": words, "when": now()})
    return f"{made} of {dataset.name}: {what}."


def _lost(dataset: Dataset, present: set[EpisodeLocation]) -> tuple[Revision, list[int]]:
    """What the latest edit that left out something left out and is not back, and from what."""
    for made, before in itertools.pairwise(lineage(dataset)):
        edit = edit_of(made)
        if edit is None or edit["verb"] not in LEAVE_OUT:
            continue
        kept = {EpisodeLocation.read(text) for text in edit["episodes"]}
        places = [
            EpisodeLocation(before.name, number) for number in before_edit(dataset, before, edit)
        ]
        lost = [p.number for p in places if p not in kept and p not in present]
        if lost:
            return before, lost
    raise UserError(f"Nothing was left out of dataset {dataset.name} that is not there.")


def _among(lost: Sequence[int], numbers: Iterable[int], before: Revision) -> list[int]:
    wanted = sorted(set(numbers))
    if strange := [number for number in wanted if number not in lost]:
        raise UserError(
            f"{listed(strange).capitalize()} of {before.name} cannot be brought back: "
            f"left out were {listed(lost)}."
        )
    return wanted


def _require_same_world(dataset: Dataset, before: Revision) -> None:
    if before.facts["fingerprint"] != dataset.fingerprint:
        raise UserError(
            f"Dataset {dataset.name} was relabelled since {before.name}, which holds episodes of the "
            f"world as it was: `gpo demos undo {dataset.name}` goes back one edit at a time."
        )


def _number_in(revision: str, chain: Sequence[EpisodeLocation]) -> int | None:
    return next((place.number for place in chain if place.revision == revision), None)


def _known(dataset: Dataset, numbers: Iterable[int]) -> list[int]:
    wanted = sorted(set(numbers))
    if not wanted:
        raise UserError("Say which episodes, by their numbers.")
    if strange := [number for number in wanted if not 0 <= number < len(dataset)]:
        raise UserError(
            f"Dataset {dataset.name} has no {listed(strange)}: it holds {len(dataset)}, "
            "numbered from 0."
        )
    return wanted
