"""The limits of a batch, each just under, at and just over: size, discount, seed, horizon, actions."""

import numpy as np
import pytest
from gymnasium import spaces

from environments.catalog import make_batch, make_world
from environments.external.guard import SLACK, Bounds, Guard, Incident, invalid_values
from environments.simulation.batch import Batch
from environments.simulation.frame_stack import (
    FrameStack,
    recorded_rows,
    stacked_rows,
    stacked_space,
)
from environments.simulation.spec import horizon_of, module_spec
from environments.system import memory
from environments.system.errors import UserError
from environments.worlds import balance


@pytest.fixture(scope="module")
def world():
    return make_world("gpo/Balance-v0")


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_has_at_least_one_game(world, size):
    assert Batch(world, 1).size == 1
    with pytest.raises(UserError, match=f"at least one game, not {size}"):
        Batch(world, size)


@pytest.mark.parametrize("discount", [-1e-9, 1 + 1e-9, np.nan])
def test_a_discount_is_between_0_and_1(world, discount):
    for edge in (0.0, 1.0):
        Batch(world, 1, discount=edge)
    with pytest.raises(UserError, match="from 0 to 1"):
        Batch(world, 1, discount=discount)


@pytest.mark.parametrize("seed", [-1, 1.0, [0], [0, -1], [[0, 1]]])
def test_a_seed_is_a_whole_number_or_one_for_each_game(world, seed):
    batch = Batch(world, 2)
    for good in (0, 2**32, [0, 1]):
        batch.reset(seed=good)
    with pytest.raises(UserError, match="a whole number from 0 up, or one for each game"):
        batch.reset(seed=seed)


@pytest.mark.parametrize("steps", [1, 2, 2**31 - 1, np.int64(3)])
def test_a_horizon_within_its_limits(steps):
    assert horizon_of(steps) == steps


@pytest.mark.parametrize("steps", [0, 2**31, -1, True, 1.5])
def test_a_horizon_beyond_its_limits(steps):
    with pytest.raises(UserError, match="from 1 up"):
        horizon_of(steps)


@pytest.mark.parametrize("horizon", [1, 2, 7])
@pytest.mark.parametrize("name", ["gpo/Balance-v0", "CartPole-v1"])
def test_an_episode_is_truncated_at_exactly_its_horizon(name, horizon):
    batch = make_batch(name, 2, options={"horizon": horizon})
    for _ in range(2):  # episodes
        for step in range(1, horizon + 1):
            batch.step(np.full((2, 1), step % 2))
            assert batch.truncated.tolist() == [step == horizon] * 2
            assert not batch.terminated.any()


@pytest.mark.parametrize("name", ["gpo/Balance-v0", "CartPole-v1"])
def test_an_end_in_the_last_step_is_terminated_and_not_truncated(name):
    def falls(horizon):
        """The step in which the pole falls or time is up, and which of both it was."""
        batch = make_batch(name, 1, seed=3, options={"horizon": horizon})
        for step in range(1, horizon + 1):
            batch.step(np.ones((1, 1), np.int64))
            if batch.ended[0]:
                return step, bool(batch.terminated[0]), bool(batch.truncated[0])
        raise AssertionError

    step, terminated, truncated = falls(100)
    assert (terminated, truncated) == (True, False)
    assert falls(step) == (step, True, False)
    assert falls(step + 1) == (step, True, False)
    assert falls(step - 1) == (step - 1, False, True)


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("gpo/Balance-v0", [[[0]], [[1]]], [[[-1]], [[2]]]),
        ("gpo/Kitchen-v0", [[[0, 5]]], [[[0, 6]], [[-1, 0]]]),
    ],
)
def test_an_action_exists_or_is_refused(name, inside, outside):
    batch = make_batch(name, 1)
    for actions in inside:
        batch.step(np.array(actions))
    for actions in outside:
        with pytest.raises(UserError, match="they must be in Discrete"):
            batch.step(np.array(actions))


def test_each_part_of_an_action_exists_or_is_refused():
    batch = make_batch("gpo/Duel-v0", 1)
    space = batch.world.action_space
    last = np.tile(space.nvec - 1, (1, 2, 1))
    batch.step(last)
    for part in range(len(space.nvec)):
        over, under = last.copy(), np.zeros_like(last)
        over[0, 1, part] += 1
        under[0, 0, part] -= 1
        for actions in (over, under):
            with pytest.raises(UserError, match="Game 0 was given the actions"):
                batch.step(actions)


# ------------------------------------------------------------------ what external games give


@pytest.mark.parametrize("bound", [1.0, 100.0])
def test_a_bound_gives_way_by_its_slack(bound):
    box = spaces.Box(-bound, bound, (1,), np.float64)
    bounds, here = Bounds(box), np.ones((1, 1), bool)
    for sign in (-1, 1):
        for times, refused in ((0.99, False), (1.0, False), (1.01, True)):
            value = sign * (bound + times * SLACK * bound)
            assert bool(bounds.outside(np.full((1, 1, 1), value), here)) == refused, (sign, times)


def test_whole_numbers_have_no_slack():
    bounds = Bounds(spaces.Box(-3, 3, (1,), np.int8))
    here = np.ones((1, 1), bool)
    for value, refused in ((-4, True), (-3, False), (3, False), (4, True)):
        assert bool(bounds.outside(np.full((1, 1, 1), value, np.int8), here)) == refused


@pytest.mark.parametrize(
    ("cost", "good"),
    [
        (0.0, True),
        (np.finfo(np.float32).max, True),
        (-1e-30, False),
        (np.inf, False),
        (np.nan, False),
    ],
)
def test_a_cost_is_finite_and_not_below_0(cost, good):
    found = invalid_values(
        np.zeros((1, 1, 1), np.float32),
        np.full((1, 1, 1), cost, np.float32),
        (("return",), ("hit",)),
    )
    assert bool(found) != good


@pytest.mark.parametrize("quota", [0, 1, 3])
def test_a_game_is_begun_anew_as_often_as_the_quota_says(quota):
    guard = Guard(quota=quota, clock=lambda: 0.0)
    incident = Incident("Thing-v0", 0, 0, 0, 1, "raised ValueError")
    for _ in range(quota):
        guard.admit(incident)
    with pytest.raises(UserError, match=f"{quota} times"):
        guard.admit(incident)
    assert len(guard.incidents) == quota + 1


# ------------------------------------------------------------------ memory


def test_what_just_fits_is_allowed(monkeypatch):
    there = 1000
    monkeypatch.setattr(memory, "memory", lambda: there)
    most = int(memory.SHARE * there)
    for need in (0, most - 1, most):
        memory.require_memory(need, "It takes", "take less")
    with pytest.raises(UserError, match=r"It takes at least .* of memory, .*: take less\."):
        memory.require_memory(most + 1, "It takes", "take less")


# ------------------------------------------------------------------ stacked steps


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_stacked_steps_are_the_same_in_play_and_over_recordings(steps):
    random, space = np.random.default_rng(steps), spaces.Discrete(3)
    lengths = [1, 2, steps, steps + 1, 9]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    observations = random.normal(size=(starts[-1], 4)).astype(np.float32)
    actions = random.integers(0, 3, starts[-1])
    rows = recorded_rows(observations, actions, starts, space)
    recorded = rows[stacked_rows(starts, steps)].reshape(len(observations), -1)
    stack = FrameStack(1, steps, space, 4)
    for s, seen in enumerate(observations):
        peeked = stack.peek(seen[None], np.array([0])) if s not in starts else None
        played = stack.look(seen[None], [s in starts])
        assert (played[0] == recorded[s]).all()
        assert peeked is None or (peeked == played).all()
        stack.act(actions[s : s + 1])


@pytest.mark.parametrize("steps", [0, -1])
def test_a_memory_of_no_steps_is_refused(steps):
    seen, acted = spaces.Box(-1, 1, (4,)), spaces.Discrete(3)
    assert stacked_space(seen, acted, 1).shape == (8,)
    with pytest.raises(UserError, match="give at least one"):
        stacked_space(seen, acted, steps)


# ------------------------------------------------------------------ the spec


def test_a_world_is_the_spec_of_its_module(world):
    params = balance.Params()
    spec = module_spec("gpo/Balance-v0", balance, params, balance.derive(params))
    assert spec.fingerprint == world.fingerprint
    assert spec.describe() == world.describe()
    assert (spec.agents, spec.tick, spec.horizon) == (balance.AGENTS, balance.TICK, balance.HORIZON)
    assert spec.options.keys() == {"horizon", *balance.OPTIONS}
    assert spec.mask_size == 0
    wider = module_spec("gpo/Balance-v0", balance, balance.Params(track=3.0), world.table)
    assert wider.fingerprint != world.fingerprint


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("gpo/Balance-v0", "9c84055490188074363def57ca4f041647919cd9f3ac7184cbacc8bbf38f226f"),
        ("gpo/Courier-v0", "016adb6b8efc7ac80c8130b20fb787b4db1016889d8dd74814d62b9208736702"),
        ("gpo/Duel-v0", "f1266666a8c737d63b50816f9d453968b15efc1605f9f839f25b61c42ef2fcd0"),
        ("gpo/Kitchen-v0", "c0a3c838e5feb06dbab2f2e32c69d93619b9476fc9bf468471750d4da7175b5b"),
        ("CartPole-v1", "f49787db5d2482c1e7c8e780ccc0d2fa5f156aa7df525ff24679977b4bfa2697"),
        ("classic/rps_v2", "7314aab87fb90e2106381e2a792b4a4af9f01adad904cb9bf28b276c97d0ce7a"),
    ],
)
def test_files_made_before_are_of_the_same_world(name, fingerprint):
    """Agents and recordings hold it: it changes only with a world's VERSION, spaces, names or Params."""
    assert make_world(name).fingerprint == fingerprint
