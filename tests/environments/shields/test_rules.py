"""Ready-made rules: what they let pass, where they step in, and which tables are none."""

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from environments.external.world import Declared, declare
from environments.shields.rules import limits_of, read_rules
from environments.shields.shield import offers_shield
from environments.system.errors import UserError
from tests.environments.support.arms import Cart

PLACE = "tests.environments.support.arms:"
FULL = np.ones((1, 1, 2), np.float32)


def behind(rules, name="Cart", size=1, **given) -> Any:
    """Games of a machine behind rules."""
    world = declare(make_world(PLACE + name), Declared(shield=rules))
    return make_batch(world, size, shield=True, restart=False, **given)


def driven(batch, action, steps):
    """What was done with the same request in every step: [T, A]."""
    done = []
    for _ in range(steps):
        batch.step(action)
        done.append(batch.actions[0, 0].copy())
    return np.array(done)


def test_a_box_holds_numbers_between_bounds_and_leaves_the_others():
    batch = behind({"box": {"high": 0.25, "actions": [1]}})
    assert driven(batch, FULL, 2).tolist() == [[1.0, 0.25]] * 2
    assert batch.requested[0, 0].tolist() == [1.0, 1.0]
    assert batch.intervened[0, 0]
    assert batch.interventions[0, 0] == 2
    batch.step(FULL * -1)  # its low is the space's own
    assert batch.actions[0, 0].tolist() == [-1.0, -1.0]
    assert not batch.intervened[0, 0]
    assert batch.interventions[0, 0] == 2


def test_what_lies_inside_passes_to_the_bit():
    batch = behind({"box": {"low": -0.5, "high": 0.5}, "rate": {"most": 2.0}})
    random = np.random.default_rng(0)
    for _ in range(15):
        asked = random.uniform(-0.5, 0.5, (1, 1, 2)).astype(np.float32)
        batch.step(asked)
        assert np.array_equal(batch.actions, asked)
    assert batch.interventions.sum() == 0


def test_a_rate_goes_by_what_was_done_and_begins_anew_with_an_episode():
    batch = behind({"rate": {"most": [0.25, 0.5]}})
    expected = [[0.25, 0.5], [0.5, 1.0], [0.75, 1.0], [1.0, 1.0]]
    assert driven(batch, FULL, 4).tolist() == expected
    batch.reset(seed=3)
    assert driven(batch, FULL, 1).tolist() == [[0.25, 0.5]]
    from_there = behind({"rate": {"most": 0.25, "start": [0.5, 0.0]}})
    assert driven(from_there, FULL, 1).tolist() == [[0.75, 0.25]]


def test_games_of_a_batch_are_limited_apart():
    world = declare(make_world(PLACE + "Cart"), Declared(shield={"rate": {"most": 0.25}}))
    batch: Any = make_batch(world, 3, shield=True, restart=False)
    asked = np.array([1.0, 0.1, -1.0], np.float32)[:, None, None] * np.ones((3, 1, 2), np.float32)
    batch.step(asked)
    batch.reset(chosen=np.array([True, False, False]))
    batch.step(asked)
    assert np.allclose(batch.actions[:, 0, 0], [0.25, 0.1, -0.5])
    assert batch.interventions[:, 0].tolist() == [1, 0, 2]


def test_speed_is_held_near_something_alone():
    rules = {"speed": {"distance": 2, "within": 0.75, "most": 0.2, "actions": 0}}
    done = driven(behind(rules), FULL, 6)  # the wall is nearer by a tenth a step
    assert done[:, 0].tolist() == [1, 1, 1, *[np.float32(0.2)] * 3]
    assert (done[:, 1] == 1).all()


def test_a_workspace_is_never_left_and_one_may_come_back():
    rules = {"workspace": {"position": [0, 1], "low": [-0.25, -1], "high": [0.25, 1], "gain": 0.1}}
    batch = behind(rules)
    for step in range(19):
        batch.step(FULL if step < 8 else -FULL)
        assert -0.2501 < batch.observation[0, 0, 0] < 0.2501
        if step == 7:
            assert batch.observation[0, 0, 0] > 0.24
    assert batch.observation[0, 0, 0] < -0.24
    (limit,) = limits_of(read_rules(rules, batch.world))
    outside = moment_at([0.5, 0.0, 0.5])
    assert limit(outside, FULL)[0, 0].tolist() == [0.0, 1.0]
    assert limit(outside, -FULL)[0, 0].tolist() == [-1.0, -1.0]


def moment_at(seen):
    from environments.shields.limits import Moment

    none = np.zeros((1, 1, 2), np.float32)
    return Moment(np.array(seen, np.float32)[None, None], none, np.zeros(1, bool))


@pytest.mark.parametrize("kind", ["speed", "stop", "workspace"])
def test_what_is_no_number_counts_as_the_worst(kind):
    world = make_world(PLACE + "Cart")
    rules = {
        "speed": {"distance": [0, 2], "within": 0.1, "most": 0.0},
        "stop": {"distance": [0, 2], "within": 0.1},
        "workspace": {"position": [2, 1], "low": -9, "high": 9, "gain": 0.1},
    }
    (limit,) = limits_of(read_rules({kind: rules[kind]}, world))
    assert limit(moment_at([5, 0, 5]), FULL)[0, 0, 0] == 1
    assert limit(moment_at([5, 0, np.nan]), FULL)[0, 0, 0] == 0


def test_it_stops_in_time_for_its_speed():
    rules = {"stop": {"distance": 2, "within": 0.1, "speed": 0, "reaction": 0.5, "braking": 2.0}}
    (limit,) = limits_of(read_rules(rules, make_world(PLACE + "Cart")))
    need = 0.1 + 2 * 0.5 + 2**2 / (2 * 2.0)  # at a speed of 2
    assert limit(moment_at([2, 0, need + 0.01]), FULL)[0, 0].tolist() == [1, 1]
    assert limit(moment_at([2, 0, need - 0.01]), FULL)[0, 0].tolist() == [0, 0]
    assert limit(moment_at([0, 0, 0.11]), FULL)[0, 0].tolist() == [1, 1]


def test_a_stop_goes_for_choices_too_and_after_all_else():
    batch = behind({"stop": {"distance": 1, "within": 8.5, "action": 2}}, "Lever")
    done = [int(batch.step(np.array([[3]])) is None or batch.actions[0, 0]) for _ in range(4)]
    assert done == [3, 3, 2, 2]
    rules = {"stop": {"distance": 2, "within": 5, "action": [-1, 1]}, "rate": {"most": 0.1}}
    assert driven(behind(rules), FULL, 1).tolist() == [[-1, 1]]


def test_parts_of_an_observation_go_by_their_names():
    world = make_world(PLACE + "Parted")
    rules = read_rules(
        {"stop": {"distance": "laser", "within": 0.5, "speed": "place", "braking": 1}}, world
    )
    assert rules["stop"][0]["distance"] == [0]
    assert rules["stop"][0]["speed"] == [1, 2]
    with pytest.raises(UserError, match="called that: there is laser, place"):
        read_rules({"stop": {"distance": "lidar", "within": 0.5}}, world)
    batch = behind({"box": {"high": 0.5}}, "Parted")
    batch.step(FULL)
    assert batch.actions[0, 0].tolist() == [0.5, 0.5]


def test_several_rules_of_a_kind_act_one_after_another_and_data_is_complete():
    world = make_world(PLACE + "Cart")
    rules = read_rules({"box": [{"high": 0.5}, {"low": -0.25, "actions": 0}]}, world)
    assert json.loads(json.dumps(rules)) == rules
    assert read_rules(rules, world) == rules, "what was read is read again as the same"
    assert [one["actions"] for one in rules["box"]] == [[0, 1], [0]]


def test_rules_are_told_with_the_world_and_make_no_other_of_it():
    plain = make_world(PLACE + "Cart")
    world = declare(plain, Declared(shield={"box": {"high": 0.5}}))
    assert world.fingerprint == plain.fingerprint
    assert not offers_shield(plain)
    assert offers_shield(world)
    again = declare(plain, Declared.of_description(world.describe()))
    assert again.shield_rules == world.shield_rules
    with pytest.raises(UserError, match="has no shield: play it without, or give it one"):
        make_batch(plain, 1, shield=True)


def test_a_native_world_obeys_its_own_shield_after_the_rules():
    world = declare(make_world("gpo/Courier-v0"), Declared(shield={"box": {"high": 0.25}}))
    batch: Any = make_batch(world, 4, shield=True)
    for _ in range(100):
        batch.step(np.ones_like(batch.actions))
        assert (batch.actions <= 0.25).all()
    assert batch.interventions.min() > 50
    pole = declare(
        make_world("gpo/Balance-v0"), Declared(shield={"stop": {"distance": 0, "within": 9}})
    )
    held = make_batch(pole, 1, shield=True)
    held.step(np.array([[1]]))
    assert held.actions[0, 0] == 0


@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copied_batch_goes_on_behind_the_same_rules(again):
    world = declare(make_world("gpo/Courier-v0"), Declared(shield={"rate": {"most": 0.1}}))
    batch = make_batch(world, 2, shield=True)
    for _ in range(3):
        batch.step(np.ones_like(batch.actions))
    other = again(batch)
    assert np.array_equal(
        batch.step(np.ones_like(batch.actions)), other.step(np.ones_like(batch.actions))
    )
    assert np.array_equal(batch.actions, other.actions)


WRONG = [
    (3, "is a table of rules or module:name"),
    ({"boxes": {}}, "has no rule 'boxes': did you mean 'box'"),
    ({"box": []}, "1 to 16 rules"),
    ({"box": [{"high": 1}] * 17}, "1 to 16 rules"),
    ({"box": 0.5}, "is no table"),
    ({"box": {}}, "needs `low`, `high` or both"),
    ({"box": {"hihg": 1}}, "has no 'hihg': did you mean 'high'"),
    ({"box": {"high": [1, 2, 3]}}, "has 3 numbers as high, where 2 are needed"),
    ({"box": {"high": float("nan")}}, "has high = nan"),
    ({"box": {"high": 10**400}}, "has high ="),
    ({"box": {"high": True}}, "has high = True"),
    ({"box": {"high": -0.5, "low": 0.5}}, "`low` above its `high`"),
    ({"box": {"high": 1, "actions": [2]}}, "an action has the numbers 0 to 1"),
    ({"box": {"high": 1, "actions": []}}, "has 0 actions"),
    ({"rate": {}}, "needs `most`"),
    ({"rate": {"most": -1}}, "from 0 up"),
    ({"speed": {"distance": 3, "within": 1, "most": 1}}, "an observation has the numbers 0 to 2"),
    ({"speed": {"distance": "laser", "within": 1, "most": 1}}, "name its numbers, from 0"),
    (
        {"workspace": {"position": 0, "actions": [0, 1], "low": 0, "high": 1, "gain": 1}},
        "one of each",
    ),
    ({"workspace": {"position": 0, "low": 0, "high": 1, "gain": 0}}, "moves nothing"),
    ({"stop": {"distance": 2, "within": 1, "action": [5, 5]}}, "which is none of"),
    ({"stop": {"distance": 2, "within": 1, "speed": 0}}, "needs the `braking`"),
    ({"stop": {"distance": 2, "within": 1, "speed": 0, "braking": 0}}, "never stops"),
    ({"own": "not a name"}, "write module:name"),
    ("os:system;x", "write module:name"),
]


@pytest.mark.parametrize(("rules", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_table_that_is_none_is_said_to_be(rules, said):
    with pytest.raises(UserError) as found:
        read_rules(rules, make_world(PLACE + "Cart"))
    assert said in str(found.value)


def test_numbers_of_an_action_need_an_action_of_numbers_and_a_picture_has_no_distance():
    with pytest.raises(UserError, match="only 'stop' and a function of your own"):
        read_rules({"rate": {"most": 1}}, make_world(PLACE + "Lever"))
    camera = make_world("tests.environments.support.foreign_toys:Camera")
    with pytest.raises(UserError, match="the observation is a picture"):
        read_rules({"stop": {"distance": 0, "within": 1}}, camera)


def test_the_machine_itself_moves_as_the_tests_assume():
    cart = Cart()
    cart.reset()
    assert cart.step([1.0, 0.5])[0].tolist() == [np.float32(0.1), np.float32(0.05), np.float32(0.9)]
