"""Cover, shots and sight of the duel against slow but plain answers; half a turn; what one cannot know."""

from fractions import Fraction

import numpy as np
import pytest

from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.worlds.duel import observation as view
from environments.worlds.duel.arena import clear
from environments.worlds.duel.constants import COMPASS, RAYS
from environments.worlds.duel.projectiles import meets
from tests.environments.support.duel_by_hand import FIRE, STILL, WORLD, Duel, cells_of, rows_of
from tests.environments.support.short_games import some_actions

OPPOSITE = np.array([0, 5, 6, 7, 8, 1, 2, 3, 4])  # of the moves, under half a turn


# ------------------------------------------------------------------ cover


def crosses(cell, start, end):
    """Whether a segment goes through the inside of a cell, in fractions, so without rounding."""
    first, last = Fraction(0), Fraction(1)
    for low, a, b in zip(cell, start, end, strict=True):
        a, b = Fraction(float(a)), Fraction(float(b))
        if a == b:
            if not low < a < low + 1:
                return False
            continue
        ends = sorted([(int(low) - a) / (b - a), (int(low) + 1 - a) / (b - a)])
        first, last = max(first, ends[0]), min(last, ends[1])
    return first < last


def test_cover_blocks_the_line_of_sight_exactly():
    batch = Batch(make_world(WORLD), 6)
    random = np.random.default_rng(1)
    blocked = 0
    for state in batch.state:
        cells = cells_of(state["rows"])
        for _ in range(150):
            start, end = random.uniform(-9.9, 9.9, (2, 2)).astype(np.float32).astype(np.float64)
            if any(((cell < start) & (start < cell + 1)).all() for cell in cells):
                continue  # nobody stands in cover
            expected = not any(crosses(cell, start, end) for cell in cells)
            assert clear(state["rows"], *start, *end) == expected
            blocked += not expected
    assert 100 < blocked < 800


def test_a_thin_corner_blocks_and_beside_it_is_free():
    rows = rows_of(((0, 0),))
    assert not clear(rows, -1.0, 1.02, 1.02, -1.0)  # 2 cm of the lower left corner are in the way
    assert clear(rows, -1.0, 0.98, 0.98, -1.0)


@pytest.mark.parametrize("speed", [16.0, 200.0])
def test_no_shot_goes_through_cover_or_through_a_fighter(speed):
    behind = Duel(cells=((0, -1), (0, 0)), shot_speed=speed)
    found = behind.shoot()
    assert (found["wasted_shot"], found["damage_dealt"]) == ([1, 0], [0, 0])
    for y in np.linspace(-0.6, 0.6, 24):
        duel = Duel(shot_speed=speed)
        duel.stand(1, 4, y)
        assert duel.shoot()["damage_dealt"][0] == (0.25 if abs(y) < 0.4 else 0)


@pytest.mark.parametrize(("side", "first"), [(1, 0), (-1, 1)])
def test_a_shot_whose_tick_ends_on_the_face_of_cover_goes_no_further(side, first):
    duel = Duel(cells=((0, 0),) if side > 0 else ((-1, 0),))  # 0.8 m a tick from 4 m: five ticks
    duel.stand(first, -4 * side, 0.5, 0.0 if side > 0 else 180.0)
    duel.stand(1 - first, 4 * side, 0.5)
    actions = (FIRE, STILL) if first == 0 else (STILL, FIRE)
    duel.step(*actions)
    assert duel.sums(30)["wasted_shot"][first] == 1
    assert duel.state["shot"][first, 0][0] == pytest.approx(0, abs=1e-5)


def test_a_shot_meets_who_moves_across_it_when_a_thousand_small_steps_say_so():
    random = np.random.default_rng(2)
    times = np.linspace(0, 1, 4001)
    met = 0
    for _ in range(2000):
        x, y = random.uniform(-2, 2, 2)
        dx, dy = random.uniform(-3, 3, 2)
        away = np.hypot(x + times * dx, y + times * dy)
        when = meets(x, y, dx, dy, 0.4)
        inside = np.flatnonzero(away <= 0.4)
        if len(inside):
            assert when == pytest.approx(times[inside[0]], abs=1e-3)
            met += 1
        elif away.min() > 0.4001:
            assert when > 1
    assert met > 200


def test_a_dashing_fighter_is_hit_where_paths_cross_within_a_tick():
    duel = Duel(shot_speed=200.0)  # 10 m a tick, and the other dashes through the line meanwhile
    duel.stand(0, -4, 0)
    duel.stand(1, 1, -0.55)
    duel.state["velocity"][1] = 0, 12
    duel.state["dashing"][1], duel.state["dash_way"][1] = 3, (0, 1)
    assert duel.step(FIRE, STILL)["damage_taken"][1] == 0.25


# ------------------------------------------------------------------ half a turn


def turned(state):
    """The same game after half a turn, with the seats swapped."""
    other = state.copy()
    both = ["position", "velocity", "heading", "dash_way", "hurt_from"]
    both += ["shot", "shot_velocity", "seen_position", "seen_velocity", "seen_heading"]
    swapped = ["health", "magazine", "reserve", "cooldown", "reloading", "dashing", "dash_wait"]
    swapped += ["hurt", "down", "shield", "back", "spawn", "knockouts", "shot_flying", "shot_near"]
    swapped += ["sees", "seen_age", "seen_health", "seen_reloading", "seen_shield"]
    for name in both:
        other[name] = -state[name][:, ::-1]
    for name in swapped:
        other[name] = state[name][:, ::-1]
    for name in ("walker", "walker_velocity", "walker_goal", "walker_sign", "pad"):
        other[name] = -state[name]
    return other


def turned_view(seen):
    """What the other one sees after half a turn: [B, 2, O]."""
    out = seen[:, ::-1].copy()
    for at in (view.OWN, view.OWN + 2, view.OWN + 4, view.OWN + 18):
        out[..., at : at + 2] *= -1
    for at in (3, 10, 12):
        out[..., view.OTHER + at : view.OTHER + at + 2] *= -1
    rays = out[..., view.RAY : view.RAY + 3 * RAYS].reshape(*out.shape[:2], 3, RAYS)
    out[..., view.RAY : view.RAY + 3 * RAYS] = np.roll(rays, RAYS // 2, axis=-1).reshape(
        *out.shape[:2], -1
    )
    for k in range(view.SHOTS_SEEN):
        out[..., view.SHOT + 6 * k + 1 : view.SHOT + 6 * k + 5] *= -1
    for k in range(4):
        out[..., view.PAD + 4 * k : view.PAD + 4 * k + 2] *= -1
    for k in range(view.BYSTANDERS_SEEN):
        out[..., view.BYSTANDER + 5 * k + 1 : view.BYSTANDER + 5 * k + 5] *= -1
    return out


def test_arenas_are_their_own_image_and_differ_by_seed():
    states = Batch(make_world(WORLD), 200).state
    for state in states:
        cells = {tuple(cell) for cell in cells_of(state["rows"]).tolist()}
        assert cells == {(-1 - x, -1 - y) for x, y in cells}
        assert (state["pad"][::2] == -state["pad"][1::2]).all()
    assert len({state["rows"].tobytes() for state in states}) > 195


def test_half_a_turn_and_swapped_seats_change_nothing_to_the_last_bit():
    world = make_world(WORLD)
    one, other = (Batch(world, 64, seed=4, restart=False) for _ in range(2))
    other.state[:] = turned(one.state)
    other.observe()
    hits = downs = 0
    for actions in some_actions(one, 500, seed=5):
        bearing = one.observation[..., view.OTHER + 7]
        actions[..., 1] = np.where(bearing > 0.1, 4, np.where(bearing < -0.1, 8, 0))
        mirrored = actions[:, ::-1].copy()
        mirrored[..., 0] = OPPOSITE[mirrored[..., 0]]
        one.step(actions)
        other.step(mirrored)
        expected = turned(one.state)
        for name in world.state_dtype.names or ():
            assert np.array_equal(other.state[name], expected[name]), name
        assert np.array_equal(other.terms, one.terms[:, ::-1])
        assert np.array_equal(other.costs, one.costs[:, ::-1])
        assert np.allclose(other.observation, turned_view(one.observation), atol=1e-5)
        assert not (one.state["position"] % 1 == 0).any()  # a ray along a seam has but one side
        hits += int((one.terms[..., 1] > 0).sum())
        downs += int((one.state["down"] > 0).sum())
    assert hits > 100
    assert downs > 100


# ------------------------------------------------------------------ what can be known


def test_the_other_out_of_sight_changes_nothing_that_one_sees():
    wall = tuple((0, y) for y in range(-10, 10))
    views, nexts = [], []
    for hidden in range(2):
        duel = Duel(cells=wall)
        duel.step()
        if hidden:
            state = duel.state
            duel.stand(1, 7, 5, 45.0)
            for name in ("health", "magazine", "reserve"):
                state[name][1] = 1
            for name in ("cooldown", "reloading", "dashing", "dash_wait", "hurt", "shield"):
                state[name][1] = 3
            state["shot_flying"][1, 0], state["shot"][1, 0] = 1, (5, 0)
            state["shot_velocity"][1, 0] = 0, 16
        views.append(duel.see())
        duel.step()
        nexts.append(duel.see())
    assert np.array_equal(views[0], views[1])
    assert np.array_equal(nexts[0], nexts[1])


def test_who_goes_out_of_sight_is_remembered_where_it_was():
    duel = Duel(cells=((0, -1), (0, 0)))
    duel.stand(1, 4, 3)
    duel.step()
    there = view.OTHER + 3
    seen = duel.see()
    assert seen[view.OTHER : view.OTHER + 3].tolist() == [1, 1, 0]
    assert seen[there : there + 2] == pytest.approx([0.8, 0.3], abs=1e-4)
    duel.stand(1, 4, 0)
    duel.sums(7)
    seen = duel.see()
    assert seen[view.OTHER : view.OTHER + 3].tolist() == pytest.approx([0, 1, 0.07])
    assert seen[there : there + 2] == pytest.approx([0.8, 0.3], abs=1e-4)
    duel.state["health"][1] = 1  # what happened to it since then is not known
    assert duel.see()[view.OTHER + 14] == 1


def test_of_who_was_knocked_out_nothing_is_known_any_more():
    duel = Duel()
    duel.state["health"][1] = 1
    duel.step(FIRE)
    while duel.state["down"][1] == 0:
        duel.step()
    seen = duel.see()
    assert not seen[view.OTHER : view.RAY].any()


def test_rays_measure_cover_and_say_what_they_meet():
    duel = Duel(cells=((0, 0),))
    duel.stand(0, -4, 0.5)
    duel.stand(1, -4, 6.5)
    duel.bystander(0, -7, 0.5)
    duel.step()
    rays = duel.see()[view.RAY : view.SHOT].reshape(3, RAYS)
    east, north, west, south = 0, RAYS // 4, RAYS // 2, 3 * RAYS // 4
    assert rays[:, east].tolist() == pytest.approx([0.4, 0, 0], abs=1e-4)
    assert rays[:, north].tolist() == pytest.approx([0.56, 1, 0], abs=1e-4)
    assert rays[:, west].tolist() == pytest.approx([0.27, 0, 1], abs=1e-4)
    assert rays[:, south].tolist() == pytest.approx([1.05, 0, 0], abs=1e-4)
    assert np.allclose(np.hypot(COMPASS[:, 0], COMPASS[:, 1]), 1)


def test_shots_and_bystanders_behind_cover_are_not_seen():
    duel = Duel(cells=((-2, -1), (-2, 0)))
    duel.bystander(0, 1, 0)
    duel.state["shot_flying"][1, 0], duel.state["shot"][1, 0] = 1, (3, 0)
    seen = duel.see()
    assert seen[view.SHOT] == 0
    assert [0.5, 0.0] not in bystanders(seen)
    duel.stand(0, -4, 6)
    seen = duel.see()
    assert pytest.approx([0.5, -0.6]) in bystanders(seen)
    assert seen[view.SHOT] == 1
    assert seen[view.SHOT + 1 : view.SHOT + 3] == pytest.approx([0.7, -0.6])


def bystanders(seen):
    """Where those are that are seen, as they are shown."""
    each = seen[view.BYSTANDER : view.TIME].reshape(-1, 5)
    return each[each[:, 0] > 0, 1:3].tolist()


def test_a_shot_that_will_hit_passes_at_no_distance():
    duel = Duel()
    duel.step(STILL, FIRE)
    seen = duel.see()
    assert seen[view.SHOT + 3 : view.SHOT + 6] == pytest.approx([-1, 0, 0], abs=2e-4)
