"""What a game looks like: its own drawing, any kind of picture, or bars; and what surrounds it fits."""

import gymnasium
import numpy as np
import pygame
import pytest

from demos.sessions.game.game import Game
from demos.sessions.record.hud import hud_layout
from demos.window.drawing.scenery import Scenery, as_rgb, paint_numbers, paint_picture
from demos.window.drawing.widgets import fit_text, hint_rows, number, wrapped
from environments.catalog import make_world
from environments.drawing.canvas import width_of

SIZES = [(640, 480), (800, 600), (1024, 720), (1280, 720), (1920, 1080), (1080, 1920)]


@pytest.mark.parametrize(
    ("shape", "pick"),
    [
        ((6, 7), lambda p: np.stack([p] * 3, -1)),
        ((6, 7, 1), lambda p: np.concatenate([p] * 3, -1)),
        ((6, 7, 3), lambda p: p),
        ((6, 7, 4), lambda p: p[..., :3]),
        ((3, 60, 70), lambda p: p.transpose(1, 2, 0)),
        ((20, 21, 9), lambda p: np.stack([p[..., 8]] * 3, -1)),
    ],
)
def test_any_picture_becomes_colours(shape, pick):
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert (as_rgb(picture) == pick(picture)).all()


def test_a_small_picture_keeps_its_pixels_and_its_shape():
    pygame.font.init()
    surface = pygame.Surface((400, 300))
    picture = np.zeros((10, 20, 3), np.uint8)
    picture[:, 10:] = (255, 0, 0)
    inside = paint_picture(surface, surface.get_rect(), picture)
    assert inside.size == (400, 200)
    assert tuple(surface.get_at((199, 150)))[:3] == (0, 0, 0)
    assert tuple(surface.get_at((201, 150)))[:3] == (255, 0, 0)


def test_numbers_are_drawn_as_bars_even_if_one_is_infinite():
    surface = pygame.Surface((640, 400))
    paint_numbers(surface, surface.get_rect(), np.array([1.0, -0.5, np.inf, np.nan]), np.int64(2))
    assert len(np.unique(pygame.surfarray.array3d(surface).reshape(-1, 3), axis=0)) > 3


class Dotted(gymnasium.Env):
    """A game without pictures that sees six numbers; no `render_mode` may be asked of it."""

    def __new__(cls):
        class Env(gymnasium.Env):
            observation_space = gymnasium.spaces.Box(-1, 1, (6,), np.float32)
            action_space = gymnasium.spaces.Discrete(2)

            def reset(self, seed=None, options=None):
                return np.full(6, 0.5, np.float32), {}

            def step(self, action):
                return np.full(6, -0.5, np.float32), 1.0, False, False, {}

        return Env()


@pytest.mark.parametrize(
    ("world", "kind"),
    [
        ("gpo/Balance-v0", "own"),
        ("CartPole-v1", "rendered"),
        (f"{__name__}:Dotted", "numbers"),
    ],
)
def test_every_game_is_shown_as_well_as_it_can_be(world, kind):
    game = Game(make_world(world))
    game.begin(3)
    scenery = Scenery(game.world, game.batch)
    assert scenery.kind == kind
    surface, area = pygame.Surface((640, 480)), pygame.Rect(20, 30, 500, 400)
    scenery.paint(surface, area, game.moment, {})
    before = pygame.surfarray.array3d(surface)
    assert area.contains(scenery.area)
    assert (before[:20] == 0).all()
    for _ in range(8):
        game.step({0: 1})
    scenery.paint(surface, area, game.moment, {})
    assert (pygame.surfarray.array3d(surface) != before).any()
    game.close()


def test_a_recording_of_a_foreign_world_is_not_of_its_pictures():
    world = make_world("CartPole-v1")
    game = Game(world)
    assert game.batch.render().shape == (400, 600, 3)
    assert game.world.fingerprint == world.fingerprint
    assert "render_mode" not in str(game.world.describe())
    game.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_areas_of_the_window_do_not_overlap(size):
    surface = pygame.Surface(size)
    places = hud_layout(surface)
    for k, place in enumerate(places):
        assert surface.get_rect().contains(place)
        assert place.width > 0
        assert place.height > 0
        assert place.collidelist([*places[:k], *places[k + 1 :]]) == -1
    assert places.stage.width * places.stage.height > 0.4 * size[0] * size[1]


@pytest.mark.parametrize("room", [40, 90, 250])
def test_words_fit_or_are_cut_short(room):
    size, words = fit_text("dishes fetched for a pot in use", 30, room)
    assert width_of(words, size) <= room
    assert all(width_of(line, 20) <= room for line in wrapped("as many soups as you can", 20, room))


def test_hints_go_to_the_next_line_when_one_is_full():
    hints = [(("Enter",), "begin"), (("Esc",), "end"), (("F11",), "full screen")]
    assert len(hint_rows(hints, 2000, 24)) == 1
    rows = hint_rows(hints, 200, 24)
    assert [hint for row in rows for hint in row] == hints
    assert len(rows) > 1


def test_numbers_are_short():
    told = [number(value) for value in (3.0, 0.25, -12.3456, 12345.0)]
    assert told == ["3", "0.25", "-12.3", "12,345"]
