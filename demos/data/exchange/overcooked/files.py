"""The recordings in `overcooked-ai`: found, checked byte for byte, and only then opened."""

from __future__ import annotations

import hashlib
import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from demos.data.exchange.overcooked.states import encode_actions
from environments.system.errors import UserError
from environments.worlds.kitchen.layouts import RECORDED_NAMES

if TYPE_CHECKING:
    import pandas as pd

FILES = {  # SHA-256 of the table of each split
    "train": (
        "clean_train_trials.pickle",
        "28659cfd09ee033d82b56bed905b239f078877e1b09d1f1b916e4bc0480ca4fa",
    ),
    "test": (
        "clean_test_trials.pickle",
        "59979552a053f1efe762de976f37dd83e269d70d19b67613c61e856c86705666",
    ),
}
INSTALL = "pip install --no-deps overcooked-ai==1.1.0"
MILLISECOND = 1_000_000  # ns


@dataclass(frozen=True)
class RecordedGame:
    """One recorded game. T = its steps."""

    pairing: int  # the published number of the two people
    actions: npt.NDArray[np.int64]  # [T, 2]
    rewards: npt.NDArray[np.float64]  # [T], as recorded
    times: npt.NDArray[np.int64]  # [T], ns since 1970
    first: str  # the recorded state before the first step
    last: str  # and after the last


def data_folder() -> Path:
    """Where the installed package keeps its recordings; it is looked up, never imported."""
    found = importlib.util.find_spec("overcooked_ai_py")
    if found is None or not found.submodule_search_locations:
        raise UserError(f"The recordings are in a package that is not installed; type: {INSTALL}")
    return Path(next(iter(found.submodule_search_locations))) / "data" / "human_data"


def published_bytes(split: str) -> bytes:
    """The bytes of a split's table, if they are the published ones."""
    name, published = FILES[split]
    path = data_folder() / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); type: {INSTALL}") from error
    if hashlib.sha256(data).hexdigest() != published:
        raise UserError(
            f"{path} is not the published file (its SHA-256 differs), so it was not opened; "
            f"type: {INSTALL} --force-reinstall"
        )
    return data


def read_games(data: bytes, layouts: Sequence[str]) -> dict[str, list[RecordedGame]]:
    """The games of the layouts in a table that `published_bytes` has let through."""
    import pandas as pd

    table = pd.read_pickle(io.BytesIO(data))  # noqa: S301 - these very bytes were compared above
    games: dict[str, list[RecordedGame]] = {layout: [] for layout in layouts}
    for (recorded, pairing), rows in table.groupby(["layout_name", "workerid_num"]):
        layout = RECORDED_NAMES.get(recorded, recorded)
        if layout in games:
            games[layout].append(_game(int(pairing), rows.sort_values("cur_gameloop")))
    return games


def _game(pairing: int, rows: pd.DataFrame) -> RecordedGame:
    return RecordedGame(
        pairing=pairing,
        actions=encode_actions(rows["joint_action"].tolist()),
        rewards=rows["reward"].to_numpy(np.float64),
        times=rows["datetime"].to_numpy(np.float64).astype(np.int64) * MILLISECOND,
        first=rows["state"].iloc[0],
        last=rows["next_state"].iloc[-1],
    )
