"""An install that cannot be written, with no home folder: libraries find a place, and nobody else's files."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from environments.system import library_folders as places
from environments.system import numba_cache as compiling

ROOT = Path(__file__).resolve().parents[3]
STARTS = """
import environments.worlds.balance  # whose functions are to be cached, too
from environments.simulation.kernels import first_outside  # which is quick to compile
import numpy as np
assert first_outside(np.array([[1], [2]]), 2) == 1
print("played")
"""


@pytest.fixture
def install(tmp_path):
    """A copy of the environments in which no folder of caches can be made: a file is in its place."""
    here = tmp_path / "install"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "environments", here / "environments", ignore=ignored)
    for package in (here / "environments").rglob("__init__.py"):
        (package.parent / "__pycache__").touch()
    return here


def start(install, code, **settings):
    unset = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "MPLCONFIGDIR", "PYTHONPATH", "HOME", "TMPDIR")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=install,
        env={**kept, "PYTHONPATH": str(install), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_numba_gets_a_temporary_cache_and_one_sentence_says_so(install, tmp_path):
    nowhere = tmp_path / "file"
    nowhere.touch()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = start(install, STARTS, HOME=str(nowhere), TMPDIR=str(temporary))
    assert done.stdout == "played\n"
    assert done.stderr.startswith("gpo: neither this install nor your home folder can be written")
    assert done.stderr.count("\n") == 1
    (own,) = temporary.iterdir()
    assert str(own) in done.stderr
    assert list(own.glob("numba/*/*.nbi")), "what was compiled is kept there"
    assert own.stat().st_mode & 0o777 == 0o700, (
        "numba's cache is read with pickle: nobody else writes it"
    )


def test_where_no_folder_at_all_can_be_written_it_plays_without_a_cache(install, tmp_path):
    nowhere = tmp_path / "file"
    nowhere.touch()
    nothing = "import environments.system.library_folders as p; p.private_folder = lambda: None\n"
    done = start(install, nothing + STARTS, HOME=str(nowhere))
    assert done.stdout == "played\n"
    assert "is kept nowhere" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_home_folder_that_can_be_written_is_used_and_nothing_is_said(install, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    done = start(install, STARTS, HOME=str(home))
    assert (done.stdout, done.stderr) == ("played\n", "")
    assert list(home.rglob("*.nbi"))


def test_a_checkout_that_can_be_written_keeps_its_own(monkeypatch, capsys):
    monkeypatch.setattr(compiling.SETTINGS, "CACHE_DIR", "")
    monkeypatch.setattr(compiling, "_usual", lambda: None)
    compiling.settle_cache()
    assert compiling.SETTINGS.CACHE_DIR == ""
    assert capsys.readouterr().err == ""


def test_matplotlib_says_nothing_and_makes_no_folder_of_an_unknown_home(tmp_path):
    nowhere = tmp_path / "file"
    nowhere.touch()
    code = (
        "from environments.system.library_folders import settle_places; settle_places(); "
        "import matplotlib.figure"
    )
    done = start(ROOT, code, HOME=str(nowhere), TMPDIR=str(tmp_path))
    assert done.stderr == ""
    assert (tmp_path / f"gpo-{os.getuid()}" / "matplotlib").is_dir()


def test_what_a_person_has_chosen_for_matplotlib_stays(monkeypatch):
    monkeypatch.setenv("MPLCONFIGDIR", "their/own")
    monkeypatch.setattr(places, "writable", lambda place: False)
    places.settle_places()
    assert os.environ["MPLCONFIGDIR"] == "their/own"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder of temporary files."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"gpo-{os.getuid()}"


def test_a_private_folder_is_found_again(temporary):
    assert places.private_folder() == temporary
    assert places.private_folder() == temporary


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o720, 0o777, 0o500])
def test_a_folder_that_others_can_enter_is_not_used(temporary, mode):
    temporary.mkdir()
    temporary.chmod(mode)
    assert places.private_folder() not in (temporary, None)


def test_a_folder_of_somebody_else_and_a_link_are_not_used(temporary, tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir(mode=0o700)
    temporary.symlink_to(tmp_path / "theirs")
    assert places.private_folder() not in (temporary, None)
    temporary.unlink()
    temporary.touch()
    assert places.private_folder() not in (temporary, None)
    temporary.unlink()
    temporary.mkdir(mode=0o700)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    (tmp_path / f"gpo-{mine + 1}").mkdir(mode=0o700)  # another's number, but our folder
    assert places.private_folder() not in (tmp_path / f"gpo-{mine + 1}", None)


def test_without_any_place_there_is_none(monkeypatch):
    def none():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert places.private_folder() is None


def test_a_folder_below_a_file_or_nothing_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    assert places.writable(tmp_path / "new" / "deep")
    assert not places.writable(tmp_path / "file")
    assert not places.writable(tmp_path / "file" / "below")
    assert not places.writable(None)
