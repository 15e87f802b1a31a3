"""What a rollout keeps: each step in its place, costs by episode, and what ended where."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from gymnasium import spaces

from training.ppo.rollouts.buffer import CostMeter, EpisodeEnds, ReusedBuffer

# ------------------------------------------------------------------ the buffer


def buffer(steps: int = 2) -> ReusedBuffer:
    return ReusedBuffer(steps, spaces.Box(-1, 1, (3,)), spaces.Discrete(4), gamma=0.9, n_envs=2)


def add(kept: ReusedBuffer, number: float) -> None:
    """A step whose columns can be told apart."""
    kept.add(
        np.full((2, 3), number),
        np.array([1, 2]),
        np.array([number, number + 1]),
        np.array([True, False]),
        torch.tensor([[number + 2], [number + 3]]),
        torch.tensor([number + 4, number + 5]),
    )


def test_each_step_has_its_own_row_and_the_last_makes_it_full():
    kept = buffer()
    add(kept, 10.0)
    assert (kept.pos, kept.full) == (1, False)
    add(kept, 20.0)
    assert (kept.pos, kept.full) == (2, True)
    assert kept.observations[:, 0, 0].tolist() == [10.0, 20.0]
    assert kept.actions[1].ravel().tolist() == [1, 2]
    assert kept.rewards.tolist() == [[10, 11], [20, 21]]
    assert kept.episode_starts.tolist() == [[1, 0], [1, 0]]
    assert kept.values.tolist() == [[12, 13], [22, 23]]
    assert kept.log_probs.tolist() == [[14, 15], [24, 25]]


def test_the_memory_is_used_again_unless_its_shape_was_changed():
    kept = buffer()
    add(kept, 10.0)
    memory = kept.rewards
    kept.reset()
    assert kept.rewards is memory
    assert (kept.pos, kept.full) == (0, False)
    for number in (1.0, 2.0):
        add(kept, number)
    list(kept.get())
    kept.reset()
    assert kept.rewards is not memory
    assert kept.rewards.shape == (2, 2)
    assert (kept.pos, kept.full) == (0, False)


# ------------------------------------------------------------------ costs


def read(meter: CostMeter, infos: list[dict[str, Any]], *dones: bool) -> list[list[float]]:
    """The costs of a step of an environment of somebody else."""
    costs: list[list[float]] = meter.read(
        cast(Any, SimpleNamespace()), infos, np.array(dones)
    ).tolist()
    return costs


def test_costs_are_added_up_until_their_episode_ends():
    meter = CostMeter(["a", "b"], 2)
    assert meter.names == ["a", "b"]
    assert meter.per_episode() == {}
    infos: list[dict[str, Any]] = [{"costs": {"a": 1.0, "b": 2.0}}, {"costs": {"a": 3.0}, "b": 4.0}]
    assert read(meter, infos, False, False) == [[1.0, 2.0], [3.0, 4.0]]
    assert meter.per_episode() == {}
    read(meter, infos, False, True)
    assert meter.per_episode() == {"a": 6.0, "b": 8.0}
    assert meter.running.tolist() == [[2.0, 4.0], [0.0, 0.0]]
    read(meter, infos, True, True)
    assert meter.per_episode() == {"a": 4.0, "b": 6.0}, "the mean of 6, 3 and 3, and of 8, 6 and 4"


def test_a_new_rollout_forgets_what_ended_and_not_what_is_under_way():
    meter = CostMeter(["a"], 2)
    read(meter, [{"a": 1.0}, {"a": 5.0}], True, False)
    meter.begin()
    assert meter.per_episode() == {}
    assert meter.running.tolist() == [[0.0], [5.0]]
    meter.restart()
    assert meter.running.tolist() == [[0.0], [0.0]]


class Seats:
    """Games of ours, of so many steps."""

    def __init__(self, horizon: int, costs: list[float]) -> None:
        self.costs = np.array(costs)[:, None]
        world = SimpleNamespace(costs={"a": ""})
        state = {"horizon": np.full(len(costs), horizon)}
        self.seating = SimpleNamespace(
            batch=SimpleNamespace(world=world, state=state, costs=self.costs),
            learner_slice=lambda costs: costs,
        )


def test_rollouts_shorter_than_a_game_tell_its_cost_by_what_a_step_costs():
    meter, games = CostMeter(["a"], 2), cast(Any, Seats(100, [1.0, 2.0]))
    for _ in range(3):  # rollouts of 10 steps, none of which sees an end
        meter.begin()
        for _ in range(10):
            meter.read(games, [{}, {}], np.array([False, False]))
        assert meter.per_episode() == {"a": pytest.approx(1.5 * 100)}


def test_games_that_end_early_are_not_all_there_is():
    """One of two games ends after 10 steps, ever again; those that are long count too."""
    meter, games = CostMeter(["a"], 2), cast(Any, Seats(100, [1.0, 1.0]))
    meter.begin()
    for step in range(1, 21):
        meter.read(games, [{}, {}], np.array([step % 10 == 0, False]))
    assert meter.per_episode() == {"a": pytest.approx(20.0)}, "40 steps, 2 ends"
    for step in range(21, 101):
        meter.read(games, [{}, {}], np.array([step % 10 == 0, step == 100]))
    assert meter.per_episode() == {"a": pytest.approx((10 * 10 + 100) / 11)}, "all have ended since"
    meter.restart()
    meter.begin()
    assert meter.per_episode() == {}


@pytest.mark.parametrize(
    ("info", "cost"),
    [
        ({"a": 2}, 2.0),
        ({"costs": {"a": 3}, "a": 2}, 3.0),
        ({"costs": {"b": 3}, "a": 2}, 2.0),
        ({"costs": {"b": 3}}, 0.0),
        ({}, 0.0),
    ],
)
def test_a_cost_is_found_among_the_costs_or_beside_them_or_is_nothing(info, cost):
    assert read(CostMeter(["a"], 1), [info], False) == [[cost]]


def test_without_names_nothing_is_read():
    meter = CostMeter([], 3)
    env = cast(Any, SimpleNamespace(seating="not to be touched"))
    assert meter.read(env, [{}] * 3, np.array([True] * 3)).shape == (3, 0)
    assert meter.finished == []


def test_of_our_own_worlds_the_named_costs_of_our_seats_are_read():
    batch = SimpleNamespace(
        world=SimpleNamespace(costs={"x": "", "y": "", "z": ""}),
        costs=np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]),
    )
    seating = SimpleNamespace(batch=batch, learner_slice=lambda costs: costs[:, 1])
    env = cast(Any, SimpleNamespace(seating=seating))
    assert CostMeter(["z", "x"], 1).read(env, [{}], np.array([False])).tolist() == [[6.0, 4.0]]


# ------------------------------------------------------------------ ends


def test_ends_and_costs_are_kept_in_their_step():
    ends = EpisodeEnds(2, 3, 1)
    seen = np.array([7.0])
    infos: list[dict[str, Any]] = [
        {},
        {"TimeLimit.truncated": True, "terminal_observation": seen},
        {"TimeLimit.truncated": True, "terminal_observation": seen},
    ]
    ends.write(1, np.array([True, True, False]), infos, np.array([[1.0], [2.0], [3.0]]))
    assert ends.dones.tolist() == [[False] * 3, [True, True, False]]
    assert ends.costs[:, :, 0].tolist() == [[0.0] * 3, [1.0, 2.0, 3.0]]
    assert ends.cut_off == [(1, 1, seen)], "neither what terminated nor what goes on"
    values = np.arange(6.0).reshape(2, 3, 1)
    found = ends.following(values, np.full((3, 1), 9.0), np.array([[5.0]]))
    assert found[:, :, 0].tolist() == [[3.0, 4.0, 5.0], [0.0, 5.0, 9.0]]
    with pytest.raises(ValueError, match="zip"):
        ends.following(values, np.full((3, 1), 9.0), np.zeros((2, 1)))


def test_without_costs_none_are_written():
    ends = EpisodeEnds(1, 2, 0)
    ends.write(0, np.array([False, False]), [{}, {}], np.zeros((2, 5)))
    assert ends.costs.shape == (1, 2, 0)
