"""The window of a viewer: the game or two games, what stands above and below them, and panels around."""

from __future__ import annotations

from typing import NamedTuple

import pygame

from demos.data.episodes.episode import Actor
from demos.sessions.game.takeover_frame import draw_frame
from demos.sessions.match.watch_state import Side
from demos.sessions.panels.actions import ActionsPanel
from demos.sessions.panels.charts_over_time import ClonePanel, RewardPanel, ValuesPanel
from demos.sessions.panels.costs_and_games import CostsPanel, GamesPanel, ShieldPanel
from demos.sessions.panels.observation import ObservationPanel
from demos.sessions.panels.panel import Panel, PanelBoard, PanelSizes, heights, shown
from demos.sessions.watch.overlays import draw_end, draw_help, draw_seed, draw_toast
from demos.sessions.watch.top_bar import draw_title, draw_top
from demos.sessions.watch.viewer import Viewer
from demos.window.drawing.scenery import Scenery
from demos.window.drawing.widgets import (
    ACCENT,
    BACK,
    PANEL,
    Hint,
    draw_hints,
    hint_width,
    unit,
)
from environments.drawing.canvas import Colour

TAKE_OVER: Hint = (("t",), "take over")
KEYS: tuple[Hint, ...] = (
    (("space",), "stop"),
    TAKE_OVER,
    ((",", "."), "step"),
    (("[", "]"), "speed"),
    (("n",), "next"),
    (("tab",), "agent"),
    (("g",), "ghost"),
    (("1", "8"), "panels"),
    (("h",), "help"),
)
GHOST: Colour = (122, 162, 247)


class ScreenLayout(NamedTuple):
    """Where things stand."""

    top: pygame.Rect
    stage: pygame.Rect
    beside: pygame.Rect  # a column of panels; of no width if none is shown
    below: pygame.Rect  # a row of panels
    bottom: pygame.Rect


class Screen:
    """Draws a viewer; keeps what need not be drawn again."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer, self.board = viewer, PanelBoard()
        self.beside: tuple[Panel, ...] = (
            ActionsPanel(), ObservationPanel(), CostsPanel(), GamesPanel(), ShieldPanel(),
        )  # fmt: skip
        self.below: tuple[Panel, ...] = (ValuesPanel(), RewardPanel(), ClonePanel())
        self._scenes: dict[int, Scenery] = {}
        self._keys: pygame.Surface | None = None

    def draw(self, surface: pygame.Surface) -> None:
        """Everything, on a surface of any size from 640 x 480 on."""
        viewer = self.viewer
        beside, below = shown(self.beside, viewer), shown(self.below, viewer)
        places = screen_layout(surface, bool(beside), bool(below))
        sizes = sizes_for(surface)
        surface.fill(BACK)
        draw_top(surface, places.top, viewer)
        self._draw_stage(surface, places.stage)
        gap = sizes.pad // 2
        self._draw_beside(surface, places.beside, beside, sizes, gap)
        self._draw_below(surface, places.below, below, sizes, gap)
        surface.blit(self._keys_picture(places.bottom.size), places.bottom)
        if viewer.ended and not viewer.display.helping:
            draw_end(surface, places.stage, viewer)
        draw_toast(surface, places.stage, viewer.display.message)
        if viewer.display.helping:
            draw_help(surface)
        if viewer.display.typing is not None:
            draw_seed(surface, places.stage, viewer.display.typing)

    def _keys_picture(self, size: tuple[int, int]) -> pygame.Surface:
        """The keys, which only a change of the window's size changes."""
        if self._keys is None or self._keys.get_size() != size:
            self._keys = pygame.Surface(size)
            self._keys.fill(BACK)
            keys = [
                hint for hint in KEYS if hint is not TAKE_OVER or self.viewer.driver is not None
            ]
            _draw_keys(self._keys, self._keys.get_rect(), keys)
        return self._keys

    # -- panels -------------------------------------------------------------------------------

    def _draw_beside(
        self,
        surface: pygame.Surface,
        area: pygame.Rect,
        panels: list[Panel],
        sizes: PanelSizes,
        gap: int,
    ) -> None:
        y = area.top
        for panel, high in heights(panels, self.viewer, sizes, area.height, gap):
            box = pygame.Rect(area.left, y, area.width, high)
            self.board.draw(surface, box, panel, self.viewer, sizes)
            y = box.bottom + gap

    def _draw_below(
        self,
        surface: pygame.Surface,
        area: pygame.Rect,
        panels: list[Panel],
        sizes: PanelSizes,
        gap: int,
    ) -> None:
        shares = [1.5 if panel.number == 3 else 1.0 for panel in panels]
        x = float(area.left)
        for panel, share in zip(panels, shares, strict=True):
            wide = (area.width - gap * (len(panels) - 1)) * share / sum(shares)
            box = pygame.Rect(round(x), area.top, round(wide), area.height)
            self.board.draw(surface, box, panel, self.viewer, sizes)
            x += wide + gap

    # -- the game -----------------------------------------------------------------------------

    def _scene(self, side: Side) -> Scenery:
        """One a game, anew when a game is another."""
        key = id(side.match)
        if key not in self._scenes:
            alive = {id(other.match) for other in self.viewer.sides}
            self._scenes = {k: scene for k, scene in self._scenes.items() if k in alive}
            self._scenes[key] = Scenery(self.viewer.world, side.match.batch, side.match.seat)
        return self._scenes[key]

    def _draw_stage(self, surface: pygame.Surface, area: pygame.Rect) -> None:
        viewer, sides = self.viewer, self.viewer.sides
        surface.fill(PANEL, area)
        if len(sides) == 1:
            self._draw_game(surface, area, sides[0])
        else:
            high, gap = round(26 * unit(surface)), max(3, area.width // 200)
            half = (area.width - gap) // 2
            for k, side in enumerate(sides):
                box = pygame.Rect(area.left + k * (half + gap), area.top, half, area.height)
                head = pygame.Rect(box.left, box.top, box.width, high)
                draw_title(surface, head, viewer, side, ACCENT if k == 0 else GHOST)
                rest = pygame.Rect(box.left, head.bottom, box.width, box.height - high)
                self._draw_game(surface, rest, side)
            surface.fill(BACK, (area.left + half, area.top, gap, area.height))
        if viewer.driver is not None:
            driven = viewer.driver is Actor.HUMAN
            refused = bool(viewer.main.match.refused[viewer.main.match.seat])
            draw_frame(surface, area, viewer.driver, driven, refused)

    def _draw_game(self, surface: pygame.Surface, area: pygame.Rect, side: Side) -> None:
        names = self.viewer.cast.names(side.entrant)
        scene = self._scene(side)
        scene.paint(surface, area, side.match.moment, names)
        if side is self.viewer.main and self.viewer.human is not None:
            self.viewer.human.area = scene.area


def screen_layout(surface: pygame.Surface, beside: bool, below: bool) -> ScreenLayout:
    """The areas for a surface of any size from 640 x 480 on."""
    wide, high = surface.get_size()
    scale = unit(surface)
    gap, top, bottom = round(5 * scale), round(40 * scale), round(28 * scale)
    column = round(min(204 * scale, wide * 0.33)) if beside else 0
    row = round(100 * scale) if below else 0
    middle = pygame.Rect(gap, top + gap, wide - 2 * gap, high - top - bottom - 2 * gap)
    left = middle.width - column - (gap if beside else 0)
    stage = pygame.Rect(middle.left, middle.top, left, middle.height - row - (gap if below else 0))
    return ScreenLayout(
        pygame.Rect(0, 0, wide, top),
        stage,
        pygame.Rect(middle.right - column, middle.top, column, middle.height),
        pygame.Rect(middle.left, middle.bottom - row, left, row),
        pygame.Rect(gap, high - bottom, wide - 2 * gap, bottom),
    )


def sizes_for(surface: pygame.Surface) -> PanelSizes:
    """Sizes of what stands in panels."""
    scale = unit(surface)
    return PanelSizes(round(13 * scale), round(16 * scale), round(17 * scale), round(9 * scale))


def _draw_keys(surface: pygame.Surface, area: pygame.Rect, keys: list[Hint]) -> None:
    """As many keys as there is room for; the help, which shows all of them, always."""
    high = round(area.height * 0.68)
    while len(keys) > 1 and sum(hint_width(key, high) for key in keys) > area.width + high:
        keys.pop(-2)
    row = area.move(0, (area.height - high) // 2)
    draw_hints(surface, keys, row, high, centred=True)
