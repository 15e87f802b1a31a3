"""The log of a robot that is driven from Python: episodes that are whole, whatever ends them."""

from typing import Any

import numpy as np
import pytest

from agents.control import ControlSettings
from agents.robots import drive
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.sessions.run.robot_log import robot_log
from environments.catalog import make_world
from environments.external.world import Declared, declare
from environments.files import trusted_code
from tests.environments.support.arms import Cart

CART = "tests.environments.support.arms:Cart"
FAST = ControlSettings(hz=100)


class Wire:
    """A robot that is read and written, and unplugged after so many actions."""

    def __init__(self, unplugged=10**9):
        self.machine, self.left = Cart(), unplugged
        self.seen: list[Any] = [self.machine.reset()[0]]
        self.done: list[Any] = []

    def read(self):
        return self.seen[-1]

    def write(self, action):
        if self.left == 0:
            raise OSError("no contact")
        self.left -= 1
        self.done.append(action)
        self.seen.append(self.machine.step(action)[0])


@pytest.fixture
def world(monkeypatch, tmp_path):
    monkeypatch.setattr(trusted_code, "_file", lambda: tmp_path / "trusted.json")
    return declare(make_world(CART), Declared(shield={"box": {"high": 0.5}}))


def test_every_tick_is_kept_with_what_was_asked_for_and_done(tmp_path, world):
    robot = Wire()
    with robot_log(world, tmp_path, 0.01, dataset="arm", player="random") as log:
        summary = drive("random", robot, FAST, world=world, seconds=0.3, note=log)
    assert log.kept == [0]
    (episode,) = Store(tmp_path).open("arm").load_all()
    assert len(episode) == summary.ticks
    assert episode.truncated
    assert episode.player == "random"
    assert np.array_equal(episode.observations[:-1], robot.seen[: len(episode)])
    assert np.array_equal(episode.actions, robot.done[: len(episode)]), "what was really sent"
    changed = (episode.actions != episode.requested_actions).any(1)
    assert changed.sum() == summary.interventions > 0
    assert np.array_equal(episode.actors == Actor.SHIELD, changed)
    assert not Store(tmp_path).open("arm").check()


def test_episodes_of_a_robot_that_is_stepped_are_kept_apart(tmp_path, world):
    with robot_log(world, tmp_path, 0.01, dataset="arm") as log:
        drive("random", Cart(), FAST, world=world, seconds=0.5, note=log)
    episodes = Store(tmp_path).open("arm").load_all()
    assert len(episodes) >= 2
    assert all(len(episode) == 20 for episode in list(episodes)[:-1])


def test_what_was_driven_before_a_robot_failed_is_kept(tmp_path, world):
    with (
        pytest.raises(OSError, match="no contact"),
        robot_log(world, tmp_path, 0.01, dataset="arm") as log,
    ):
        drive("random", Wire(7), FAST, world=world, note=log)
    (episode,) = Store(tmp_path).open("arm").load_all()
    assert len(episode) == 7
