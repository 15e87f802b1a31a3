"""Bars of terms: a gain to the right of 0, a loss to the left of it, in another colour."""

import pygame
import pytest

from demos.sessions.record.result_card import pace_words
from demos.sessions.record.term_lines import BarScale, Line, draw_lines
from demos.window.drawing.widgets import LOSS, MINT
from demos.window.pacing import Pacer


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([0.0], 0, 1), ([0.5], 0, 1), ([3.0, 1.0], 0, 3), ([-12.0], -12, 0), ([-0.5], -0.5, 0.5),
     ([-1.0, 3.0], -1, 3), ([-1.0], -1, 0)],
)  # fmt: skip
def test_a_scale_holds_all_values_and_zero(values, low, high):
    scale = BarScale.of(values)
    assert (scale.low, scale.high) == (low, high)
    for value in values:
        assert 0 <= scale.zero + scale.place(value) <= 1


def colours(value, values):
    """The colour in each tenth of the bar of a value."""
    scale = BarScale.of(values)
    surface = pygame.Surface((200, 60))
    line = Line("fuel", (value,), scale.place(value), False, zero=scale.zero)
    draw_lines(surface, pygame.Rect(0, 0, 200, 60), [line], 33, 22)
    row = next(y for y in range(59, 0, -1) if any(surface.get_at((100, y))[:3])) - 2
    return [surface.get_at((10 + 20 * k, row))[:3] for k in range(10)]


def test_a_loss_is_no_gain():
    assert colours(4.0, [4.0]) == [MINT] * 10
    assert colours(-4.0, [-4.0]) == [LOSS] * 10
    both = [-4.0, 4.0]
    assert colours(-4.0, both)[:5] == [LOSS] * 5
    assert LOSS not in colours(-4.0, both)[5:]
    assert colours(4.0, both)[5:] == [MINT] * 5
    assert MINT not in colours(4.0, both)[:5]


def test_late_ticks_are_counted_as_the_dataset_counts_them():
    pacer = Pacer(0.1)
    pacer.start(0.0)
    late = [late for now in (0.1, 0.26, 1.5) for late in pacer.due(now)]
    assert pacer.late == sum(late) == 2
    assert pacer.skipped > 1
    assert pace_words(pacer) == f"2 late ticks, {pacer.skipped} left out"
    pacer.forget()
    assert pace_words(pacer) == "0 late ticks"
