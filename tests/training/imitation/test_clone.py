"""Cloning: it learns what was done, judges itself on other matches, and knows what play earned."""

import re
from itertools import combinations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from pydantic import ValidationError

from agents.files.encoder_file import load_encoder, save_encoder
from agents.networks.encoder import encoder_weights
from agents.networks.policy import build_policy
from environments.system.errors import UserError
from tests.training.support.toys import SIGHT, toy_arrays
from training.imitation.clone import Beginning, clone
from training.imitation.inputs import RecordedSteps
from training.imitation.returns import recorded_returns
from training.imitation.settings import CloneSettings

QUICK = {"hidden": [32], "dropout": 0.0, "batch_size": 64, "learning_rate": 1e-2, "epochs": 12}
LENGTH = 50  # steps of an episode
GAMMA = 0.9

TASKS = {  # space, and what to do from the numbers seen
    "discrete": (spaces.Discrete(3), lambda s: s[:, :3].argmax(1)),
    "box": (spaces.Box(-5.0, 5.0, (2,), np.float32), lambda s: (2 * s[:, :2]).astype(np.float32)),
    "wide box": (spaces.Box(-5.0, 5.0, (2,), np.float64), lambda s: 2.0 * s[:, :2]),
    "multi-discrete": (
        spaces.MultiDiscrete([2, 3]),
        lambda s: np.stack([s[:, 3] > 0, s[:, :3].argmax(1)], 1),
    ),
    "multi-binary": (spaces.MultiBinary(2), lambda s: (s[:, :2] > 0).astype(np.int8)),
}


def sights(episodes=20, seed=0):
    return np.random.default_rng(seed).normal(size=(episodes * LENGTH, 4)).astype(np.float32)


def cloned(task="discrete", changes=None, seen=None, arrays=None, groups=None, **keywords):
    """A clone of what the task says."""
    space, rule = TASKS[task]
    seen = sights() if seen is None else seen
    arrays = toy_arrays(rule(seen), seen, LENGTH) if arrays is None else arrays
    groups = arrays.episode if groups is None else groups
    settings = CloneSettings(**{**QUICK, **(changes or {})})
    data = {k: keywords.pop(k) for k in ("returns", "action_names", "rows") if k in keywords}
    return clone(RecordedSteps(arrays, groups, SIGHT, space, **data), settings, **keywords)


# ------------------------------------------------------------------ it learns


@pytest.mark.parametrize("task", TASKS)
def test_it_does_what_was_done_whatever_the_kind_of_action(task):
    found = cloned(task, {"epochs": 40})
    fresh = sights(4, seed=9)
    chosen, _ = found.policy.predict(fresh, deterministic=True)
    expected = TASKS[task][1](fresh)
    if "box" in task:
        assert np.abs(chosen - expected).mean() < 0.4
    else:
        assert (chosen == expected).mean() > 0.93


def test_the_same_seed_gives_the_same_clone_and_another_does_not():
    first, again, other = (cloned(seed=seed).policy.tensors() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_it_is_handed_over_ready_to_play():
    policy = cloned(changes={"dropout": 0.5}).policy
    assert not policy.training
    seen = torch.from_numpy(sights(1))
    assert torch.equal(policy.logits(seen), policy.logits(seen))


def test_every_epoch_is_told():
    told: list[dict[str, float]] = []
    found = cloned(tick=told.append)
    assert told == found.history
    assert [row["epoch"] for row in told] == list(range(1, len(told) + 1))
    assert {"loss", "validation_loss", "validation_accuracy"} <= told[0].keys()
    assert told[-1]["loss"] < told[0]["loss"]


# ------------------------------------------------------------------ it judges itself honestly


def nonsense(episodes=8):
    """Actions that follow from nothing but which episode it is, which every sight gives away."""
    random = np.random.default_rng(1)
    marks = np.repeat(random.normal(size=(episodes, 4)) * 3, LENGTH, axis=0)
    actions = np.repeat(np.arange(episodes) % 3, LENGTH)
    return toy_arrays(actions, marks + 0.01 * random.normal(size=marks.shape), LENGTH)


def test_no_step_of_a_match_is_on_both_sides():
    """Were matches split, the clone would recognise them; two streams of a match are one group."""
    arrays = nonsense()
    leaking = cloned(arrays=arrays, groups=np.arange(len(arrays.actions)) % 7)
    whole = cloned(arrays=arrays, groups=arrays.episode // 2, changes={"validation": 0.25})
    assert max(row["validation_accuracy"] for row in leaking.history) > 0.95
    assert whole.history[-1]["validation_accuracy"] < 0.9


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_each_side_has_at_least_one_match(share):
    seen = sights(2)
    found = cloned(seen=seen, changes={"validation": share, "epochs": 2})
    assert all(np.isfinite(row["loss"] + row["validation_loss"]) for row in found.history)


@pytest.mark.parametrize("matches", [0, 1])
def test_fewer_than_two_matches_cannot_be_judged(matches):
    seen = sights(matches)
    with pytest.raises(UserError, match=f"hold only {matches}: record at least two"):
        cloned(seen=seen, arrays=toy_arrays(np.zeros(len(seen), int), seen, LENGTH))


def guesswork(episodes=6):
    """Actions that nothing tells: learning them by heart is all that can be done."""
    seen = sights(episodes)
    actions = np.random.default_rng(3).integers(3, size=len(seen))
    return toy_arrays(actions, seen, LENGTH)


@pytest.mark.parametrize("tolerance", [0.0, 0.02, 0.1])
def test_it_stops_beyond_the_tolerance_and_keeps_the_last_epoch_within(tolerance):
    rule = {"tolerance": tolerance, "patience": 3, "epochs": 40, "learning_rate": 0.03}
    found = cloned(arrays=guesswork(), changes=rule)
    losses = [row["validation_loss"] for row in found.history]
    least = np.minimum.accumulate(losses)
    within = np.flatnonzero(losses <= least * (1 + tolerance))
    assert found.epoch == within[-1] + 1
    assert len(losses) == found.epoch + 3 < 40, "it must stop after three epochs beyond"


def test_it_hands_over_the_weights_of_the_epoch_it_names():
    rule = {"patience": 2, "tolerance": 0.0, "epochs": 30, "validation": 0.5}
    arrays = guesswork()
    found = cloned(arrays=arrays, changes=rule)
    assert found.epoch < len(found.history)
    told = found.history[found.epoch - 1]["validation_accuracy"]
    chosen = found.policy.logits(torch.from_numpy(arrays.observations)).argmax(1).numpy()
    right = (chosen == arrays.actions).reshape(6, LENGTH).mean(1)  # by match
    halves = [right[list(held)].mean() for held in combinations(range(6), 3)]
    assert min(abs(np.array(halves) - told)) < 1e-6, "no three matches held back give what it told"


def test_a_clone_that_never_learned_is_not_handed_on():
    with pytest.raises(UserError, match=r"clone\.learning_rate"):
        cloned("box", {"learning_rate": 1e30, "epochs": 3})


# ------------------------------------------------------------------ how much each action counts


def test_an_action_that_counts_less_is_done_less():
    def share(weights):
        found = cloned(
            arrays=guesswork(100),
            changes={"action_weights": weights, "epochs": 3},
            action_names=("left", "stay", "right"),
        )
        odds = torch.softmax(found.policy.logits(torch.from_numpy(sights(2, 5))), 1)
        return odds[:, 1].mean().item()

    assert share({}) == pytest.approx(1 / 3, abs=0.1)
    assert share({"stay": 0.1}) == pytest.approx(0.1 / 2.1, abs=0.05)


def test_actions_without_names_go_by_their_number():
    cloned(changes={"action_weights": {"2": 0.5}, "epochs": 1})


@pytest.mark.parametrize(
    ("weights", "said"), [({"sty": 0.1}, "did you mean 'stay'"), ({"x": 1.0}, "left, stay, right")]
)
def test_an_unknown_action_is_answered_with_the_known(weights, said):
    with pytest.raises(UserError, match=said):
        cloned(changes={"action_weights": weights}, action_names=("left", "stay", "right"))


def test_weights_are_for_discrete_actions():
    with pytest.raises(UserError, match="discrete actions"):
        cloned("box", {"action_weights": {"0": 0.1}})


def test_label_smoothing_leaves_some_doubt():
    def surest(smoothing):
        found = cloned(changes={"label_smoothing": smoothing, "epochs": 25})
        odds = torch.softmax(found.policy.logits(torch.from_numpy(sights(2, 5))), 1)
        return odds.max(1).values.mean().item()

    assert surest(0.3) < 0.85 < 0.9 < surest(0.0)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"dropout": 1.0}, {"epoch": 3}])
def test_settings_out_of_bounds_are_refused(wrong):
    with pytest.raises(ValidationError):
        CloneSettings(**wrong)


def test_it_may_begin_with_an_encoder_that_was_saved(tmp_path):
    first = cloned(seen=sights() * 50)
    save_encoder(tmp_path / "e.safetensors", encoder_weights(first.policy))
    encoder = load_encoder(tmp_path / "e.safetensors")
    still = {"learning_rate": 1e-30, "epochs": 1}
    other = cloned("multi-discrete", still, beginning=Beginning(encoder=encoder))
    alone = cloned("multi-discrete", still)
    shown = torch.from_numpy(sights(1))
    by_encoder, wanted, own = (
        found.policy.extract_features(shown, found.policy.features_extractor)
        for found in (other, first, alone)
    )
    assert torch.equal(by_encoder, wanted)
    assert not torch.equal(by_encoder, own)


def test_an_encoder_of_other_observations_is_refused():
    space = spaces.Box(-9.0, 9.0, (7,), np.float32)
    wrong = encoder_weights(build_policy(space, spaces.Discrete(3), {}))
    with pytest.raises(
        UserError, match=r"clone\.encoder encodes .*: choose one made for this world"
    ):
        cloned(beginning=Beginning(encoder=wrong))


# ------------------------------------------------------------------ what it earned


def earning(terminated=True, episodes=20):
    """Episodes whose every return can be read off the first number seen: the steps still to go."""
    seen = sights(episodes)
    to_go = np.tile(np.arange(LENGTH, 0, -1), episodes).astype(np.float32)
    seen[:, 0] = to_go / 10
    return toy_arrays(
        seen[:, 1:4].argmax(1),
        seen,
        LENGTH,
        terminated,
        terms={"step": np.ones(len(seen), np.float32), "to_go": to_go / 25},
        costs={"late": (to_go < 5).astype(np.float32)},
    )


def naive(stream, gamma):
    """What followed each step, discounted, by the definition."""
    return [
        sum(gamma**k * x for k, x in enumerate(stream[t:])) for t in range(len(stream))
    ]  # fmt: skip


def test_returns_are_the_discounted_sums_by_their_definition():
    arrays = earning(episodes=3)
    found = recorded_returns(arrays, {"step": 2.0, "to_go": -0.5}, GAMMA, ["late"])
    assert found.shape == (150, 2)
    for e in range(3):
        rows = slice(50 * e, 50 * e + 50)
        reward = 2.0 - 0.5 * arrays.terms["to_go"][rows]
        assert found[rows, 0] == pytest.approx(naive(reward, GAMMA), rel=1e-6)
        assert found[rows, 1] == pytest.approx(naive(arrays.costs["late"][rows], GAMMA))


def test_after_an_episode_that_was_cut_off_the_returns_of_its_last_steps_are_unknown():
    found = recorded_returns(earning(False, 3), {"step": 1.0}, GAMMA)[:50, 0]
    whole = recorded_returns(earning(True, 3), {"step": 1.0}, GAMMA)[:50, 0]
    counts = GAMMA ** np.arange(49, -1, -1) > 0.01  # what comes last, seen from each step
    assert np.array_equal(np.isnan(found), counts)
    assert np.array_equal(found[~counts], whole[~counts])


def test_without_a_discount_a_cut_off_episode_tells_nothing():
    assert np.isnan(recorded_returns(earning(False, 2), {"step": 1.0}, 1.0)).all()
    whole = recorded_returns(earning(True, 2), {"step": 1.0}, 1.0)
    assert whole[:50, 0].tolist() == list(range(50, 0, -1))


@pytest.mark.parametrize("terminated", [True, False])
def test_values_learn_what_the_recordings_earned(terminated):
    arrays = earning(terminated, 60)
    returns = recorded_returns(arrays, {"to_go": 1.0}, 0.7, ["late"])
    patient = {"epochs": 60, "tolerance": 9.0, "value_weight": 1.0, "hidden": [64, 64]}
    found = cloned(arrays=arrays, returns=returns, changes=patient)
    with torch.inference_mode():
        scaled = found.policy.predict_all_values(torch.from_numpy(arrays.observations))
        values = (scaled / found.policy.return_scale).numpy()
    assert values.shape == returns.shape
    for column in range(2):
        known = ~np.isnan(returns[:, column])
        error = (values - returns)[known, column]
        if terminated or column == 0:  # what is late is never known of an episode cut off
            explained = 1 - error.var() / returns[known, column].var()
            assert explained > 0.9, f"value {column} explains only {explained:.2f}"
    assert found.history[-1]["validation_accuracy"] > 0.8, "the policy must learn beside them"


def test_values_without_a_weight_are_left_alone_and_the_policy_is_the_same():
    arrays = earning(True, 8)
    returns = recorded_returns(arrays, {"to_go": 1.0}, 0.7, ["late"])
    changes = {"dropout": 0.25}
    fitted, left = (
        cloned(
            arrays=arrays, returns=returns, changes={**changes, "value_weight": weight}
        ).policy.tensors()
        for weight in (0.5, 0.0)
    )
    values = {name for name in fitted if not torch.equal(fitted[name], left[name])}
    assert values
    assert all(re.search("value|cost", name) for name in values), values


def test_without_returns_the_values_are_left_alone():
    before = cloned(changes={"epochs": 1}).policy.tensors()
    after = cloned(changes={"epochs": 5}).policy.tensors()
    for name in before:
        if "value" in name:
            assert torch.equal(before[name], after[name]), f"{name} changed"


def test_it_may_begin_as_another_clone():
    first = cloned(seed=1).policy
    still = {"learning_rate": 1e-9, "epochs": 1}
    onward, afresh = (
        cloned(seed=2, changes=still, beginning=Beginning(policy=start)).policy
        for start in (first, None)
    )
    weights = first.tensors()
    assert all(torch.allclose(onward.tensors()[name], weights[name], atol=1e-6) for name in weights)
    assert not all(torch.allclose(afresh.tensors()[n], weights[n], atol=1e-2) for n in weights)
