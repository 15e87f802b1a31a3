"""Recorded games as one .npz file of plain arrays, which loads with `allow_pickle=False`.

S steps of all episodes, E episodes:

    observations        [S, ...], each the one its action was chosen on
    final_observations  [E, ...], what the last action led to
    observations/PART, final_observations/PART      instead of these, where observations have named parts
    actions             [S, ...]
    starts              [E+1], episode e is rows starts[e] to starts[e+1]
    terminated, truncated               [E]
    rewards                             [S], may be left out on the way in, like all that follows
    requested_actions, actors, capture_times, late, terms/NAME, costs/NAME      [S]
    raw/E                               [T, R], raw device states of episode E, where there are any
    facts               a text: JSON of {"dataset": {...}, "episodes": [{...}, ...]}

Recordings of others are often only rows with the ends or lengths of their episodes: those are read as
`demos.data.exchange.npz.plain_arrays` says.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.folder_limits import words
from demos.data.exchange.npz.joined_arrays import (
    KNOWN,
    episodes_of,
    join_episodes,
    needed_arrays,
    require_lengths,
    take_facts,
)
from demos.data.exchange.npz.npz_arrays import UNREADABLE, read_npz
from demos.data.exchange.npz.plain_arrays import is_plain, plain_episodes
from demos.data.exchange.portable_episode import Recordings
from environments.files.atomic import replace_after
from environments.system.errors import UserError


class NpzFormat(FileFormat):
    """One .npz file of plain arrays."""

    extension = ".npz"

    def export(self, dataset: Dataset, path: Path) -> None:
        """Write all episodes into a file that is not there yet; raises as `Format.export`."""
        arrays = join_episodes(dataset)
        with replace_after(path) as beside, beside.open("xb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    def read(self, path: Path) -> Recordings:
        """As `FileFormat.read`."""
        try:
            arrays = read_npz(path, lambda name: is_plain(name) or KNOWN.fullmatch(name))
            about, facts = take_facts(arrays)
        except UNREADABLE as error:
            raise UserError(
                f"{path} cannot be read as an .npz file of plain arrays: {words(error)}."
            ) from error
        if "starts" not in arrays and any(is_plain(name) for name in arrays):
            return plain_episodes(path, arrays)
        arrays = {name: values for name, values in arrays.items() if KNOWN.fullmatch(name)}
        if missing := [name for name in needed_arrays(arrays) if name not in arrays]:
            raise UserError(
                f"{path} has no {', '.join(missing)}; what such a file holds is written at the top of "
                "demos/data/exchange/npz/npz_format.py."
            )
        require_lengths(path, arrays)
        return Recordings(about, episodes_of(arrays, facts))
