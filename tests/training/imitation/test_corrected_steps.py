"""Which recorded steps count as corrections, as trusted, or as nobody's, and how much."""

import numpy as np
import pytest
import torch

from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor, Episode
from environments.catalog import make_world
from tests.training.support.toys import toy_arrays
from training.evaluation.paired_changes import _change
from training.imitation.clone import clone
from training.imitation.corrected_steps import hold_back, people_only, read_corrections
from training.imitation.corrections import CorrectionsSettings, concatenate, weight_of, weighted
from training.imitation.inputs import RecordedSteps
from training.imitation.settings import CloneSettings

POLE = make_world("gpo/Balance-v0")


# ------------------------------------------------------------------ which steps count


def coached(root, patterns, settle=2, tick=0.5, **told):
    """A dataset of games in which H steps are the person's, as each pattern says: "AAHHA"."""
    store = Store(root)
    with store.building_for(POLE, "fixes"):
        pass
    dataset = store.open("fixes")
    who = {"person": "", "agent": "clone", "sha256": "0" * 64, "level": None, "horizon": 100}
    about = {"coach": True, "seat": "cart", "settle_steps": settle, **who, **told}
    for number, pattern in enumerate(patterns):
        steps = len(pattern)
        dataset.append(
            Episode(
                observations=np.zeros((steps + 1, 4), np.float32),
                actions=np.zeros(steps, np.int64),
                rewards=np.zeros(steps, np.float32),
                terminated=False,
                truncated=True,
                world=POLE.id,
                fingerprint=POLE.fingerprint,
                agent="cart",
                terms={name: np.zeros(steps, np.float32) for name in POLE.terms},
                costs={name: np.zeros(steps, np.float32) for name in POLE.costs},
                actors=np.array(
                    [Actor.HUMAN if c == "H" else Actor.AGENT for c in pattern], np.uint8
                ),
                match=f"m{number}",
                meta={"play": about, "tick": tick},
            )
        )
    return dataset


def pattern_of(rows):
    return "".join("x" if row else "." for row in rows)


@pytest.mark.parametrize(
    ("pattern", "corrected", "trusted"),
    [
        # the settling time, 2 steps, is no correction; 1 s before a takeover, 2 steps, is not trusted
        ("AAAAHHHHAAA", "....xx.....", "xx......xxx"),
        ("HHHAAA", "x.....", "...xxx"),
        ("AAAHHH", "...xxx", "x....."),
        ("AAHHHAAAHHHHAA", "..x.....xx....", ".....x......xx"),
        ("HHHH", "xxxx", "...."),
    ],
)
def test_corrections_are_what_was_pressed_and_trust_is_what_was_left_alone(
    tmp_path, pattern, corrected, trusted
):
    found = read_corrections(coached(tmp_path, [pattern]), doubt=1.0)
    assert pattern_of(found.corrected) == corrected
    assert pattern_of(found.trusted) == trusted


def test_the_company_of_somebody_who_plays_is_not_trusted(tmp_path):
    found = read_corrections(coached(tmp_path, ["HHH", "AAA"], coach=False), doubt=1.0)
    assert pattern_of(found.corrected) == "xxx..."
    assert not found.trusted.any()


def test_some_whole_games_are_held_back_once_there_are_enough(tmp_path):
    few = read_corrections(coached(tmp_path / "few", ["AAHHHH"] * 3), 0.0)
    assert not hold_back(few, 0.15, 0).any()
    many = read_corrections(coached(tmp_path / "many", ["AAHHHH"] * 10), 0.0)
    held = hold_back(many, 0.15, 0)
    assert 0 < held.sum() < many.corrected.sum()
    assert not (held & ~many.corrected).any()
    assert not set(many.groups[held]) & set(many.groups[many.corrected & ~held])


def test_the_weight_makes_corrections_their_share_and_no_more_than_so_much():
    half, third = CorrectionsSettings(), CorrectionsSettings(share=1 / 3)
    assert weight_of(half, 1000, 100) == 10
    assert weight_of(third, 1000, 100) == pytest.approx(5)
    assert weight_of(half, 100, 1000) == 1, "people are never thinned out"
    assert weight_of(half, 1_000_000, 10) == 50
    assert weight_of(CorrectionsSettings(weight=2.5), 1000, 100) == 2.5


def test_corrected_rows_count_as_often_as_they_weigh():
    rows = weighted(np.arange(10), np.arange(10, 1010), 2.5, 0)
    assert (np.bincount(rows)[:10] == 1).all()
    assert set(np.bincount(rows)[10:]) == {2, 3}
    assert np.bincount(rows)[10:].mean() == pytest.approx(2.5, abs=0.05)


def test_episodes_of_two_datasets_lie_end_to_end():
    first, second = (toy_arrays(np.full(6, k), np.full((6, 4), k), 3) for k in range(2))
    both = concatenate(first, second)
    assert both.starts.tolist() == [0, 3, 6, 9, 12]
    assert both.actions.tolist() == [0] * 6 + [1] * 6
    assert both.episode.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert len(both.final_observations) == len(both.terminated) == 4


def test_intervals_resample_matches():
    old, groups = np.zeros(60), np.repeat(np.arange(6), 10)
    change = _change(old, groups.astype(float), groups)
    assert change.change == pytest.approx(2.5)
    assert change.low == pytest.approx(1.3, abs=0.4)
    assert change.high == pytest.approx(3.7, abs=0.4)
    alone = _change(old, old + 1, np.zeros(60))
    assert (alone.change, alone.low, alone.high) == (1.0, None, None)


# ------------------------------------------------------------------ company is not cloned


def test_beside_people_the_agents_are_not_cloned():
    seen = np.random.default_rng(0).normal(size=(400, 4))
    arrays = toy_arrays(np.repeat([0, 1], 200), seen, 20)
    arrays.actors[:200] = Actor.AGENT
    rows = people_only(arrays)
    assert rows is not None
    settings = CloneSettings(hidden=[8], epochs=4, dropout=0.0, batch_size=32, learning_rate=0.02)
    spaces = POLE.observation_space, POLE.action_space
    policy = clone(RecordedSteps(arrays, arrays.episode, *spaces, rows=rows), settings).policy
    logits = policy.logits(torch.from_numpy(seen.astype(np.float32)))
    assert (logits.argmax(1) == 1).all(), "the person always pushed to the right"


def test_recordings_of_people_alone_or_of_scripts_alone_are_all_cloned():
    arrays = toy_arrays(np.zeros(10), np.zeros((10, 4)), 5)
    assert people_only(arrays) is None
    arrays.actors[:] = Actor.AGENT
    assert people_only(arrays) is None
