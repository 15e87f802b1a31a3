"""Values on the command line that mean nothing: one sentence, exit code 2, and nothing is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

import gpo
from agents.player import RandomPlayer
from demos.collect import collect
from demos.store import Store
from environments.catalog import make_world

pytestmark = pytest.mark.battery("command line: values that mean nothing")
DIGITS = "1" * 4400
NUMBERS = [
    "-1",
    str(2**64),
    str(10**12),
    DIGITS,
    "nan",
    "inf",
    "1e999",
    "many",
    "1.5",
    "",
    "\0",
    "\udcff",
]
FLOATS = ["nan", "inf", "-inf", "1e999", "many", DIGITS, "", "\0", "\udcff"]
NAMES = ["", "\0", "a\0b", "\udcff", "x" * 300, "x/" * 3000]
WORLD = "gpo/Balance-v0"
# A command that works but for the one word in the place of `*`, and what that word may not be.
PLACES = [
    *((f"evaluate random --world {WORLD} --{name} *", NUMBERS) for name in ("episodes", "horizon", "seat")),
    (f"evaluate random --world {WORLD} --seed *", [n for n in NUMBERS if n != str(10**12)]),
    *((f"demos collect new {WORLD} --player random --{name} *", NUMBERS) for name in ("episodes", "horizon")),
    *((f"record {WORLD} --headless --script k.toml --{name} *", NUMBERS) for name in ("episodes", "people")),
    *((f"watch {WORLD} --headless --{name} *", NUMBERS) for name in ("games", "seat")),
    (f"record {WORLD} --headless --script k.toml --fps *", FLOATS),
    (f"record {WORLD} --headless --script k.toml --limit pole=*", FLOATS),
    (f"watch {WORLD} --headless --option horizon=*", [n for n in NUMBERS if n]),
    ("demos trim games --near-zero *", FLOATS),
    ("demos filter games --min-return *", FLOATS),
    ("demos filter games --min-steps *", NUMBERS),
    ("demos split games --share *", [*FLOATS, "0", "1", "-0.5"]),
    ("demos delete games *", [*NUMBERS[:4], "7-999999999999", "3-", "-", "9-3", "x", "", "\0"]),
    ("demos verify games --episodes *", ["-1", "7-999999999999", DIGITS, "x", ""]),
    ("demos replay games * --headless", NUMBERS),
    ("train recipe.toml --seed *", [n for n in NUMBERS if n != str(10**12)]),
    *((f"{verb} *", NAMES)
      for verb in ("train", "evaluate", "export", "watch", "play", "record", "controls")),
    *((f"demos {verb} *", NAMES) for verb in ("info", "verify", "log", "undo", "trim", "relabel", "repair")),
    ("demos merge games games --into *", NAMES),
    (f"record {WORLD} --headless --script k.toml --player *", NAMES),
    (f"record {WORLD} --headless --script k.toml --dataset *", NAMES),
    ("demos import npz * --name new", NAMES),
    ("demos list --root *", NAMES[:4]),
    ("evaluate random --world *", NAMES),
    ("evaluate random --trust *", [*NAMES[:5], "os", "a b"]),
    *((f"evaluate random --world {WORLD} --workers *", [NUMBERS[n]]) for n in range(len(NUMBERS))),
    (f"evaluate random --world {WORLD} --patience *", [*FLOATS, "0", "-1"]),
    *((f"watch {WORLD} --headless --param {name}=*", ["a", "true", "nan", "[1]", "{}", "2026-01-01", DIGITS])
      for name in ("gravity", "pole_mass")),
    ("watch gpo/Kitchen-v0 --headless --param layout=*", ["3", "nowhere", "[1]", "nan", "\0"]),
    ("watch gpo/Duel-v0 --headless --param bystanders=*", ["a", "-1", "1000000000000", "1.5", "true"]),
    ("watch gpo/Courier-v0 --headless --param people=*", ["a", "-1", "1000000000000", "1.5", "true"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("options")
    world = make_world(WORLD)
    collect(Store(place / "datasets"), "games", world, [RandomPlayer(world.action_space)], 2)
    (place / "k.toml").write_text("[[event]]\nat = 0.1\nquit = true\n")
    (place / "recipe.toml").write_text(f'[world]\nid = "{WORLD}"\n[data]\ntrain = "games"\n')
    return place


@pytest.mark.parametrize(("command", "values"), PLACES, ids=[command for command, _ in PLACES])
def test_a_value_that_means_nothing_is_one_sentence(
    folder, monkeypatch, capsys, record_property, command, values
):
    monkeypatch.chdir(folder)
    before = sorted(str(path) for path in Path().rglob("*"))
    for value in values:
        words = [word.replace("*", value) for word in command.split()]
        code = gpo.main(words)
        told = capsys.readouterr()
        assert code == 2, (value[:50], told)
        assert told.err.startswith("gpo: "), (value[:50], told)
        assert told.err.count("\n") == 1, (value[:50], told)
        assert len(told.err) < 1000, value[:50]
    assert sorted(str(path) for path in Path().rglob("*")) == before, "nothing was begun"
    record_property("tries", len(values))


@pytest.mark.parametrize("value", ["0", str(2**31 - 1)])
def test_a_seed_may_be_large(folder, monkeypatch, value):
    monkeypatch.chdir(folder)
    asked = f"evaluate random --world {WORLD} --episodes 2 --horizon 5 --seed {value}"
    assert gpo.main(asked.split()) == 0


def test_a_dotted_setting_of_very_many_parts_is_refused_at_once(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert gpo.main(["train", "recipe.toml", "--" + "a." * 20_000 + "b", "1"]) == 2
    assert len(capsys.readouterr().err) < 1000
