"""What a parameter or option of our worlds may be: of the kind of its field, finite, within bounds."""

import math
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.system.errors import UserError

BALANCE, COURIER, KITCHEN, DUEL = (
    f"gpo/{name}-v0" for name in ("Balance", "Courier", "Kitchen", "Duel")
)

NO_NUMBERS: list[Any] = ["a", True, None, [1.0], {}, math.nan, math.inf, -math.inf]


@pytest.mark.parametrize(
    ("world", "params", "said"),
    [
        *[
            (BALANCE, {"gravity": wrong}, "takes no gravity = .*: give a finite number")
            for wrong in NO_NUMBERS
        ],
        *[
            (BALANCE, {"gravity": wrong}, "gravity is .*; give a number from 1e-09 to 1e")
            for wrong in (0, -1, 9.9e-10, 1.1e9, 10**39, 10**400)
        ],
        (KITCHEN, {"layout": 3}, "takes no layout = 3: give a text"),
        (KITCHEN, {"cook_ticks": 2.5}, "takes no cook_ticks = 2.5: give a whole number"),
        (KITCHEN, {"cook_ticks": 0}, "cook_ticks are 0; give 1 to 10,000"),
        (KITCHEN, {"cook_ticks": 10_001}, "cook_ticks are 10001; give 1 to"),
        (KITCHEN, {"waste_ticks": 10**9 + 1}, "waste_ticks are 1000000001; give 1 to"),
        (COURIER, {"people": "many"}, "takes no people = 'many': give a whole number"),
        (COURIER, {"attentive": math.nan}, "takes no attentive = nan"),
        (DUEL, {"reload": math.nan}, "takes no reload = nan: give a finite number"),
        (DUEL, {"magazine": True}, "takes no magazine = True: give a whole number"),
    ],
)
def test_what_a_world_cannot_have_is_refused(world, params, said):
    with pytest.raises(UserError, match=said):
        make_world(world, **params)


@pytest.mark.parametrize("value", [9, 1e-9, 1e9, np.float32(9), np.int64(9)])
def test_any_kind_of_number_is_one(value):
    batch = Batch(make_world(BALANCE, gravity=value))
    assert np.isfinite(batch.step(np.ones((1, 1), np.int64))).all()


def test_a_whole_number_may_have_a_point():
    assert make_world(DUEL, knockouts=3.0).table["knockouts"] == 3


@pytest.mark.parametrize("horizon", ["a", -1, 0, 1.0, 1e12, True, 2**31, None, [1]])
def test_a_horizon_that_is_none_is_refused(horizon):
    with pytest.raises(UserError, match="The horizon of an episode is"):
        Batch(make_world(BALANCE), options={"horizon": horizon})
    assert Batch(make_world(BALANCE), options={"horizon": 2**31 - 1}).state["horizon"] == 2**31 - 1


@pytest.mark.parametrize("orders", [True, -1, 2**31, 1.0, "a"])
def test_orders_that_are_none_are_refused(orders):
    with pytest.raises(UserError, match="The option 'orders' is"):
        Batch(make_world(COURIER), options={"orders": orders})
