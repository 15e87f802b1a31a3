"""The rules of the house: who may import whom, and what stays light."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("environments", "agents", "demos", "training")  # each may import those before it
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
EVERYTHING = [ROOT / "gpo.py", *SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module imported in a tree, also inside functions: (line, dotted name)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def imported_on_loading(body: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    """What is imported when the module is: all but the bodies of functions and of TYPE_CHECKING."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imported_on_loading(node.orelse)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)
        for field in ("body", "orelse", "finalbody"):
            yield from imported_on_loading(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from imported_on_loading(handler.body)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_flow_down(path):
    room = path.relative_to(ROOT).parts[0]
    above = {*ROOMS[ROOMS.index(room) + 1 :], "gpo", "tests"}
    for line, module in imports(ast.parse(path.read_text())):
        assert not module.startswith("."), (
            f"{name(path)}:{line} imports relatively; write the full name"
        )
        assert module.split(".")[0] not in above, (
            f"{name(path)}:{line} imports {module}, but {room}/ may only import from "
            f"{', '.join(ROOMS[: ROOMS.index(room) + 1])}"
        )


@pytest.mark.parametrize("path", [p for p in EVERYTHING if p.name != "__init__.py"], ids=name)
def test_ray_is_imported_where_it_is_used(path):
    for line, module in imported_on_loading(ast.parse(path.read_text()).body):
        assert module.split(".")[0] != "ray", (
            f"{name(path)}:{line} imports ray on loading; import it inside the function that needs it"
        )


@pytest.mark.parametrize("path", [p for p in EVERYTHING if p.name == "__init__.py"], ids=name)
def test_init_files_are_empty(path):
    assert path.read_text() == "", (
        f"{name(path)} must stay empty: what you import is where it is written"
    )


# Where the name of a world was typed by a person, or stands in our own code. A name that was read from a file
# goes to `environments.recorded_worlds` instead, which asks whether its code may be run.
TYPED = {
    "demos/collect/command.py",
    "demos/sessions/input_test/command.py",
    "demos/data/exchange/formats.py",
    "demos/sessions/record/prepare.py",
    "demos/data/exchange/overcooked/importing.py",
    "demos/sessions/record/command.py",
    "demos/sessions/match/cast_by_name.py",
    "training/commands/evaluate.py",
    "training/commands/demo.py",
    "training/pipeline/train.py",
}
REMADE = {
    "environments/catalog.py",
    "environments/recorded_worlds.py",
    "demos/sessions/game/game.py",
}  # allowed before


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_names_of_worlds_out_of_files_are_asked_about(path):
    if not name(path).startswith(("agents/", "demos/", "training/")):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            taken = {alias.name for alias in node.names}
            assert "make_world" not in taken or name(path) in TYPED, f"{name(path)}: is it typed?"
            assert "make_known" not in taken or name(path) in REMADE, (
                f"{name(path)}: is it allowed?"
            )
            assert not taken & {"make_env", "describe_external", "external_world", "find_factory"}


# JSON and TOML come through `environments.files.readers`; these read what they have written themselves.
OWN_JSON = {
    "environments/files/readers.py",
    "agents/files/agent_file.py",
    "agents/export/onnx_export.py",
    "demos/data/episodes/episode.py",
    "agents/players/remote_server.py",
    "environments/external/trial/isolated.py",
    "environments/external/trial/facts.py",
    "training/pipeline/clone_population.py",
    "training/commands/installation.py",
}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_are_read_within_limits(path):
    calls = re.findall(r"\b(?:json|tomllib|pickle|marshal)\.loads?\(", path.read_text())
    assert not calls or name(path) in OWN_JSON, f"{name(path)}: use environments.files.readers"


def test_every_folder_of_sources_is_a_package():
    for folder in {path.parent for path in SOURCES}:
        assert (folder / "__init__.py").exists(), f"{name(folder)}/ has no __init__.py"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "__init__.py"], ids=name)
def test_modules_say_what_they_are_for(path):
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert said.splitlines()[:1], f"{name(path)} must open with one line that says what it is for"


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh Python has loaded after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_the_catalog_is_light():
    loaded = loaded_after("import environments.catalog")
    heavy = {"torch", "pygame", "pandas", "matplotlib", "stable_baselines3", "ray"}
    assert not heavy & loaded, f"import environments.catalog also loads {sorted(heavy & loaded)}"


def test_the_catalog_does_not_need_torch_to_make_a_world():
    loaded = loaded_after("import gymnasium\ngymnasium.make('environments.catalog:gpo/Balance-v0')")
    heavy = {"torch", "pygame"}
    assert not heavy & loaded, f"making a world also loads {sorted(heavy & loaded)}"


def tracked() -> list[Path]:
    """The files git tracks, or, in an unpacked archive, the sources."""
    run = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    listed = [ROOT / line for line in run.stdout.split("\0") if line]
    return [path for path in listed if path.is_file()] or EVERYTHING


def test_no_file_speaks_of_one_machine():
    # Spelled so that this file does not find itself.
    places = re.compile(r"(?<![\w.~}])/(?:work|root|home|Users|opt|tmp)/" + r"[\w.]")
    for path in tracked():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or a data file
        for number, line in enumerate(lines, 1):
            assert not places.search(line), f"{name(path)}:{number} holds an absolute path: {line}"


def test_the_tested_set_lies_within_the_ranges():
    from packaging.requirements import Requirement

    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    )
    pinned = {re.sub("[-_.]+", "-", pin).lower(): version for pin, version in pins.items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted_here = [*project["dependencies"], *extras["dev"], *extras["imitation"], *extras["onnx"]]
    for line in (line for line in wanted_here if not line.startswith("gpo[")):
        wanted = Requirement(line)
        assert wanted.name in pinned, f"constraints.txt does not pin {wanted.name}"
        assert wanted.specifier.contains(pinned[wanted.name]), (
            f"constraints.txt pins {wanted.name} {pinned[wanted.name]}, pyproject.toml wants {line}"
        )
