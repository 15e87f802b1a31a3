"""A Refiner out of one table of settings."""

import dataclasses
from typing import Any

from training.ppo.refiner import Refiner
from training.ppo.settings import RefinerInputs

_OURS = {field.name for field in dataclasses.fields(RefinerInputs)}


def refiner_of(policy: Any, env: Any, **settings: Any) -> Refiner:
    """A Refiner whose settings, PPO's and its own, stand in one table."""
    own = {name: value for name, value in settings.items() if name in _OURS}
    ppos = {name: value for name, value in settings.items() if name not in _OURS}
    return Refiner(policy, env, RefinerInputs(**own), **ppos)
