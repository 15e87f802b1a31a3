"""Recorded games end to end in named arrays, and back: what an .npz file of ours holds.

S steps of all episodes, E episodes. Which arrays there are stands at the top of
`demos.data.exchange.npz.npz_format`.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.facts import EPISODES, TABLE, listed, require
from demos.data.exchange.portable_episode import (
    Observations,
    PortableEpisode,
    dataset_facts,
    portable_episodes,
    require_about,
)
from environments.files.readers import parse_json
from environments.system.errors import UserError

NEEDED = ("observations", "final_observations", "actions", "starts", "terminated", "truncated")
KNOWN = re.compile(
    rf"{'|'.join(NEEDED)}|rewards|facts|requested_actions|actors|capture_times|late"
    r"|(terms|costs|observations|final_observations)/.+|raw/[0-9]+"
)
_KEYS = 10_000_000  # of the facts: some twenty an episode
NamedArrays = dict[str, npt.NDArray[Any]]


def join_episodes(dataset: Dataset) -> NamedArrays:
    """All episodes of a dataset end to end, with what only we note of them.

    Raises:
        UserError: an episode is damaged.
    """
    episodes = list(portable_episodes(dataset))
    lengths = [len(episode.actions) for episode in episodes]
    arrays: NamedArrays = {
        **_observations([episode.observations for episode in episodes]),
        "actions": np.concatenate([e.actions for e in episodes]),
        "rewards": np.concatenate([np.asarray(e.rewards) for e in episodes]),
        "starts": np.cumsum([0, *lengths], dtype=np.int64),
        "terminated": np.array([e.terminated for e in episodes]),
        "truncated": np.array([e.truncated for e in episodes]),
    }
    for name in sorted(set(episodes[0].noted) - {"raw"}):
        arrays[name] = np.concatenate([e.noted[name] for e in episodes])
    arrays |= {f"raw/{k}": e.noted["raw"] for k, e in enumerate(episodes) if "raw" in e.noted}
    facts = {"dataset": dataset_facts(dataset), "episodes": [dict(e.facts) for e in episodes]}
    arrays["facts"] = np.array(json.dumps(facts))
    return arrays


def take_facts(arrays: NamedArrays) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the arrays say of the dataset and of each episode; it is taken out of them.

    Raises:
        ValueError: it is not as we write it.
    """
    facts = arrays.pop("facts", np.array('{"dataset": {}, "episodes": []}'))
    told = parse_json(str(facts), most_keys=_KEYS)
    require(told, {"dataset": TABLE, "episodes": listed(TABLE, EPISODES)}, "facts.")
    return require_about(told["dataset"]), told["episodes"]


def _observations(each: Sequence[Observations]) -> NamedArrays:
    """Observations of all episodes end to end, and the last of each; by the names of their parts."""
    found: NamedArrays = {}
    for name in each[0] if isinstance(each[0], Mapping) else [""]:
        rows = [np.asarray(seen[name] if isinstance(seen, Mapping) else seen) for seen in each]
        after = f"/{name}" if name else ""
        found[f"observations{after}"] = np.concatenate([values[:-1] for values in rows])
        found[f"final_observations{after}"] = np.stack([values[-1] for values in rows])
    return found


def needed_arrays(names: Iterable[str]) -> list[str]:
    """What has to be there, with the parts of the observations if they are named."""
    after = dict.fromkeys(
        name.removeprefix("final_").removeprefix("observations")
        for name in names
        if name.split("/")[0] in NEEDED[:2]
    )
    seen = [f"{name}{part}" for name in NEEDED[:2] for part in after or [""]]
    return [*seen, *NEEDED[2:]]


def episodes_of(arrays: NamedArrays, facts: Sequence[Any]) -> Iterator[PortableEpisode]:
    """The episodes in named arrays; what is missing has been asked for before (`needed_arrays`)."""
    starts = arrays["starts"]
    raw = {name: arrays.pop(name) for name in list(arrays) if name.startswith("raw/")}
    needed = needed_arrays(arrays)
    noted = {name: a for name, a in arrays.items() if name not in (*needed, "rewards")}
    parts = [n.partition("/")[2] for n in needed if n.split("/")[0] == "observations"]
    rewards = arrays.get("rewards")
    for e, (first, last) in enumerate(itertools.pairwise(starts)):
        rows = slice(int(first), int(last))
        own = {name: values[rows] for name, values in noted.items()}
        if f"raw/{e}" in raw:
            own["raw"] = raw[f"raw/{e}"]
        seen = {
            part: np.concatenate([arrays[name][rows], arrays[f"final_{name}"][e : e + 1]])
            for part in parts
            for name in [f"observations/{part}" if part else "observations"]
        }
        yield PortableEpisode(
            seen if any(parts) else seen[""],
            arrays["actions"][rows],
            None if rewards is None else rewards[rows],
            bool(arrays["terminated"][e]),
            bool(arrays["truncated"][e]),
            own,
            facts[e] if e < len(facts) else {},
        )


def require_lengths(path: Path, arrays: NamedArrays) -> None:
    """Refuse arrays that do not belong together."""
    for name, values in arrays.items():
        if values.ndim == 0:
            raise UserError(f"{path}: `{name}` is a single number, and needs rows.")
        if name in ("terminated", "truncated") and values.ndim > 1:
            raise UserError(f"{path}: `{name}` needs one value an episode.")
    starts, steps = arrays["starts"], len(arrays["actions"])
    whole = starts.ndim == 1 and starts.dtype.kind in "iu" and len(starts) > 1
    if not whole or starts[0] != 0 or starts[-1] != steps or (np.diff(starts) < 1).any():
        raise UserError(f"{path}: `starts` must rise from 0 to the number of actions, {steps}.")
    for name, values in arrays.items():
        by_episode = name.split("/")[0] in ("final_observations", "terminated", "truncated")
        wanted = len(starts) - 1 if by_episode else steps
        if name != "starts" and not name.startswith("raw/") and len(values) != wanted:
            raise UserError(f"{path}: `{name}` has {len(values)} rows, and needs {wanted}.")
    for name in (name for name in arrays if name.split("/")[0] == "observations"):
        if arrays[name].shape[1:] != arrays[f"final_{name}"].shape[1:]:
            raise UserError(f"{path}: `{name}` and `final_{name}` have different rows.")
