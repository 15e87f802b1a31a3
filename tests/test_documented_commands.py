"""The commands that the pages show are ones, with options that there are."""

import contextlib
import re
import sys
from pathlib import Path

import pytest

import gpo
from environments.terminal import command_line
from environments.terminal.option_fields import options_of
from training.api import load_dataset

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)
COMMAND = re.compile(r"(?:^|`|[./]bin/)gpo ((?:demos )?[a-z]+)([^`\n]*)", re.MULTILINE)


@pytest.fixture
def flags(monkeypatch, capsys):
    """The options of a verb, by its name."""
    found: list[str] = []

    def told(kind):
        found[:] = [flag for option in options_of(kind) for flag in option.flags]
        return options_of(kind)

    monkeypatch.setattr(command_line, "options_of", told)

    def of(verb):
        with contextlib.suppress(SystemExit):
            gpo.main([*verb.split(), "--help"])
        capsys.readouterr()
        return {*found, "--help", "--trust"}

    return of


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_commands_of_a_page_are_ones(page, flags):
    verbs = {*gpo.VERBS, *(f"demos {verb}" for verb in gpo.DEMOS)}
    for verb, rest in COMMAND.findall(page.read_text()):
        assert verb in verbs, f"{page.name}: gpo {verb}"
        used = set(re.findall(r"(?<!\S)\[?(--[a-z][a-z0-9-]*(?:\.\S+)?)", rest))
        plain = {word for word in used if not (verb == "train" and "." in word)}
        assert plain <= flags(verb), f"{page.name}: gpo {verb} {sorted(plain - flags(verb))}"


SMALL = {  # of the walk, so that it takes seconds
    "gpo demos collect catch": "--episodes 4 --option horizon=100",
    "gpo train": "--refine.steps 512 --refine.games 2 --refine.judge.games 2 --clone.epochs 2 "
    "--evaluate.games 2",
    "gpo evaluate": "--episodes 2",
}
WINDOWS = ("gpo record", "gpo watch", "gpo play")  # which are tried with keys of a script elsewhere
KEYS = """
event = [
    {at = 0.5, press = "return"},
    {at = 4.0, key = "right", down = true},
    {at = 26.0, press = "return"},
    {at = 27.0, press = "escape"},
]
"""


def blocks_of_the_walk():
    """The blocks of code of the page of environments, up to its reference: language and text."""
    page = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
    walk = page[: page.index("# Reference")]
    return re.findall(r"```([a-z]*)\n(.*?)```", walk, re.DOTALL)


def typed(line):
    """The words of a line of the walk, made small."""
    for begins, more in SMALL.items():
        if line.startswith(begins):
            line = f"{line.partition('#')[0]} {more}"
    return line.partition("#")[0].split()[1:]


def in_a_folder_of_its_own(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    for name in ("my_game", "my_player"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_the_walk_from_a_game_to_a_loop_of_ones_own_runs_as_it_stands(
    tmp_path, monkeypatch, capsys
):
    in_a_folder_of_its_own(tmp_path, monkeypatch)
    told: dict[str, object] = {}
    for language, text in blocks_of_the_walk():
        if named := re.match(r"# (\w+\.\w+)\n", text):
            Path(named[1]).write_text(text, encoding="utf-8")
            if "_loop" in named[1]:
                exec(compile(text, named[1], "exec"), told)
        for line in text.splitlines() if language == "" else ():
            if not line.startswith(WINDOWS):
                assert gpo.main(typed(line)) == 0, line
    assert Path("runs/catch/agent.onnx").is_file()
    assert told["game"].tick == 400  # type: ignore[attr-defined]
    assert "total" in told, "the loop with ONNX Runtime"
    assert "right arrow" in capsys.readouterr().out
    assert gpo.main(["demos", "verify", "catch"]) == 0


def test_the_game_of_the_walk_is_recorded_by_the_keys_that_it_names(tmp_path, monkeypatch):
    in_a_folder_of_its_own(tmp_path, monkeypatch)
    game = next(text for _, text in blocks_of_the_walk() if text.startswith("# my_game.py"))
    Path("my_game.py").write_text(game, encoding="utf-8")
    Path("keys.toml").write_text(KEYS, encoding="utf-8")
    assert gpo.main(["record", "my_game:Catch", "--headless", "--script", "keys.toml"]) == 0
    actions = load_dataset("my_game-catch").load(0).actions
    assert len(actions) == 400
    assert (actions == 2).sum() > 300
