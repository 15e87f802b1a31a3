"""The proof of the kitchen: every recorded step of people playing comes out exactly."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from demos.data.exchange.overcooked.files import FILES
from demos.data.exchange.overcooked.states import decode_state, encode_states, parse_state
from environments.simulation.batch import Batch
from environments.worlds.kitchen.layouts import LAYOUTS
from environments.worlds.kitchen.world import STATE, TERMS
from tests.environments.support.recordings import Recorded, recordings

REWARD_A_SOUP = 5  # in the recordings; 20 as published
LONG = 1_000_000  # steps, a horizon that nothing here reaches
# All that a recorded state holds; the rest of STATE is bookkeeping that the recordings do not have.
RECORDED = ("position", "facing", "held", "held_ticks", "item", "item_ticks", "onions", "ticks")
BOOKKEEPING = ("seed", "episode", "random", "tick", "horizon", "item_since", "item_by")


@pytest.fixture(scope="module", params=LAYOUTS)
def recorded(request: pytest.FixtureRequest) -> Recorded:
    """Each layout in turn."""
    return Recorded(request.param)


def unlike(found: np.ndarray, expected: np.ndarray) -> dict[str, list[int]]:
    """By field, the first rows in which two arrays of states differ; empty if none does."""
    differing = {}
    for name in RECORDED:
        rows = (found[name] != expected[name]).reshape(len(found), -1).any(axis=1)
        if rows.any():
            differing[name] = np.flatnonzero(rows)[:10].tolist()
    return differing


def soups(batch: Batch) -> np.ndarray:
    """Soups served in the last step, by game."""
    both = batch.terms[:, :, list(TERMS).index("soup")]
    assert (both[:, 0] == both[:, 1]).all(), "a soup counts for both cooks"
    return both[:, 0]


def batch_at(recorded: Recorded, states: np.ndarray) -> Batch:
    """As many games as states, each set to its own."""
    batch = Batch(recorded.world, len(states), restart=False)
    batch.state[:] = states
    batch.state["horizon"] = LONG
    return batch


def test_the_files_are_the_published_ones_and_all_of_them():
    assert {split: digest for split, (_, digest) in FILES.items()} == {
        "train": "28659cfd09ee033d82b56bed905b239f078877e1b09d1f1b916e4bc0480ca4fa",
        "test": "59979552a053f1efe762de976f37dd83e269d70d19b67613c61e856c86705666",
    }
    frame = recordings()
    assert len(frame) == 91_102
    assert frame.groupby(["split", "layout_name", "workerid_num"]).ngroups == 76
    assert set(frame.layout_name) == set(LAYOUTS)


def test_every_field_of_a_state_is_compared_or_is_bookkeeping():
    assert set(STATE.names or ()) == {*RECORDED, *BOOKKEEPING}


def test_the_grids_are_those_of_the_recordings():
    for layout, steps in recordings().groupby("layout_name"):
        grids = {tuple(ast.literal_eval(text)) for text in steps.layout.unique()}
        assert grids == {LAYOUTS[str(layout)]}


def test_encoding_a_recorded_state_loses_nothing(recorded):
    """Decoded again it is what was recorded, so comparing encoded states compares everything."""
    table = recorded.world.table[0]
    constant = {"order_list": ["onion"], "pot_explosion": False}
    states = encode_states(recorded.texts, recorded.world)
    for text, state in zip(recorded.texts, states, strict=True):
        assert {**decode_state(state, table), **constant} == parse_state(text)


def test_every_recorded_transition_reproduces(recorded):
    batch = batch_at(recorded, recorded.states)
    batch.step(recorded.actions)
    assert unlike(batch.state, recorded.next_states) == {}
    assert (soups(batch) * REWARD_A_SOUP == recorded.rewards).all()


def test_every_game_replays_from_its_first_state(recorded):
    """Open loop: after the first state only actions are given; every state and reward comes."""
    first = np.array([rows[0] for rows in recorded.games])
    last = np.array([rows[-1] for rows in recorded.games])
    batch = batch_at(recorded, recorded.states[first])
    assert unlike(batch.state, Batch(recorded.world, len(first)).state) == {}, "games start as ours"
    for step in range(max(last - first) + 1):
        playing = first + step <= last
        at = np.where(playing, first + step, last)
        batch.step(recorded.actions[at])
        at = at[playing]
        assert (recorded.loops[at] == step).all()
        assert (soups(batch)[playing] * REWARD_A_SOUP == recorded.rewards[at]).all()
        assert unlike(batch.state[playing], recorded.next_states[at]) == {}
