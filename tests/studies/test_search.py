"""The search for defaults: every word is a setting, and scores are comparable between environments."""

import pytest

from tests.studies import search
from training.run.recipe import overridden_recipe


def test_the_words_are_settings_of_a_recipe():
    words = search.words(search.DEFAULT, 60_000)
    pairs = zip(words[::2], words[1::2], strict=True)
    given = [f"{name[2:]}={value}" for name, value in pairs]
    found = overridden_recipe({"world": {"id": "CartPole-v1"}}, "test", given).refine
    assert (found.games, found.rollout.steps) == (16, 64)  # a power of two near a fiftieth
    assert found.batch_size == 128
    assert found.step_kl == 0.01
    assert found.loss.entropy == (0.01, 0.0)


def test_scores_are_of_the_end_and_none_pays_for_others():
    assert search.score(
        "cartpole-v1", [[0, 500.0], [1, 25.1], [2, 25.1], [3, 25.1]]
    ) == pytest.approx(0)
    assert search.score("pendulum-v1", [[0, 0.0]] * 3) == pytest.approx(1.1)
    assert search.score("cartpole-v1", [[0, -5000.0]]) == -0.5
