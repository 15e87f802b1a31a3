"""Every threshold of an update, just under, at and just over it: clip, anchor, limits, schedules, ends."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from training.ppo.build import falling
from training.ppo.controllers.kl_anchor import (
    LEAST,
    MOST,
    OVER_BUDGET,
    STEP,
    AnchorSettings,
    KLAnchor,
)
from training.ppo.controllers.lagrange import CostSettings, Multiplier
from training.ppo.losses import standardise, surrogate
from training.ppo.rollouts.advantages import generalised_advantages
from training.ppo.rollouts.buffer import EpisodeEnds
from training.ppo.rollouts.rules import fresh_seed
from training.ppo.settings import RefinerInputs
from training.ppo.update import FIT_GAIN, IN_A_ROW, Diverged, WarmUp, moved_by, require_numbers

CLIP, LITTLE = 0.2, 1e-3


# ------------------------------------------------------------------ PPO's clip


def slope(ratio: float, advantage: float) -> tuple[float, float]:
    """The objective of one sample and its slope in the logarithm of the ratio."""
    log_ratio = torch.tensor([math.log(ratio)], dtype=torch.float64, requires_grad=True)
    found = surrogate(log_ratio, torch.tensor([advantage], dtype=torch.float64), CLIP)
    found.backward()
    assert log_ratio.grad is not None
    return float(found.detach()), float(log_ratio.grad)


@pytest.mark.parametrize(
    ("ratio", "advantage", "held"),
    [
        (1 + CLIP - LITTLE, 2.0, False),
        (1 + CLIP + LITTLE, 2.0, True),  # good, and likelier already
        (1 - CLIP + LITTLE, 2.0, False),
        (
            1 - CLIP - LITTLE,
            2.0,
            False,
        ),  # good, but less likely: the pessimistic bound is the plain one
        (1 - CLIP + LITTLE, -2.0, False),
        (1 - CLIP - LITTLE, -2.0, True),  # bad, and less likely already
        (1 + CLIP - LITTLE, -2.0, False),
        (1 + CLIP + LITTLE, -2.0, False),
    ],
)
def test_the_clip_holds_back_what_went_far_enough_and_nothing_else(ratio, advantage, held):
    value, gradient = slope(ratio, advantage)
    if held:
        edge = 1 + CLIP if ratio > 1 else 1 - CLIP
        assert value == pytest.approx(-edge * advantage)
        assert gradient == 0
    else:
        assert value == pytest.approx(-ratio * advantage)
        assert gradient == pytest.approx(-ratio * advantage)


@pytest.mark.parametrize("sign", [1, -1])
def test_at_the_clip_itself_nothing_counts_as_clipped(sign):
    log_ratio = torch.tensor([math.log(1 + sign * 0.25)])
    at = float((torch.exp(log_ratio) - 1).abs())
    over, under = math.nextafter(at, 0) - 1e-6, at + 1e-6
    assert [float(moved_by(log_ratio, clip)["clip_fraction"]) for clip in (under, at, over)] == [
        0.0,
        0.0,
        1.0,
    ]


def test_a_single_sample_is_not_standardised_and_two_are():
    assert standardise(torch.tensor([3.0])).tolist() == [3.0]
    assert standardise(torch.tensor([3.0, 5.0])).tolist() == pytest.approx(
        [-(0.5**0.5), 0.5**0.5], rel=1e-6
    )


# ------------------------------------------------------------------ the anchor


def anchored(start: float, distance: float, **settings: float) -> float:
    """The coefficient after an update at a distance."""
    anchor = KLAnchor(AnchorSettings.model_validate(settings), start)
    anchor.update(distance)
    return anchor.coefficient


def test_a_budget_is_overdrawn_only_beyond_it():
    assert anchored(1.0, 0.5 - 1e-9, budget=0.5) == 1 - STEP
    assert anchored(1.0, 0.5, budget=0.5) == 1 - STEP
    assert anchored(1.0, 0.5 + 1e-9, budget=0.5) == OVER_BUDGET


def test_a_target_is_sought_in_proportion_up_to_its_double():
    assert anchored(1.0, 0.2, target=0.2) == 1
    assert anchored(1.0, 0.2 + 1e-6, target=0.2) > 1 > anchored(1.0, 0.2 - 1e-6, target=0.2)
    assert anchored(1.0, 0.4 - 1e-3, target=0.2) < 1 + STEP
    assert anchored(1.0, 0.4, target=0.2) == anchored(1.0, 4.0, target=0.2) == 1 + STEP
    assert anchored(1.0, 0.0, target=0.2) == 1 - STEP


def test_the_coefficient_stays_between_its_bounds():
    assert anchored(MOST, 1.0, budget=0.5) == MOST
    assert anchored(MOST / OVER_BUDGET - 1e-3, 1.0, budget=0.5) < MOST
    assert anchored(LEAST, 0.0, budget=0.5) == LEAST
    assert anchored(0.0, 0.2, target=0.2) == LEAST


def test_a_spent_budget_outweighs_a_schedule_that_is_lower_and_no_other():
    anchor = KLAnchor(AnchorSettings(budget=0.5), 0.1)
    assert anchor.weight(0.02) == 0.02, "nothing was measured yet"
    anchor.update(0.6)
    assert anchor.coefficient == pytest.approx(0.1 * OVER_BUDGET)
    assert anchor.weight(0.02) == anchor.coefficient
    assert anchor.weight(0.9) == 0.9


# ------------------------------------------------------------------ limits of costs


def test_a_multiplier_begins_at_the_aim_of_its_limit_and_not_before():
    for limit, tighten in ((10.0, 0.75), (20.0, 0.75), (10.0, 1.0)):
        aim = limit * tighten
        under, at, over = (Multiplier(CostSettings(limit=limit, tighten=tighten)) for _ in range(3))
        assert under.update(aim - 1e-6) == 0
        assert at.update(aim) == 0
        assert over.update(aim + 1e-3) > 0


def test_a_multiplier_is_its_controllers_formula():
    settings = CostSettings(limit=10.0, tighten=0.8, smoothing=0.5)  # aims at 8
    multiplier = Multiplier(settings)
    assert multiplier.update(12.0) == pytest.approx(math.expm1(0.5 * 0.25 + 0.1 * 0.5))
    # Excess 1 of the aim: smoothed (0.25 + 1) / 2; sum 0.05 + 0.1; the cost rose from 12 to 14 of 8.
    assert multiplier.update(16.0) == pytest.approx(math.expm1(0.5 * 0.625 + 0.15 + 0.5 * 2 / 8))
    # It falls, which counts for nothing: excess -0.5; sum 0.1.
    assert multiplier.update(4.0) == pytest.approx(math.expm1(0.5 * 0.0625 + 0.1))


def test_a_multiplier_stops_at_its_most():
    multiplier = Multiplier(CostSettings(limit=1.0, tighten=1.0, most=0.5))
    values = [multiplier.update(1.5) for _ in range(40)]
    assert max(values) == 0.5
    assert values[0] < 0.5


# ------------------------------------------------------------------ schedules


def test_a_schedule_falls_in_a_straight_line_to_its_end():
    falls = falling((0.02, 0.003))
    assert [falls(remaining) for remaining in (1.0, 0.5, 0.0)] == pytest.approx(
        [0.02, 0.0115, 0.003]
    )
    rises = falling((0.0, -0.005))
    assert [rises(remaining) for remaining in (1.0, 0.2, 0.0)] == pytest.approx(
        [0.0, -0.004, -0.005]
    )


def test_a_rollout_beyond_the_steps_asked_for_leaves_the_schedule_at_its_end():
    """200,000 steps in rollouts of 32,000 are 224,000: a rate below 0 would climb the loss."""
    assert falling((0.001, 0.0))(1 - 224 / 200) == 0.0
    assert falling((0.02, 0.003))(-0.5) == 0.003


def test_the_entropy_of_ppo_counts_where_no_other_is_given():
    assert RefinerInputs().schedules(0.3)["entropy"] == 0.3
    assert RefinerInputs(weights={"entropy": 0.0}).schedules(0.3)["entropy"] == 0.0


def test_a_weight_that_no_part_has_is_refused():
    with pytest.raises(ValueError, match="entorpy"):
        RefinerInputs(weights={"entorpy": 0.1}).schedules(0.0)


def test_games_start_afresh_from_a_hash_of_seed_and_update():
    assert fresh_seed(0, 5) == 0xC2F817B7
    assert len({fresh_seed(seed, update) for seed in range(9) for update in range(9)}) == 81


# ------------------------------------------------------------------ warming up


def test_warming_up_goes_on_only_while_it_gains_more_than_the_least():
    for gain, active in ((FIT_GAIN - 1e-6, False), (FIT_GAIN, False), (FIT_GAIN + 1e-6, True)):
        warm_up = WarmUp(5)
        warm_up.update(0.0)
        warm_up.update(gain)
        assert warm_up.active == active


@pytest.mark.parametrize("most", [0, 1, 3])
def test_warming_up_ends_at_its_most(most):
    warm_up, rested = WarmUp(most), 0
    while warm_up.active:
        rested += 1
        warm_up.update(float(rested))
    assert rested == most


def test_the_first_fit_is_a_gain_however_bad():
    warm_up = WarmUp(2)
    warm_up.update(-1e9)
    assert warm_up.active


def test_updates_without_numbers_end_the_refining_at_the_third_in_a_row():
    require_numbers(IN_A_ROW - 1)
    for rejected in (IN_A_ROW, IN_A_ROW + 1):
        with pytest.raises(Diverged):
            require_numbers(rejected)


# ------------------------------------------------------------------ the last step of a rollout


@pytest.mark.parametrize(
    ("end", "led_to"), [("goes on", 7.0), ("terminated", 0.0), ("truncated", 4.0)]
)
def test_an_end_in_the_last_step_decides_what_it_led_to(end, led_to):
    ends = EpisodeEnds(2, 1, 0)
    ends.write(0, np.array([False]), [{}], np.zeros((1, 0)))
    info: dict[str, Any] = {"TimeLimit.truncated": end == "truncated"}
    info["terminal_observation"] = np.zeros(1)
    ends.write(1, np.array([end != "goes on"]), [info], np.zeros((1, 0)))
    values = np.array([[[1.0]], [[2.0]]])
    final = np.array([[4.0]])[: len(ends.cut_off)]
    following = ends.following(values, np.array([[7.0]]), final)
    assert following[:, 0, 0].tolist() == [2.0, led_to]
    rewards = np.array([[[1.0]], [[3.0]]])
    advantages, returns = generalised_advantages(
        rewards, values, following, ends.dones, gamma=0.5, gae_lambda=0.5
    )
    last = 3.0 + 0.5 * led_to - 2.0
    first = 1.0 + 0.5 * 2.0 - 1.0 + 0.25 * last
    assert advantages[:, 0, 0].tolist() == [first, last]
    assert returns[:, 0, 0].tolist() == [first + 1.0, last + 2.0]


@pytest.mark.parametrize("truncated", [False, True])
def test_nothing_of_the_next_episode_flows_back_over_an_end(truncated):
    ends = EpisodeEnds(3, 1, 0)
    for t in range(3):
        info = {"TimeLimit.truncated": truncated, "terminal_observation": np.zeros(1)}
        ends.write(t, np.array([t == 1]), [info if t == 1 else {}], np.zeros((1, 0)))
    values = np.zeros((3, 1, 1))
    following = ends.following(values, np.array([[0.0]]), np.zeros((len(ends.cut_off), 1)))
    rewards = np.array([[[1.0]], [[1.0]], [[1000.0]]])
    advantages, _ = generalised_advantages(rewards, values, following, ends.dones, 1.0, 1.0)
    assert advantages[:, 0, 0].tolist() == [2.0, 1.0, 1000.0]
