"""The bar of the viewer: how far a game is, of how long only where somebody set a limit."""

import pygame
import pytest

from demos.sessions.match.cast_by_name import cast_for
from demos.sessions.watch import top_bar
from demos.sessions.watch.top_bar import draw_top, steps_of
from demos.sessions.watch.viewer import Viewer

GUESSED = "tests.environments.support.namers:Namer"  # without a limit of its own: 1,000 is a guess


@pytest.fixture(autouse=True)
def _display():
    pygame.display.init()
    yield
    pygame.display.quit()


@pytest.mark.parametrize(
    ("world", "options", "said", "part"),
    [
        ("CartPole-v1", {}, "4 of 500", 4 / 500),
        ("gpo/Balance-v0", {"horizon": 8}, "4 of 8", 0.5),
        (GUESSED, {"horizon": 40}, "4 of 40", 0.1),
        (GUESSED, {}, "4", 0.0),
    ],
)
def test_a_limit_is_shown_only_where_somebody_set_one(world, options, said, part, monkeypatch):
    viewer = Viewer(cast_for(world, player="random", options=options), 3)
    for _ in range(4):
        viewer.main.match.step()
    assert steps_of(viewer.main.match) == (said, part)
    drawn: list[str] = []

    def noted(surface, words, *rest):
        drawn.append(words)
        return pygame.Rect(0, 0, 9, 9)

    monkeypatch.setattr(top_bar, "write_digits", noted)
    surface = pygame.Surface((900, 40))
    draw_top(surface, surface.get_rect(), viewer)
    assert said in drawn
    assert not [words for words in drawn if "1000" in words]
