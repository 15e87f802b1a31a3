"""The rules of the duel, each by hand: moving, reloading, hits, pads, costs, and how it ends."""

import numpy as np
import pytest

from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.system.errors import UserError
from environments.worlds.duel.constants import BYSTANDER_RADIUS, FIGHTER_RADIUS, SPAWNS, TICK
from environments.worlds.duel.rules import potential_one
from tests.environments.support.duel_by_hand import FIRE, RELOAD, STILL, WORLD, Duel, cells_of
from tests.environments.support.short_games import some_actions

RIGHT, UP, LEFT = 1, 3, 5
DASH = (RIGHT, 0, 0, 0, 1)
MOST_LEFT, MOST_RIGHT, FINE_LEFT = (0, 4, 0, 0, 0), (0, 8, 0, 0, 0), (0, 1, 0, 0, 0)


# ------------------------------------------------------------------ moving


def test_nobody_is_faster_than_the_rules_and_nobody_gets_into_cover():
    batch = Batch(make_world(WORLD), 48)
    table = batch.world.table[0]
    solid = [cells_of(state["rows"]) for state in batch.state]
    for actions in some_actions(batch, 400):
        actions[..., 2] = 0  # nobody is shot, so that nobody comes back somewhere else
        before = batch.state.copy()
        batch.step(actions)
        moved = np.hypot(*np.moveaxis(batch.state["position"] - before["position"], -1, 0)) / TICK
        pushed = 2 * FIGHTER_RADIUS / TICK * (gap(before) < 2)  # beside each other they may be
        round_corners = 1.05  # one slides off them
        assert (moved <= table["dash_speed"] * round_corners + pushed[:, None]).all()
        assert np.allclose(np.hypot(*np.moveaxis(batch.state["heading"], -1, 0)), 1, atol=1e-5)
        turned = (batch.state["heading"] * before["heading"]).sum(-1)
        assert (turned >= np.cos(np.radians(table["turn_rate"]) * TICK) - 1e-5).all()
    for state, cells in zip(batch.state, solid, strict=True):
        assert room_around(state["position"], cells) >= FIGHTER_RADIUS - 1e-3
        assert room_around(state["walker"], cells) >= BYSTANDER_RADIUS - 1e-3


def gap(states):
    """How far apart both fighters are: [B] m."""
    apart = states["position"][:, 0] - states["position"][:, 1]
    return np.hypot(apart[:, 0], apart[:, 1])


def room_around(places, cells):
    """The least distance from any place to any solid cell."""
    beyond = np.maximum(np.abs(places[:, None] - (cells + 0.5)[None]) - 0.5, 0)
    return np.hypot(beyond[..., 0], beyond[..., 1]).min()


def test_a_fighter_runs_at_five_metres_a_second_and_dashes_at_twelve():
    duel = Duel()
    duel.sums(10, (RIGHT, 0, 0, 0, 0))
    assert duel.state["velocity"][0].tolist() == pytest.approx([5, 0], abs=1e-3)
    speeds = []
    for _ in range(6):
        duel.step((UP, 0, 0, 0, 1))
        speeds.append(float(np.hypot(*duel.state["velocity"][0])))
    assert speeds[:4] == pytest.approx([12] * 4, abs=1e-3)
    assert speeds[5] < 12


def test_a_dash_can_be_had_again_after_two_and_a_half_seconds():
    duel = Duel()
    dashes = []
    for tick in range(110):
        duel.stand(0, -4, 0)
        duel.step(DASH)
        if duel.state["dash_wait"][0] == 50:
            dashes.append(tick)
    assert dashes == [0, 50, 100]


def test_turning_takes_time_and_can_be_fine():
    duel = Duel()
    for action, ticks, degrees in ((MOST_LEFT, 14, 168), (MOST_RIGHT, 14, 0), (FINE_LEFT, 1, 0.96)):
        duel.sums(ticks, action)
        x, y = duel.state["heading"][0]
        assert np.degrees(np.arctan2(y, x)) == pytest.approx(degrees, abs=0.02)


def test_fighters_push_each_other_by_halves():
    duel = Duel()
    duel.stand(0, -0.3, 0)
    duel.stand(1, 0.3, 0)
    duel.step()
    assert duel.state["position"][:, 0].tolist() == pytest.approx([-0.4, 0.4])


def test_a_bystander_walks_and_is_pushed_aside():
    duel = Duel()
    duel.state["walker_startled"][0] = 0
    duel.state["walker"][0] = -3, 5
    duel.state["walker_goal"][0] = 3, 5
    duel.sums(50)
    assert duel.state["walker"][0].tolist() == pytest.approx([0, 5], abs=1e-3)
    duel.stand(0, -0.2, 5)
    duel.step()
    assert duel.state["walker"][0][0] > 0.3
    assert duel.state["position"][0].tolist() == pytest.approx([-0.2, 5], abs=2e-4)


# ------------------------------------------------------------------ the weapon


def test_shots_leave_every_seven_ticks_until_the_magazine_is_empty():
    duel = Duel()
    duel.stand(1, 4, 8)
    fired, held = [], 8
    for tick in range(70):
        duel.step(FIRE if duel.state["magazine"][0] else STILL)
        if duel.state["magazine"][0] < held:
            fired.append(tick)
            held = duel.state["magazine"][0]
    assert fired == [7 * k for k in range(8)]


def test_reloading_takes_a_second_and_a_half_and_no_shot_can_be_fired_meanwhile():
    duel = Duel()
    duel.state["magazine"][0], duel.state["reserve"][0] = 3, 4
    duel.step(RELOAD)
    for tick in range(1, 30):
        duel.step(FIRE)
        assert duel.state["magazine"][0] == 3, tick
    duel.step(STILL)
    assert (duel.state["magazine"][0], duel.state["reserve"][0]) == (7, 0)
    duel.step(FIRE)
    assert duel.state["magazine"][0] == 6


def test_firing_with_an_empty_magazine_reloads_and_without_a_reserve_does_nothing():
    duel = Duel()
    duel.state["magazine"] = 0
    duel.state["reserve"] = 16, 0
    duel.step(FIRE, FIRE)
    assert duel.state["reloading"].tolist() == [30, 0]


# ------------------------------------------------------------------ hits


def test_a_hit_takes_a_quarter_of_the_health_and_says_so_on_both_sides():
    found = Duel().shoot()
    assert found["damage_dealt"] == [0.25, 0]
    assert found["damage_taken"] == [0, 0.25]
    assert found["wasted_shot"] == found["flank"] == [0, 0]


def test_a_shot_from_behind_is_a_flank():
    duel = Duel()
    duel.stand(1, 4, 0, 80.0)
    assert duel.shoot()["flank"] == [1, 0]
    duel = Duel()
    duel.stand(1, 4, 0, 100.0)
    assert duel.shoot()["flank"] == [0, 0]


def test_a_shot_into_a_wall_is_wasted_once():
    duel = Duel()
    duel.stand(1, 4, 6)
    found = duel.shoot()
    assert found["wasted_shot"] == [1, 0]
    assert found["damage_dealt"] == [0, 0]


def test_a_shot_flies_at_sixteen_metres_a_second_and_can_be_walked_out_of():
    duel = Duel()
    duel.stand(0, -8, 0)
    duel.stand(1, 8, 0)
    duel.step(FIRE)
    assert duel.state["shot"][0, 0].tolist() == pytest.approx([-7.2, 0], abs=1e-4)
    assert duel.sums(30, STILL, (UP, 0, 0, 0, 0))["wasted_shot"] == [1, 0]


def test_health_ends_at_zero_and_the_second_knockout_wins():
    duel = Duel()
    duel.state["health"][1] = 10
    first = duel.shoot()
    assert first["damage_dealt"][0] == pytest.approx(0.1)
    assert duel.state["knockouts"].tolist() == [1, 0]
    assert first["win"] == [0, 0]
    assert not duel.batch.terminated[0]
    duel.state["shield"] = duel.state["down"] = 0
    duel.stand(1, 4, 0)
    duel.state["health"][1] = 10
    duel.step(FIRE)
    while not duel.batch.terminated[0]:
        last = duel.step()
    assert last["win"] == [1, -1]
    assert duel.state["health"][1] == 0
    assert not duel.batch.truncated[0]


def test_who_knock_each_other_out_in_one_tick_draw():
    duel = Duel(knockouts=1)
    duel.state["health"] = 5
    duel.step(FIRE, FIRE)
    while not duel.batch.terminated[0]:
        last = duel.step()
    assert last["win"] == [0, 0]
    assert duel.state["knockouts"].tolist() == [1, 1]


def test_health_is_never_negative_in_play():
    batch = Batch(make_world(WORLD, damage=37.0), 64)
    seen_down = 0
    for actions in some_actions(batch, 600):
        toward = batch.observation[:, :, 22 + 7] * 10  # sine of the bearing: turn that way
        actions[..., 1] = np.where(toward > 0.5, 4, np.where(toward < -0.5, 8, 0))
        batch.step(actions)
        assert (batch.state["health"] >= 0).all()
        seen_down += int((batch.state["down"] > 0).sum())
    assert seen_down > 100


def test_after_a_second_and_a_half_one_comes_back_far_from_the_other_and_protected():
    duel = Duel()
    duel.state["health"][1] = 1
    duel.stand(0, 2, 5.5, 0.0)
    duel.stand(1, 4, 5.5)
    duel.step(FIRE)
    while duel.state["down"][1] == 0:
        duel.step()
    ticks = 0
    while duel.state["down"][1] > 0:
        duel.step(STILL, (UP, 4, 1, 0, 1))  # who is down does nothing
        ticks += 1
    assert ticks == 30
    away = [np.hypot(*(-place - [2, 5.5])) for place in SPAWNS]
    assert duel.state["position"][1] == pytest.approx(-SPAWNS[int(np.argmax(away))], abs=0.7)
    assert duel.state["health"][1] == 100
    assert duel.state["magazine"][1] in (7, 8)


def test_protection_lasts_a_second_unless_one_fires():
    for second, taken in ((STILL, 0.0), (FIRE, 0.25)):
        duel = Duel()
        duel.state["shield"][1] = 20
        duel.stand(1, -2, 0, 90.0)
        duel.step(STILL, second)
        found = duel.sums(6, FIRE)
        assert found["damage_taken"][1] == taken
    duel = Duel()
    duel.state["shield"][1] = 20
    duel.sums(20)
    assert duel.shoot()["damage_taken"][1] == 0.25


# ------------------------------------------------------------------ pads


def test_a_pad_helps_only_who_needs_it_and_is_empty_for_fifteen_seconds():
    duel = Duel()
    duel.state["pad"][2] = -4, 0  # health
    assert duel.step()["pickup"] == [0, 0]
    duel.state["health"][0] = 50
    assert duel.step()["pickup"] == [1, 0]
    assert duel.state["health"][0] == 90
    assert duel.sums(299)["pickup"] == [0, 0]
    assert duel.step()["pickup"] == [0, 0]  # the last tick of waiting
    assert duel.step()["pickup"] == [1, 0]
    assert duel.state["health"][0] == 100


def test_ammunition_fills_the_reserve_up_to_its_most():
    duel = Duel()
    duel.state["pad"][0] = -4, 0
    duel.state["reserve"][0] = 20
    assert duel.step()["pickup"] == [1, 0]
    assert duel.state["reserve"][0] == 32


def test_of_two_on_a_pad_the_nearer_has_it():
    duel = Duel()
    duel.state["health"] = 50
    duel.state["pad"][2] = 0, 0
    duel.stand(0, -0.42, 0)
    duel.stand(1, 0.41, 0)
    assert duel.step()["pickup"] == [0, 1]


# ------------------------------------------------------------------ costs


def test_hitting_a_bystander_costs_and_stops_the_shot():
    duel = Duel()
    duel.bystander(0, 0, 0)
    found = duel.shoot()
    assert found["bystander_hit"] == [1, 0]
    assert found["bystander_endangered"] == [1, 0]
    assert found["damage_dealt"] == found["wasted_shot"] == [0, 0]


@pytest.mark.parametrize(("aside", "cost"), [(0.29, 1), (0.31, 1), (0.99, 1), (1.01, 0)])
def test_a_shot_within_a_metre_endangers_each_bystander_once(aside, cost):
    duel = Duel()
    duel.bystander(2, -1, aside)
    found = duel.shoot()
    assert found["bystander_endangered"] == [cost, 0]
    assert found["bystander_hit"] == [float(aside < BYSTANDER_RADIUS), 0]


def test_a_bystander_behind_the_cover_that_stops_the_shot_is_in_no_danger():
    duel = Duel(cells=((0, -1), (0, 0)))
    duel.bystander(0, 1.5, 0)
    found = duel.shoot()
    assert found["bystander_endangered"] == [0, 0]
    assert found["wasted_shot"] == [1, 0]


def test_waiting_where_the_other_comes_back_costs_by_the_second():
    duel = Duel()
    place = -SPAWNS[0]
    for distance, cost in ((4.9, 1.45 + 2.05), (5.1, 0.0)):
        duel.state["health"][1] = 100
        duel.state["down"][1] = 30
        duel.state["spawn"][1] = 0
        total = 0.0
        for _ in range(120):
            duel.stand(0, place[0] - distance, place[1])
            duel.stand(1, *place) if duel.state["down"][1] == 0 else None
            total += duel.step()["spawn_camping"][0]
        assert total == pytest.approx(cost, abs=0.06)


# ------------------------------------------------------------------ potentials


def phi(duel):
    found = np.zeros(2, [(name, np.float64) for name in duel.world.potentials])
    potential_one(duel.world.table[0], duel.state, found)
    return found


def test_potentials_say_what_they_mean():
    duel = Duel()
    duel.step()
    assert phi(duel)["aim"].tolist() == pytest.approx([1, 1])
    assert phi(duel)["spacing"].tolist() == pytest.approx([1, 1], abs=1e-4)
    duel.stand(0, -4, 0, 59.0)
    duel.stand(1, 4, 0, 100.0)
    assert 0 < phi(duel)["aim"][0] < 0.05
    assert phi(duel)["aim"][1] == 0
    duel.stand(0, 2, 0)
    assert phi(duel)["spacing"].tolist() == pytest.approx([0.5, 0.5], abs=1e-4)
    duel.state["reloading"][0] = 5
    assert phi(duel)["cover_when_reloading"].tolist() == [-1, 0]
    duel.state["sees"] = 0
    assert phi(duel)["cover_when_reloading"].tolist() == [1, 0]
    assert phi(duel)["aim"].tolist() == [0, 0]
    duel.state["down"][1] = 3
    assert not any(phi(duel)[name].any() for name in duel.world.potentials)


def test_potential_terms_sum_to_the_difference_of_the_ends():
    duel = Duel()
    duel.step()
    random, begun = np.random.default_rng(3), phi(duel)
    total = dict.fromkeys(duel.world.potentials, 0.0)
    for _ in range(200):
        found = duel.step(*random.integers([9, 9, 2, 2, 2], size=(2, 5)))
        total = {name: value + found[name][0] for name, value in total.items()}
    for name, value in total.items():
        assert value == pytest.approx(phi(duel)[name][0] - begun[name][0], abs=1e-3)


# ------------------------------------------------------------------ mistakes


@pytest.mark.parametrize("params", [{"bystanders": 5}, {"speed": 100.0}, {"reload": 0.04}])
def test_what_cannot_be_played_is_refused(params):
    with pytest.raises(
        UserError, match=f"The duel's {next(iter(params))} is .* give a number from"
    ):
        make_world(WORLD, **params)
