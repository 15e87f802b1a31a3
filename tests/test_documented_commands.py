"""The commands that the pages show are ones, with options that there are."""

import contextlib
import re
from pathlib import Path

import pytest

import gpo
from environments.terminal import command_line
from environments.terminal.option_fields import options_of

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


def test_the_recording_that_the_page_of_environments_shows_is_made(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
    block = next(
        code for code in re.findall(r"```python\n(.*?)```", page, re.S) if "collect" in code
    )
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/environments.md", "exec"), {})
    assert gpo.main(["demos", "verify", "expert"]) == 0
