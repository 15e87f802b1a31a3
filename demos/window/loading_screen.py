"""A window that stays alive while something takes long; light, so that it is there before all else loads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pygame

from demos.window.drawing.widgets import (
    ACCENT,
    BACK,
    BRIGHT,
    LINE,
    QUIET,
    card,
    paragraph,
    unit,
    write_fitting,
)
from demos.window.signals import Stop
from demos.window.window import AppWindow
from environments.system.waiting import listening

FRAME = 1 / 30  # s between two pictures
Found = TypeVar("Found")


def wait_for(
    stage: AppWindow, work: Callable[[], Found], title: str, words: str, stop: Stop
) -> Found | None:
    """Do what may take long while the window stays alive; None if the person would not wait.

    Args:
        stage: the window.
        work: what is done, beside this thread.
        title: heading of what is shown meanwhile.
        words: below it, until something is announced (`environments.system.waiting`).
        stop: whether a signal came.

    Raises:
        whatever the work raises.
    """
    if stage.headless:
        return work()
    found: list[Found] = []
    failed: list[BaseException] = []
    told = [words]

    def do() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001  raised again below, in the main thread
            failed.append(error)

    worker = threading.Thread(target=do, daemon=True)
    with window_left_alone(), listening(told.append):
        worker.start()
        if not _waited(worker, stage, title, told, stop):
            return None
    if failed:
        raise failed[0]
    return found[0]


@contextmanager
def window_left_alone() -> Iterator[None]:
    """Within the block nothing shuts pygame down, as environments do when they close: the window is drawn."""
    kept = pygame.quit, pygame.display.quit
    pygame.quit = pygame.display.quit = lambda: None
    try:
        yield
    finally:
        pygame.quit, pygame.display.quit = kept


def _waited(
    worker: threading.Thread,
    stage: AppWindow,
    title: str,
    told: list[str],
    stop: Stop,
) -> bool:
    """Draw until the worker is done; False if the person would not wait for it."""
    while worker.is_alive():
        worker.join(FRAME)
        for event in stage.events():
            escaped = event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE
            if event.type == pygame.QUIT or escaped:
                return False
        if stop.noticed():
            return False
        draw_waiting(stage.surface, title, told[-1], time.monotonic())
        stage.show()
    return True


def draw_waiting(surface: pygame.Surface, title: str, words: str, now: float) -> None:
    """Something takes long, and this is what."""
    surface.fill(BACK)
    scale = unit(surface)
    area = pygame.Rect(0, 0, round(480 * scale), round(210 * scale))
    area.center = surface.get_rect().center
    card(surface, area)
    inside = area.inflate(-round(48 * scale), -round(40 * scale))
    head = pygame.Rect(inside.left, inside.top, inside.width, round(34 * scale))
    write_fitting(surface, title, head, 32 * scale, BRIGHT, "center")
    body = pygame.Rect(inside.left, head.bottom + round(8 * scale), inside.width, round(70 * scale))
    paragraph(surface, words, body, round(19 * scale), QUIET, centred=True)
    for k in range(3):  # dots that breathe: the window is alive
        glow = 0.5 + 0.5 * math.sin(4 * now - 0.9 * k)
        colour = tuple(round(a + (b - a) * glow) for a, b in zip(LINE, ACCENT, strict=True))
        x = inside.centerx + (k - 1) * 26 * scale
        pygame.draw.circle(surface, colour, (x, inside.bottom - 8 * scale), 6 * scale)
