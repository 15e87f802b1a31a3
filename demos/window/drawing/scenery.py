"""The drawing of a game inside a window: the world's own drawing, a picture, or bare numbers as bars.

O numbers in an observation, A in an action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pygame

from demos.window.drawing.widgets import ACCENT, LINE, MINT, PANEL, QUIET, fit_rect, write_fitting
from environments.simulation.batch import Batch
from environments.simulation.observation_parts import is_picture
from environments.simulation.world import World
from environments.system.errors import UserError

WIDEST, NARROWEST = 1.78, 1.0  # width : height of a world's own drawing
CHANNELS = 16  # more than that along an axis are pixels
PIXELS = 200  # a picture smaller than this is shown with its pixels sharp


class Scenery:
    """Shows one game as well as it can be shown; what has not changed is not drawn again.

    Args:
        world: what is played.
        batch: the game, which may have been made with another `render_mode`.
        seat: whose observation is shown where there is no other picture.
    """

    def __init__(self, world: World, batch: Batch, seat: int = 0) -> None:
        self.world, self.batch, self.seat = world, batch, seat
        self.area = pygame.Rect(0, 0, 0, 0)  # where it was drawn last
        self._kept: tuple[Any, pygame.Surface] | None = None
        self._frame: tuple[int, np.ndarray] | None = None
        self.kind = self._kind()

    def _kind(self) -> str:
        if hasattr(self.world.module, "draw"):
            return "own"
        try:
            self.batch.render()
        except (UserError, pygame.error, RuntimeError, NotImplementedError, AttributeError):
            return "picture" if is_picture(self.world.observation_space) else "numbers"
        return "rendered"

    def paint(
        self, surface: pygame.Surface, area: pygame.Rect, step: int, score: Mapping[str, Any]
    ) -> None:
        """Draw the game as it is after `step` steps of all that were taken into an area."""
        intervened = getattr(self.batch, "intervened", None)
        if intervened is not None:
            score = {**score, "shield": bool(intervened[0, self.seat])}
        key = step, area.size, self.kind == "own" and tuple(score.items())
        if self._kept is None or self._kept[0] != key:
            picture = pygame.Surface(area.size)
            inside = self._paint(picture, step, score)
            self._inside = inside
            self._kept = key, picture
        surface.blit(self._kept[1], area)
        self.area = self._inside.move(area.topleft)

    def _paint(self, surface: pygame.Surface, step: int, score: Mapping[str, Any]) -> pygame.Rect:
        area = surface.get_rect()
        if self.kind == "own":
            return paint_state(surface, area, self.world, self.batch.state[0], score)
        if self.kind == "rendered":
            if self._frame is None or self._frame[0] != step:
                self._frame = step, self.batch.render()
            return paint_picture(surface, area, self._frame[1])
        seen = self.batch.observation[0, self.seat]
        if self.kind == "picture":
            return paint_picture(surface, area, seen)
        return paint_numbers(surface, area, seen, self.batch.actions[0, self.seat])


def paint_state(
    surface: pygame.Surface,
    area: pygame.Rect,
    world: World,
    state: Any,
    score: Mapping[str, Any],
) -> pygame.Rect:
    """A state by the world's own drawing; returns where it was put."""
    shape = min(max(area.width / max(area.height, 1), NARROWEST), WIDEST)
    inside = fit_rect(1000 * shape, 1000, area)
    surface.fill(PANEL, area)
    world.module.draw(surface.subsurface(inside), world.table[0], state, dict(score))
    return inside


def paint_picture(surface: pygame.Surface, area: pygame.Rect, seen: np.ndarray) -> pygame.Rect:
    """A picture [H, W], [H, W, C] or [C, H, W], as large as it fits; returns where it was put."""
    rgb = as_rgb(seen)
    picture = pygame.surfarray.make_surface(rgb.transpose(1, 0, 2))
    inside = fit_rect(*picture.get_size(), area)
    surface.fill(PANEL, area)
    scale: Callable[..., pygame.Surface] = pygame.transform.smoothscale
    if max(picture.get_size()) < PIXELS:
        scale = pygame.transform.scale
    surface.blit(scale(picture, inside.size), inside)
    return inside


def as_rgb(seen: np.ndarray) -> np.ndarray:
    """Any picture as uint8 [H, W, 3]; of several stacked frames the last is shown."""
    picture = np.asarray(seen)
    if picture.ndim == 3 and picture.shape[0] <= CHANNELS < min(picture.shape[1:]):
        picture = picture.transpose(1, 2, 0)  # channels came first
    if picture.ndim == 2:
        picture = picture[..., None]
    channels = picture.shape[2]
    if channels not in (3, 4):  # grey, or grey frames one after another
        return np.repeat(picture[..., channels - 1 :], 3, axis=2).astype(np.uint8)
    return np.ascontiguousarray(picture[..., :3]).astype(np.uint8)


def paint_numbers(
    surface: pygame.Surface, area: pygame.Rect, seen: np.ndarray, action: Any
) -> pygame.Rect:
    """What cannot be drawn otherwise: observation [O] and action [A] as bars; returns the area."""
    surface.fill(PANEL, area)
    inside = area.inflate(-area.width // 12, -area.height // 10)
    upper = pygame.Rect(inside.left, inside.top, inside.width, round(inside.height * 0.62))
    lower = pygame.Rect(
        inside.left, upper.bottom + inside.height // 12, inside.width, round(inside.height * 0.26)
    )
    size = max(16, inside.height // 18)
    _bars(surface, upper, size, np.ravel(seen), "what is seen", MINT)
    _bars(surface, lower, size, np.ravel(np.asarray(action)), "action", ACCENT)
    return area


def _bars(
    surface: pygame.Surface,
    area: pygame.Rect,
    high: int,
    numbers: np.ndarray,
    title: str,
    colour: tuple[int, int, int],
) -> None:
    """A bar a number, up where it is positive; each side reaches as far as the largest number."""
    head = pygame.Rect(area.left, area.top, area.width, high)
    values = np.nan_to_num(numbers.astype(np.float64), posinf=0, neginf=0)
    shown = values[: max(1, area.width // 3)]
    told = f"{title}: {', '.join(f'{value:.3g}' for value in values[:8])}"
    told += f" ... ({len(values)} numbers)" if len(values) > 8 else ""
    write_fitting(surface, told, head, high, QUIET)
    plot = pygame.Rect(area.left, head.bottom + 4, area.width, area.height - high - 4)
    surface.fill(LINE, (plot.left, plot.centery, plot.width, 1))
    most, share = max(float(np.abs(shown).max(initial=0)), 1e-9), plot.width / len(shown)
    for k, value in enumerate(shown.tolist()):
        tall = max(2, round(abs(value) / most * plot.height / 2))
        top = plot.centery - tall if value >= 0 else plot.centery
        wide = max(1, min(round(share * 0.8), plot.height))
        left = round(plot.left + share * (k + 0.5) - wide / 2)
        pygame.draw.rect(surface, colour, (left, top, wide, tall), border_radius=min(3, wide // 3))
