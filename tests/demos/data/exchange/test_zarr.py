"""Replay buffers of Diffusion Policy: folders of zarr, whole, damaged and hostile."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numcodecs import blosc

from demos.data.dataset.store import Store
from demos.data.exchange.formats import export, import_from
from demos.data.exchange.zarr.zarr_arrays import ZarrArray
from demos.data.inspection.replay_score import replay_score
from environments.external.trial.trial import try_here
from environments.system.errors import UserError
from tests.demos.data.exchange.test_plain_arrays import POLE, poles

PACKERS: dict[str | None, Any] = {
    None: bytes,
    "blosc": lambda data: blosc.compress(data, b"zstd", 5, 1),
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "zstd": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
}


@pytest.fixture(autouse=True)
def _tried_in_this_process(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


def written(folder: Path, values: np.ndarray, chunks: tuple[int, ...], codec: str | None) -> Path:
    """An array as zarr 2 lays it out, the last chunks filled up."""
    folder.mkdir(parents=True)
    told = {
        "zarr_format": 2,
        "shape": list(values.shape),
        "chunks": list(chunks),
        "dtype": values.dtype.str,
        "compressor": None if codec is None else {"id": codec},
        "fill_value": 0.0,
        "order": "C",
        "filters": None,
    }
    (folder / ".zarray").write_text(json.dumps(told))
    for place in np.ndindex(*(-(-n // c) for n, c in zip(values.shape, chunks, strict=True))):
        chunk = np.zeros(chunks, values.dtype)
        part = values[tuple(slice(p * c, (p + 1) * c) for p, c in zip(place, chunks, strict=True))]
        chunk[tuple(slice(0, n) for n in part.shape)] = part
        (folder / ".".join(map(str, place))).write_bytes(PACKERS[codec](chunk.tobytes()))
    return folder


def buffer(folder: Path, codec: str | None = "blosc") -> Path:
    given = poles()
    root = folder / "pole.zarr"
    written(root / "data" / "state", given["obs"], (10, 3), codec)
    written(root / "data" / "img", np.zeros((24, 4, 4, 3), np.float32), (9, 4, 4, 3), codec)
    written(root / "data" / "action", given["action"], (7,), codec)
    written(root / "meta" / "episode_ends", np.cumsum(given["lengths"]), (3,), codec)
    return root


@pytest.mark.parametrize("codec", PACKERS)
def test_a_replay_buffer_is_read(tmp_path, codec):
    store, given = Store(tmp_path / "d"), poles()
    path = buffer(tmp_path, codec)
    told = import_from(store, "zarr", path, "pole", world=POLE, zeros=True)
    assert "the last action of each episode" in told
    assert "the observation img" in told
    dataset = store.open("pole")
    np.testing.assert_array_equal(dataset.load(1).observations, given["obs"][8:16])
    np.testing.assert_array_equal(dataset.load(1).actions, given["action"][8:15])
    assert all(one.worst < 1e-6 for one in replay_score(dataset).episodes)


@pytest.mark.parametrize(("first", "end"), [(0, 24), (3, 4), (7, 21), (9, 10), (20, 24)])
def test_rows_come_out_of_any_chunks(tmp_path, first, end):
    values = np.random.default_rng(0).normal(size=(24, 5, 2))
    array = ZarrArray.open(written(tmp_path / "x", values, (7, 2, 2), "blosc"))
    np.testing.assert_array_equal(array.rows(first, end), values[first:end])


def changed(**told: Any) -> Any:
    def change(root: Path) -> None:
        path = root / "data" / "state" / ".zarray"
        path.write_text(json.dumps({**json.loads(path.read_text()), **told}))

    return change


def missing(root: Path) -> None:
    (root / "data" / "state" / "1.0").unlink()


def other_size(root: Path) -> None:
    packed = blosc.compress(bytes(10**6), b"zstd", 9, 1)
    (root / "data" / "state" / "1.0").write_bytes(packed)


def no_blosc(root: Path) -> None:
    (root / "data" / "state" / "1.0").write_bytes(b"x" * 40)


def linked(root: Path) -> None:
    path = root / "data" / "state" / "1.0"
    path.unlink()
    path.symlink_to(root.parent / "elsewhere")


def no_action(root: Path) -> None:
    (root / "data" / "action").rename(root / "data" / "act")


def short(root: Path) -> None:
    for path in (root / "meta" / "episode_ends").iterdir():
        path.unlink()
    (root / "meta" / "episode_ends").rmdir()
    written(root / "meta" / "episode_ends", np.array([8, 16, 20]), (3,), None)


@pytest.mark.battery("files: imports (LeRobot, robomimic, zarr)")
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (missing, "state has no chunk 1.0"),
        (other_size, "not packed with Blosc, or is not of"),
        (no_blosc, "not packed with Blosc"),
        (linked, "is a link to"),
        (no_action, "its data has no action"),
        (short, "the ends of episodes must rise"),
        (changed(zarr_format=3), "zarr_format is 3"),
        (changed(compressor={"id": "pickle"}), "is packed with 'pickle', which is not read"),
        (changed(filters=[{"id": "pickle"}]), "is no plain array"),
        (changed(dtype="|O"), "is no plain array"),
        (changed(dtype="import os"), "is no plain array"),
        (changed(order="F"), "is no plain array"),
        (changed(shape=[-1, 4]), "has shape"),
        (changed(chunks=[0, 4]), "has shape"),
        (changed(shape=[23, 4]), "its state has 23 rows, and action 24"),
        (changed(chunks=[10**9, 10**3]), "has chunks of more than"),
    ],
)
def test_what_a_folder_cannot_say_is_refused(tmp_path, damage, sentence):
    path = buffer(tmp_path)
    damage(path)
    store = Store(tmp_path / "d")
    with pytest.raises(UserError, match=sentence):
        import_from(store, "zarr", path, "pole", world=POLE, zeros=True)
    assert store.names() == []


@pytest.mark.battery("files: imports (LeRobot, robomimic, zarr)")
@pytest.mark.parametrize("codec", ["zlib", "gzip", "zstd"])
def test_a_chunk_that_grows_is_refused(tmp_path, codec):
    path = buffer(tmp_path, codec)
    (path / "data/state/1.0").write_bytes(PACKERS[codec](bytes(50_000_000))[:10_000])
    (path / "data/state/1.1").write_bytes(b"no such thing")
    with pytest.raises(UserError, match="chunk"):
        import_from(Store(tmp_path / "d"), "zarr", path, "pole", world=POLE, zeros=True)


def test_what_is_only_read_says_so(tmp_path):
    store = Store(tmp_path / "d")
    import_from(store, "zarr", buffer(tmp_path), "pole", world=POLE, zeros=True)
    for kind in ("zarr", "rlds"):
        with pytest.raises(UserError, match="export to lerobot"):
            export(store, "pole", kind, tmp_path / "out")
    with pytest.raises(UserError, match="RLDS needs TensorFlow"):
        import_from(store, "rlds", tmp_path, "x", world=POLE)
    (tmp_path / "a.zip").write_bytes(b"x")
    with pytest.raises(UserError, match=r"unpack the \.zarr first"):
        import_from(store, "zarr", tmp_path / "a.zip", "x", world=POLE)
