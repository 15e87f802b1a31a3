"""Keys look like keys: every one has a picture of its own, inside its area, and lights up."""

import pygame
import pytest

from demos.window.drawing.keycaps import draw_key, key_width

NAMES = (
    "a", "left arrow", "right arrow", "up arrow", "down arrow", "space", "left shift", "f1", "/", "keypad 7",
    "dpad up", "dpad left", "stick down", "stick right", "button 0", "button 12", "mouse left", "mouse right",
    "mouse middle", "pointer up", "pointer left", "axis 3 -", "trigger 5",
)  # fmt: skip
BACK = (20, 22, 29)


def picture(name, height, lit=False):
    surface = pygame.Surface((12 * height, 3 * height))
    surface.fill(BACK)
    area = draw_key(surface, name, height, 1.5 * height, height, lit)
    return surface, area


@pytest.mark.parametrize("height", [16, 21, 48])
@pytest.mark.parametrize("name", NAMES)
def test_a_key_stays_in_its_area(name, height):
    surface, area = picture(name, height)
    assert area.size == (key_width(name, height), height)
    assert (area.left, area.centery) == (height, round(1.5 * height - height / 2) + height // 2)
    pygame.draw.rect(surface, BACK, area.inflate(2, 2))  # edges may be soft
    plain = pygame.Surface(surface.get_size())
    plain.fill(BACK)
    assert pygame.image.tobytes(surface, "RGB") == pygame.image.tobytes(plain, "RGB")


def test_every_key_looks_different_and_lights_up():
    seen = {
        pygame.image.tobytes(picture(name, 32, lit)[0], "RGB") for name in NAMES for lit in (0, 1)
    }
    assert len(seen) == 2 * len(NAMES)


def test_arrows_may_be_called_as_pygame_calls_them():
    for way in ("left", "right", "up", "down"):
        same = [pygame.image.tobytes(picture(n, 32)[0], "RGB") for n in (way, f"{way} arrow")]
        assert same[0] == same[1]


def test_an_arrow_points_where_it_says():
    surface, area = picture("left", 64)
    face = area.inflate(-24, -24).move(0, -4)
    dark = [
        (x - area.left, surface.get_at((x, y)))
        for x in range(face.left, face.right)
        for y in range(face.top, face.bottom)
        if sum(surface.get_at((x, y))[:3]) < 240
    ]
    columns = [x for x, _ in dark]
    half = area.width / 2
    assert sum(x < half for x in columns) > 1.2 * sum(x > half for x in columns)


def test_words_fit_on_their_keys():
    assert key_width("right shift", 32) > key_width("a", 32) == 32
    assert key_width("space", 32) > key_width("right ctrl", 32)
