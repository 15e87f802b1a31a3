"""Tables become actions: composed from all that is held, with nothing pressed ever lost."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pygame
import pytest
from gymnasium import spaces

from demos.window.controls.bindings import action_labels, written_labels
from demos.window.controls.controls import load_controls, load_everybody
from demos.window.controls.default_table import guess_table
from demos.window.controls.devices import Devices, Held
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
    button,
    controls,
    hat,
    let_go,
    plug,
    press,
    push,
    tap,
    toy,
)

NORTH, SOUTH, EAST, WEST, STAY, INTERACT = range(6)
NONE, UP, LEFT, UP_LEFT, JUMP, RIGHT = range(6)


@pytest.fixture
def devices():
    return Devices()


@pytest.fixture
def kitchen():
    return make_world("gpo/Kitchen-v0")


# ------------------------------------------------------------------ composing


def test_the_most_recent_of_two_directions_is_walked(kitchen, devices):
    cook = load_controls(kitchen)
    press(devices, "left", "up")
    assert cook.action(devices.held) == NORTH
    press(devices, "a")  # the same direction again, by another key
    assert cook.action(devices.held) == WEST
    let_go(devices, "a")
    assert cook.action(devices.held) == NORTH
    let_go(devices, "up")
    assert cook.action(devices.held) == WEST
    let_go(devices, "left")
    assert cook.action(devices.held) == STAY


def test_combinations_are_composed_from_names(tmp_path, devices):
    person = controls(tmp_path, COMPASS)
    press(devices, "up", "left")
    assert person.action(devices.held) == UP_LEFT
    press(devices, "right")  # there is no up-right: the last one pressed is done
    assert person.action(devices.held) == RIGHT
    let_go(devices, "up")
    assert person.action(devices.held) == RIGHT
    let_go(devices, "right")
    assert person.action(devices.held) == LEFT


def test_any_order_of_presses_gives_what_the_rule_says(tmp_path, devices):
    """The newest held direction, with whatever older one goes with it."""
    person = controls(tmp_path, COMPASS)
    rng = random.Random(9)
    order: list[str] = []  # held, the newest last
    for _ in range(2000):
        name = rng.choice(["up", "left", "right"])
        if name in order:
            let_go(devices, name)
            order.remove(name)
        else:
            press(devices, name)
            order.append(name)
        expected = NONE
        if order:
            pair = {"up", "left"} <= set(order) and order[-1] != "right"
            expected = UP_LEFT if pair else {"up": UP, "left": LEFT, "right": RIGHT}[order[-1]]
        assert person.action(devices.held) == expected, order


def test_a_key_may_do_a_combination_alone(tmp_path, devices):
    person = controls(tmp_path, COMPASS + '[[action]]\ndo = "up-left"\nkeys = ["q"]\n')
    press(devices, "q")
    assert person.action(devices.held) == UP_LEFT


# ------------------------------------------------------------------ once, and short taps


def test_a_press_of_interact_counts_once_however_long_it_is_held(kitchen, devices):
    cook = load_controls(kitchen)
    press(devices, "space")
    assert [cook.action(devices.held) for _ in range(4)] == [INTERACT, STAY, STAY, STAY]
    let_go(devices, "space")
    press(devices, "space")
    assert [cook.action(devices.held) for _ in range(2)] == [INTERACT, STAY]


def test_interact_goes_before_what_is_held_and_after_what_was_pressed_before(kitchen, devices):
    cook = load_controls(kitchen)
    press(devices, "left")
    assert cook.action(devices.held) == WEST
    press(devices, "space")
    assert [cook.action(devices.held) for _ in range(2)] == [INTERACT, WEST]
    let_go(devices, "left")
    press(devices, "up", "e")  # within one tick: turn, then use
    assert [cook.action(devices.held) for _ in range(3)] == [NORTH, INTERACT, NORTH]


def test_taps_between_two_ticks_are_done_in_order(kitchen, devices):
    cook = load_controls(kitchen)
    tap(devices, "left", "space", "up")
    assert [cook.action(devices.held) for _ in range(4)] == [WEST, INTERACT, NORTH, STAY]
    tap(devices, "left", "left", "left")  # one key within one tick is one press
    assert [cook.action(devices.held) for _ in range(2)] == [WEST, STAY]


def test_a_tap_is_done_before_what_came_after_it_and_is_held(kitchen, devices):
    cook = load_controls(kitchen)
    tap(devices, "left")
    press(devices, "up")
    assert [cook.action(devices.held) for _ in range(3)] == [WEST, NORTH, NORTH]


def test_taps_that_go_together_are_one_action(tmp_path, devices):
    person = controls(tmp_path, COMPASS)
    tap(devices, "up", "left")
    assert [person.action(devices.held) for _ in range(2)] == [UP_LEFT, NONE]


def test_no_press_is_ever_lost(kitchen):
    """Random presses and releases, several a tick: each is an action in a tick not long after."""
    meaning = {"up": NORTH, "down": SOUTH, "left": WEST, "right": EAST, "space": INTERACT}
    for seed in range(30):
        rng, devices, cook = random.Random(seed), Devices(), load_controls(kitchen)
        for _ in range(60):
            tapped = rng.sample(list(meaning), rng.randint(0, 3))
            tap(devices, *tapped)
            done = [cook.action(devices.held) for _ in range(len(tapped) + 1)]
            assert done == [*(meaning[name] for name in tapped), STAY]


def test_losing_focus_with_keys_held_and_taps_waiting_gives_the_neutral_action(kitchen, devices):
    cook = load_controls(kitchen)
    press(devices, "left")
    tap(devices, "up", "space", "down")
    assert cook.action(devices.held) == NORTH
    devices.take(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    assert [cook.action(devices.held) for _ in range(3)] == [STAY] * 3
    let_go(devices, "left")
    assert cook.action(devices.held) == STAY
    assert not cook.raw(devices.held).any()
    press(devices, "left")
    assert cook.action(devices.held) == WEST


def test_a_press_right_after_focus_was_lost_counts(kitchen, devices):
    cook = load_controls(kitchen)
    cook.action(devices.held)
    devices.release()
    tap(devices, "space")
    assert cook.action(devices.held) == INTERACT


def test_what_was_pressed_before_the_game_began_does_nothing_in_it(kitchen, devices):
    cook = load_controls(kitchen)
    tap(devices, "space", "up")
    press(devices, "left")
    devices.settle()
    assert [cook.action(devices.held) for _ in range(2)] == [WEST, WEST]


def test_snapshots_without_numbers_will_do(kitchen):
    cook = load_controls(kitchen)
    held, nothing = Held(frozenset({"space"})), Held()
    done = [cook.action(h) for h in (held, held, nothing, held)]
    assert done == [INTERACT, STAY, STAY, INTERACT]


# ------------------------------------------------------------------ other kinds of actions


def test_multi_discrete_has_a_choice_a_component(tmp_path, devices):
    person = controls(
        tmp_path,
        """
        [[action]]
        component = 0
        do = 1
        keys = ["left"]
        [[action]]
        component = 0
        do = 2
        keys = ["right"]
        [[action]]
        component = 1
        do = 1
        keys = ["space"]
        once = true
        """,
        "multi-discrete",
    )
    press(devices, "left", "space")
    assert person.action(devices.held).tolist() == [1, 1]
    press(devices, "right")
    action = person.action(devices.held)
    assert action.tolist() == [2, 0]
    assert person.world.action_space.contains(action)
    assert person.unassigned == ()


def test_multi_binary_has_a_switch_a_bit(tmp_path, devices):
    text = """
        [[action]]
        bit = 0
        keys = ["a"]
        [[action]]
        bit = 2
        keys = ["a", "b"]
        once = true
        """
    person = controls(tmp_path, text, "multi-binary")
    press(devices, "a")
    assert [person.action(devices.held).tolist() for _ in range(2)] == [[1, 0, 1], [1, 0, 0]]
    let_go(devices, "a")
    tap(devices, "b")
    action = person.action(devices.held)
    assert action.tolist() == [0, 0, 1]
    assert person.world.action_space.contains(action)
    assert person.unassigned == ("bit 1",)


BOX = """
[[axis]]
component = 0
negative = ["left"]
positive = ["right"]
stick = "x"
label = "steer left / steer right"
[[axis]]
component = 1
positive = ["up"]
trigger = 5
ramp = 0.4
[[axis]]
component = 2
negative = ["a"]
positive = ["d"]
scale = 3.0
pointer = "y"
"""


def test_numbers_are_pushed_by_keys(tmp_path, devices):
    person = controls(tmp_path, BOX, "box")
    press(devices, "left", "d")
    action = person.action(devices.held)
    assert action.tolist() == [-1, 0, 3]
    assert action.dtype == np.float32
    press(devices, "right", "a")  # of both ends the last one pressed
    assert person.action(devices.held).tolist() == [1, 0, -3]
    let_go(devices, "right", "a", "left", "d")
    tap(devices, "right")
    assert [person.action(devices.held)[0] for _ in range(2)] == [1, 0]


def test_a_ramp_takes_its_time_and_ends_at_once_when_focus_is_lost(tmp_path, devices):
    person = controls(tmp_path, BOX, "box")  # a tick is 0.1 s
    press(devices, "up")
    pushed = [person.action(devices.held)[1] for _ in range(5)]
    assert pushed == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    let_go(devices, "up")
    assert person.action(devices.held)[1] == pytest.approx(0.75)
    devices.take(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    assert person.action(devices.held)[1] == 0


def test_sticks_have_a_round_dead_zone(tmp_path, devices):
    person = controls(tmp_path, BOX, "box", device="gamepad")
    plug(devices)
    values = {}
    for x, y in ((0.1, 0.1), (0.14, 0.14), (1.0, 0.0), (-1.0, 0.0), (0.575, 0.0), (0.7071, 0.7071)):
        push(devices, 0, x)
        push(devices, 1, y)
        values[x, y] = float(person.action(devices.held)[0])
    assert values[0.1, 0.1] == 0  # 0.141 from the middle
    assert values[0.14, 0.14] > 0  # 0.198 from the middle, though neither axis is beyond 0.15
    assert values[1.0, 0.0] == 1
    assert values[-1.0, 0.0] == -1
    assert values[0.575, 0.0] == pytest.approx(0.5)
    assert values[0.7071, 0.7071] == pytest.approx(0.7071, abs=1e-3)


def test_triggers_rest_before_they_are_touched_and_after(tmp_path, devices):
    person = controls(tmp_path, BOX, "box", device="gamepad")
    plug(devices)
    seen = [person.action(devices.held)[1]]
    for value in (-1.0, 1.0, 0.3, -1.0):
        push(devices, 5, value)
        seen.append(person.action(devices.held)[1])
    assert seen == pytest.approx([0, 0, 1, (0.65 - 0.15) / 0.85, 0])


def test_the_pointer_aims_unless_keys_are_pressed(tmp_path, devices):
    text = '[[axis]]\npointer = "x"\nnegative = ["left"]\n'
    person = controls(tmp_path, text, "box")
    assert person.action(devices.held)[0] == 0  # outside
    assert person.action(devices.held, (0.25, 0.9))[0] == -0.5
    area = pygame.Rect(0, 0, 101, 101)
    devices.take(
        pygame.event.Event(pygame.MOUSEMOTION, pos=(100, 50), rel=(0, 0), buttons=(0, 0, 0))
    )
    devices.aim(area)
    assert person.action(devices.held)[0] == 1
    assert person.raw(devices.held).tolist() == [0, 1, 0.5]
    press(devices, "left")
    assert person.action(devices.held)[0] == -1


def test_random_presses_always_give_actions_of_the_space(tmp_path):
    rng = random.Random(2)
    tables = {"discrete": COMPASS, "box": BOX, "multi-binary": "[[action]]\nbit = 1\nkeys = ['a']"}
    tables["multi-discrete"] = "[[action]]\ncomponent = 1\ndo = 1\nkeys = ['a']"
    for kind, text in tables.items():
        person, devices = controls(tmp_path, text, kind), Devices()
        for _ in range(300):
            for _ in range(rng.randint(0, 4)):
                act = rng.choice([press, let_go, tap])
                act(devices, rng.choice(["a", "d", "up", "left", "right", "space"]))
            if rng.random() < 0.05:
                devices.release()
            assert person.world.action_space.contains(person.action(devices.held))
            raw = person.raw(devices.held)
            assert raw.dtype == np.float32
            assert raw.shape == (len(person.raw_names),)
            assert np.isfinite(raw).all()


# ------------------------------------------------------------------ gamepads, two people, raw numbers


def test_a_gamepad_cooks(kitchen, devices):
    cook = load_controls(kitchen, "gamepad")
    plug(devices)
    push(devices, 0, -0.8)
    assert cook.action(devices.held) == WEST
    hat(devices, (0, 1))
    assert cook.action(devices.held) == NORTH
    hat(devices, (0, 0))
    button(devices, 0)
    assert [cook.action(devices.held) for _ in range(2)] == [INTERACT, WEST]
    push(devices, 0, 0.0)
    button(devices, 12)  # a d-pad of buttons
    assert cook.action(devices.held) == SOUTH
    button(devices, 12, down=False)
    push(devices, 0, 1.0)
    push(devices, 0, 0.0)  # flicked between two ticks
    assert [cook.action(devices.held) for _ in range(2)] == [EAST, STAY]
    press(devices, "left")
    assert cook.action(devices.held) == STAY  # the keyboard is somebody else's


def test_two_people_at_one_keyboard(kitchen, devices):
    first, second = load_everybody(kitchen, ["keyboard", "keyboard"])
    press(devices, "w", "left", "right ctrl")
    assert [first.action(devices.held), second.action(devices.held)] == [NORTH, WEST]
    assert [first.action(devices.held), second.action(devices.held)] == [NORTH, INTERACT]
    press(devices, "space")
    assert [first.action(devices.held), second.action(devices.held)] == [INTERACT, WEST]
    assert not {*first.raw_names} & {*second.raw_names}


def test_one_at_the_keyboard_and_one_with_a_pad(kitchen, devices):
    first, second = load_everybody(kitchen, ["keyboard", "gamepad"])
    plug(devices)
    press(devices, "up")
    button(devices, 13)
    assert [first.action(devices.held), second.action(devices.held)] == [NORTH, WEST]


def test_two_pads(kitchen, devices):
    first, second = load_everybody(kitchen, ["gamepad", "gamepad"])
    plug(devices, 1, "a")
    plug(devices, 2, "b")
    button(devices, 11, instance=1)
    button(devices, 12, instance=2)
    assert [first.action(devices.held), second.action(devices.held)] == [NORTH, SOUTH]


def test_the_raw_state_holds_what_the_table_reads(kitchen, devices):
    cook = load_controls(kitchen, "gamepad")
    plug(devices)
    push(devices, 0, -0.75)
    raw = dict(zip(cook.raw_names, cook.raw(devices.held).tolist(), strict=True))
    assert raw["pad0 axis 0"] == -0.75
    assert raw["pad0 axis 0 -"] == 1
    assert raw["pad0 button 0"] == 0
    cook.action(devices.held)
    button(devices, 0)
    button(devices, 0, down=False)
    held = devices.held
    place = cook.raw_names.index("pad0 button 0")
    assert cook.raw(held)[place] == 1  # before it is acted on
    cook.action(held)
    assert cook.raw(held)[place] == 1  # and after
    cook.action(devices.held)
    assert cook.raw(devices.held)[place] == 0


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


# ------------------------------------------------------------------ tables that are wrong

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
