"""The environments of the study, none of which was written here, and how each is demonstrated."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.studies.strangers import rules_control, rules_others
from tests.studies.strangers.wrapped import HERE

BAD = ("random", "constant")  # players whose play is demonstrated too, to no good
ZOO = Path(__file__).with_name("zoo.toml")
STEPS = 200_000  # of the game, unless an environment is dear


@dataclass(frozen=True)
class Stranger:
    """An environment of other people."""

    id: str  # as GPO is told it
    rule: Callable[[], Any] | None  # makes the rule of thumb; None: a half-trained agent plays
    steps: int = STEPS  # of the game
    policy: str = "MlpPolicy"  # what a person would write with Stable-Baselines3
    games: int = 100  # of the last judgement
    random: float = 0.2  # share of a rule's actions that are random

    @property
    def name(self) -> str:
        """Of its dataset and its row."""
        return self.id.rpartition("/")[2].rpartition(":")[2].lower()


def _of(rule: Any) -> Callable[[], Any]:
    return lambda: rule


_ALL = (
    Stranger("CartPole-v1", _of(rules_control.cart_pole)),
    Stranger("Acrobot-v1", _of(rules_control.acrobot)),
    Stranger("MountainCar-v0", _of(rules_control.mountain_car)),
    Stranger("MountainCarContinuous-v0", _of(rules_control.mountain_car_continuous)),
    Stranger("Pendulum-v1", _of(rules_control.pendulum)),
    Stranger("LunarLander-v3", _of(rules_control.lander)),
    Stranger("LunarLanderContinuous-v3", _of(rules_control.lander_continuous)),
    Stranger("InvertedDoublePendulum-v5", _of(rules_others.double_pendulum)),
    Stranger("Reacher-v5", _of(rules_others.reacher)),
    Stranger(f"{HERE}:Picture-Empty-Random-5x5-v0", _of(rules_others.maze), 100_000),
    Stranger(f"{HERE}:Vector-DoorKey-5x5-v0", _of(rules_others.maze), 100_000),
    Stranger("Hopper-v5", None),
    Stranger("HalfCheetah-v5", None),
    # The walker's rule stumbles by itself; with one random action in twenty it always falls.
    Stranger("BipedalWalker-v3", rules_control.Walker, random=0.0),
    Stranger("mpe2.simple_spread_v3:parallel_env", _of(rules_others.spread), 100_000),
    Stranger("CarRacing-v3", _of(rules_control.car_racing), 30_000, "CnnPolicy", 20),
)
# By name; what is cheap comes first.
STRANGERS = {one.name if one.name != "parallel_env" else "simple_spread": one for one in _ALL}


def stranger(given: str) -> tuple[str, Stranger]:
    """Name and facts of an environment by its name, or by its id.

    Raises:
        SystemExit: there is none.
    """
    for name, one in STRANGERS.items():
        if given.lower() in (name, one.id.lower()):
            return name, one
    raise SystemExit(f"There is no environment {given} here; there are {', '.join(STRANGERS)}.")


def published() -> dict[str, dict[str, Any]]:
    """RL Zoo's settings, by name of the environment."""
    return tomllib.loads(ZOO.read_text(encoding="utf-8"))
