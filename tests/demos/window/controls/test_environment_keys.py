"""The keys that an environment itself offers (`get_keys_to_action`) are a table, if a table can say them."""

from dataclasses import replace

import numpy as np
import pygame
import pytest
from gymnasium import spaces

from demos.window.controls.controls import load_controls
from demos.window.controls.default_table import guess_table
from demos.window.controls.devices import Devices
from demos.window.controls.environment_keys import table_of_keys
from environments.external.description import external_world
from environments.external.trial.offered_keys import offered_keys
from environments.system.errors import UserError
from tests.demos.support.hands import NAME, Toy, let_go, press, toy

BOX = spaces.Box(np.array([-1, 0], np.float32), np.array([1, 1], np.float32))
KEYS = {(): 0, ("w",): 2, ("a",): 3, (pygame.K_LEFT,): 3, ("a", "w"): 5, (" ",): 4}


class Offering(Toy):
    """Says itself which keys do what."""

    def __init__(self, kind="discrete", keys=None):
        super().__init__(kind)
        self.keys = KEYS if keys is None else keys

    def get_keys_to_action(self):
        if self.keys == "broken":
            raise RuntimeError("no keys here")
        return self.keys


def pressed(world, *names):
    devices = Devices(lambda number: None)
    person = load_controls(world)
    press(devices, *names)
    action = person.action(devices.held)
    let_go(devices, *names)
    return np.asarray(action).tolist()


@pytest.fixture
def choosing():
    return external_world("tests.demos.window.controls.test_environment_keys:Offering")


def test_offered_keys_play_without_a_table(choosing):
    assert pressed(choosing) == 0
    assert pressed(choosing, "w") == 2
    assert pressed(choosing, "a") == 3
    assert pressed(choosing, "left") == 3
    assert pressed(choosing, "space") == 4
    assert pressed(choosing, "a", "w") == 5
    assert pressed(choosing, "left", "w") == 5, "keys that do the same go together alike"


def test_offered_keys_are_what_edit_writes(choosing, tmp_path):
    text = guess_table(choosing)
    assert "keys that the game itself offers" in text
    path = tmp_path / "own.toml"
    path.write_text(text)
    assert load_controls(choosing, path=path).rows() == load_controls(choosing).rows()


@pytest.mark.parametrize("keys", [{(): 1, ("a",): 0, ("d",): 2}, {(): 1, ("a",): 0, ("s",): 1}])
def test_what_no_key_does_is_called_nothing_unless_a_key_does_it_too(keys):
    offered = tuple((held, action) for held, action in keys.items())
    table = table_of_keys(replace(toy(), action_space=spaces.Discrete(3), keys=offered))
    assert table is not None
    assert table["names"][1] == ("s" if ("s",) in keys else "nothing")
    assert table["idle"] == 1


def test_offered_actions_are_counted_from_zero():
    env = Offering(keys={"a": 7, "d": 9})
    env.action_space = spaces.Discrete(3, start=7)
    assert offered_keys(env, env.action_space) == ((("a",), 0), (("d",), 2))


def test_offered_actions_are_rows_of_numbers():
    env = Offering(keys={"a": [[1, 0], [0, 1]]})
    env.action_space = spaces.MultiBinary([2, 2])
    assert offered_keys(env, env.action_space) == ((("a",), [1, 0, 0, 1]),)


@pytest.mark.parametrize(
    ("space", "keys", "held", "done"),
    [
        (spaces.MultiDiscrete([3, 2]), ((("a",), [1, 0]), (("f",), [0, 1])), "af", [1, 1]),
        (spaces.MultiBinary(2), ((("a",), [1, 0]), (("f",), [0, 1])), "f", [0, 1]),
        (
            BOX,
            ((("a",), [-1.0, 0.0]), (("d",), [1.0, 0.0]), (("w",), [0.0, 0.7])),
            "aw",
            [-1.0, 0.7],
        ),
    ],
)
def test_components_are_pushed_by_their_keys(space, keys, held, done):
    world = replace(toy(), action_space=space, keys=keys, idle=np.zeros(2))
    assert pressed(world) == [0, 0]
    assert pressed(world, *held) == pytest.approx(done)


@pytest.mark.parametrize(
    "keys",
    ["broken", None.__class__, {}, {"p": 1}, {"a": 99}, {("nokey",): 1}, [("a", 1)]],
)
def test_what_is_no_table_of_keys_is_guessed(keys):
    env = Offering(keys=keys)
    world = replace(toy(), keys=offered_keys(env, env.action_space))
    with pytest.raises(UserError, match=f"No controls are known for {NAME}"):
        load_controls(world)


def test_numbers_that_no_row_can_push_are_guessed():
    keys = ((("a",), [0.2, 0.0]), (("d",), [0.9, 0.0]))
    world = replace(toy(), action_space=BOX, keys=keys, idle=np.zeros(2))
    with pytest.raises(UserError, match="No controls are known"):
        load_controls(world)
