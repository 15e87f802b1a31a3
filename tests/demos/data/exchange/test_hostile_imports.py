"""Files of other tools that point elsewhere, hold more than they can, or are no such files."""

import io
import json
import os
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gymnasium import spaces
from minari.serialization import serialize_space

from demos.data.dataset.store import Store
from demos.data.exchange.folder_limits import DENSEST, SMALL, require_plain, require_room
from demos.data.exchange.formats import export, import_from
from environments.system.errors import UserError

pytestmark = pytest.mark.battery("files: imports (HDF5, parquet, npz, imitation)")

STEPS = 5
SIGHT, ACT = spaces.Box(-9, 9, (4,), np.float32), spaces.Discrete(2)
VALUES = {
    "observations": np.zeros((STEPS + 1, 4), np.float32),
    "actions": np.zeros(STEPS, np.int64),
    "rewards": np.ones(STEPS),
    "terminations": np.eye(1, STEPS, STEPS - 1, dtype=bool)[0],
    "truncations": np.zeros(STEPS, bool),
}


def described(folder: Path, **changed: Any) -> Path:
    """The folder of a minari dataset with its metadata, of one episode."""
    told = {
        "dataset_id": "pole/random-v0",
        "minari_version": "0.5.4",
        "data_format": "hdf5",
        "total_episodes": 1,
        "total_steps": STEPS,
        "observation_space": serialize_space(SIGHT),
        "action_space": serialize_space(ACT),
        **changed,
    }
    (folder / "data").mkdir(parents=True)
    told = {name: value for name, value in told.items() if value is not ...}
    (folder / "data" / "metadata.json").write_text(json.dumps(told))
    return folder


@pytest.fixture
def hdf5(tmp_path: Path) -> Path:
    """A plain HDF5 dataset, as minari writes it."""
    folder = described(tmp_path / "pole")
    with h5py.File(folder / "data" / "main_data.hdf5", "w") as file:
        for name, values in VALUES.items():
            file.create_dataset(f"episode_0/{name}", data=values, chunks=True)
        file["episode_0"].attrs["seed"] = 7
    return folder


def opened(folder: Path) -> h5py.File:
    return h5py.File(folder / "data" / "main_data.hdf5", "r+")


def taken(folder: Path, tmp_path: Path, kind: str = "minari") -> str:
    store = Store(tmp_path / "datasets")
    return import_from(store, kind, folder, "pole", world="CartPole-v1", seat=None)


def refused(folder: Path, tmp_path: Path, kind: str = "minari") -> str:
    """What is said of it; nothing is left behind."""
    with pytest.raises(UserError) as told:
        taken(folder, tmp_path, kind)
    assert Store(tmp_path / "datasets").names() == []
    return str(told.value)


def test_a_plain_file_is_read(hdf5, tmp_path):
    assert "1 episode" in taken(hdf5, tmp_path)
    episode = Store(tmp_path / "datasets").open("pole").load(0)
    assert (len(episode), episode.seed, episode.terminated) == (STEPS, 7, True)


def test_an_external_link_is_not_followed(hdf5, tmp_path):
    with h5py.File(tmp_path / "secret.hdf5", "w") as other:
        other["numbers"] = VALUES["observations"]
    with opened(hdf5) as file:
        del file["episode_0/observations"]
        file["episode_0/observations"] = h5py.ExternalLink(str(tmp_path / "secret.hdf5"), "numbers")
    said = refused(hdf5, tmp_path)
    assert "episode_0/observations' is an external link" in said
    assert str(hdf5) in said


def test_external_storage_is_not_read(hdf5, tmp_path):
    (tmp_path / "secret.txt").write_bytes(b"s" * 1000)
    with opened(hdf5) as file:
        del file["episode_0/observations"]
        place = [(str(tmp_path / "secret.txt"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset(
            "episode_0/observations", (STEPS + 1, 4), np.float32, external=place
        )  # fmt: skip
    assert "another file" in refused(hdf5, tmp_path)


def test_a_virtual_dataset_is_not_read(hdf5, tmp_path):
    with h5py.File(tmp_path / "secret.hdf5", "w") as other:
        other["numbers"] = VALUES["observations"]
    layout = h5py.VirtualLayout((STEPS + 1, 4), np.float32)
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.hdf5"), "numbers", (STEPS + 1, 4))
    with opened(hdf5) as file:
        del file["episode_0/observations"]
        file.create_virtual_dataset("episode_0/observations", layout)
    assert "another file" in refused(hdf5, tmp_path)


def soft(file: h5py.File) -> None:
    file["episode_0/more"] = h5py.SoftLink("/episode_0/rewards")


def circle(file: h5py.File) -> None:
    file["episode_0/again"] = file["episode_0"]


def twice(file: h5py.File) -> None:
    file["episode_0/again"] = file["episode_0/rewards"]


def deep(file: h5py.File) -> None:
    file.create_group("/".join("g" * 200))


def references(file: h5py.File) -> None:
    file.create_dataset("r", data=[file["episode_0"].ref], dtype=h5py.ref_dtype)


def lists(file: h5py.File) -> None:
    file.create_dataset("l", (3,), dtype=h5py.vlen_dtype(np.int64))


def compound(file: h5py.File) -> None:
    file.create_dataset("c", data=np.zeros(3, [("a", int), ("b", float)]))


def nothing(file: h5py.File) -> None:
    file.create_dataset("n", data=h5py.Empty("f"))


def filtered(file: h5py.File) -> None:
    file.create_dataset("f", (100,), "i8", chunks=(100,), scaleoffset=4)


def named(file: h5py.File) -> None:
    file["t"] = np.dtype("f8")


def filled(file: h5py.File) -> None:
    file.create_dataset("b", (10**6, 10**6), "f8", chunks=(1000, 1000))


def packed(file: h5py.File) -> None:
    file.create_dataset("p", (10**6, 10**6), "u1", chunks=(1000, 1000), compression="gzip")


def untold(file: h5py.File) -> None:
    del file["episode_0/rewards"]


def empty(file: h5py.File) -> None:
    for name in VALUES:
        del file[f"episode_0/{name}"]
        file[f"episode_0/{name}"] = VALUES[name][:0]


def words(file: h5py.File) -> None:
    del file["episode_0/actions"]
    file["episode_0/actions"] = [b"left"] * STEPS


def options(file: h5py.File) -> None:
    file["episode_0"].attrs["options/a"] = 1
    file["episode_0"].attrs["options/a/b"] = 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (soft, "soft link"),
        (circle, "second time"),
        (twice, "second time"),
        (deep, "nested more than"),
        (references, "references"),
        (lists, "lists of lists"),
        (compound, "no number"),
        (nothing, "is empty"),
        (filtered, "filter 6"),
        (named, "neither a group nor a dataset"),
        (filled, "speaks of"),
        (packed, "cannot hold"),
        (untold, "rewards"),
        (empty, "no step"),
        (words, "are of type"),
        (options, ""),
    ],
)
def test_what_is_not_plain_in_hdf5_is_refused_by_name(hdf5, tmp_path, change, why):
    with opened(hdf5) as file:
        change(file)
    said = refused(hdf5, tmp_path)
    assert why in said
    assert "pole" in said


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.5, 0.9])
def test_a_file_that_is_cut_short_is_one_sentence(hdf5, tmp_path, share):
    path = hdf5 / "data" / "main_data.hdf5"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert "cannot be read as a minari dataset" in refused(hdf5, tmp_path)


@pytest.mark.parametrize("spaces_told", [{"observation_space": ...}, {"action_space": ...}])
def test_no_environment_is_made_to_learn_the_spaces(hdf5, tmp_path, spaces_told):
    entry = {"id": "Mine-v0", "entry_point": "os:getcwd", "additional_wrappers": []}
    told = {**spaces_told, "env_spec": json.dumps(entry), "eval_env_spec": json.dumps(entry)}
    folder = described(tmp_path / "other", **told)
    (hdf5 / "data" / "main_data.hdf5").rename(folder / "data" / "main_data.hdf5")
    assert "does not say its" in refused(folder, tmp_path)


@pytest.mark.parametrize(
    "told",
    [
        {"data_format": "pickle"},
        {"data_format": None},
        {"minari_version": "99"},
        {"total_episodes": -1},
        {"total_episodes": 10**12},
        {"total_episodes": 2},
        {"observation_space": "[]"},
        {"observation_space": json.dumps({"type": "Discrete", "n": 10**12, "start": 0})},
        {"action_space": "{" * 100_000},
        {"gpo": []},
        {"gpo": {"world": []}},
    ],
)
def test_metadata_that_says_something_else_is_one_sentence(hdf5, tmp_path, told):
    folder = described(tmp_path / "other", **told)
    (hdf5 / "data" / "main_data.hdf5").rename(folder / "data" / "main_data.hdf5")
    assert "other cannot be read as a minari dataset" in refused(folder, tmp_path)


# ------------------------------------------------------------------ Parquet and Arrow


def columns(**changed: Any) -> pa.Table:
    seen = pa.FixedSizeListArray.from_arrays(pa.array(VALUES["observations"].reshape(-1)), 4)
    made = {
        "observations": seen,
        **{n: pa.array(np.append(VALUES[n], VALUES[n][:1])) for n in list(VALUES)[1:]},
        **changed,
    }
    return pa.table({name: values for name, values in made.items() if values is not None})


def episode(folder: Path, table: pa.Table, **writing: Any) -> Path:
    (folder / "data" / "0").mkdir()
    (folder / "data" / "0" / "metadata.json").write_text('{"seed": 3}')
    pq.write_table(table, folder / "data" / "0" / "part-0.parquet", **writing)
    return folder


def test_plain_columns_are_read(tmp_path):
    folder = episode(described(tmp_path / "pole", data_format="parquet"), columns())
    assert "1 episode" in taken(folder, tmp_path)


def test_as_arrow_too(tmp_path):
    folder = episode(described(tmp_path / "pole", data_format="arrow"), columns())
    (folder / "data" / "0" / "part-0.parquet").unlink()
    place, table = str(folder / "data" / "0" / "part-0.arrow"), columns()
    with pa.OSFile(place, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert "1 episode" in taken(folder, tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"actions": None},
        {"actions": pa.array(["x"] * (STEPS + 1))},
        {"actions": pa.array(["x"] * (STEPS + 1)).dictionary_encode()},
        {"actions": pa.nulls(STEPS + 1)},
        {"actions": pa.array([None, *range(STEPS)])},
        {"observations": pa.array([[1.0]] * STEPS + [[1.0, 2.0]])},
        {"observations": pa.array([{"a": 1.0}] * (STEPS + 1))},
        {"rewards": pa.array([[1.0], *[[]] * STEPS])},
        {"infos": pa.array([{"cost": "x"}] * (STEPS + 1))},
    ],
)
def test_columns_of_something_else_are_refused(tmp_path, changed):
    folder = episode(described(tmp_path / "pole", data_format="parquet"), columns(**changed))
    assert "pole" in refused(folder, tmp_path)


def test_what_minari_calls_infos_is_not_looked_at_but_for_costs(tmp_path):
    infos = pa.array([{"cost": 1.0, "note": "x"}] * (STEPS + 1))
    folder = episode(described(tmp_path / "pole", data_format="parquet"), columns(infos=infos))
    assert "1 episode" in taken(folder, tmp_path)


def test_rows_that_the_file_cannot_hold_are_refused_before_they_are_made(tmp_path):
    rows = 2 * DENSEST * SMALL // 16
    zeros = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(4 * rows, np.float32)), 4)
    table = pa.table(
        {"observations": zeros, **{n: pa.array(np.zeros(rows)) for n in list(VALUES)[1:]}}
    )
    folder = episode(described(tmp_path / "pole", data_format="parquet"), table, compression="zstd")
    assert "cannot hold" in refused(folder, tmp_path)


def test_room_ends_where_deflate_does():
    require_room(DENSEST * (SMALL + 1), SMALL + 1)
    with pytest.raises(ValueError, match="cannot hold"):
        require_room(DENSEST * (SMALL + 1) + 1, SMALL + 1)
    require_room(DENSEST * SMALL, 1)  # a small file may be as dense as it likes


# ------------------------------------------------------------------ links, pipes, devices


def test_a_link_out_of_the_folder_is_named_and_not_read(hdf5, tmp_path):
    data = hdf5 / "data"
    (data / "main_data.hdf5").rename(tmp_path / "elsewhere.hdf5")
    (data / "main_data.hdf5").symlink_to(tmp_path / "elsewhere.hdf5")
    said = refused(hdf5, tmp_path)
    assert "main_data.hdf5 is a link to" in said
    assert "elsewhere.hdf5" in said


def test_a_link_inside_of_the_folder_is_as_good_as_the_file(hdf5, tmp_path):
    data = hdf5 / "data"
    (data / "main_data.hdf5").rename(data / "real.hdf5")
    (data / "main_data.hdf5").symlink_to("real.hdf5")
    assert "1 episode" in taken(hdf5, tmp_path)


def test_a_linked_folder_is_not_entered(hdf5, tmp_path):
    (tmp_path / "outside").mkdir()
    (hdf5 / "data" / "1").symlink_to(tmp_path / "outside")
    assert "is a link to" in refused(hdf5, tmp_path)


@pytest.mark.parametrize("kind", ["minari", "imitation"])
def test_a_pipe_is_not_waited_for(hdf5, tmp_path, kind):
    os.mkfifo(hdf5 / "data" / "pipe")
    assert "pipe or a device" in refused(hdf5, tmp_path, kind)


@pytest.mark.parametrize("kind", ["minari", "imitation", "npz"])
@pytest.mark.parametrize("what", ["pipe", "device", "text"])
def test_something_else_in_its_place_is_one_sentence(tmp_path, kind, what):
    place = tmp_path / "pole"
    if what == "pipe":
        os.mkfifo(place)
    elif what == "device":
        place = Path("/dev/zero")
    else:
        place.write_text("hello")
    assert str(place) in refused(place, tmp_path, kind)


def test_folders_without_end_are_left(tmp_path):
    deep = tmp_path.joinpath("d", *"x" * 40)
    deep.mkdir(parents=True)
    with pytest.raises(UserError, match="nested more than"):
        require_plain(tmp_path / "d")


# ------------------------------------------------------------------ npz


ARRAYS: dict[str, Any] = {
    "observations": VALUES["observations"][:-1],
    "final_observations": VALUES["observations"][-1:],
    "actions": VALUES["actions"],
    "rewards": VALUES["rewards"],
    "starts": np.array([0, STEPS]),
    "terminated": np.array([True]),
    "truncated": np.array([False]),
}


def npz(path: Path, **changed: Any) -> Path:
    arrays = {n: v for n, v in {**ARRAYS, **changed}.items() if v is not None}
    np.savez_compressed(path, **arrays)
    return path


def test_a_plain_npz_is_read(tmp_path):
    assert "1 episode" in taken(npz(tmp_path / "a.npz"), tmp_path, "npz")


@pytest.mark.parametrize(
    "changed",
    [
        {"actions": np.array([{}] * STEPS, object)},
        {"actions": np.array(3)},
        {"actions": None},
        {"actions": np.array(["x"] * STEPS)},
        {"starts": np.array([0, 3, 2, STEPS])},
        {"starts": np.array([0, 2**62])},
        {"starts": np.array([0.0, STEPS])},
        {"terminated": np.array([[True, False]])},
        {"observations": np.zeros((STEPS, 3), np.float32)},
        {"late": np.zeros((STEPS, 2))},
        {"actors": np.full(STEPS, 250, np.uint8)},
        {"raw/0": np.zeros(2)},
        *(
            {"facts": np.array(text)}
            for text in (
                "[" * 100_000, "null", "[]", "{}", '{"dataset": [], "episodes": []}', "1" * 5000,
                '{"dataset": {}, "episodes": [3]}', '{"dataset": {}, "episodes": [{"meta": []}]}',
                '{"dataset": {}, "episodes": [{"seed": -1}]}', '{"dataset": {"world": []}, "episodes": []}',
                '{"dataset": {}, "episodes": [{"match": "a\\u0000b"}]}',
                '{"dataset": {}, "episodes": [{"meta": {"tick": 0}}]}',
            )
        ),
    ],
)  # fmt: skip
def test_an_npz_of_something_else_is_one_sentence(tmp_path, changed):
    assert "a.npz" in refused(npz(tmp_path / "a.npz", **changed), tmp_path, "npz")


def header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    out = io.BytesIO()
    told = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, told)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        header((10**12,)),
        header((10**6, 10**6, 10**6)),
        header((-5,)),
        header((3,), "|O"),
        header((3,), "|V1000000000"),
        b"",
        b"\x93NUMPY\x09\x00",
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b"(" * 60_000,
        b"cos\nsystem\n(S'true'\ntR.",
    ],
)
def test_a_header_is_not_believed(tmp_path, content):
    path = npz(tmp_path / "a.npz", actions=None)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("actions.npy", content)
    assert "a.npz" in refused(path, tmp_path, "npz")


def test_a_member_that_unpacks_without_end_is_refused(tmp_path):
    path = npz(tmp_path / "a.npz", rewards=None)
    rows = 2 * DENSEST * SMALL
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as file:  # denser than deflate
        file.writestr("rewards.npy", header((rows,), "|u1") + bytes(rows))
    assert "cannot hold" in refused(path, tmp_path, "npz")


def test_members_with_other_names_are_not_unpacked(tmp_path):
    path = npz(tmp_path / "a.npz")
    with zipfile.ZipFile(path, "a") as file:
        for name in ("../../outside.npy", "/outside.npy", "a\0b.npy", "terms.npy", "x" * 5000):
            file.writestr(name, b"\x80\x04N.")
    assert "1 episode" in taken(path, tmp_path, "npz")


# ------------------------------------------------------------------ imitation


@pytest.fixture
def trajectories(hdf5: Path, tmp_path: Path) -> Path:
    """What imitation holds of one episode."""
    taken(hdf5, tmp_path)
    export(Store(tmp_path / "datasets"), "pole", "imitation", tmp_path / "out")
    return tmp_path / "out"


def rewritten(folder: Path, change: Any) -> None:
    (path,) = folder.glob("*.arrow")
    with pa.OSFile(str(path)) as source:
        table = pa.ipc.open_stream(source).read_all()
    made = change(table)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)


def column(name: str, values: Any) -> Any:
    def change(table: pa.Table) -> pa.Table:
        return table.set_column(table.column_names.index(name), name, values)

    return change


@pytest.mark.parametrize(
    "change",
    [
        column("infos", pa.array([["{" * 5000] * STEPS])),
        column("infos", pa.array([["[]"] * STEPS])),
        column("infos", pa.array([['{"gpo": []}'] * STEPS])),
        column("infos", pa.array([['{"gpo": {"dataset": {"world": 1}}}'] * STEPS])),
        column("infos", pa.array([['{"gpo": {"episode": {"seed": -1}}}'] * STEPS])),
        column("obs", pa.array([{"path": "/etc/passwd"}])),
        column("obs", pa.array([["/etc/passwd"] * (STEPS + 1)])),
        column("acts", pa.nulls(1)),
        column("acts", pa.array([[[1], [1, 2]]])),
        column("acts", pa.array(["x"]).dictionary_encode()),
        lambda table: table.drop_columns(["terminal"]),
    ],
)
def test_tables_of_something_else_are_one_sentence(trajectories, tmp_path, change):
    rewritten(trajectories, change)
    with pytest.raises(UserError, match=r"out|Episode 0"):
        import_from(Store(tmp_path / "datasets"), "imitation", trajectories, "again")


def test_a_class_that_an_info_names_is_not_made(trajectories, tmp_path):
    infos = [json.dumps({"py/object": "os.system", "py/reduce": [{"py/function": "os.abort"}, []]})]
    rewritten(trajectories, column("infos", pa.array([infos * STEPS])))
    store = Store(tmp_path / "datasets")
    import_from(store, "imitation", trajectories, "again", world="CartPole-v1", zeros=True)
    assert len(store.open("again").load(0)) == STEPS


@pytest.mark.parametrize(
    "name", ["../out.arrow", "/etc/passwd", "", None, 3, "no.arrow", "state.json", "a\0.arrow"]
)
def test_a_part_is_a_file_in_the_folder(trajectories, tmp_path, name):
    (trajectories / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    with pytest.raises(UserError, match="holds no trajectories"):
        import_from(Store(tmp_path / "datasets"), "imitation", trajectories, "again")


def test_hdf5_without_its_package_says_what_to_type(hdf5, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    monkeypatch.delitem(sys.modules, "demos.data.exchange.minari.hdf5_reader", raising=False)
    assert "pip install h5py" in refused(hdf5, tmp_path)
