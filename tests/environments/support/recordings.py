"""The recorded kitchens, read once for the tests that hold ours to them."""

from __future__ import annotations

import functools
import io

import numpy as np
import pandas as pd

from demos.data.exchange.overcooked.files import FILES, published_bytes
from demos.data.exchange.overcooked.states import encode_actions, encode_states
from environments.catalog import make_world
from environments.worlds.kitchen.layouts import RECORDED_NAMES


@functools.cache
def recordings() -> pd.DataFrame:
    """Every recorded joint step of both splits, a row each, under our layout names."""
    frames = [
        pd.read_pickle(io.BytesIO(published_bytes(split))).assign(split=split) for split in FILES
    ]
    return pd.concat(frames, ignore_index=True).replace({"layout_name": RECORDED_NAMES})


class Recorded:
    """The steps of one layout, encoded, game after game. T = steps of all games."""

    def __init__(self, layout: str) -> None:
        frame = recordings()
        steps = frame[frame.layout_name == layout]
        steps = steps.sort_values(["split", "workerid_num", "cur_gameloop"])
        games = steps.groupby(["split", "workerid_num"])
        self.world = make_world("gpo/Kitchen-v0", layout=layout)
        self.texts = list({*steps.state, *steps.next_state})
        self.states = encode_states(steps.state.tolist(), self.world)  # [T]
        self.next_states = encode_states(steps.next_state.tolist(), self.world)  # [T]
        self.actions = encode_actions(steps.joint_action.tolist())  # [T, 2]
        self.rewards = steps.reward.to_numpy()  # [T]
        self.loops = steps.cur_gameloop.to_numpy()  # [T], from 0 in every game
        self.games: list[np.ndarray] = list(games.indices.values())  # rows of each
