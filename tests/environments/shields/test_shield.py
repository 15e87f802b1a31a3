"""The shield: behind it the robot runs into nothing, and what is safe goes through."""

from typing import Any

import gymnasium
import numpy as np
import pytest

from agents.lookup import resolve_player
from environments.catalog import make_batch
from environments.shields.shield import Shield, offers_shield
from environments.simulation.seating import Seating
from environments.system.errors import UserError
from environments.worlds.courier.constants import PERSON_SPEED, TOUCH
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.courier_by_hand import HallByHand
from tests.environments.support.short_games import HORIZON, short_batch, some_actions

ROUGH = {
    "slip": [0.0, 0.1],
    "noise": [0.0, 0.1],
    "dropout": [0, 0.2],
    "delay": [0, 2],
    "pace": [0.6, 1.4],
}


class Throttle:
    """Full speed ahead, or backwards, and a turn that it holds for a while."""

    def __init__(self, size, seed):
        self.random, self.size = np.random.default_rng(seed), size
        self.held = np.zeros((size, 1, 2), np.float32)

    def __call__(self):
        new = self.random.random(self.size) < 0.1
        ahead = np.where(self.random.random(self.size) < 0.85, 1.0, -1.0)
        turn = self.random.uniform(-1, 1, self.size) ** 3
        self.held[new, 0, 0], self.held[new, 0, 1] = ahead[new], turn[new]
        return self.held


class Chaser:
    """The scripted driver who tries to run into people."""

    def __init__(self, batch):
        self.batch, self.player = batch, resolve_player("chaser", batch.world)

    def __call__(self):
        return self.player.predict(self.batch.observation[:, 0])[0][:, None]


def driven(batch, driver, steps):
    """Sums of the costs of all games by name; steps in which the shield acted."""
    costs, acted = np.zeros(len(batch.world.costs)), 0
    for _ in range(steps):
        batch.step(driver())
        costs += batch.costs[:, 0].sum(0)
        acted += int(getattr(batch, "intervened", np.zeros(1)).sum())
    return dict(zip(batch.world.costs, costs.tolist(), strict=True)), acted


@pytest.mark.parametrize("options", [{}, ROUGH], ids=["plain", "rough"])
@pytest.mark.parametrize("who", ["throttle", "chaser"])
def test_behind_the_shield_no_driver_runs_into_anything_and_hardly_any_is_too_close(who, options):
    found = {}
    for shield in (False, True):
        batch = make_batch("gpo/Courier-v0", 128, seed=9, options=options, shield=shield, people=8)
        driver = Throttle(128, 0) if who == "throttle" else Chaser(batch)
        found[shield] = driven(batch, driver, 1200)
    without, _ = found[False]
    costs, acted = found[True]
    assert without["collision"] > 500
    assert without["too_close"] > 500
    assert costs["collision"] == 0
    assert costs["too_close"] < 0.01 * without["too_close"]  # people may turn round
    assert costs["zone_speed"] < 0.001 * without["zone_speed"]
    assert acted > 1000


def who_tries_to_collide(games, episodes):
    """Costs of so many episodes of the chaser in each game, without the shield and behind it."""
    found = []
    for shield in (False, True):
        batch = make_batch("gpo/Courier-v0", games, seed=77, shield=shield)
        costs, _ = driven(batch, Chaser(batch), episodes * 1200)
        assert (batch.state["episode"] == episodes).all()
        found.append(costs)
    return found


@pytest.mark.parametrize(
    ("games", "episodes"), [(100, 1), pytest.param(1000, 3, marks=pytest.mark.slow)]
)
def test_no_collision_in_any_episode_of_who_tries_to_collide(games, episodes):
    without, behind = who_tries_to_collide(games, episodes)
    assert without["collision"] > 5 * games * episodes
    assert behind["collision"] == 0
    assert behind["zone_speed"] < 0.001 * without["zone_speed"]
    assert behind["too_close"] < 0.01 * without["too_close"]


def test_behind_the_shield_one_still_gets_about():
    batch = make_batch("gpo/Courier-v0", 64, shield=True)
    driver, way = Throttle(64, 0), 0.0
    for _ in range(600):
        before = np.stack([batch.state["x"], batch.state["y"]])
        batch.step(driver())
        way += np.hypot(*(np.stack([batch.state["x"], batch.state["y"]]) - before)).sum()
    assert way / (64 * 60) > 0.3  # m/s


def test_what_is_safe_goes_through_untouched():
    hall = HallByHand(people=1, shield=True)
    for forward, turn in ((1.0, 0.2), (0.5, -1.0), (-1.0, 0.0), (0.0, 1.0)):
        hall.step(forward, turn)
        assert hall.batch.actions[0, 0] == pytest.approx([forward, turn])
        assert not hall.batch.intervened.any()
    assert hall.batch.interventions.sum() == 0


def test_before_a_wall_it_slows_down_on_the_same_curve_and_stops_short():
    hall = HallByHand(shield=True)
    hall.robot(14.0, 5.5)
    acted = 0
    for _ in range(40):
        hall.step(1.0, 0.1)
        ahead, turn = hall.batch.actions[0, 0]
        acted += int(hall.batch.intervened[0, 0])
        assert ahead == 0 or turn / ahead == pytest.approx(0.1, rel=1e-5)
        assert hall.batch.requested[0, 0] == pytest.approx([1.0, 0.1])
    assert acted == hall.batch.interventions[0, 0] > 10
    assert 16.6 < hall.place[0] <= 16.75 + 1e-9
    for _ in range(10):
        hall.step(-1.0)
    assert hall.place[0] < 16.45  # it may leave


def test_a_person_who_comes_at_full_speed_meets_a_robot_that_stands():
    hall = HallByHand(people=1, shield=True)
    hall.robot(5.5, 5.5)
    hall.person(0, 14.0, 5.5, pace=PERSON_SPEED / 1.3)
    hall.state["person_sees"] = 0
    while hall.gap() > 0.01:
        hall.state["person_vx"][0], hall.state["person_vy"][0] = -PERSON_SPEED, 0.0
        before = hall.place
        costs = hall.step(1.0)
        assert costs["collision"] == costs["too_close"] == 0
    assert before[0] == pytest.approx(hall.place[0])
    assert hall.place[0] > 6.5  # it had driven until then


def test_interventions_are_counted_anew_in_each_episode():
    batch = short_batch_shielded(16)
    count = np.zeros((16, 1), int)
    for action in some_actions(batch, 3 * HORIZON):
        action[..., 0] = 1.0
        batch.step(action)
        count += batch.intervened
        assert np.array_equal(batch.interventions, count)
        count[batch.ended] = 0
    assert batch.state["episode"].min() >= 2


def short_batch_shielded(size) -> Any:
    return make_batch("gpo/Courier-v0", size, options={"horizon": HORIZON}, shield=True)


def test_every_face_plays_behind_it():
    single: Any = gymnasium.make("gpo/Courier-v0", shield=True)
    vector = gymnasium.make_vec("gpo/Courier-v0", 4, shield=True)
    face = Sb3VecEnv(Seating(make_batch("gpo/Courier-v0", 4, shield=True)))
    for env in (single, vector, face):
        env.reset()
    for _ in range(200):
        for env, count in ((single, None), (vector, 4), (face, 4)):
            action = np.array([1.0, 0.0], np.float32)
            env.step(action if count is None else np.tile(action, (4, 1)))
    assert single.unwrapped.seating.batch.interventions.sum() > 0
    assert (face.seating.batch.state["touches"] == 0).all()


def test_a_state_that_others_own_can_be_shielded_too():
    batch = make_batch("gpo/Courier-v0", 5, seed=1)
    requested = np.tile(np.array([1.0, 0.0], np.float32), (5, 1, 1))
    shield, applied = Shield(batch.world), np.zeros_like(requested)
    changed = np.zeros(5, bool)
    for _ in range(150):
        shield(batch.state, requested, applied)
        changed |= (applied != requested).any((1, 2))
        batch.step(applied)
        assert not batch.costs[:, 0, :2].any()
    assert changed.all()


def test_without_an_act_of_it_the_game_is_the_same():
    plain, behind = short_batch("gpo/Courier-v0", 4), short_batch_shielded(4)
    for action in some_actions(plain, 15) * np.float32(0.1):
        plain.step(action)
        behind.step(action)
        if behind.intervened.any():
            break
        assert plain.state.tobytes() == behind.state.tobytes()
        assert np.array_equal(plain.reward, behind.reward)


def test_a_world_without_a_shield_says_so():
    assert not offers_shield(make_batch("gpo/Balance-v0").world)
    with pytest.raises(UserError, match="has no shield"):
        make_batch("gpo/Balance-v0", shield=True)
    with pytest.raises(UserError, match="has no shield"):
        make_batch("CartPole-v1", shield=True)


def test_too_near_to_be_safe_it_stands():
    hall = HallByHand(people=1, shield=True)
    hall.person(0, 8.5 + TOUCH + 0.1, 5.5)
    hall.step(1.0)
    assert hall.batch.actions[0, 0].tolist() == [0.0, 0.0]
    assert hall.batch.intervened[0, 0]
