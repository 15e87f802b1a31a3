"""The study of robot data, on rows that are quick to play."""

import numpy as np

from tests.demos.data.exchange.test_plain_arrays import POLE, poles
from tests.studies.robot_data import FORMATS, Demonstrations, studied


def test_a_row_tells_how_far_a_set_plays_again(tmp_path):
    np.savez(tmp_path / "poles.npz", **poles(starts=6, steps=9))
    (row,) = studied(tmp_path, [Demonstrations("poles", POLE), Demonstrations("missing", POLE)])
    assert row[:4] == ["poles", "6", "6", "6 of 6"]
    assert row[7] == ", ".join(FORMATS)
    before, own, after = map(float, row[6].split(" / "))
    assert own < min(before, after)
