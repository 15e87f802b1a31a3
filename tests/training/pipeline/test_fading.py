"""Faded terms of the reward: on a straight line to nothing, and no further."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from training.pipeline.refine_loop import FadeReward, RewardSchedule


@pytest.mark.parametrize(
    ("done", "until", "share"),
    [(0.0, 0.5, 1.0), (0.25, 0.5, 0.5), (0.5 - 2**-30, 0.5, 2**-29), (0.5, 0.5, 0.0), (0.75, 0.5, 0.0),
     (1.0, 0.5, 0.0), (0.0, 1.0, 1.0), (1.0, 1.0, 0.0)],
)  # fmt: skip
def test_the_weights_of_faded_terms_alone_fall(done, until, share):
    world = SimpleNamespace(terms=("soup", "potted", "plated"))
    batch = SimpleNamespace(world=world, weights=np.array([20.0, 3.0, 5.0]))
    fade = FadeReward(batch, RewardSchedule({}, ("plated", "potted"), until))
    fade.model = cast(Any, SimpleNamespace(_current_progress_remaining=1 - done))
    for _ in range(2):  # it falls from what it was at first, not from what is left
        fade._on_rollout_start()
    assert batch.weights.tolist() == [20.0, 3.0 * share, 5.0 * share]
