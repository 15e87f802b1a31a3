"""A shield of a person's own: what it is shown, what it may give, and who may name it."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from environments.external.world import Declared, declare
from environments.files import trusted_code
from environments.shields.shield import Shield
from environments.shields.typed import behind, table_beside, written_rules
from environments.system.errors import UserError
from tests.environments.support.arms import Patient

PLACE = "tests.environments.support.arms:"
FULL = np.ones((1, 1, 2), np.float32)


@pytest.fixture(autouse=True)
def nobody_wrote_anything(monkeypatch, tmp_path):
    monkeypatch.setattr(trusted_code, "_typed", set())
    monkeypatch.setattr(trusted_code, "_file", lambda: tmp_path / "trusted.json")


def guarded(rule, machine="Cart", size=1, **given):
    """Games of a machine behind a rule that a person wrote."""
    world = declare(make_world(PLACE + machine), Declared(shield=written_rules(PLACE + rule)))
    return make_batch(world, size, shield=True, restart=False, **given)


def test_a_function_sees_and_acts_in_the_environments_own_numbers():
    batch = guarded("halve")
    batch.step(FULL)
    assert batch.actions[0, 0].tolist() == [1, 1]
    assert not batch.intervened[0, 0]
    batch.step(FULL)
    assert batch.actions[0, 0].tolist() == [0.5, 0.5]
    assert batch.interventions[0, 0] == 1
    parted = guarded("by_place", "Parted")
    for _ in range(3):
        parted.step(FULL)
    assert parted.actions[0, 0].tolist() == [0, 0]
    assert parted.interventions[0, 0] == 1
    lever = guarded("never_eight", "Lever")
    lever.step(np.array([[3]]))  # as we count: 8 is the machine's own
    assert lever.actions[0, 0] == 1
    lever.step(np.array([[2]]))
    assert not lever.intervened[0, 0]


def test_a_class_is_made_for_each_game_and_begins_anew_with_an_episode():
    batch = guarded("Patient", size=2)
    Patient.made = 1  # the first game's has been made
    asked = np.ones((2, 1, 2), np.float32)
    for _ in range(3):
        batch.step(asked)
    assert Patient.made == 2
    assert batch.actions[:, 0, 0].tolist() == [1, 1]
    batch.reset(chosen=np.array([True, False]))
    for _ in range(3):
        batch.step(asked)
    assert batch.interventions[:, 0].tolist() == [2, 4]
    batch.step(asked)
    batch.reset(chosen=np.array([True, False]))
    batch.step(asked)
    batch.step(asked)
    assert batch.actions[:, 0, 0].tolist() == [0, 1]


def test_who_acts_is_told_where_that_is_asked_for():
    world = make_world("tests.environments.support.party:Party")
    world = declare(world, Declared(shield=written_rules(PLACE + "named")))
    batch: Any = make_batch(world, 1, shield=True)
    told = []
    for _ in range(8):  # guest_0 leaves after three steps, and is no longer asked about
        batch.step(np.ones_like(batch.actions))
        told.append(batch.intervened[0].tolist())
    assert world.agents == ("guest_0", "guest_1")
    assert told == [[True, False]] * 3 + [[False, False]] * 5


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("fails", r"raised RuntimeError.*no contact.*nothing was done"),
        ("nonsense", r"gave halt, which is no action of Box"),
        ("too_far", r"which is no action of Box"),
    ],
)
def test_a_rule_that_fails_lets_nothing_pass(rule, said):
    batch = guarded(rule)
    before = batch.observation.copy()
    with pytest.raises(UserError, match=said):
        batch.step(FULL)
    assert np.array_equal(batch.observation, before)
    assert batch.state["tick"][0] == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (PLACE + "NUMBER", "cannot be called"),
        (PLACE + "halv", "did you mean 'halve'"),
        ("no_such_module:limit", "There is no module 'no_such_module'"),
        ("os:system", "is of Python's own library"),
    ],
)
def test_a_name_that_is_none_is_refused_at_once(name, said):
    with pytest.raises(UserError, match=said):
        Shield(declare(make_world(PLACE + "Cart"), Declared(shield=written_rules(name))))


def test_a_name_out_of_a_file_calls_nothing_until_a_person_wrote_it():
    world = declare(make_world(PLACE + "Cart"), Declared(shield={"own": PLACE + "halve"}))
    described = world.describe()  # as it would stand in an agent or a dataset
    again = declare(make_world(PLACE + "Cart"), Declared.of_description(described))
    with pytest.raises(UserError, match=r"nobody has asked for here.*--trust tests\.environments"):
        Shield(again)
    trusted_code.allow("tests.environments.support.arms")  # the module alone is another thing
    with pytest.raises(UserError, match="nobody has asked for here"):
        Shield(again)
    trusted_code.allow(PLACE + "halve")
    Shield(again)


def test_what_stood_in_a_recipe_is_known_in_this_folder_later(monkeypatch):
    written_rules({"own": PLACE + "halve", "box": {"high": 1}})
    monkeypatch.setattr(trusted_code, "_typed", set())  # another command
    Shield(declare(make_world(PLACE + "Cart"), Declared(shield={"own": PLACE + "halve"})))


def test_a_typed_file_of_rules_is_data(tmp_path):
    world = make_world(PLACE + "Cart")
    toml = tmp_path / "limits.toml"
    toml.write_text('box = { high = 0.5 }\nown = "' + PLACE + 'halve"\n')
    made = behind(world, str(toml))
    assert made.shield_rules["box"][0]["high"] == [0.5, 0.5]
    with pytest.raises(UserError, match="nobody has asked for here"):
        Shield(made)
    beside = tmp_path / "agent.shield.json"
    import json

    box = {"box": made.shield_rules["box"]}
    beside.write_text(json.dumps(table_beside(box, world.describe())))
    assert behind(world, str(beside)).shield_rules == box
    for content, said in (("[1", "holds no shield"), ("[1]", "is a table of rules")):
        beside.write_text(content)
        with pytest.raises(UserError, match=said):
            behind(world, str(beside))
    with pytest.raises(UserError, match="There is no file"):
        behind(world, "nowhere.toml")
    with pytest.raises(UserError, match="give it module:name"):
        behind(world, "halve")
    assert behind(world, None) is world


@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_of_a_shield_remembers_what_it_remembered(again):
    world = declare(make_world("gpo/Courier-v0"), Declared(shield=written_rules(PLACE + "Patient")))
    batch = make_batch(world, 1, shield=True)
    batch.step(np.ones_like(batch.actions))
    batch.step(np.ones_like(batch.actions))
    other = again(batch)
    other.step(np.ones_like(batch.actions))
    assert not other.intervened[0, 0] or (other.actions != 0).any()
    assert other._shield._own._made[0, 0].count == 3
