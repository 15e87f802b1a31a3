"""The drawing of a kitchen: any size, and all that a person must see changes the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pygame
import pytest

from environments.worlds.kitchen.constants import DISH, EAST, ONION, SOUP
from environments.worlds.kitchen.layouts import LAYOUTS
from environments.worlds.kitchen.world import draw
from tests.environments.support.kitchen_by_hand import Kitchen

SIZE = (640, 480)


def pixels(kitchen: Kitchen, score: dict[str, Any] | None = None, size: Any = SIZE) -> np.ndarray:
    """A kitchen as drawn: [W, H, 3]."""
    surface = pygame.Surface(size)
    draw(surface, kitchen.batch.world.table[0], kitchen.state, score or {})
    return pygame.surfarray.array3d(surface)


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1280, 720), (1920, 1080), (480, 640)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_kitchen_is_drawn_at_every_size(layout, size):
    seen = pixels(Kitchen(layout), {"score": 20, "soups": 1, "title": layout}, size)
    colours = np.unique(seen.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32))
    assert seen.shape == (*size, 3)
    assert len(colours) > 100, "smooth edges have many shades"


CHANGES: dict[str, Callable[[Kitchen], Any]] = {
    "cook 0 walks": lambda kitchen: kitchen.put(0, (1, 1), 0),
    "cook 1 turns": lambda kitchen: kitchen.put(1, (3, 1), EAST),
    "an onion in hand": lambda kitchen: kitchen.put(0, (1, 2), 0, ONION),
    "a dish in hand": lambda kitchen: kitchen.put(0, (1, 2), 0, DISH),
    "a soup in hand": lambda kitchen: kitchen.put(0, (1, 2), 0, SOUP),
    "an onion on a counter": lambda kitchen: kitchen.lay(ONION, (1, 0)),
    "a dish on a counter": lambda kitchen: kitchen.lay(DISH, (1, 0)),
    "a soup on a counter": lambda kitchen: kitchen.lay(SOUP, (1, 0)),
    "one onion in the pot": lambda kitchen: kitchen.pot(1),
    "two onions in the pot": lambda kitchen: kitchen.pot(2),
    "a soup begun": lambda kitchen: kitchen.pot(3, 1),
    "a soup half done": lambda kitchen: kitchen.pot(3, 10),
    "a soup ready": lambda kitchen: kitchen.pot(3, 20),
    "time gone by": lambda kitchen: kitchen.state.__setitem__("tick", 100),
}


def test_all_that_a_person_must_see_changes_the_picture():
    pictures = {"nothing": pixels(Kitchen()).tobytes()}
    for name, change in CHANGES.items():
        kitchen = Kitchen()
        change(kitchen)
        pictures[name] = pixels(kitchen).tobytes()
    assert len(set(pictures.values())) == len(pictures)


@pytest.mark.parametrize(
    "score",
    [{"score": 20}, {"soups": 3}, {"title": "cramped room"}, {"cook_0": "you"}, {"cook_1": "Ada"}],
)
def test_what_stands_in_the_score_is_shown(score):
    assert (pixels(Kitchen(), score) != pixels(Kitchen())).any()


def test_sums_as_the_faces_give_them_are_points_and_soups():
    shown = pixels(Kitchen(), {"score": 40, "soups": 2})
    assert (pixels(Kitchen(), {"return": 40.0, "soup": 2.0}) == shown).all()


def test_a_line_too_long_for_its_place_is_cut_short():
    words = {"title": "word " * 200, "cook_0": "name " * 200, "score": 10**9, "soups": 10**6}
    assert pixels(Kitchen(), words).shape == (*SIZE, 3)


def test_drawing_changes_no_state():
    kitchen = Kitchen()
    before = kitchen.state.tobytes()
    pixels(kitchen, {"score": 0})
    assert kitchen.state.tobytes() == before
