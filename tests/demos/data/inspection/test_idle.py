"""The idle action of a dataset: as it was given, by the table of controls, or the world's own."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import gpo
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.inspection.idle import idle_action, is_idle
from demos.window.controls.table import table_name
from environments.catalog import make_world
from environments.external.description import external_world
from environments.system.errors import UserError
from tests.demos.data.inspection.test_verify import Sleepy
from tests.demos.support.hands import NAME, SPACES, toy


def dataset(kind, world=NAME):
    """What is asked of a dataset, without the dataset."""
    space = SPACES[kind]
    facts = {"world": world, "world_description": {"params": {"kind": repr(kind)}}}
    revision = SimpleNamespace(action_space=space)
    return SimpleNamespace(world=world, name="games", revision=revision, facts=facts)


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Writes a person's own table for the toy."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        path = tmp_path / f"controls/{table_name(NAME)}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'world = "{NAME}"\n{text}')

    return write


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        ("discrete", 5, 5),
        ("discrete", [0], 0),
        ("multi-discrete", [2, 1], [2, 1]),
        ("multi-binary", (0, 1, 0), [0, 1, 0]),
        ("box", [0.5, 0, -7], [0.5, 0, -7]),
    ],
)
def test_a_given_action_is_taken_in_the_shape_of_one(kind, given, found):
    idle = idle_action(dataset(kind), given)
    assert SPACES[kind].contains(idle if idle.shape else idle[()])
    assert idle.tolist() == found


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        ("discrete", 6, "give N, from 0 to 5"),
        ("discrete", -1, "give N, from 0 to 5"),
        ("discrete", [1, 2], "has 2 values; actions here have 1"),
        ("discrete", 1.5, "is no action of Discrete"),
        ("discrete", "up", "there is no action 'up': they have numbers only"),
        ("discrete", True, "is no action"),
        ("multi-discrete", 0, "has 1 value; actions here have 2: N N"),
        ("multi-discrete", [0, 2], "is no action of MultiDiscrete"),
        ("multi-binary", [0, 0, 2], "each 0 or 1"),
        ("box", [2, 0, 0], "is no action of Box"),
        ("box", [0, 0], "has 2 values; actions here have 3"),
    ],
)
def test_what_is_no_action_is_refused(kind, given, told):
    with pytest.raises(UserError) as caught:
        idle_action(dataset(kind), given)
    assert told in str(caught.value)
    assert str(caught.value).startswith("--idle ")


def test_the_table_of_controls_says_what_nobody_pressing_anything_does(table):
    with pytest.raises(
        UserError, match="say it with --idle N, from 0 to 5, or as `idle` in its table"
    ):
        idle_action(dataset("discrete"))
    row = '\n[[action]]\ndo = 1\nkeys = ["a"]\n'
    table('names = ["a", "b", "c", "d", "e", "f"]\nidle = "c"' + row)
    assert idle_action(dataset("discrete")) == 2
    assert idle_action(dataset("discrete"), "d") == 3, "names of the table can be given, too"
    table("idle = [3]" + row)
    assert idle_action(dataset("discrete")) == 3
    table(row)
    assert idle_action(dataset("discrete")) == 0, "as the recorder does it"
    table("idle = [0, 1]" + row)
    with pytest.raises(UserError, match="does 0 1 in turn, so no step tells whether it was idle"):
        idle_action(dataset("discrete"))
    assert idle_action(dataset("multi-discrete")).tolist() == [0, 1]
    table("idle = [0.5, 1, 0]\n[[axis]]\n")
    assert idle_action(dataset("box")).tolist() == [0.5, 1, 0]


RESTING = "tests.environments.support.namers:Resting"


@pytest.mark.parametrize(("kind", "rest"), [("discrete", 1), ("multi-discrete", [1, 2])])
def test_an_environment_itself_may_say_what_no_key_does(kind, rest, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    world = external_world(RESTING, kind=kind)
    still = Sleepy(range(0), idle=np.array(rest))
    collect(Store(Path("datasets")), "games", world, [still], 1)
    assert gpo.main(["demos", "info", "games", "--trust", RESTING.partition(":")[0]]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "idle" in line]
    assert "100.0 % of steps" in told[0]
    assert idle_action(Store(Path("datasets")).open("games")).tolist() == rest


def test_who_does_not_say_it_or_may_not_be_asked_leaves_it_unknown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = dataset("discrete", RESTING)
    unknown = "does not say which of its actions does nothing"
    monkeypatch.setattr("environments.recorded_worlds.allowed", lambda name: False)
    with pytest.raises(UserError, match=unknown):
        idle_action(asked)
    monkeypatch.setattr("environments.recorded_worlds.allowed", lambda name: True)
    assert idle_action(asked) == 1
    asked.facts["world_description"]["params"]["rests"] = "False"
    with pytest.raises(UserError, match=unknown):
        idle_action(asked)


def test_a_table_of_ones_own_goes_before_what_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"controls/{table_name(RESTING)}.toml"
    path.parent.mkdir()
    path.write_text(f'world = "{RESTING}"\nidle = 3\n[[action]]\ndo = 1\nkeys = ["a"]\n')
    assert idle_action(dataset("discrete", RESTING)) == 3


def test_a_number_near_its_own_rest_is_idle():
    rest = np.array([0.5, 1, 0], np.float32)
    near = np.array([[0.54, 1, 0], [0.0, 1, 0], [0.5, 0.9, 0]], np.float32)
    assert is_idle(near, SPACES["box"], rest).tolist() == [True, False, False]


def test_trim_names_a_multi_discrete_action(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    busy = Sleepy(range(12, 30), np.array([2, 0]), np.array([0, 1]))
    collect(
        Store(Path("datasets")), "games", toy("multi-discrete"), [busy], 1, options={"horizon": 50}
    )
    assert gpo.main(["demos", "trim", "games", "--idle", "0"]) == 2
    assert "has 1 value; actions here have 2" in capsys.readouterr().err
    assert gpo.main(["demos", "trim", "games", "--idle", "0", "1"]) == 0
    assert len(Store(Path("datasets")).open("games").load(0)) == 18


def test_our_own_worlds_name_their_actions(tmp_path):
    world = make_world("gpo/Kitchen-v0")
    players = [Sleepy(range(12, 30)), Sleepy(range(12, 30))]
    collect(Store(tmp_path), "games", world, players, 1, options={"horizon": 40})
    games = Store(tmp_path).open("games")
    assert idle_action(games, "stay") == idle_action(games)
    with pytest.raises(UserError, match="there is no action 'stya': did you mean 'stay'"):
        idle_action(games, "stya")
