"""The rules of the house: who may import whom, and what stays light."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("environments", "agents", "demos", "training")  # each may import those before it
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
EVERYTHING = [ROOT / "gpo.py", *SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def for_each(paths: list[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """Make a test of a check of one file: it looks at all of them, and tells of each that fails."""

    def decorate(check: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            failures = []
            for path in paths:
                try:
                    check(path)
                except AssertionError as failure:
                    failures.append(str(failure))
            assert not failures, "\n".join(failures)

        test.__name__ = test.__qualname__ = check.__name__
        return test

    return decorate


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


@for_each(SOURCES)
def test_imports_flow_down(path):
    room = path.relative_to(ROOT).parts[0]
    above = {*ROOMS[ROOMS.index(room) + 1 :], "gpo", "tests"}
    for line, module in imports(tree_of(path)):
        assert not module.startswith("."), (
            f"{name(path)}:{line} imports relatively; write the full name"
        )
        assert module.split(".")[0] not in above, (
            f"{name(path)}:{line} imports {module}, but {room}/ may only import from "
            f"{', '.join(ROOMS[: ROOMS.index(room) + 1])}"
        )


@for_each([p for p in EVERYTHING if p.name != "__init__.py"])
def test_ray_is_imported_where_it_is_used(path):
    for line, module in imported_on_loading(tree_of(path).body):
        assert module.split(".")[0] != "ray", (
            f"{name(path)}:{line} imports ray on loading; import it inside the function that needs it"
        )


@for_each([p for p in EVERYTHING if p.name == "__init__.py"])
def test_init_files_are_empty(path):
    assert path.read_text() == "", (
        f"{name(path)} must stay empty: what you import is where it is written"
    )


# Where the name of a world was typed by a person, or stands in our own code. A name that was read from a file
# goes to `environments.recorded_worlds` instead, which asks whether its code may be run.
TYPED = {
    "demos/sessions/run/prepare.py",
    "demos/collect/command.py",
    "demos/sessions/input_test/command.py",
    "demos/data/exchange/file_format.py",
    "demos/sessions/record/prepare.py",
    "demos/data/exchange/overcooked/importing.py",
    "demos/sessions/record/command.py",
    "demos/sessions/match/cast_by_name.py",
    "training/commands/evaluate.py",
    "training/api.py",
    "training/commands/demo.py",
    "training/pipeline/prepare.py",
}
REMADE = {
    "environments/catalog.py",
    "environments/recorded_worlds.py",
    "demos/sessions/game/game.py",
}  # allowed before


@for_each(SOURCES)
def test_names_of_worlds_out_of_files_are_asked_about(path):
    if not name(path).startswith(("agents/", "demos/", "training/")):
        return
    for node in ast.walk(tree_of(path)):
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
    "agents/files/encoder_file.py",
    "agents/export/onnx_export.py",
    "demos/data/episodes/episode.py",
    "agents/players/remote_server.py",
    "environments/external/trial/isolated.py",
    "environments/external/trial/facts.py",
    "training/pipeline/clone_population.py",
    "training/commands/installation.py",
}


@for_each(SOURCES)
def test_files_are_read_within_limits(path):
    calls = re.findall(r"\b(?:json|tomllib|pickle|marshal)\.loads?\(", path.read_text())
    assert not calls or name(path) in OWN_JSON, f"{name(path)}: use environments.files.readers"


@for_each(SOURCES)
def test_everything_is_printed_as_it_is(path):
    if name(path) == "environments/terminal/consoles.py":
        return
    found = re.search(r"(?<!_)\bConsole\(|rich\.markup|\bmarkup=(?!False)", path.read_text())
    assert not found, f"{name(path)}: use environments.terminal.consoles.plain_console"


def test_every_folder_of_sources_is_a_package():
    for folder in {path.parent for path in SOURCES}:
        assert (folder / "__init__.py").exists(), f"{name(folder)}/ has no __init__.py"


@for_each([p for p in SOURCES if p.name != "__init__.py"])
def test_modules_say_what_they_are_for(path):
    said = ast.get_docstring(tree_of(path)) or ""
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
    wanted_here += [*extras["robomimic"], *extras["zarr"]]
    for line in (line for line in wanted_here if not line.startswith("gpo[")):
        wanted = Requirement(line)
        assert wanted.name in pinned, f"constraints.txt does not pin {wanted.name}"
        assert wanted.specifier.contains(pinned[wanted.name]), (
            f"constraints.txt pins {wanted.name} {pinned[wanted.name]}, pyproject.toml wants {line}"
        )


# ---------------------------------------------------------------- the floors

# A folder imports only from folders on lower floors, and two of one floor do not know each other. A file that
# lies in a room directly has a floor of its own; "." is gpo.py.
FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "environments/drawing",
        "environments/system",
        "training/compute",
        "training/settings",
    ),
    (
        "environments/external/states",
        "environments/files",
        "environments/simulation",
    ),
    (
        "agents/deciding",
        "agents/schema",
        "demos/data/episodes",
        "demos/window/controls",
        "demos/window/video",
        "environments/external/games",
        "environments/terminal",
        "environments/worlds",
        "environments/worlds/courier",
        "environments/worlds/duel",
        "environments/worlds/kitchen",
    ),
    (
        "agents/control",
        "agents/experts/duel",
        "agents/networks",
        "demos/data",
        "demos/data/dataset",
        "demos/window/drawing",
        "environments/external/trial",
        "environments/shields",
    ),
    (
        "agents/files",
        "demos/data/journal",
        "demos/window",
        "environments/external",
        "training/imitation",
        "training/ppo/controllers",
        "training/ppo/rollouts",
        "training/world_settings",
    ),
    (
        "agents/players",
        "environments/catalog",
    ),
    (
        "agents/evaluation",
        "agents/experts",
        "demos/sessions/input_test",
        "environments/recorded_worlds",
        "environments/warmup",
        "environments/wrappers",
        "training/ppo",
    ),
    (
        "agents/export",
        "agents/lookup_names",
        "demos/data/inspection",
        "demos/sessions/game",
    ),
    (
        "agents/lookup",
        "demos/data/editing",
    ),
    (
        "agents/loaded_agent",
        "agents/robots",
        "demos/collect",
        "demos/data/exchange",
        "demos/sessions/match",
        "demos/sessions/record",
        "training/partners",
    ),
    (
        "demos/data/exchange/minari",
        "demos/data/exchange/npz",
        "demos/data/exchange/overcooked",
        "demos/sessions/panels",
        "demos/sessions/play",
        "demos/sessions/replay",
        "demos/sessions/run",
        "training/run",
    ),
    (
        "demos/data/exchange/lerobot",
        "demos/data/exchange/robomimic",
        "demos/data/exchange/zarr",
        "demos/sessions/watch",
        "training/gate",
    ),
    (
        "demos/cli",
        "training/evaluation",
    ),
    ("training/advice",),
    ("training/pipeline",),
    ("training/pipeline/corrections",),
    (
        "training/api",
        "training/commands",
    ),
    (".",),
)


def folder_of(path: Path) -> str:
    """The folder of a file; a file that lies in a room directly is its own."""
    inside = path.relative_to(ROOT)
    return inside.with_suffix("").as_posix() if len(inside.parts) == 2 else inside.parent.as_posix()


def module_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")


MODULES = {module_of(path): path for path in [*SOURCES, ROOT / "gpo.py"]}


def needs(path: Path) -> set[str]:
    """Our own modules that a file imports anywhere: in functions and for types, too."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            deeper = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [full if full in MODULES else node.module for full in deeper]
        found.update(name for name in names if name in MODULES)
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach each other (Tarjan 1972)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return found


def test_tarjan_finds_circles():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == [["b", "c"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_no_file_is_in_a_circle():
    found = circles({module: needs(path) - {module} for module, path in MODULES.items()})
    assert not found, f"these files import each other in a ring: {found}"


def test_every_folder_has_a_floor():
    there = {folder_of(path) for path in SOURCES if path.name != "__init__.py"} | {"."}
    listed = [folder for floor in FLOORS for folder in floor]
    assert len(listed) == len(set(listed)), "a folder stands on two floors"
    assert there == set(listed), f"not in both: {sorted(there ^ set(listed))}"


@for_each(list(MODULES.values()))
def test_folders_import_from_lower_floors(path):
    floor = {folder: number for number, floor in enumerate(FLOORS) for folder in floor}
    mine = folder_of(path)
    for module in needs(path):
        theirs = folder_of(MODULES[module])
        assert theirs == mine or floor[theirs] < floor[mine], (
            f"{name(path)} imports {module}: {theirs} does not stand below {mine}"
        )


# ---------------------------------------------------------------- sizes and names

FILES_IN_FOLDER, FOLDERS_DEEP = 12, 3
LINES_OF_FILE, LINES_OF_FUNCTION, PARAMETERS = 250, 45, 8

# What every world has by contract, under the same name in each.
CONTRACT = {"Params"}
# Compiled loops take their buffers one by one: numba unpacks no settings objects.
COMPILED = {("environments/simulation/kernels.py", "_step_batch")}


def test_folders_are_small_and_not_deep():
    for folder in {path.parent for path in SOURCES}:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= FILES_IN_FOLDER, f"{name(folder)}/ has {len(files)} files"
        assert len(folder.relative_to(ROOT).parts) - 1 <= FOLDERS_DEEP, f"{name(folder)}/ is deep"


@for_each(list(MODULES.values()))
def test_files_and_functions_are_small(path):
    text = path.read_text()
    assert text.count("\n") <= LINES_OF_FILE, f"{name(path)} has {text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            where, lines = (
                f"{name(path)}:{node.lineno} {node.name}",
                (node.end_lineno or 0) - node.lineno + 1,
            )
            assert lines <= LINES_OF_FUNCTION, f"{where} has {lines} lines"
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            given = [arg for arg in every if arg.arg not in ("self", "cls")]
            if (name(path), node.name) in COMPILED:
                continue
            assert len(given) <= PARAMETERS, (
                f"{where} has {len(given)} parameters: hand it settings"
            )


def test_a_class_name_stands_once():
    at: dict[str, list[str]] = {}
    for path in MODULES.values():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and node.name not in CONTRACT:
                at.setdefault(node.name, []).append(name(path))
    twice = {known: places for known, places in at.items() if len(places) > 1}
    assert not twice, f"one name, one meaning: {twice}"


PRIVATE_WORDS = re.compile(
    r"\b(wishes|chorus|lesson|insight|waking|deed|sight_for|somebody|whoever|heeds?|heeded)\b",
    re.IGNORECASE,
)


@for_each(list(MODULES.values()))
def test_words_are_the_fields_terms(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = PRIVATE_WORDS.search(line)
        assert not found, f"{name(path)}:{number} says '{found and found.group()}'"
