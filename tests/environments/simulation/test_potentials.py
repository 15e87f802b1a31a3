"""Potential terms: what they sum to, and that they cannot change which policy is best."""

from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import training.pipeline.refine_loop as refining
from environments.catalog import WORLDS, make_batch, make_world
from environments.simulation.batch import Batch
from environments.simulation.world import module_world
from environments.system.errors import UserError
from tests.environments.support import native_corridor as corridor
from tests.environments.support.short_games import some_actions
from training.ppo.settings import RefineSettings, RolloutSettings
from training.settings import discount as per_step

GAMMA = 0.8
POLICIES = np.array(list(product(range(3), repeat=4)))  # an action for each cell between the ends
WORLD = module_world("toy/Corridor", corridor, corridor.Params())
DEPTH = np.arange(6) + 0.25
SHAPED = {"found": 1.0, "hint": 1.0}


def sums(batch, gamma, choose):
    """Discounted sums of every walker's terms over one episode, [B, N, K], and the cells it began in."""
    total, start = np.zeros(batch.terms.shape), batch.state["cell"].copy()
    running = np.ones(batch.size, bool)
    for t in range(int(batch.state["horizon"].max())):
        batch.step(choose(batch, t))
        total[running] += gamma**t * batch.terms[running].astype(np.float64)
        running &= ~batch.ended
        if not running.any():
            return total, start
    raise AssertionError("a game went on after its horizon")


def by_policy(batch, t):
    """Game b follows policy b; the second walker stays where it is."""
    cells = np.clip(batch.state["cell"][:, 0] - 1, 0, 3)
    first = POLICIES[np.arange(batch.size), cells]
    return np.stack([first, np.ones_like(first)], axis=1)


def games(discount, horizon=60):
    return Batch(
        WORLD, len(POLICIES), options={"horizon": horizon}, restart=False, discount=discount
    )


def returns(total, weights):
    return sum(total[:, 0, list(WORLD.terms).index(name)] * w for name, w in weights.items())


@pytest.mark.parametrize("gamma", [1.0, GAMMA])
def test_a_potential_term_sums_to_what_was_gained_of_it(gamma):
    batch = Batch(WORLD, 200, seed=3, options={"horizon": 9}, restart=False, discount=gamma)
    actions, lasted = some_actions(batch, 9), np.full(200, 9)
    end, over = np.zeros((200, 2), int), np.zeros(200, bool)

    def watched(batch, t):
        if t:
            for b in np.flatnonzero((lasted == 9) & batch.ended):
                lasted[b], end[b], over[b] = t, batch.state["cell"][b], batch.terminated[b]
        return actions[t]

    total, start = sums(batch, gamma, watched)
    last = lasted == 9
    end[last], over[last] = batch.state["cell"][last], batch.terminated[last]
    assert over.any()
    assert not over.all()
    for name, phi in (("hint", corridor.HINT), ("depth", DEPTH)):
        kept = np.where(over, 0.0, gamma**lasted)[:, None]  # nothing follows a game that terminated
        found = total[:, :, list(WORLD.terms).index(name)]
        assert np.allclose(found, kept * phi[end] - phi[start], atol=1e-4)


def test_with_the_learners_discount_no_policy_gains_on_another():
    total, start = sums(games(GAMMA), GAMMA, by_policy)
    plain, shaped = returns(total, {"found": 1.0}), returns(total, SHAPED)
    assert np.ptp(plain) > 1
    assert np.allclose(shaped - plain, -corridor.HINT[start[0, 0]], atol=1e-3)
    order = np.argsort(plain)[plain[np.argsort(plain)] > 0]
    assert np.argmax(shaped.round(3)) == np.argmax(plain.round(3))
    assert (np.diff(shaped[order]) > -1e-3).all()


def test_with_another_discount_a_policy_gains_that_is_not_better():
    total, _ = sums(games(1.0), GAMMA, by_policy)
    plain, shaped = returns(total, {"found": 1.0}), returns(total, SHAPED)
    best = plain > plain.max() - 1e-6
    assert shaped[best].max() < shaped.max() - 1


def test_games_that_are_cut_off_keep_what_their_last_state_is_worth():
    batch = games(GAMMA, horizon=3)
    total, start = sums(batch, GAMMA, by_policy)
    walking = (batch.state["cell"][:, 0] > 0) & (batch.state["cell"][:, 0] < corridor.CELLS - 1)
    end, cut = batch.state["cell"], walking & batch.truncated
    assert cut.any()
    # A learner adds gamma^T V(end); shaped values are V - phi, so the two together must cancel.
    found = returns(total, {"hint": 1.0})[cut] - GAMMA**3 * corridor.HINT[end[cut, 0]]
    assert np.allclose(found, -corridor.HINT[start[cut, 0]], atol=1e-4)


def test_a_state_alone_replays_with_its_potentials():
    batch, other = (Batch(WORLD, 6, seed=s, discount=GAMMA) for s in (1, 99))
    actions = some_actions(batch, 60)
    for action in actions[:7]:
        batch.step(action)
    other.state[:] = np.frombuffer(batch.state.tobytes(), batch.state.dtype)
    for action in actions[7:]:
        batch.step(action)
        other.step(action)
        assert batch.terms.tobytes() == other.terms.tobytes()


def test_a_world_says_which_of_its_terms_are_potentials():
    assert WORLD.potentials == corridor.POTENTIALS
    assert WORLD.describe()["potentials"] == ["hint", "depth"]
    assert "potentials" not in make_world("gpo/Kitchen-v0").describe()


@pytest.mark.parametrize("world_id", WORLDS)
def test_what_a_world_is_judged_by_is_no_potential(world_id):
    world = make_world(world_id)
    assert set(world.potentials) <= set(world.terms) - {world.north_star}
    assert bool(world.potentials) == hasattr(world.module, "potential_one")


@pytest.mark.parametrize("discount", [-0.1, 1.1, np.nan])
def test_a_discount_that_is_none_is_refused(discount):
    with pytest.raises(UserError, match="from 0 to 1"):
        make_batch("gpo/Balance-v0", discount=discount)


def test_refining_hands_its_own_discount_to_the_games(monkeypatch, tmp_path):
    class Stop(Exception):
        """Enough seen."""

    given: dict[str, Any] = {}

    def caught(world, games, **keywords):
        given.update(keywords)
        raise Stop

    monkeypatch.setattr(refining, "make_batch", caught)
    settings = RefineSettings(rollout=RolloutSettings(half_life=2.0))
    rest: Any = SimpleNamespace(memory=0)
    reward = refining.RewardSchedule({}, (), 1.0)
    with pytest.raises(Stop):
        refining.refine(refining.RefineInputs(WORLD, rest, reward, tmp_path, 0), settings, rest)
    assert given["discount"] == per_step(2.0, WORLD.tick)
