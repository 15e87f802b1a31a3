"""A file that cannot be written is named, what was there stays, and nothing half-written is left."""

import errno
import os

import pytest

from environments.files.atomic import naming_path, replace, replace_after


def refuse(monkeypatch, number=errno.ENOSPC):
    def pwrite(file, data, offset):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", pwrite)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_what_cannot_be_replaced_is_named_and_stays(tmp_path, monkeypatch, number):
    path = tmp_path / "scores.json"
    replace(path, b"old")
    refuse(monkeypatch, number)
    with pytest.raises(OSError, match="scores") as found:
        replace(path, b"new")
    assert (found.value.errno, found.value.filename) == (number, str(path))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_library_that_fails_midway_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "curve.png"
    path.write_bytes(b"old")

    def half(beside):
        beside.write_bytes(b"ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(beside))

    with pytest.raises(OSError, match="No space") as found, replace_after(path) as beside:
        half(beside)
    assert found.value.filename == str(path)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
    with replace_after(path) as beside:
        beside.write_bytes(b"new")
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"new", [path])


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (None, "out/a.npz"),
        ("out/.a.npz.17", "out/a.npz"),
        ("out/.a.npz.17/data/0", "out/a.npz"),
        ("datasets/cooks/0", "datasets/cooks/0"),
        ("out/a.npz.17", "out/a.npz.17"),
    ],
)
def test_what_names_no_file_or_one_beside_it_names_the_file(tmp_path, named, told):
    with pytest.raises(PermissionError) as found, naming_path(tmp_path / "out" / "a.npz"):
        raise PermissionError(errno.EACCES, "Permission denied", named and str(tmp_path / named))
    assert found.value.filename == str(tmp_path / told)


def test_a_name_that_cannot_be_is_said_and_not_how_it_is_tidied(tmp_path):
    path = tmp_path / ("a" * 300)
    with pytest.raises(OSError, match="too long") as found:
        replace(path, b"")
    assert found.value.filename == str(path)
