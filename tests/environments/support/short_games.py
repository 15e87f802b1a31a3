"""Games that end often, and random actions for them, for the tests of worlds and faces."""

import numpy as np
from gymnasium import spaces

from environments.catalog import make_world
from environments.simulation.batch import Batch

HORIZON = 23  # steps


def short_batch(world_id, size, **keywords):
    """A batch whose episodes end after HORIZON steps at the latest."""
    return Batch(make_world(world_id), size, options={"horizon": HORIZON}, **keywords)


def some_actions(batch, steps, seed=0):
    """Random actions of any kind [T, B, N, ...]."""
    space, random = batch.world.action_space, np.random.default_rng(seed)
    shape = (steps, *batch.actions.shape)
    if isinstance(space, spaces.Box):
        return random.uniform(space.low, space.high, shape).astype(space.dtype)
    choices = space.nvec if isinstance(space, spaces.MultiDiscrete) else space.n
    return random.integers(choices, size=shape)
