"""A name inside a file runs nothing: every verb over every kind of file, and a marker that stays absent."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import pytest

import gpo
from environments.files import trusted_code as trust
from tests.support.hostile import MARKER, WORLDS, everything

FILES = ("a.safetensors", "a.onnx", "run")
pytestmark = pytest.mark.battery("files: names of code in them, by verb")
VERBS = [
    *(f"evaluate {file} --episodes 2" for file in FILES),
    *(f"evaluate random --world CartPole-v1 --partner {file} --episodes 2" for file in FILES),
    *(f"watch {file} --headless --games 1 --record out.mp4" for file in FILES),
    *(f"watch CartPole-v1 --player {file} --headless --games 1" for file in FILES),
    *(f"play {file} --levels --against random" for file in FILES),
    *(f"play {file} --coach --headless --script keys.toml --games 1" for file in FILES),
    *(f"export {file} --sb3 out.zip" for file in FILES[::2]),
    *(f"demos collect new CartPole-v1 --player {file} --episodes 1" for file in FILES),
    *(f"demos {verb} evil" for verb in ("info", "verify", "log", "relabel", "undo", "repair")),
    "demos info evil --pictures pictures",
    "demos list",
    "demos trim evil",
    "demos filter evil --min-steps 1",
    "demos delete evil 0",
    "demos merge evil evil --into both",
    "demos split evil --share 0.5",
    "demos replay evil 0 --headless",
    *(f"demos export evil --to {form} --out again" for form in ("npz", "minari", "imitation")),
    *(f"demos import {form} evil.{form} --name new" for form in ("npz", "minari", "imitation")),
    *(
        f"demos import {form} evil.{form} --name new --world CartPole-v1"
        for form in ("npz", "minari")
    ),
    "record CartPole-v1 --partner a.safetensors --headless --script keys.toml --episodes 1",
    "train here.toml --run out",  # on the evil recordings
]

TRACED = [f"export {file} --to out.onnx" for file in FILES[::2]]  # a second each


def each_case():
    """Every verb with every kind of world; of the exports that trace a graph one a kind, the rest is slow."""
    yield from product(VERBS, WORLDS)
    for number, kind in enumerate(WORLDS):
        for turn, verb in enumerate(TRACED):
            marks = [] if turn == number % len(TRACED) else [pytest.mark.slow]
            yield pytest.param(verb, kind, marks=marks)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The files of each kind of world, made once."""
    folders = {}
    for kind in WORLDS:
        folder = folders[kind] = tmp_path_factory.mktemp("sent")
        everything(folder, kind)
        (folder / "keys.toml").write_text("[[event]]\nat = 0.2\nquit = true\n")
        (folder / "here.toml").write_text(
            '[world]\nid = "CartPole-v1"\n[data]\ntrain = "evil"\n[refine]\nsteps = 0\n'
        )
    return folders


@pytest.fixture(autouse=True)
def nothing_trusted(monkeypatch, tmp_path):
    monkeypatch.setattr(trust, "_typed", set())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.parametrize(("verb", "kind"), each_case())
def test_no_verb_runs_what_a_file_names(made, monkeypatch, capsys, kind, verb):
    monkeypatch.chdir(made[kind])
    code = gpo.main(verb.split())
    assert code in (0, 1, 2, 3), capsys.readouterr()
    told = capsys.readouterr().err
    assert not Path(MARKER).exists(), told
    assert "evilmod" not in sys.modules
    if verb.split()[0] in ("evaluate", "watch", "play") and "CartPole" not in verb:
        assert code == 2, told
        assert told.count("\n") == 1, told


@pytest.mark.parametrize("kind", ["system", "popen", "unpickle"])
def test_not_even_a_recipe_that_was_named_calls_a_function(made, monkeypatch, capsys, kind):
    monkeypatch.chdir(made[kind])
    Path("evil.pkl").write_bytes(b"cposix\nsystem\n(S'touch PWNED'\ntR.")
    assert gpo.main(["train", "recipe.toml", "--run", "typed"]) == 2
    assert "is no environment" in capsys.readouterr().err
    assert not Path(MARKER).exists()
    assert not Path("typed").exists()


def test_the_marker_would_be_seen(made, monkeypatch, capsys):
    monkeypatch.chdir(made["module"])
    assert gpo.main(["evaluate", "a.safetensors", "--episodes", "2", "--trust", "evilmod"]) in (
        0,
        2,
    )
    assert Path(MARKER).exists()
    Path(MARKER).unlink()
    sys.modules.pop("evilmod", None)
