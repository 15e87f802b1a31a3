"""The loading screen says what is waited for, as whatever takes long announces it."""

import threading
from typing import Any

import pygame
import pytest

from demos.window import loading_screen
from demos.window.loading_screen import wait_for
from demos.window.opening import LOADING
from demos.window.signals import Stop
from environments.catalog import make_world
from environments.system.waiting import announce, listening
from environments.warmup import warm_up


class _Still:
    """A window in which nothing happens."""

    headless = False

    def __init__(self):
        self.surface = pygame.Surface((640, 480))

    def events(self):
        return []

    def show(self):
        pass


def still() -> Any:
    return _Still()


@pytest.fixture
def drawn(monkeypatch):
    """The words of every picture, and an event for each new sentence."""
    words: list[str] = []
    seen = threading.Event()

    def draw(surface, title, told, now):
        words.append(told)
        if told != LOADING:
            seen.set()

    monkeypatch.setattr(loading_screen, "draw_waiting", draw)
    return words, seen


def test_what_is_announced_is_shown(drawn):
    words, seen = drawn

    def work():
        announce("The levels are measured.")
        assert seen.wait(10)
        return "ready"

    assert wait_for(still(), work, "Getting ready", LOADING, Stop()) == "ready"
    assert words[-1] == "The levels are measured."
    announce("Nobody listens any more.")
    assert words[-1] == "The levels are measured."


def test_nothing_is_said_to_compile_where_nothing_does(drawn):
    words, _ = drawn
    world = make_world("CartPole-v1")
    wait_for(still(), lambda: warm_up(world, announce), "Getting ready", LOADING, Stop())
    assert set(words) <= {LOADING}


def test_what_the_work_raises_is_raised(drawn):
    def work():
        raise KeyError("gone")

    with pytest.raises(KeyError):
        wait_for(still(), work, "Getting ready", LOADING, Stop())


def test_listeners_come_and_go():
    heard: list[str] = []
    with listening(heard.append):
        announce("one")
    announce("two")
    assert heard == ["one"]
