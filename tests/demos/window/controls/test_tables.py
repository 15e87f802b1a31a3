"""Which table of controls is used: shipped, one's own, one for several worlds, or a guess."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces

from demos.window.controls.bindings import action_labels, written_labels
from demos.window.controls.controls import load_controls, load_everybody
from demos.window.controls.default_table import guess_table
from demos.window.controls.devices import Held
from demos.window.controls.table import (
    SHIPPED,
    controls_known,
    find_table,
    read_table,
    table_name,
)
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.support.hands import (
    COMPASS,
    NAME,
    SPACES,
    controls,
    press,
    toy,
)

# ------------------------------------------------------------------ tables that are shipped


def test_released_carts_are_pushed_either_way_in_turn(devices):
    person = load_controls(make_world("CartPole-v1"))
    assert [person.action(devices.held) for _ in range(4)] == [0, 1, 0, 1]
    press(devices, "right")
    assert [person.action(devices.held) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    ("name", "key", "action"),
    [
        ("gpo/Balance-v0", "right", 1),
        ("CartPole-v1", "left", 0),
        ("MountainCar-v0", "right", 2),
        ("Acrobot-v1", "a", 0),
        ("Pendulum-v1", "left", [2.0]),
    ],
)
def test_common_worlds_work_at_once(name, key, action, devices):
    world = make_world(name)
    assert controls_known(world)
    for device in ("keyboard", "gamepad"):
        assert load_controls(world, device).unassigned == ()
    person = load_controls(world)
    press(devices, key)
    assert np.array_equal(person.action(devices.held), action)


def test_every_shipped_table_is_sound_and_is_shipped():
    declared = (Path(__file__).parents[4] / "pyproject.toml").read_text()
    assert 'demos = ["**/*.toml"]' in declared
    files = sorted(SHIPPED.glob("*.toml"))
    assert len(files) >= 10
    for path in files:
        table = read_table(path)
        assert table.action or table.axis
        assert path.name.startswith(table.world.removeprefix("gpo/") + ".")


@pytest.mark.parametrize(
    ("file", "space"),
    [
        ("LunarLander-v3", spaces.Discrete(4)),
        ("LunarLander-v3.continuous", spaces.Box(-1.0, 1.0, (2,), np.float32)),
        ("CarRacing-v3", spaces.Box(np.array([-1, 0, 0], np.float32), np.ones(3, np.float32))),
        ("CarRacing-v3.discrete", spaces.Discrete(5)),
    ],
)
def test_worlds_with_two_kinds_of_actions_have_a_table_for_each(file, space):
    """Without Box2D, which these games need: a world of their name with their actions."""
    idle = np.zeros(space.shape) if isinstance(space, spaces.Box) else 0
    world = replace(toy(), id=file.split(".")[0], action_space=space, idle=idle)
    assert find_table(world)[0].name == f"{file}.toml"
    for device in ("keyboard", "gamepad"):
        person = load_controls(world, device)
        assert person.unassigned == ()
        assert person.rows()
        assert space.contains(person.action(Held()))


def test_a_table_beside_the_work_comes_before_ours(tmp_path, monkeypatch, kitchen):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "controls" / "Kitchen-v0.toml"
    own.parent.mkdir()
    own.write_text('world = "gpo/Kitchen-v0"\n[[action]]\ndo = "stay"\nkeys = ["z"]\n')
    person = load_controls(kitchen)
    assert person.rows() == [("stay", ("z",))]
    assert person.unassigned == ("north", "south", "east", "west", "interact")
    assert "nothing does north" in str(person.unknown("a"))
    assert person.unknown("z") is None


def test_keys_that_do_nothing_are_told(kitchen):
    cook = load_controls(kitchen)
    assert cook.unknown("w") is None
    assert cook.unknown("x") == (
        "The key 'x' does nothing here: w is up, a is left, s is down, d is right, space is take, put, "
        "serve. `gpo controls gpo/Kitchen-v0 --edit` changes it."
    )


def test_rows_say_what_is_done_by_what(kitchen):
    assert load_controls(kitchen).rows()[1] == ("left", ("a", "left arrow"))
    assert load_controls(kitchen, person=1, people=2).rows()[1] == ("left", ("left arrow",))
    assert load_controls(kitchen, "gamepad").rows()[1] == ("left", ("dpad left", "stick left"))


# ------------------------------------------------------------------ no table


@pytest.mark.parametrize("kind", ["discrete", "multi-discrete", "multi-binary", "box"])
def test_a_world_without_a_table_says_what_keys_would_do_and_how_to_write_one(
    kind, tmp_path, devices
):
    world = toy(kind)
    assert not controls_known(world)
    with pytest.raises(UserError) as caught:
        load_controls(world)
    sentence = str(caught.value)
    assert sentence.startswith(f"No controls are known for {NAME}")
    assert f"`gpo controls {NAME} --edit`" in sentence
    assert "'a'" in sentence
    text = guess_table(world)
    for device in ("keyboard", "gamepad"):
        person = controls(tmp_path, text, kind, device=device)
        assert person.unassigned == (), text
    person = controls(tmp_path, text, kind)
    press(devices, "d")
    assert not np.array_equal(person.action(devices.held), person.action(Held()))


def test_a_guess_knows_names():
    text = guess_table(make_world("gpo/Kitchen-v0"))
    assert 'do = "north"\nkeys = { first = ["w"], second = ["up"] }' in text
    assert '"stay"' not in text


@pytest.mark.parametrize("kind", ["discrete", "multi-discrete", "multi-binary", "box"])
def test_a_guess_for_two_gives_each_person_keys_of_their_own(kind, tmp_path):
    world = replace(toy(kind), agents=("one", "two"))
    path = tmp_path / "table.toml"
    path.write_text(guess_table(world))
    both = load_everybody(world, ["keyboard", "keyboard"], path)
    first, second = ({key for _, by in person.rows() for key in by} for person in both)
    assert first
    assert second
    assert not first & second
    assert {what for what, _ in both[0].rows()} == {what for what, _ in both[1].rows()}
    assert not both[0].unassigned
    assert load_controls(world, path=path).rows(), "one who is alone has the keys of both"


@pytest.mark.parametrize("count", [2, 3, 4, 13])
def test_a_guess_for_two_gives_numbered_choices_keys(count, tmp_path):
    world = replace(toy(), agents=("one", "two"), action_space=spaces.Discrete(count))
    path = tmp_path / "table.toml"
    path.write_text(guess_table(world))
    first, second = load_everybody(world, ["keyboard", "keyboard"], path)
    assert len(first.rows()) == len(second.rows()) == (2 if count <= 3 else count)


# ------------------------------------------------------------------ tables of several worlds


def test_one_table_serves_several_worlds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "controls/all.toml"
    own.parent.mkdir()
    family = NAME.partition(":")[0]
    (own.parent / "broken.toml").write_text('world = "other:*"\nnonsense')
    own.write_text(f'world = "{family}:*"\n[[action]]\ndo = 1\nkeys = ["z"]\nlabel = "jump"\n')
    assert controls_known(toy())
    assert load_controls(toy()).rows() == [("jump", ("z",))]
    other = replace(toy(), id="tests.demos.support.hand:Toy")
    with pytest.raises(UserError, match="No controls are known"):
        load_controls(other)
    exact = own.parent / f"{table_name(NAME)}.toml"
    exact.write_text(f'world = "{NAME}"\n[[action]]\ndo = 1\nkeys = ["x"]\n')
    assert load_controls(toy()).rows() == [("1", ("x",))], "a world's own table goes first"
    exact.unlink()
    own.write_text(own.read_text() + "nonsense = 1\n")
    with pytest.raises(UserError, match="no setting 'nonsense'"):
        load_controls(toy())


# ------------------------------------------------------------------ labels


def test_labels_of_a_table_are_what_the_screen_calls_actions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / f"controls/{table_name(NAME)}.toml"
    own.parent.mkdir()
    own.write_text(COMPASS.replace('keys = ["up"]', 'keys = ["up"]\nlabel = "thrust"'))
    wanted = (("none", "thrust", "left", "up-left", "jump", "right"),)
    assert action_labels(toy()).choices == wanted
    assert written_labels(NAME, SPACES["discrete"]).choices == wanted
    own.write_text(
        f'world = "{NAME}"\n[[action]]\ncomponent = 1\ndo = 1\nkeys = ["a"]\nlabel = "fire"\n'
    )
    assert action_labels(toy("multi-discrete")).choices == (("0", "1", "2"), ("0", "fire"))
    own.write_text(f'world = "{NAME}"\n[[action]]\nbit = 2\nkeys = ["a"]\nlabel = "lamp"\n')
    assert action_labels(toy("multi-binary")).parts == ("", "", "lamp")
    own.write_text(f'world = "{NAME}"\n[[axis]]\ncomponent = 1\npositive = ["a"]\nlabel = "gas"\n')
    assert action_labels(toy("box")).parts == ("", "gas", "")


def test_without_a_table_or_with_a_wrong_one_actions_keep_their_own_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / f"controls/{table_name(NAME)}.toml"
    own.parent.mkdir()
    assert action_labels(toy()).choices == (("0", "1", "2", "3", "4", "5"),)
    own.write_text("nonsense")
    assert action_labels(toy()).choices == (("0", "1", "2", "3", "4", "5"),)
    kitchen = make_world("gpo/Kitchen-v0")
    assert action_labels(kitchen).choices[0][0] == "up", "the label of our own table"
