"""Demonstrations of robots: how far they import, play again and come back out of other formats.

    python -m tests.studies.robot_data --data FOLDER

FOLDER holds `pusht_demos.npz` (arrays `state`, `action`, `ends` of Diffusion Policy's replay buffer
pusht_cchi_v7_replay.zarr) and `adroit_door_demos.npz` (arrays `observations`, `actions`, `rewards`,
`lengths`, `init_qpos`, `init_qvel`, `init_door_body_pos` of hand_dapg's door-v0); what is missing is left
out.
It needs the extras `pusht` and `robotics`, and takes some minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from demos.data.dataset.store import Store
from demos.data.exchange.formats import export, import_from
from demos.data.inspection.alignment import alignment_of
from demos.data.inspection.replay_score import replay_score
from environments.terminal.consoles import plain_console

FORMATS = ("lerobot", "lerobot-v2.1", "robomimic", "minari")


@dataclass(frozen=True)
class Demonstrations:
    """One published set."""

    name: str
    world: str
    params: dict[str, Any] = field(default_factory=dict)


SETS = (
    Demonstrations("pusht_demos", "gym_pusht:gym_pusht/PushT-v0", {"obs_type": "state"}),
    Demonstrations(
        "adroit_door_demos", "gymnasium_robotics:AdroitHandDoor-v1", {"max_episode_steps": 400}
    ),
)


def studied(folder: Path, which: Sequence[Demonstrations] = SETS) -> list[list[str]]:
    """A row for each set that is there."""
    rows = []
    for one in which:
        path = folder / f"{one.name}.npz"
        if path.exists():
            with tempfile.TemporaryDirectory() as scratch:
                rows.append(_row(one, path, Path(scratch)))
    return rows


def _row(one: Demonstrations, path: Path, scratch: Path) -> list[str]:
    store = Store(scratch / "datasets")
    how = {"world": one.world, "params": one.params, "zeros": True}
    import_from(store, "npz", path, one.name, **how)
    dataset = store.open(one.name)
    score, alignment = replay_score(dataset), alignment_of(dataset)
    same = [episode.worst <= 0.01 for episode in score.episodes]
    median = np.median([episode.median for episode in score.episodes])
    worst = max(episode.worst for episode in score.episodes)
    solved = sum(episode.solved for episode in score.episodes)
    rows = [""] if alignment is None else [f"{each:.3f}" for each in alignment.medians]
    return [
        one.name,
        f"{len(dataset)}",
        f"{sum(same)}",
        f"{sum(same[:30])} of {len(same[:30])}",
        f"{median:.2g} / {worst:.2g}",
        f"{solved}",
        " / ".join(rows),
        ", ".join(kind for kind in FORMATS if _comes_back(store, one.name, kind, scratch)),
    ]


def _comes_back(store: Store, name: str, kind: str, scratch: Path) -> bool:
    """Whether a dataset is the same after a way out and in."""
    again = f"again-{kind.replace('.', '-')}"
    export(store, name, kind, scratch / f"out.{kind}")
    import_from(store, kind, scratch / f"out.{kind}", again)
    pairs = zip(store.open(name).load_all(), store.open(again).load_all(), strict=True)
    return all(
        np.array_equal(old.observations, new.observations)
        and np.array_equal(old.actions, new.actions)
        and old.options == new.options
        for old, new in pairs
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How far demonstrations of robots play again.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the .npz files")
    rows = studied(parser.parse_args().data)
    table = Table(title="Demonstrations, played again in the environment that is named")
    for heading in (
        "set", "episodes", "as recorded", "of the first 30", "error, median / worst (spreads)",
        "reach success", "unexplained: row before / own / after", "come back the same from",
    ):  # fmt: skip
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    plain_console().print(table)


if __name__ == "__main__":
    main()
