"""Aiming in a duel with mouse, stick and keys: through the drawing's own places, as fast as one can turn."""

import numpy as np
import pytest

from demos.window.controls.controls import load_controls
from demos.window.controls.devices import Held
from demos.window.controls.gamepads import Pad
from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.system.errors import UserError
from environments.worlds.duel.constants import TURN
from environments.worlds.duel.drawing import layout, place_at

WORLD = make_world("gpo/Duel-v0")
SIZES = [(640, 480), (1280, 720), (900, 900)]


def hands(device="keyboard", path=None):
    controls = load_controls(WORLD, device, path=path)
    batch = Batch(WORLD, 1, restart=False)
    batch.state["position"][0, 0] = -4, 2
    batch.state["heading"][0, 0] = 1, 0
    controls.watch(batch, 0)
    return controls, batch


def pointer_at(place, size):
    """Where the mouse must be to point at a place of the arena."""
    at = layout(size)[0].at(*place)
    return at[0] / (size[0] - 1), at[1] / (size[1] - 1)


@pytest.mark.parametrize("size", SIZES)
def test_a_place_of_the_arena_is_found_again_where_it_is_drawn(size):
    for place in ((0, 0), (-9.5, 9.5), (7, -3.25)):
        assert place_at(pointer_at(place, size), size) == pytest.approx(place, abs=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("target", [(6.0, 7.0), (-4.0, -6.0), (-9.0, 2.5)])
def test_a_fighter_turns_to_the_mouse_as_fast_as_it_can_and_stays_there(size, target):
    controls, batch = hands()
    angles = []
    for _ in range(40):
        held = Held(pointer=pointer_at(target, size), size=size)
        act = controls.action(held)
        assert act.tolist()[:1] + act.tolist()[2:] == [0, 0, 0, 0]
        batch.step(np.stack([act, np.zeros(5, np.int64)])[None])
        x, y = batch.state["heading"][0, 0]
        angles.append(np.degrees(np.arctan2(y, x)))
    turned = np.abs((np.diff(angles) + 180) % 360 - 180)
    wanted = np.degrees(np.arctan2(target[1] - 2, target[0] + 4))
    assert turned.max() <= 12.01  # 240 degrees a second, 20 ticks
    assert abs((angles[-1] - wanted + 180) % 360 - 180) < 0.6
    assert turned[-8:].max() < 1.0


def test_on_top_of_the_fighter_the_mouse_turns_nothing_and_outside_neither():
    controls, _ = hands()
    size = SIZES[0]
    assert controls.action(Held(pointer=pointer_at((-4, 2), size), size=size))[TURN] == 0
    assert controls.action(Held(pointer=None, size=size))[TURN] == 0


def test_walking_firing_dashing_and_turning_by_keys():
    controls, _ = hands()
    aimed = pointer_at((-4, 8), SIZES[0])
    keys = frozenset({"w", "d", "left shift", "f"})
    act = controls.action(Held(keys, aimed, SIZES[0], frozenset({1})))
    assert act.tolist() == [2, 4, 1, 1, 1]
    assert controls.name_of(act) == "up-right, left fast, fire, reload, dash"
    act = controls.action(Held(frozenset({"e"}), aimed, SIZES[0]))  # keys go before the mouse
    assert act.tolist() == [0, 8, 0, 0, 0]


def test_the_right_stick_says_where_to_look_and_triggers_fire_and_dash():
    controls, _ = hands("gamepad")
    rest = Pad(axes=(0.0, 0.0, -1.0, 0.0, 0.0, -1.0), buttons=frozenset(), hats=())
    assert controls.action(Held(pads={0: rest})).tolist() == [0, 0, 0, 0, 0]
    down = Pad(axes=(0.0, -1.0, 1.0, 0.1, 0.9, 1.0), buttons=frozenset(), hats=())
    assert controls.action(Held(pads={0: down})).tolist() == [3, 8, 1, 0, 1]


@pytest.mark.parametrize(
    ("world", "says"),
    [("gpo/Kitchen-v0", "nothing to aim"), ("gpo/Duel-v0", "there is no component 7")],
)
def test_a_table_that_cannot_aim_is_refused(tmp_path, world, says):
    path = tmp_path / "table.toml"
    path.write_text(
        f'world = "{world}"\n[[aim]]\ncomponent = 7\n[[action]]\ndo = 1\nkeys = ["w"]\n'
    )
    with pytest.raises(UserError, match=says):
        load_controls(make_world(world), path=path)
