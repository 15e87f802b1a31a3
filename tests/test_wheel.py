"""The wheel: what is in it, and that `gpo` works where it was installed, far from any checkout."""

import os
import shutil
import site
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from training.commands import doctor
from training.commands import installation as installing

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("agents", "demos", "environments", "training")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy of the sources, for building writes beside them."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=ignored)
    for name in ("gpo.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", source, "--no-deps", "--no-build-isolation", "-w", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel):
    """A folder of packages that holds the wheel alone, to go before all others."""
    place = wheel.parent / "site-packages"
    with zipfile.ZipFile(wheel) as file:
        file.extractall(place)
    return place


@pytest.mark.slow
def test_it_holds_types_recipes_and_tables_of_keys_and_no_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"{room}/py.typed" for room in ROOMS} <= names
    for pattern in ("training/recipes/*.toml", "demos/window/controls/tables/*.toml"):
        found = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)}
        assert found
        assert found <= names
    sources = {
        p.relative_to(ROOT).as_posix() for room in ROOMS for p in (ROOT / room).rglob("*.py")
    }
    assert sources | {"gpo.py"} <= names
    assert not any(name.startswith("tests/") for name in names)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["doctor"], "installed in"),
        (["worlds"], "gpo/Kitchen-v0"),
        (["train", "cramped_room", "--help"], "usage: gpo train"),
        (["controls", "gpo/Balance-v0"], "Balance"),
        (["train", "no_such_recipe"], "cramped_room"),
    ],
)
def test_it_works_far_from_a_checkout(installed, tmp_path, words, said):
    others = os.pathsep.join([str(installed), *site.getsitepackages()])
    done = subprocess.run(
        [sys.executable, "-S", "-m", "gpo", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": others, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "constraints.txt" not in done.stdout
    assert done.returncode == (2 if words[-1] == "no_such_recipe" else 0), done.stderr


# ------------------------------------------------------------------ as if it were installed

REQUIRES = [
    "filelock>=3.30",
    "minari[arrow]<0.6,>=0.5.3",
    'onnx<2,>=1.21; extra == "onnx"',
    'onnxruntime>=1.23; extra == "onnx"',
    'gpo[onnx]; extra == "dev"',
]


@pytest.fixture
def from_a_wheel(tmp_path, monkeypatch):
    """No checkout around us; what is asked for stands in the metadata."""
    below = {"gpo": REQUIRES, "minari": ["farama-notifications>=0.0.1", 'h5py>=3; extra == "hdf5"']}

    def requires(name):
        if name not in below:
            raise metadata.PackageNotFoundError(name)
        return below[name]

    monkeypatch.setattr(installing, "ROOT", tmp_path)
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setattr(metadata, "requires", requires)
    return below


def test_what_is_asked_for_is_read_where_it_was_installed(from_a_wheel):
    assert [one.name for one in installing.requirements()] == ["filelock", "minari"]
    assert [one.name for one in installing.requirements("onnx")] == ["onnx", "onnxruntime"]


@pytest.mark.parametrize(
    ("module", "typed"),
    [
        ("minari.dataset", "-m pip install 'minari[arrow]<0.6,>=0.5.3'"),
        ("filelock", "-m pip install 'filelock>=3.30'"),
        ("onnxruntime", "-m pip install 'onnx<2,>=1.21' 'onnxruntime>=1.23'"),
        ("farama_notifications", "-m pip install farama-notifications"),
        ("imitation.data", "--no-deps imitation=="),
        ("h5py", None),
        ("training.nothing", None),
    ],
)
def test_what_is_typed_works_there_and_fetches_no_package_called_gpo(from_a_wheel, module, typed):
    found = doctor.what_to_type(module)
    assert (found is None) == (typed is None)
    assert typed is None or typed in str(found)
    assert " gpo" not in str(found)
    assert "constraints" not in str(found)


def test_a_stray_project_file_beside_installed_packages_is_none_of_ours(from_a_wheel, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\ndependencies = ["evil"]\n')
    (tmp_path / "constraints.txt").write_text("evil==1\n")
    assert not installing.in_checkout()
    assert [one.name for one in installing.requirements()] == ["filelock", "minari"]


def test_folders_that_were_only_copied_say_so_and_break_nothing(from_a_wheel, monkeypatch):
    del from_a_wheel["gpo"]
    monkeypatch.setattr(doctor, "version", lambda name: None)
    assert list(doctor.packages()) == []
    assert "is not known" in doctor.ourselves().found
    assert doctor.ourselves().cure is not None
    assert doctor.what_to_type("minari") is None
    assert [finding.cure for finding in doctor.extras()]
