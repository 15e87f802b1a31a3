"""What the courier's robot measures, and how the people around it walk."""

import math

import numpy as np
import pytest

from environments.catalog import make_batch
from environments.worlds.courier.constants import (
    COLUMNS,
    PERSON,
    PERSON_SPEED,
    RAYS,
    REACH,
    ROWS,
    SHELF,
    STATIONS,
    TICK,
)
from tests.environments.support.courier_by_hand import HallByHand

FAR = np.arange(0, REACH + 0.002, 0.002)  # m along a ray


# ------------------------------------------------------------------ the lidar


def test_an_exact_lidar_sees_walls_racks_and_people_where_they_are():
    hall = HallByHand(people=1)
    hall.mark((11, 13), (4, 8), SHELF)
    hall.person(0, 8.5, 7.5)
    hall.robot(8.5, 5.5)
    hall.step()
    seen, vest = hall.state["scan"], hall.state["vest"]
    assert seen[0] == pytest.approx(2.5, abs=1e-5)  # the rack's near side
    assert seen[8] == pytest.approx(2.0 - PERSON, abs=1e-5)  # to the right, which is down
    assert seen[24] == pytest.approx(4.5, abs=1e-5)  # up to the wall
    assert seen[16] == REACH  # the wall behind is 7.5 m away
    assert seen[4] == pytest.approx(2.5 * math.sqrt(2), abs=1e-5)  # the rack's lower corner
    assert np.flatnonzero(vest).tolist() == [8]


def test_rays_end_where_a_fine_walk_along_them_ends():
    batch = make_batch("gpo/Courier-v0", 12, seed=5, options={"noise": 0, "dropout": 0})
    random = np.random.default_rng(0)
    for _ in range(60):
        batch.step(random.uniform(-0.5, 1, batch.actions.shape))
    grazed = 0
    for state in batch.state:
        for k in range(RAYS):
            stops, person = walked(state, float(state["heading"]) + k * math.tau / RAYS)
            first = stops.argmax() if stops.any() else len(stops) - 1
            if stops.any() and stops[first : first + 20].sum() < 20:
                grazed += 1  # it crosses less than 4 cm: here the fine walk is no judge
                continue
            assert state["scan"][k] == pytest.approx(FAR[first], abs=0.003)
            assert bool(state["vest"][k]) == bool(person[first])
    assert grazed < 0.03 * 12 * RAYS


def walked(state, angle):
    """What a point that walks along a ray is inside of: anything, a person."""
    x, y = state["x"] + FAR * math.cos(angle), state["y"] + FAR * math.sin(angle)
    column = np.clip(x, 0, COLUMNS - 1).astype(int)
    row = np.clip(y, 0, ROWS - 1).astype(int)
    person = np.zeros(len(FAR), bool)
    for p in range(5):
        person |= np.hypot(x - state["person_x"][p], y - state["person_y"][p]) < PERSON
    return person | (state["grid"][row * COLUMNS + column] >= SHELF), person


@pytest.mark.parametrize(("noise", "dropout"), [(0.02, 0.02), (0.1, 0.3), (0.0, 0.5)])
def test_noise_and_dropout_are_as_asked_for(noise, dropout):
    options = {"pace": 0.0, "noise": noise, "dropout": dropout}
    batch = make_batch("gpo/Courier-v0", 40, seed=2, options=options, people=0)
    exact = make_batch("gpo/Courier-v0", 40, seed=2, people=0, options={"noise": 0, "dropout": 0})
    errors, lost, rays = [], 0, 0
    for _ in range(50):
        batch.step(np.zeros_like(batch.actions))
        truth, seen = exact.state["scan"], batch.state["scan"]
        inside = (truth > 0.4) & (truth < REACH - 0.5)
        gone = inside & (seen == REACH)
        lost, rays = lost + gone.sum(), rays + inside.sum()
        errors.append((seen - truth)[inside & ~gone])
    found = np.concatenate(errors)
    assert lost / rays == pytest.approx(dropout, abs=0.01)
    assert found.std() == pytest.approx(noise, rel=0.03, abs=1e-6)
    assert abs(found.mean()) < 0.002 + noise / 50


# ------------------------------------------------------------------ people


def test_people_keep_off_each_other_and_are_no_faster_than_people():
    batch = make_batch("gpo/Courier-v0", 32, people=8)
    near, fast, walked = [], 0.0, 0.0
    for _ in range(600):
        before = np.stack([batch.state["person_x"], batch.state["person_y"]])
        batch.step(np.zeros_like(batch.actions))
        after = np.stack([batch.state["person_x"], batch.state["person_y"]])
        step = np.hypot(*(after - before))
        fast, walked = max(fast, step.max()), walked + step.sum()
        away = np.hypot(*(after[:, :, :, None] - after[:, :, None, :]))
        near.append(away[:, ~np.eye(8, dtype=bool)].min(1))
    assert fast <= PERSON_SPEED * TICK + 1e-9
    assert walked / (600 * 32 * 8 * TICK) > 0.4  # m/s: nobody is stuck for long
    assert np.min(near) > 2 * PERSON - 0.02
    assert np.quantile(near, 0.01) > 2 * PERSON  # they hardly ever touch


def test_two_who_meet_pass_each_other():
    hall = HallByHand(people=2)
    hall.stations([(1, 5), (16, 5), (1, 1), (1, 10), (16, 1), (16, 10)])
    hall.robot(8.5, 9.5)
    for p, x in ((0, 5.5), (1, 12.5)):
        hall.person(p, x, 5.5, pace=1.2)
        hall.state["person_to"][p], hall.state["person_wait"][p] = 1 - p, 0
    closest = 9.0
    for _ in range(70):
        hall.step()
        dx = float(hall.state["person_x"][1] - hall.state["person_x"][0])
        closest = min(closest, math.hypot(dx, float(np.diff(hall.state["person_y"][:2])[0])))
    assert dx < -3
    assert closest > 2 * PERSON


@pytest.mark.parametrize(
    ("sees", "stands", "touched"), [(1, False, False), (0, False, True), (0, True, False)]
)
def test_who_does_not_look_gives_way_only_to_a_robot_that_stands(sees, stands, touched):
    hall = HallByHand(people=1)
    hall.stations([(16, 5)] * STATIONS)
    hall.robot(9.0, 5.5)
    hall.person(0, 6.0, 5.6, pace=1.2)
    hall.state["person_wait"], hall.state["person_sees"] = 0, sees
    nearest = 9.0
    for t in range(40):
        hall.step(0.0 if stands else 0.25 * (-1) ** (t // 4))
        nearest = min(nearest, hall.gap())
    assert (nearest < 0.03) == touched
