"""A revision of a dataset: what `revision.json` says of it, and which revision is the current one."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium

from demos.data.episodes.facts import REVISION, require_printable, require_revision, shown
from demos.data.episodes.spaces import read_space
from environments.files.atomic import read_checked_json, replace, to_checked_json, write_synced
from environments.files.readers import Unreadable, read_ordinary
from environments.system.errors import UserError

FORMAT = 1  # of what is written here; raise it when older readers would go wrong
FIRST = "revision-v0"
MINARI_LAYOUT = "0.5.4"  # the release of minari whose layout `data` has

OWN = ("current", "lock", "journal")  # files beside the revisions

Space = gymnasium.Space[Any]


@dataclass(frozen=True)
class Revision:
    """One state of a dataset: the folder of its name, described by the `revision.json` in it."""

    name: str
    facts: dict[str, Any]  # world, fingerprint, terms, costs, provenance, ...
    observation_space: Space
    action_space: Space

    def minari_view(self, dataset: str, episodes: int, steps: int, size: float) -> dict[str, Any]:
        """`metadata.json` as minari expects it; `size` in MB."""
        return {
            "dataset_id": f"{dataset}/{self.name}",
            "minari_version": MINARI_LAYOUT,
            "data_format": "parquet",
            "jpeg_encoding": False,  # lossless
            "total_episodes": episodes,
            "total_steps": steps,
            "dataset_size": size,
            "description": self.facts["description"],
            "observation_space": self.facts["observation_space"],
            "action_space": self.facts["action_space"],
        }


def write_revision(
    dataset: Path, name: str, facts: dict[str, Any], observation_space: Space, action_space: Space
) -> None:
    """Make an empty revision in a dataset's folder; it counts once `make_current` says so."""
    # minari's own notation for spaces; imported here because only this needs minari
    from minari.serialization import serialize_space

    written = {
        **facts,
        "format": FORMAT,
        "observation_space": serialize_space(observation_space),
        "action_space": serialize_space(action_space),
    }
    data = to_checked_json(written)
    try:
        require_revision(name, written)
        require_printable(data, written)
        for space in (observation_space, action_space):
            read_space(serialize_space(space))
    except ValueError as error:  # what is written can be read
        raise UserError(f"A dataset cannot hold this: {error}.") from error
    (dataset / name / "data").mkdir(parents=True)
    write_synced(dataset / name / "revision.json", data)


def make_current(dataset: Path, name: str) -> None:
    """Let the revision of that name count from now on."""
    replace(dataset / "current", f"{name}\n".encode())


def current_name(dataset: Path, called: str) -> str:
    """The name of the revision that counts.

    Raises:
        UserError: nothing says which it is, or a link or a device stands in its folder.
    """
    require_own(dataset, called, OWN)
    try:
        name = read_ordinary(dataset / "current", 1000).decode().strip()
        if not REVISION.fullmatch(name):
            raise ValueError(f"`current` names {shown(name)}, which is no revision")
    except (OSError, ValueError) as error:
        raise _damaged(called, error) from error
    return name


def read_current(dataset: Path, called: str) -> Revision:
    """The revision that counts, of the dataset in a folder that people know as `called`."""
    return read_revision(dataset, current_name(dataset, called), called)


def read_revision(dataset: Path, name: str, called: str) -> Revision:
    """The revision of that name.

    Raises:
        UserError: it is damaged, or of another format.
    """
    try:
        path = dataset / name / "revision.json"
        for folder in (dataset / name, dataset / name / "data"):
            if folder.is_symlink():
                raise Unreadable(f"{folder.name} is a link, and what is in a dataset is its own")
        facts = read_checked_json(path)
        if facts.get("format") != FORMAT and type(facts.get("format")) is int:
            raise UserError(
                f"Dataset {called} has format {facts['format']} and this program reads {FORMAT}: "
                "use the release that wrote it."
            )
        require_revision(name, facts)
        require_printable(path.read_bytes(), facts)
        spaces = [_space(facts, which) for which in ("observation_space", "action_space")]
    except (OSError, ValueError) as error:
        raise _damaged(called, error) from error
    return Revision(name, facts, *spaces)


def _space(facts: dict[str, Any], which: str) -> Space:
    try:
        return read_space(facts[which])
    except ValueError as error:
        raise Unreadable(f"{which} {error}") from None


def require_own(dataset: Path, called: str, names: Sequence[str]) -> None:
    """Refuse links, pipes and devices where a dataset has files of its own.

    Raises:
        UserError: one of the names is something else than a file.
    """
    for name in names:
        with suppress(OSError):
            if not stat.S_ISREG((dataset / name).lstat().st_mode):
                raise UserError(
                    f"Dataset {called}: {dataset / name} is no ordinary file; remove it, or restore it "
                    "from a copy."
                )


def _damaged(called: str, error: Exception) -> UserError:
    return UserError(
        f"Dataset {called}: its `current` or `revision.json` is damaged ({error}); restore it "
        "from a copy, the episodes beside it are untouched."
    )
