"""Robots of a person's own: in their units, behind their limits, driven by an agent's file."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.control import ControlSettings
from agents.files.agent_file import save_agent
from agents.networks.policy import build_policy
from agents.robots import OwnRobot, drive, safe_action
from environments.catalog import make_world
from environments.external.world import Declared, declare
from environments.files import trusted_code
from environments.system.errors import UserError
from tests.environments.support.arms import Cart, Parted

PLACE = "tests.environments.support.arms:"
FAST = ControlSettings(hz=200)


@pytest.fixture(autouse=True)
def known(monkeypatch, tmp_path):
    monkeypatch.setattr(trusted_code, "_file", lambda: tmp_path / "trusted.json")


def agent_of(tmp_path, name, rules=None, behind=False):
    """A file of an agent that always wants the most."""
    import torch

    world = declare(make_world(PLACE + name), Declared(shield=rules))
    policy: Any = build_policy(world.observation_space, world.action_space, {"net_arch": [4]})
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.zero_()
        policy.action_net.bias.fill_(9.0)
        policy.log_std.fill_(-9.0)
    path = tmp_path / f"{name}.safetensors"
    save_agent(path, policy, world, {"role": "clone", "shield": behind or rules is not None})
    return str(path)


class Wire:
    """A robot that is read and written, as its driver has it."""

    def __init__(self, machine):
        self.machine = machine
        self.seen = machine.reset()[0]
        self.written: list[Any] = []

    def read(self):
        return self.seen

    def write(self, action):
        self.written.append(np.copy(action))
        self.seen = self.machine.step(action)[0]


def test_a_robot_is_read_and_written_in_its_own_units(tmp_path):
    robot = Wire(Parted())
    summary = drive(agent_of(tmp_path, "Parted"), robot, FAST, seconds=0.2)
    assert summary.ticks >= 20
    assert summary.interventions == 0
    assert all(one.dtype == np.float64 and one.shape == (2, 1) for one in robot.written)
    assert (robot.written[3] == 1).all()
    assert (robot.written[-1] == 0).all(), "at the end it is left at rest"


def test_a_robot_with_reset_and_step_is_begun_anew_where_it_ends(tmp_path):
    cart = Cart()
    begun = []
    plain = cart.reset

    def reset(**given):
        begun.append(1)
        return plain(**given)

    cart.reset = reset  # type: ignore[method-assign]
    summary = drive(agent_of(tmp_path, "Cart"), cart, FAST, seconds=0.3)
    assert summary.episodes >= 2
    assert len(begun) == summary.episodes


def test_the_agents_rules_hold_and_the_last_action_goes_past_them(tmp_path):
    rules = {"rate": {"most": 0.25}, "box": {"high": 0.75}}
    robot = Wire(Cart())
    summary = drive(agent_of(tmp_path, "Cart", rules), robot, FAST, seconds=0.1)
    assert [one.tolist() for one in robot.written[:4]] == [[x, x] for x in (0.25, 0.5, 0.75, 0.75)]
    assert robot.written[-1].tolist() == [0, 0]
    assert summary.interventions == summary.ticks
    assert "interventions of the shield" in str(summary)


def test_a_shield_that_is_given_stands_in_place_of_the_agents(tmp_path):
    robot = Wire(Cart())
    ticks: list[Any] = []
    drive(
        agent_of(tmp_path, "Cart"), robot, replace(FAST, safe=[0.0, -0.5]),
        seconds=0.1, shield=PLACE + "halve", note=ticks.append,
    )  # fmt: skip
    assert robot.written[0].tolist() == [1, 1]
    assert robot.written[1].tolist() == [0.5, 0.5]
    assert robot.written[-1].tolist() == [0.0, -0.5]
    assert len(ticks) == len(robot.written) - 1


def test_it_ends_when_it_is_told_to(tmp_path):
    robot = Wire(Cart())
    drive(agent_of(tmp_path, "Cart"), robot, FAST, stop=lambda: len(robot.written) >= 5)
    assert len(robot.written) == 6


def test_what_cannot_be_driven_is_said_and_nothing_is_sent(tmp_path):
    agent, robot = agent_of(tmp_path, "Cart"), Wire(Cart())
    with pytest.raises(UserError, match=r"has read\(\) and write"):
        drive(agent, object(), FAST)
    with pytest.raises(UserError, match=r"safe action .* is none of Box"):
        drive(agent, robot, replace(FAST, safe=[5, 5]))
    with pytest.raises(UserError, match="say which, as world"):
        drive("random", robot, FAST)
    with pytest.raises(UserError, match="has an action mask or several agents"):
        OwnRobot(robot, make_world("tests.environments.support.party:Party"), np.zeros(()))
    bare = agent_of(tmp_path, "Parted", behind=True)
    with pytest.raises(UserError, match="give the robot one of its own"):
        drive(bare, Wire(Parted()), FAST)
    assert robot.written == []
    robot.seen = np.zeros(7)
    with pytest.raises(UserError, match=r"The robot of .*Cart"):
        drive(agent, robot, FAST, seconds=1.0)
    assert [one.tolist() for one in robot.written] == [[0, 0]], "it is left at rest"


def test_any_player_drives_where_the_world_is_named():
    robot = Wire(Cart())
    summary = drive("random", robot, FAST, world=make_world(PLACE + "Cart"), seconds=0.1, seed=4)
    assert summary.ticks >= 10
    assert len({tuple(one) for one in robot.written}) > 5


def test_a_safe_action_is_counted_as_we_do():
    lever = make_world(PLACE + "Lever")
    assert safe_action(7, lever) == 2
    assert safe_action(None, lever) == lever.idle
    for wrong in (4, 9, 6.5, "halt", [1, 2], True):
        with pytest.raises(UserError, match="is none of"):
            safe_action(wrong, lever)
