"""Reward sources: columns of a whole rollout, weighted and added to its reward exactly once."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_batch
from environments.simulation.reward_source import (
    RolloutRewards,
    TermReward,
    Transitions,
    weight_vector,
)
from environments.simulation.seating import Seating
from environments.system.errors import UserError
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.toy_sources import MovedDistance, TableOfTerms

STEPS, GAMES = 12, 3


def rollout(sources, seed=0, scale=1.0, weights=None, horizon=5):
    """A rollout of Balance with random actions: what was recorded, and the rewards before and after."""
    batch = make_batch("gpo/Balance-v0", GAMES, weights=weights, options={"horizon": horizon})
    env = Sb3VecEnv(Seating(batch))
    rewards = RolloutRewards(sources)
    env.seed(seed)
    rewards.begin(env, STEPS)
    random = np.random.default_rng(seed)
    kept: dict[str, list[Any]] = {
        name: [] for name in ("observations", "actions", "rewards", "dones", "finals")
    }
    seen = env.reset()
    for t in range(STEPS):
        actions = random.integers(0, 2, GAMES)
        kept["observations"].append(seen)
        env.step_async(actions)
        seen, given, dones, infos = env.step_wait()
        rewards.write(t, dones, infos)
        kept["actions"].append(actions)
        kept["rewards"].append(given)
        kept["dones"].append(dones)
        kept["finals"].append([info.get("terminal_observation") for info in infos])
    before = np.array(kept["rewards"], np.float32) * np.float32(scale)
    after = before.copy()
    observations, actions = np.array(kept["observations"]), np.array(kept["actions"])
    rewards.add_to(after, observations, actions, seen, scale)
    return SimpleNamespace(
        rewards=rewards, before=before, after=after, observations=observations, last=seen,
        dones=np.array(kept["dones"]), finals=kept["finals"],
    )  # fmt: skip


def test_without_sources_nothing_is_recorded_and_nothing_changes():
    played = rollout(())
    assert played.after.tobytes() == played.before.tobytes()
    assert played.rewards.means == {}
    assert not hasattr(played.rewards, "_terms")


def test_the_next_observation_is_the_final_one_where_an_episode_ended():
    source = MovedDistance(weight=1.0)
    played = rollout([source])
    assert source.asked == 1  # once for the whole rollout
    steps = source.last
    assert played.dones.any()
    assert not played.dones.all()
    for t in range(STEPS):
        for b in range(GAMES):
            then = played.observations[t + 1, b] if t + 1 < STEPS else played.last[b]
            if played.dones[t, b]:
                final = played.finals[t][b]
                assert (steps.next_observations[t, b] == final).all()
                assert (final != then).any()  # the next episode began elsewhere
            else:
                assert (steps.next_observations[t, b] == then).all()
    assert (steps.dones == played.dones).all()


@pytest.mark.parametrize("weight", [-2.0, 0.0, 0.25])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_the_reward_changes_by_weight_times_column(weight, scale):
    source = MovedDistance(weight=weight)
    played = rollout([source], scale=scale)
    column = source.given[:, :, 0]
    wanted = played.before.copy()
    wanted += weight * column * scale
    assert played.after.tobytes() == wanted.tobytes()
    assert (played.after.tobytes() == played.before.tobytes()) == (weight == 0)
    assert played.rewards.means == {"moved": pytest.approx(float(column.mean()))}


def test_the_table_of_terms_is_a_source_and_gives_the_reward_of_the_batch():
    weights = {"balanced": 1.0, "centred": 0.5}
    source = TableOfTerms(weights)
    played = rollout([source], weights=weights)
    assert np.allclose(played.after, 2 * played.before)
    names = ["balanced", "centred"]
    assert (source.table.columns(source.last) == source.last.terms).all()
    assert source.last.terms.shape == (STEPS, GAMES, len(names))
    assert set(played.rewards.means) == {"again_balanced", "again_centred"}


def test_a_batch_weighs_its_terms_by_their_source():
    batch = make_batch("gpo/Balance-v0", 2, weights={"centred": 2.0})
    assert batch.weights is batch.term_reward.weights
    assert batch.term_reward.names == tuple(batch.world.terms)
    batch.step(batch.actions)
    assert (batch.reward == 2 * batch.terms[:, :, 1]).all()
    batch.weights[:] = 0  # as a fading reward does
    batch.step(batch.actions)
    assert not batch.reward.any()
    steps = Transitions(*(np.zeros((1, 2)),) * 3, np.ones((1, 2, 2)), np.zeros((1, 2)))
    assert (batch.term_reward.columns(steps) == 1).all()


@pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_number_is_refused(weight):
    with pytest.raises(UserError, match="give a finite number"):
        weight_vector(["a"], {"a": weight})


@pytest.mark.parametrize("weight", [0.0, -0.0, np.finfo(np.float64).max, -1e-300])
def test_any_finite_weight_is_taken(weight):
    assert weight_vector(["a", "b"], {"b": weight}).tolist() == [0.0, weight]


def test_an_unknown_weight_names_what_was_meant():
    with pytest.raises(UserError, match="did you mean 'balanced'"):
        TermReward(["balanced"], {"balancd": 1.0})
    with pytest.raises(UserError, match="it has balanced"):
        TermReward(["balanced"], {"x": 1.0})


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(UserError, match="called 'moved'"):
        RolloutRewards([MovedDistance(1.0), MovedDistance(2.0)])
    named_like_a_term = MovedDistance(1.0, name="balanced")
    with pytest.raises(UserError, match="called 'balanced'"):
        rollout([named_like_a_term])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda column: column[:-1], r"gave \[11, 3, 1\], not \[12, 3, 1\]"),
        (lambda column: column[..., 0], r"gave \[12, 3\], not \[12, 3, 1\]"),
        (lambda column: column * np.nan, "not finite"),
        (lambda column: column + np.inf, "not finite"),
    ],
)
def test_columns_that_do_not_fit_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        rollout([MovedDistance(1.0, change=change)])


def test_environments_of_others_have_no_terms():
    env = SimpleNamespace(num_envs=2)
    source = MovedDistance(1.0)
    rewards = RolloutRewards([source])
    rewards.begin(env, 1)
    rewards.write(0, np.array([True, False]), [{"terminal_observation": np.full(4, 7.0)}, {}])
    after = np.zeros((1, 2), np.float32)
    rewards.add_to(after, np.zeros((1, 2, 4)), np.zeros((1, 2)), np.ones((2, 4)))
    assert source.last.terms.shape == (1, 2, 0)
    assert after.tolist() == [[-14.0, -2.0]]
