"""Games that end often, and random actions for them, for the tests of worlds and faces."""

import numpy as np

from environments.batch import Batch
from environments.catalog import make_world

HORIZON = 23  # steps


def short_batch(world_id, size, **keywords):
    """A batch whose episodes end after HORIZON steps at the latest."""
    return Batch(make_world(world_id), size, options={"horizon": HORIZON}, **keywords)


def some_actions(batch, steps, seed=0):
    """Random actions [T, B, N]."""
    shape = (steps, *batch.actions.shape)
    return np.random.default_rng(seed).integers(batch.world.action_space.n, size=shape)
