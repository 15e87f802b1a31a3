"""The protocol of panels around a game that is watched, their frame, and their pictures that are kept.

A panel is drawn again only when what it shows has changed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple, Protocol

import pygame

from demos.sessions.match.watch_state import WatchState
from demos.window.drawing.digits import digits_width, write_digits
from demos.window.drawing.widgets import BRIGHT, LINE, PANEL, QUIET, paragraph, write_fitting
from environments.drawing.canvas import Colour, write


class PanelSizes(NamedTuple):
    """Sizes in pixels that fit a window."""

    text: int
    row: int
    head: int
    pad: int


class Panel(Protocol):
    """One panel."""

    number: int  # the key that shows and hides it
    title: str

    def key(self, state: WatchState) -> Hashable:
        """All that its picture depends on, beside its size."""

    def missing(self, state: WatchState) -> str:
        """Why there is nothing to show, as a sentence; empty if there is something."""

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """The number that matters most, for its heading."""

    def room(self, state: WatchState, sizes: PanelSizes) -> tuple[int, int]:
        """The least and the greatest height of its content that is of use, in pixels."""

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """Draw its content."""


class PanelBoard:
    """Draws panels and keeps their pictures."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Hashable, pygame.Surface]] = {}

    def draw(
        self,
        surface: pygame.Surface,
        area: pygame.Rect,
        panel: Panel,
        state: WatchState,
        sizes: PanelSizes,
    ) -> None:
        """A panel with its frame."""
        missing = panel.missing(state)
        key = (area.size, missing or panel.key(state), state.main.entrant.name)
        kept = self._kept.get(panel.number)
        if kept is None or kept[0] != key:
            picture = (
                kept[1] if kept and kept[1].get_size() == area.size else pygame.Surface(area.size)
            )
            _draw_panel(picture, panel, state, sizes, missing)
            self._kept[panel.number] = key, picture
            kept = self._kept[panel.number]
        surface.blit(kept[1], area)


def _draw_panel(
    surface: pygame.Surface, panel: Panel, state: WatchState, sizes: PanelSizes, missing: str
) -> None:
    surface.fill((22, 25, 33))
    area = surface.get_rect()
    pygame.draw.rect(surface, PANEL, area, border_radius=8)
    inside = area.inflate(-2 * sizes.pad, -sizes.pad)
    head = pygame.Rect(inside.left, inside.top, inside.width, sizes.head)
    _draw_head(surface, head, panel, state, sizes, missing)
    body = pygame.Rect(inside.left, head.bottom + 2, inside.width, inside.bottom - head.bottom - 2)
    if missing:
        if body.height >= sizes.text:
            paragraph(surface, missing, body, sizes.text, LINE if body.height < 2 else QUIET)
    elif body.height > 4:
        panel.draw(surface, body, state, sizes)


def _draw_head(
    surface: pygame.Surface,
    area: pygame.Rect,
    panel: Panel,
    state: WatchState,
    sizes: PanelSizes,
    missing: str,
) -> None:
    """The key that hides it, its name, and the number that matters most."""
    side = round(sizes.text * 1.12)
    key = pygame.Rect(area.left, area.centery - side // 2, side, side)
    pygame.draw.rect(surface, LINE, key, border_radius=max(3, side // 4))
    write(surface, str(panel.number), key.center, sizes.text * 0.84, BRIGHT, "center")
    number, colour = ("", QUIET) if missing else panel.headline(state)
    if digits_width(number, sizes.text) > 0.45 * area.width:
        number = number.partition(" ")[0]  # without its unit
    wide = digits_width(number, sizes.text)
    if number and wide < area.width - side:
        write_digits(surface, number, area.midright, sizes.text, colour, "midright")
    room = pygame.Rect(key.right + side // 2, area.top, area.width - side * 2 - wide, area.height)
    if room.width > 0:
        write_fitting(surface, panel.title, room, sizes.text, QUIET)


def heights(
    panels: Sequence[Panel], state: WatchState, sizes: PanelSizes, room: int, gap: int
) -> list[tuple[Panel, int]]:
    """Which panels of a column fit, and how high each becomes; the later ones give way first."""
    shown = list(panels)
    frame = sizes.head + sizes.pad + 2
    while True:
        limits = [_limits(panel, state, sizes) for panel in shown]
        least = sum(low + frame for low, _ in limits) + gap * max(len(shown) - 1, 0)
        if least <= room or not shown:
            break
        shown.pop()
    spare = room - least
    wanted = sum(high - low for low, high in limits)
    share = min(1.0, spare / wanted) if wanted else 0.0
    found = [low + frame + int((high - low) * share) for low, high in limits]
    return list(zip(shown, found, strict=True))


def _limits(panel: Panel, state: WatchState, sizes: PanelSizes) -> tuple[int, int]:
    if panel.missing(state):
        return round(sizes.text * 1.3), round(sizes.text * 2.6)
    return panel.room(state, sizes)


def shown(panels: Iterable[Panel], state: WatchState) -> list[Panel]:
    """Those that the person wants to see, and that have something to show."""
    wanted = state.display.panels
    return [panel for panel in panels if panel.number in wanted and not panel.missing(state)]
