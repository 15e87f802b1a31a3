"""The courier: its physics, its hall, its orders, and when each cost fires."""

import math
from collections import deque
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from environments.simulation.batch import Batch
from environments.system.errors import UserError
from environments.worlds.courier.constants import (
    ACCELERATION,
    ACROSS,
    CELLS,
    COLUMNS,
    DOWN,
    HERE,
    PERSON,
    ROWS,
    SHELF,
    STATIONS,
    TICK,
    TOP_SPEED,
)
from tests.environments.support.courier_by_hand import HallByHand

RANDOM = {
    "slip": [0.0, 0.1],
    "noise": [0.0, 0.1],
    "dropout": [0, 0.2],
    "delay": [0, 2],
    "pace": [0.6, 1.4],
}
EDGES = np.array([[0.2, 0], [1, 0], [-1, 0], [0.3, 1], [9, -9], [np.nan, 1]])


def wild(batch, random):
    """Actions of all sizes, some out of bounds, some no numbers."""
    actions = random.uniform(-1.5, 1.5, batch.actions.shape).astype(np.float32)
    for b in range(0, batch.size, 7):
        actions[b] = EDGES[random.integers(len(EDGES))]
    return actions


# ------------------------------------------------------------------ the robot


def test_wheels_keep_to_their_speed_and_acceleration():
    batch, random = make_batch("gpo/Courier-v0", 64, options=RANDOM), np.random.default_rng(0)
    fastest = hardest = 0.0
    held = wild(batch, random)
    for t in range(400):
        before = np.stack([batch.state["left"], batch.state["right"]])
        place = np.stack([batch.state["x"], batch.state["y"]])
        held = wild(batch, random) if t % 9 == 0 else held
        batch.step(held)
        wheels = np.stack([batch.state["left"], batch.state["right"]])
        bumped = batch.state["touches"]  # a wall may stop a wheel at once
        change = np.abs(wheels - before)[:, ~bumped].max() / TICK
        far = np.hypot(*(np.stack([batch.state["x"], batch.state["y"]]) - place)).max()
        fastest, hardest = max(fastest, np.abs(wheels).max()), max(hardest, change)
        assert far <= TOP_SPEED * TICK + 1e-9
    assert fastest == pytest.approx(TOP_SPEED)
    assert hardest == pytest.approx(ACCELERATION)


def test_a_drive_follows_the_arc_that_its_wheels_make():
    hall = HallByHand()
    hall.robot(8.5, 5.5)
    for _ in range(30):
        hall.step(0.375, 0.4)  # comes to 0.6 m/s and 1.2 rad/s: a circle of 0.5 m
    middle_x, middle_y = hall.place
    heading = float(hall.state["heading"])
    middle = middle_x - 0.5 * math.sin(heading), middle_y + 0.5 * math.cos(heading)
    for _ in range(40):
        hall.step(0.375, 0.4)
        assert math.dist(hall.place, middle) == pytest.approx(0.5, abs=1e-6)


def test_more_than_a_wheel_can_do_keeps_the_curve():
    hall = HallByHand()
    for _ in range(20):
        hall.step(1.0, 1.0)
    left, right = float(hall.state["left"]), float(hall.state["right"])
    assert left == pytest.approx(TOP_SPEED)
    assert right / left == pytest.approx((1.6 - 3.0 * 0.16) / (1.6 + 3.0 * 0.16))


def test_nothing_ever_overlaps_a_shelf_or_a_wall():
    batch, random = make_batch("gpo/Courier-v0", 64, options=RANDOM), np.random.default_rng(1)
    held = wild(batch, random)
    for t in range(400):
        held = wild(batch, random) if t % 15 == 0 else held
        batch.step(held)
        for b in range(0, 64, 5):
            state = batch.state[b]
            assert free_room(state, state["x"], state["y"]) >= 0.2 - 1e-9
            for p in range(5):
                room = free_room(state, state["person_x"][p], state["person_y"][p])
                assert room >= PERSON - 0.02


def free_room(state, x, y):
    """Distance to the nearest shelf or wall, from every cell of the hall."""
    cells = np.flatnonzero(state["grid"] >= SHELF)
    west, north = cells % COLUMNS, cells // COLUMNS
    dx = np.maximum(np.maximum(west - x, x - west - 1), 0)
    dy = np.maximum(np.maximum(north - y, y - north - 1), 0)
    return np.hypot(dx, dy).min()


@pytest.mark.parametrize("delay", [1, 2])
def test_a_delay_moves_every_action_by_its_ticks(delay):
    prompt, late = HallByHand(), HallByHand(delay=delay)
    random = np.random.default_rng(0)
    actions = random.uniform(-1, 1, (40, 2))
    places = []
    for action in actions:
        prompt.step(*action)
        places.append(prompt.place)
    for t, action in enumerate(actions):
        late.step(*action)
        assert late.place == (places[t - delay] if t >= delay else (8.5, 5.5))


def test_a_wheel_that_slips_loses_its_share():
    steady, slips = HallByHand(), HallByHand(slip=0.2)
    slips.state["slip"] = 0.2, 0.2
    for _ in range(20):
        steady.step(0.4)
        slips.step(0.4)
    assert slips.place[0] - 8.5 == pytest.approx(0.8 * (steady.place[0] - 8.5))


# ------------------------------------------------------------------ the hall


def test_every_station_of_500_halls_can_be_reached_and_every_way_leads_there():
    batch = make_batch("gpo/Courier-v0", 500)
    layouts = set()
    state: Any
    for state in batch.state:
        grid = state["grid"]
        layouts.add(grid.tobytes())
        reached = flooded(grid, int(state["y"]) * COLUMNS + int(state["x"]))
        assert reached.issuperset(state["station"].tolist())
        assert len(set(state["station"].tolist())) == STATIONS
        assert reached == set(np.flatnonzero(grid < SHELF).tolist())  # no place is walled in
        for k in range(STATIONS):
            check_ways(grid, state["way"][k], int(state["station"][k]), reached)
    assert len(layouts) > 450


def flooded(grid, start):
    """All cells that can be walked to, up, down and sideways."""
    reached, open_ = {start}, deque([start])
    while open_:
        cell = open_.popleft()
        for step in (-1, 1, -COLUMNS, COLUMNS):
            if grid[cell + step] < SHELF and cell + step not in reached:
                reached.add(cell + step)
                open_.append(cell + step)
    return reached


def check_ways(grid, way, station, cells):
    """From every cell one comes to the station, over free floor, never through a corner."""
    for start in cells:
        cell, steps = start, 0
        while way[cell] != HERE:
            across, down = int(ACROSS[way[cell]]), int(DOWN[way[cell]])
            assert grid[cell + across] < SHELF
            assert grid[cell + down * COLUMNS] < SHELF
            cell += across + down * COLUMNS
            steps += 1
            assert steps < CELLS
        assert cell == station


def test_the_same_racks_are_cells_and_boxes():
    for state in make_batch("gpo/Courier-v0", 100).state:
        grid = np.zeros((ROWS, COLUMNS), bool)
        for west, north, east, south in state["rack"][: int(state["racks"])]:
            grid[north:south, west:east] = True
        assert np.array_equal(grid.ravel(), state["grid"] == SHELF)


# ------------------------------------------------------------------ orders, terms, costs


def test_a_parcel_is_taken_and_given_where_it_should_and_slowly():
    hall = HallByHand()
    hall.order(0, 1)
    delivered = list(hall.batch.world.terms).index("delivered")
    for x, speed, taken in ((2.2, 0.0, False), (1.9, 0.9, False), (1.9, 0.0, True)):
        hall.robot(x, 1.5, speed=speed)
        hall.step(speed / TOP_SPEED)
        assert bool(hall.state["carries"]) == taken
    assert hall.batch.terms[0, 0, delivered] == 0
    hall.robot(1.5, 3.5)
    hall.step()
    assert hall.batch.terms[0, 0, delivered] == 1
    assert not hall.state["carries"]
    assert int(hall.state["order_from"]) != 1
    hall.step()
    assert hall.batch.terms[0, 0, delivered] == 0


def test_the_end_of_the_orders_terminates_and_the_end_of_time_truncates():
    for orders, horizon in ((1, 9), (0, 2)):
        hall = HallByHand(orders=orders, horizon=horizon)
        hall.order(0, 1, carries=True)
        hall.robot(1.5, 3.5)
        hall.step()
        assert bool(hall.batch.terminated[0]) == (orders == 1)
        hall.step()
        assert bool(hall.batch.truncated[0]) == (orders == 0)


def test_progress_sums_to_the_way_that_became_shorter():
    batch = make_batch("gpo/Courier-v0", 30, options={"horizon": 200}, restart=False)
    progress, random = list(batch.world.terms).index("progress"), np.random.default_rng(0)
    start = batch.state["to_go"] + batch.state["after"]
    total = np.zeros(30)
    for _ in range(200):
        batch.step(random.uniform(-0.2, 1, batch.actions.shape))
        total += batch.terms[:, 0, progress]
    assert np.allclose(total, start - batch.state["to_go"] - batch.state["after"], atol=1e-3)


def test_a_bump_costs_once_until_the_robot_has_let_go():
    hall = HallByHand()
    hall.robot(16.0, 5.5, speed=TOP_SPEED)
    costs = [hall.step(1.0)["collision"] for _ in range(20)]
    assert sum(costs) == 1
    assert costs.index(1) == 5  # 0.8 m to the wall at 0.16 m a tick: it would be in it in the 6th
    assert hall.place[0] == pytest.approx(17 - 0.2)
    for _ in range(10):
        assert hall.step(-0.5)["collision"] == 0
    assert sum(hall.step(1.0)["collision"] for _ in range(20)) == 1


def test_running_into_a_person_costs_and_being_run_into_does_not():
    hall = HallByHand(people=1)
    hall.person(0, 9.2, 5.5)
    hall.robot(8.5, 5.5, speed=1.0)
    assert sum(hall.step(1.0)["collision"] for _ in range(8)) == 1
    assert hall.gap() == pytest.approx(0, abs=1e-6)  # it stood where they met
    hall = HallByHand(people=1)
    hall.person(0, 9.3, 5.5, vx=-1.5, pace=1.5)
    hall.state["person_sees"] = 0
    touched = False
    for _ in range(12):
        hall.state["person_vx"][0] = -1.5
        assert hall.step(0.0, 0.3)["collision"] == 0
        touched |= hall.gap() < 0.01
    assert touched


@pytest.mark.parametrize(
    ("gap", "speed", "costs"), [(0.6, 0.36, 0), (0.45, 0.36, 1), (0.45, 0.24, 0), (0.2, 0.0, 0)]
)
def test_near_a_person_and_fast_is_too_close(gap, speed, costs):
    hall = HallByHand(people=1)
    hall.robot(8.5, 5.5, speed=speed)
    hall.person(0, 8.5 + speed * TICK, 5.5 + 0.45 + gap)
    assert hall.step(speed / TOP_SPEED)["too_close"] == costs


@pytest.mark.parametrize(("x", "speed", "costs"), [(8.4, 0.6, 1), (8.4, 0.48, 0), (6.4, 0.6, 0)])
def test_a_zone_costs_who_is_too_fast_in_it(x, speed, costs):
    hall = HallByHand()
    hall.mark((8, 10), (4, 8))
    hall.robot(x, 5.5, speed=speed)
    assert hall.step(speed / TOP_SPEED)["zone_speed"] == costs
    assert hall.batch.observation[0, 0, 73] == (x > 8)


def test_states_replay_with_everything_drawn_at_random():
    batch, other = (Batch(make_world("gpo/Courier-v0"), 8, seed=s, options=RANDOM) for s in (3, 4))
    random = np.random.default_rng(0)
    for t in range(60):
        if t == 20:
            other.state[:] = np.frombuffer(batch.state.tobytes(), batch.state.dtype)
        actions = wild(batch, random)
        batch.step(actions)
        other.step(actions)
        assert t < 20 or batch.state.tobytes() == other.state.tobytes()
        assert t < 20 or np.array_equal(batch.observation, other.observation)
    drawn = batch.state["drawn"]
    assert all(len(np.unique(drawn[:, k])) >= 3 for k in range(5))
    assert set(drawn[:, 3]) == {0.0, 1.0, 2.0}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delay", 3),
        ("delay", 0.5),
        ("slip", [0.2, 0.1]),
        ("noise", "much"),
        ("pace", [0, 1, 2]),
        ("orders", -1),
    ],
)
def test_an_option_that_makes_no_sense_gets_one_sentence(name, value):
    with pytest.raises(UserError, match=f"'{name}'"):
        make_batch("gpo/Courier-v0", options={name: value})


@pytest.mark.parametrize("params", [{"people": 9}, {"attentive": -1}, {"zone_limit": np.nan}])
def test_a_hall_that_cannot_be_is_refused(params):
    with pytest.raises(UserError, match=next(iter(params))):
        make_world("gpo/Courier-v0", **params)
