"""Tables of controls that are wrong are refused in one sentence."""

import pytest

from demos.window.controls.controls import load_controls
from environments.system.errors import UserError
from tests.demos.support.hands import (
    controls,
    toy,
)

ACTION = "[[action]]\ndo = 1\n"
WRONG = {
    'world = "other"\n' + ACTION: "it is for 'other', not for 'tests.demos.support.hands:Toy'",
    "[[action]\n": "is not TOML",
    "[[action]]\nkeys = ['a']": "number 1: it must say what to do",
    "[[action]]\ndo = 'upp'\nkeys = ['a']": "number 1: there is no action 'upp': it has 0, 1",
    "[[action]]\ndo = 6\nkeys = ['a']": "there is no action 6",
    "[[action]]\ndo = true\nkeys = ['a']": "number 1: do",
    "[[action]]\ndoo = 1": "number 1 has no setting 'doo': did you mean 'do'?",
    "wrold = 1\n" + ACTION: "there is no setting 'wrold': did you mean 'world'?",
    ACTION + "keys = 'a'": "number 1: keys = 'a'",
    ACTION + "keys = ['spcae']": "number 1: there is no key 'spcae': did you mean 'space'?",
    ACTION + "keys = ['p']": "the key 'p' belongs to the recorder's window",
    ACTION + "keys = {frist = ['a']}": "no setting 'keys.frist': did you mean 'first'?",
    ACTION + "pad = ['trigger 1']": "a gamepad has no 'trigger 1'",
    ACTION + "pad = ['button 0']": "it says nothing about a keyboard: add keys.",
    ACTION + "keys = ['a']\n[[action]]\ndo = 2\nkeys = ['a']": "number 2: 'a' already does '1'",
    ACTION + "component = 1\nkeys = ['a']": "number 1: there is no component 1",
    ACTION + "bit = 1\nkeys = ['a']": "number 1: it must say what to do",
    "[[axis]]\npositive = ['a']": "the actions are Discrete(6): write [[action]] instead of [[axis]]",
    "names = ['a', 'b']\n" + ACTION: "'names' must give each of the 6 actions",
    "names = ['a', 'a', 'c', 'd', 'e', 'f']\n" + ACTION: "'names' must give each of the 6 actions",
    "idle = 'rest'\n" + ACTION + "keys = ['a']": "idle: there is no action 'rest'",
    "": "it says nothing about a keyboard",
}
WRONG_BOX = {
    ACTION: "write [[axis]] instead of [[action]]",
    "[[axis]]\ncomponent = 3": "there is no component 3",
    "[[axis]]\n[[axis]]": "number 2: component 0 has a row already",
    "[[axis]]\ndead = 1.5": "number 1: dead = 1.5: give less than 1.0.",
    "[[axis]]\nstick = 'z'": "number 1: stick = 'z'",
    "[[axis]]\npointer = 'z'": "number 1: pointer = 'z'",
    "[[axis]]\ncomponent = 2\npositive = ['a']": "say with 'scale' how far a full push goes",
    "[[axis]]\nnegative = ['a']\npositive = ['a']": "'a' already does 'component 0 -'",
    "idle = [0, 2, 0]\n[[axis]]": "idle: number 1 is 2, outside 0 to 1",
    "idle = 0\n[[axis]]": "idle: give a list of 3 numbers",
}
WRONG_OTHER = {
    ("multi-binary", "[[action]]\ndo = 1\nkeys = ['a']"): "it must say which switch: bit = 0 to 2",
    ("multi-binary", "[[action]]\nbit = 3\nkeys = ['a']"): "there is no bit 3",
    ("multi-binary", "idle = [0, 0, 2]\n[[action]]\nbit = 0"): "idle: give 3 numbers, each 0 or 1",
    ("multi-discrete", "[[action]]\ncomponent = 1\ndo = 2"): "there is no action 2: it has 0, 1",
    ("multi-discrete", "idle = [0, 2]\n[[action]]\ndo = 1"): "idle: give 2 numbers",
    ("multi-discrete", "names = ['a']\n[[action]]\ndo = 1"): "'names' are for one choice",
}
ALL_WRONG = [
    *(("discrete", text, told) for text, told in WRONG.items()),
    *(("box", text, told) for text, told in WRONG_BOX.items()),
    *((kind, text, told) for (kind, text), told in WRONG_OTHER.items()),
]


@pytest.mark.parametrize(("kind", "text", "told"), ALL_WRONG)
def test_a_wrong_table_is_refused_in_one_sentence(kind, text, told, tmp_path):
    with pytest.raises(UserError) as caught:
        controls(tmp_path, text, kind)
    sentence = str(caught.value)
    assert told in sentence
    assert "table.toml" in sentence
    assert "\n" not in sentence


def test_a_table_without_a_world_or_a_file_is_refused(tmp_path):
    (tmp_path / "empty.toml").write_text(ACTION)
    with pytest.raises(UserError, match="the table lacks 'world'"):
        load_controls(toy(), path=tmp_path / "empty.toml")
    with pytest.raises(UserError, match="cannot be read: No such file"):
        load_controls(toy(), path=tmp_path / "nowhere.toml")


def test_two_people_may_not_share_a_key(tmp_path):
    for keys in ("['a']", "{ first = ['a'], second = ['a'] }"):
        with pytest.raises(UserError, match="both people would have 'a'"):
            controls(tmp_path, ACTION + f"keys = {keys}", people=2)


def test_two_people_may_not_share_the_mouse(tmp_path):
    with pytest.raises(UserError, match="two people cannot share the mouse"):
        controls(tmp_path, "[[axis]]\npointer = 'x'", "box", people=2)


def test_who_plays_with_what_is_checked(kitchen):
    with pytest.raises(UserError, match="There is no device 'joystick'"):
        load_controls(kitchen, "joystick")
    with pytest.raises(UserError, match="Person 3 of 3 cannot play"):
        load_controls(kitchen, person=2, people=3)
