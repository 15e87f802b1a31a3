"""The study of SB3's own tests: which it keeps, and what it calls the outcome of one."""

from types import SimpleNamespace

import pytest
from stable_baselines3 import A2C

from tests.studies.sb3_tests import FAILS, OVERRIDES, PASSES, PPO, REFUSES, judged, of_ppo
from training.ppo.refiner import Refiner


@pytest.mark.parametrize(
    ("test", "failed", "raised", "outcome"),
    [
        ("test_cnn[PPO]", False, "", PASSES),
        ("test_cnn[PPO]", True, "Boolean value of Tensor is ambiguous", FAILS),
        ("test_gae_computation[1-PPO]", True, "assert False", OVERRIDES),
        ("test_gae_computation[1-PPO]", False, "", PASSES),
    ],
)
def test_an_outcome_has_its_name(test, failed, raised, outcome):
    assert judged(test, failed, raised)[0] == outcome


def test_a_setting_that_the_refiner_refuses_is_told_from_a_failure():
    with pytest.raises(ValueError, match="use_sde") as refusal:
        Refiner("MlpPolicy", "Pendulum-v1", use_sde=True)
    outcome, reason = judged("test_sde", True, str(refusal.value))
    assert outcome == REFUSES
    assert "use_sde" in reason


def about_ppo():
    PPO("MlpPolicy", "CartPole-v1")


def about_another():
    A2C("MlpPolicy", "CartPole-v1")


@pytest.mark.parametrize(
    ("function", "parameters", "kept"),
    [
        (about_ppo, {}, True),
        (about_another, {}, False),
        (about_ppo, {"model_class": A2C}, False),
        (about_another, {"model_class": PPO}, True),
        (about_ppo, {"clip": 0.2}, True),
        (about_another, {"model_name": "ppo"}, True),
        (about_another, {"model_name": "a2c"}, False),
    ],
)
def test_only_tests_of_ppo_are_kept(function, parameters, kept):
    item = SimpleNamespace(function=function, callspec=SimpleNamespace(params=parameters))
    assert of_ppo(item) == kept
