"""The study of limits: environments that Gymnasium accepts, and a table that counts what is handed on."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from tests.studies.limits import worlds
from tests.studies.limits.__main__ import LIMITED, table


def test_the_point_is_an_environment_and_hazards_cost():
    env = worlds.Point()
    check_env(env, skip_render_check=True)
    env.reset(seed=0)
    env.at, env.hazards = np.zeros(2), np.full((worlds.HAZARDS, 2), [0.0, 0.29])
    assert env.step(np.zeros(2))[4]["cost"] == 1.0
    env.at = np.zeros(2) - [0.0, 0.02]
    assert env.step(np.zeros(2))[4]["cost"] == 0.0


@pytest.mark.parametrize(("action", "cost"), [(2.0, 1.0), (-1.0, 0.5), (5.0, 1.0)])
def test_effort_is_what_the_pendulum_takes(action, cost):
    env = gymnasium.make("Costly-Pendulum-v1")
    env.reset(seed=0)
    assert env.step(np.array([action], np.float32))[4]["cost"] == cost


def test_there_are_five_worlds_and_every_limit_has_its_cost():
    assert len(LIMITED) == 5
    for one in LIMITED.values():
        assert set(one.limits) == {"cost"}


def test_a_run_that_hands_nothing_on_is_not_counted_as_kept():
    def seat(value: float, cost: float) -> dict[str, dict[str, float]]:
        return {"return": {"mean": value}, "cost": {"mean": cost, "high": cost + 1}}

    row = {"env": "point", "label": "", "limits": {"cost": 10.0}, "clone": seat(12.0, 23.0)}
    rows = [
        row | {"seed": 0, "code": 0, "refined": seat(11.0, 9.0)},
        row | {"seed": 1, "code": 0, "refined": seat(14.0, 10.5)},
        row | {"seed": 2, "code": 3, "refined": seat(14.0, 12.0)},
    ]
    shown = table(rows)
    assert shown.endswith("2 of 3 runs handed an agent on; 1 of these kept their limits.")
    assert "| point  | 2 | 10 | return 12.0, cost 23.0 [to 24.0] | nothing |" in shown
