"""Our episodes as LeRobot's columns: which features there are, and their rows and statistics.

S steps of all episodes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from demos.data.exchange.lerobot.cameras import png
from demos.data.exchange.lerobot.layout import Feature
from demos.data.exchange.lerobot.reader import ACTION, DONE, REWARD
from demos.data.exchange.npz.joined_arrays import NamedArrays

SEEN = "observations"
_QUANTILES = {
    "q01": 0.01,
    "q10": 0.1,
    "q50": 0.5,
    "q90": 0.9,
    "q99": 0.99,
}  # as lerobot 0.4 has them
_SAMPLES = 100  # pictures of an episode that statistics are made of
_COUNTED = {"timestamp": "float32", "frame_index": "int64", "episode_index": "int64",
            "index": "int64", "task_index": "int64"}  # fmt: skip
Rows = npt.NDArray[Any]


def feature_arrays(arrays: NamedArrays) -> tuple[dict[str, Rows], dict[str, str]]:
    """What is written, by key: [S, ...], pictures as [S, H, W, C]; and our names of the parts by key."""
    names = [name for name in arrays if name.split("/")[0] == SEEN]
    vectors = [name for name in names if not is_camera(arrays[name])]
    found, parts = {}, {}
    for name in names:
        rows, own = arrays[name], name.removeprefix(SEEN).removeprefix("/")
        if is_camera(rows):
            key = f"observation.images.{_plain(own)}" if own else "observation.image"
            rows = channels_last(rows)
        else:
            key = "observation.state" if vectors == [name] else f"observation.{_plain(own)}"
            rows = rows.reshape(len(rows), -1)
        while key in found:
            key += "_"
        found[key], parts[key] = rows, own
    actions = arrays["actions"]
    found[ACTION] = actions.reshape(len(actions), -1)
    found[REWARD] = arrays["rewards"].reshape(-1, 1)
    ends = np.zeros((len(actions), 1), np.bool_)
    ends[arrays["starts"][1:] - 1, 0] = arrays["terminated"]
    found[DONE] = ends
    return found, parts


def is_camera(rows: Rows) -> bool:
    """Whether rows are pictures that fit in a PNG."""
    if rows.dtype != np.uint8 or rows.ndim not in (3, 4):
        return False
    return rows.ndim == 3 or bool({rows.shape[1], rows.shape[3]} & {1, 3})


def channels_last(rows: Rows) -> Rows:
    """Pictures [S, H, W] or [S, C, H, W] as [S, H, W, C]."""
    if rows.ndim == 3:
        return rows[..., None]
    return rows if rows.shape[3] in (1, 3) else rows.transpose(0, 2, 3, 1)


def as_noted(rows: Rows, shape: tuple[int, ...]) -> Rows:
    """Rows of a feature in the shape that they had before: [S, *shape]."""
    if rows.ndim == 4 and rows.shape[1:] != shape and len(shape) == 3:
        rows = rows.transpose(0, 3, 1, 2)
    return rows.reshape(len(rows), *shape)


def _plain(name: str) -> str:
    return re.sub(r"[^\w.\-]", "_", name).strip(".") or "part"


def features_of(
    columns: Mapping[str, Rows], names: Mapping[str, tuple[str, ...]]
) -> dict[str, Feature]:
    """The features of columns, and those that LeRobot counts."""
    found = {}
    for key, rows in columns.items():
        kind = "image" if rows.ndim == 4 else str(rows.dtype)
        told = names.get(key, ())
        own = told if len(told) == rows.shape[1] else ()
        own = ("height", "width", "channels") if rows.ndim == 4 else own
        found[key] = Feature(key, kind, tuple(rows.shape[1:]), own)
    return found | {key: Feature(key, kind, (1,)) for key, kind in _COUNTED.items()}


def to_table(columns: Mapping[str, Rows], features: Mapping[str, Feature]) -> pa.Table:
    """Rows of columns as a table that `datasets` reads with its pictures."""
    arrays: dict[str, pa.Array] = {}
    described: dict[str, dict[str, Any]] = {}
    for key, rows in columns.items():
        feature, flat = features[key], np.ascontiguousarray(rows)
        value = {"dtype": str(rows.dtype), "_type": "Value"}
        if feature.is_picture:
            packed = pa.array([png(picture) for picture in flat], pa.binary())
            paths = pa.nulls(len(flat), pa.string())
            arrays[key] = pa.StructArray.from_arrays([packed, paths], names=["bytes", "path"])
            described[key] = {"_type": "Image"}
        elif feature.shape == (1,):
            arrays[key], described[key] = pa.array(flat.reshape(-1)), value
        else:
            width = flat.shape[1]
            arrays[key] = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), width)
            described[key] = {"feature": value, "length": width, "_type": "Sequence"}
    noted = {"huggingface": json.dumps({"info": {"features": described}})}
    return pa.table(arrays).replace_schema_metadata(noted)


def statistics(rows: Rows) -> dict[str, Rows]:
    """What LeRobot keeps of a feature of an episode; of pictures by channel, from 0 to 1: [C, 1, 1]."""
    count = np.array([len(rows)])
    axes: int | tuple[int, ...] = 0
    values = rows.astype(np.float64)
    if rows.ndim == 4:
        chosen = np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLES)).astype(int)
        values, axes, count = values[chosen] / 255, (0, 1, 2), np.array([len(chosen)])
    found = {
        "min": values.min(axes),
        "max": values.max(axes),
        "mean": values.mean(axes),
        "std": values.std(axes),
        **{name: np.quantile(values, part, axes) for name, part in _QUANTILES.items()},
    }
    if rows.ndim == 4:
        found = {name: value.reshape(-1, 1, 1) for name, value in found.items()}
    return found | {"count": count}


def together(each: list[dict[str, Rows]]) -> dict[str, Rows]:
    """Statistics of a feature over all episodes, from theirs; quantiles as their weighted means."""
    counts = np.array([one["count"][0] for one in each], np.float64)
    share = counts / counts.sum()
    mean = sum(w * one["mean"] for w, one in zip(share, each, strict=True))
    spread = sum(
        w * (one["std"] ** 2 + (one["mean"] - mean) ** 2)
        for w, one in zip(share, each, strict=True)
    )
    return {
        "min": np.min([one["min"] for one in each], axis=0),
        "max": np.max([one["max"] for one in each], axis=0),
        "mean": np.asarray(mean),
        "std": np.sqrt(spread),
        **{
            name: np.asarray(sum(w * one[name] for w, one in zip(share, each, strict=True)))
            for name in _QUANTILES
        },
        "count": np.array([int(counts.sum())]),
    }
