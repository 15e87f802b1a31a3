"""Replay buffers of Diffusion Policy, folders of zarr, as recorded games; they are only read.

data/action             [S, A], S steps of all episodes
data/NAME               [S, ...], what the actions were chosen on: state, img, keypoint, ...
meta/episode_ends       [E], the row after the last of each episode
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.folder_limits import STRANGE, require_plain, words
from demos.data.exchange.npz.plain_arrays import LAST_ACTION, episode_starts
from demos.data.exchange.portable_episode import (
    LazyParts,
    PortableEpisode,
    Recordings,
    cut_episode,
)
from demos.data.exchange.zarr.zarr_arrays import ZarrArray
from environments.system.errors import UserError

_ACTION, _REWARD = "action", "reward"


class DiffusionFormat(FileFormat):
    """A folder of zarr, as Diffusion Policy's replay buffers are."""

    def export(self, dataset: Dataset, path: Path) -> None:
        """Refuse: nothing is written in it.

        Raises:
            UserError: always.
        """
        raise UserError("zarr is only read: export to lerobot or robomimic.")

    def read(self, path: Path) -> Recordings:
        """As `FileFormat.read`."""
        if not path.is_dir():
            raise UserError(f"{path} is no folder: unpack the .zarr first, and name that folder.")
        require_plain(path)
        try:
            arrays = {
                folder.name: ZarrArray.open(folder)
                for folder in sorted((path / "data").iterdir())
                if (folder / ".zarray").is_file()
            }
            ends = ZarrArray.open(path / "meta" / "episode_ends").rows()
            if _ACTION not in arrays:
                raise ValueError(f"its data has no {_ACTION}")
            steps = arrays[_ACTION].shape[0]
            for name, array in arrays.items():
                if array.shape[0] != steps:
                    raise ValueError(f"its {name} has {array.shape[0]} rows, and {_ACTION} {steps}")
        except STRANGE as error:
            raise unreadable(path, error) from error
        starts = episode_starts(path, ends, steps)
        lost = [
            LAST_ACTION,
            "seeds and how an episode began",
            "whether an episode ended or was cut",
        ]
        if _REWARD not in arrays:
            lost.append("rewards")
        return Recordings({}, _episodes(path, arrays, starts), lost, True)


def unreadable(path: Path, error: BaseException) -> UserError:
    """The sentence that a folder is no replay buffer."""
    return UserError(
        f"{path} cannot be read as a replay buffer of Diffusion Policy: {words(error)}."
    )


def _episodes(
    path: Path, arrays: Mapping[str, ZarrArray], starts: npt.NDArray[np.int64]
) -> Iterator[PortableEpisode]:
    seen = {name: a.shape[1:] for name, a in arrays.items() if name not in (_ACTION, _REWARD)}
    for first, end in itertools.pairwise(starts.tolist()):
        read = partial(_rows, path, arrays, first, end)
        paid = read(_REWARD).reshape(-1) if _REWARD in arrays else None
        yield cut_episode(LazyParts(seen, read), read(_ACTION), paid)


def _rows(
    path: Path, arrays: Mapping[str, ZarrArray], first: int, end: int, name: str
) -> npt.NDArray[Any]:
    try:
        return arrays[name].rows(first, end)
    except STRANGE as error:
        raise unreadable(path, error) from error
