"""What environments answer beside plain values: taken, or named in one sentence before anybody plays."""

from typing import Any

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from environments.system.errors import UserError

ANSWERS = "tests.environments.support.namers:Answers"


@pytest.mark.parametrize(
    ("how", "costs"),
    [
        ("six", {"cost": 0.25}),
        ("six with names", {"heat": 0.25}),
        ("six and its own", {"cost": 0.25}),
        ("arrays of one", {}),
        ("no info", {}),
    ],
)
def test_what_can_be_understood_is_taken(how, costs):
    world = make_world(ANSWERS, how=how)
    batch: Any = make_batch(world, 1, restart=False)
    ends = []
    for _ in range(10):
        batch.step(np.zeros((1, 1), np.int64))
        assert batch.reward[0, 0] == 1
        assert dict(zip(world.costs, batch.costs[0, 0].tolist(), strict=True)) == costs
        ends.append(bool(batch.terminated[0]))
    assert ends == [False] * 9 + [True]
    assert not batch.incidents
    batch.close()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("four", "returned 4 values from step, where observation, reward, terminated"),
        ("nothing", "returned None from step"),
        ("no pair", "returned no pair of observation and info from reset, in its first reset"),
        ("no reward", "gave the reward None, which is no number, in its first step"),
        ("two rewards", r"gave the reward array\(\[1., 1.\]\), which is no number"),
        ("a cost of words", "gave the cost 'cost' 'none', which is no number"),
        ("no cost", "gave the cost 'cost' None, which is no number"),
        ("less than nothing", "gave the cost 'cost' -0.5, in its first step"),
        ("nothing to see", "there is nothing to see: its observations, .*, hold no number"),
    ],
)
def test_what_cannot_is_one_sentence_before_anybody_plays(how, says):
    with pytest.raises(UserError, match=says) as caught:
        make_world(ANSWERS, how=how)
    assert "\n" not in str(caught.value)
    assert "adapters.py" not in str(caught.value)


def test_a_call_that_it_does_not_take_names_no_file_of_ours():
    with pytest.raises(UserError, match=r"raised TypeError: .*'seed', in its first reset"):
        make_world("tests.environments.support.namers:Unseeded")
