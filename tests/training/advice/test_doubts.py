"""Sentences about what looks wrong, just where it does; none where all is well."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from agents.networks.policy import build_policy
from tests.training.support.toys import SIGHT, toy_arrays
from training.advice.doubts import (
    PATIENCE,
    StandsStill,
    doubts_of_clone,
    doubts_of_plan,
    doubts_of_play,
    doubts_of_recordings,
)
from training.imitation.clone import Clone
from training.imitation.settings import CloneSettings
from training.ppo.plan import plan_of
from training.ppo.settings import RefineSettings

SEEN = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
WORLD: Any = SimpleNamespace(
    id="mine:Game", parts=(), observation_space=SIGHT, own_observation_space=None
)


def recorded(seen: np.ndarray = SEEN, **columns: Any) -> Any:
    return toy_arrays(np.zeros(len(seen), np.int64), seen, 20, **columns)


def told(found: Any) -> str:
    return " ".join(found)


def test_numbers_that_never_change_or_leave_their_bounds_are_named():
    still, far = SEEN.copy(), SEEN.copy()
    still[:, 2] = 3.0
    far[7, 1] = 9.001
    assert not told(doubts_of_recordings(recorded(), WORLD))
    assert "1 of the 4 numbers" in told(doubts_of_recordings(recorded(still), WORLD))
    assert "(number 2)" in told(doubts_of_recordings(recorded(still), WORLD))
    assert "leave the bounds" in told(doubts_of_recordings(recorded(far), WORLD))
    ours: Any = SimpleNamespace(**{**vars(WORLD), "id": "gpo/Kitchen-v0"})
    assert not told(doubts_of_recordings(recorded(still), ours))


def test_a_choice_that_never_came_up_is_no_doubt():
    lake, far = np.eye(4, dtype=np.float32)[[0, 1, 3] * 20], np.zeros((60, 1), np.float32)
    shown = spaces.Dict({"at": spaces.Discrete(4), "far": spaces.Box(0, 9, (1,))})
    world: Any = SimpleNamespace(**{**vars(WORLD), "own_observation_space": shown})
    world.observation_space = spaces.Box(0.0, 9.0, (5,), np.float32)
    said = told(doubts_of_recordings(recorded(np.hstack([lake, far])), world))
    assert "1 of the 5 numbers that are seen never change" in said
    assert "(number 4)" in said


@pytest.mark.parametrize(
    ("last", "epoch", "said"), [(0.5, 10, True), (0.99, 10, False), (0.5, 9, False)]
)
def test_a_clone_that_still_got_better_in_its_last_epoch_is_told(last, epoch, said):
    losses = [*np.linspace(2.0, 1.0, 8), 1.0, last]
    history = [{"validation_loss": float(loss)} for loss in losses]
    policy = build_policy(SIGHT, spaces.Discrete(2), {})
    found = told(
        doubts_of_clone(Clone(policy, history, epoch), CloneSettings(epochs=10), recorded())
    )
    assert ("--clone.epochs 20" in found) is said


@pytest.mark.parametrize(("spread", "said"), [(0.95, True), (0.85, False)])
def test_a_clone_that_explains_nothing_is_told(spread, said):
    box = spaces.Box(-9, 9, (1,), np.float32)
    policy = build_policy(SIGHT, box, {})
    acted = np.tile([-1.0, 1.0], 30)[:, None]  # deviation 1
    policy.log_std.data.fill_(float(np.log(spread)))
    history = [{"validation_loss": 1.0}] * 3
    arrays = toy_arrays(acted, SEEN, 20)
    found = told(doubts_of_clone(Clone(policy, history, 1), CloneSettings(epochs=3), arrays))
    assert ("explains hardly anything" in found) is said


@pytest.mark.parametrize(("steps", "said"), [(128 * 8, True), (128 * 9, False)])
def test_too_few_updates_are_told(steps, said):
    settings: Any = {"games": 4, "rollout": {"steps": 32}, "warm_up": 1, "steps": steps}
    found = told(doubts_of_plan(plan_of(RefineSettings(**settings))))
    assert ("make 7 updates of the policy" in found) is said


@pytest.mark.parametrize(("reached", "said"), [(5.0, True), (9.5, False), (12.0, False)])
def test_a_clone_far_below_what_it_was_cloned_from_is_told(reached, said):
    won = np.concatenate([np.full(20, total / 20) for total in (8.0, 10.0, 12.0)])
    arrays = recorded(terms={"won": won})
    played = reached + np.tile([0.1, -0.1], 10)
    wide = recorded(np.tile(SEEN, (5, 1)), terms={"won": np.tile(won, 5)})
    assert ("where the recordings have 10" in told(doubts_of_play(played, wide, "won", 20))) is said
    assert not told(doubts_of_play(played, wide, "won", 19)), "they are longer: no games like these"
    assert not told(doubts_of_play(played, arrays, "lost", 20))


def test_a_policy_that_stands_still_is_told_once_and_not_while_it_rests():
    said: list[str] = []
    watch = StandsStill(said.append)
    logged: dict[str, float] = {}
    watch.model = SimpleNamespace(  # type: ignore[assignment]
        warm_up=SimpleNamespace(active=True), logger=SimpleNamespace(name_to_value=logged)
    )
    watch._on_rollout_start()
    logged["train/approx_kl"] = 0.0
    for _ in range(9):
        watch._on_rollout_start()
    assert not said
    watch.model.warm_up.active = False  # type: ignore[attr-defined]
    for kl in (*[0.0] * (PATIENCE - 1), 0.01, *[0.0] * (PATIENCE - 1)):
        logged["train/approx_kl"] = kl
        watch._on_rollout_start()
    assert not said
    for _ in range(3):
        watch._on_rollout_start()
    assert len(said) == 1
    assert "refine.learning_rate" in said[0]
