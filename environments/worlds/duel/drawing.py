"""The picture of a duel: the arena, the fighters and their shots, and the status of both.

What may stand in `score`, and is shown if it does:

    title                     a line at the top
    fighter_0, fighter_1      who acts: "refined agent", a person's name
    seat                      for whom it is drawn: then only what that fighter can know is shown
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pygame

from environments.drawing.canvas import Colour, place, sprite, width_of, write
from environments.drawing.status_bars import BAR, BRIGHT, HURRY, HURRY_AT, LINE, QUIET, TIME
from environments.worlds.duel import drawing_sprites as things
from environments.worlds.duel.constants import AGENTS, TICK
from environments.worlds.duel.drawing_arena import ArenaView
from environments.worlds.duel.drawing_scene import Scene

BACKGROUND = (38, 42, 53)
EMPTY = (50, 56, 70)
LOW, HALF_WELL, WELL = (255, 112, 84), (255, 196, 61), (84, 208, 150)


def draw_duel(
    surface: pygame.Surface, table: np.void, state: np.void, score: Mapping[str, Any]
) -> None:
    """Draw a state on a surface of any size; 640x480 and up is clear to a person."""
    surface.fill(BACKGROUND)
    plan, top = layout(surface.get_size())
    Scene(surface, plan, table, state, score.get("seat")).draw()
    wide, high = surface.get_size()
    draw_top(surface, pygame.Rect(0, 0, wide, top), table, state, score)
    for n in range(2):
        left, right = (0, plan.area.left) if n == 0 else (plan.area.right, wide)
        area = pygame.Rect(left, top, right - left, high - top)
        if n == score.get("seat", n) or state["sees"][1 - n]:
            StatusPanel(surface, area, n).draw(table, state, score)
        else:
            StatusPanel(surface, area, n).draw_unknown(score)


def place_at(pointer: tuple[float, float], size: tuple[int, int]) -> tuple[float, float]:
    """Metres of a place of a picture of a size, given as 0..1 from its left and top."""
    plan = layout(size)[0]
    return plan.place(pointer[0] * (size[0] - 1), pointer[1] * (size[1] - 1))


def layout(size: tuple[int, int]) -> tuple[ArenaView, int]:
    """Where the arena is on a picture of a size, and how high the bar above it is."""
    wide, high = size
    top = round(min(high * 0.1, 84))
    side = max(40, min(high - top - 8, round(wide * 0.68)))
    area = pygame.Rect((wide - side) // 2, top + (high - top - side) // 2, side, side)
    return ArenaView(area), top


# ------------------------------------------------------------------ beside the arena


def draw_top(
    surface: pygame.Surface, bar: pygame.Rect, table: Any, state: Any, score: Mapping[str, Any]
) -> None:
    """Knock-outs of both sides around the clock, and the title below it where there is one."""
    surface.fill(BAR, bar)
    part = max(1 - int(state["tick"]) / max(int(state["horizon"]), 1), 0.0)
    seconds = part * int(state["horizon"]) * TICK
    colour = HURRY if seconds <= HURRY_AT else BRIGHT
    high = bar.height
    write(
        surface,
        f"{seconds:.0f} s",
        (bar.centerx, bar.centery - high * 0.04),
        0.62 * high,
        colour,
        "center",
    )
    wins = int(table["knockouts"])
    for n in range(2):
        side = -1 if n == 0 else 1
        for k in range(wins):
            at = bar.centerx + side * high * (1.15 + 0.5 * k), bar.centery - high * 0.04
            filled = int(state["knockouts"][n]) > k
            place(surface, sprite(_star, round(high * 0.5), 1, n, filled), *at)
    if "title" in score:
        reach = high * (1.3 + 0.5 * wins)
        title = _fitted(str(score["title"]), round(high * 0.38), bar.width / 2 - reach - 0.3 * high)
        at = bar.left + 0.3 * high, bar.centery - high * 0.04
        write(surface, title, at, high * 0.38, QUIET)
    thick = max(3, round(high * 0.06))
    surface.fill(LINE, (bar.left, bar.bottom - thick, bar.width, thick))
    wide = round(bar.width * part)
    left = bar.centerx - wide // 2
    surface.fill(HURRY if seconds <= HURRY_AT else TIME, (left, bar.bottom - thick, wide, thick))


def _star(c: Any, number: int, filled: bool) -> None:
    c.disc(0, 0, 0.46, things.FIGHTERS[number][0] if filled else EMPTY)
    c.disc(0, 0, 0.36, things.FIGHTERS[number][1] if filled else BAR)
    if filled:
        for side in (-1, 1):
            c.stroke([(-0.15, -0.15 * side), (0.15, 0.15 * side)], 0.11, things.PAPER)


class StatusPanel:
    """One fighter's panel.

    Args:
        surface: to draw on.
        area: of the panel.
        number: of the fighter.
    """

    def __init__(self, surface: pygame.Surface, area: pygame.Rect, number: int) -> None:
        self.surface, self.number = surface, number
        self.unit = min(area.width / 8.2, area.height / 24)  # pixels
        side = self.unit * 0.7
        self.left, self.wide = area.left + side, area.width - 2 * side
        self.y = area.top + self.unit * 1.2

    def draw(self, table: Any, state: Any, score: Mapping[str, Any]) -> None:
        """Everything from the top to the bottom."""
        n = self.number
        self._head(score)
        health = float(state["health"][n]) / float(table["health"])
        colour = WELL if health > 0.6 else HALF_WELL if health > 0.3 else LOW
        self._bar("health", f"{100 * health:.0f}", health, colour)
        reload = int(state["reloading"][n])
        self._magazine(table, state, reload)
        dash = 1 - int(state["dash_wait"][n]) / int(table["dash_wait"])
        self._bar("dash", "ready" if dash >= 1 else "", dash, things.FIGHTERS[n][0])
        status = self._status(table, state, reload)
        if status:
            size = self.unit * 1.25
            words = _fitted(status, round(size), self.wide)
            write(self.surface, words, (self.left, self.y + size / 2), size, HURRY)

    def draw_unknown(self, score: Mapping[str, Any]) -> None:
        """Draw the name alone, of a fighter that cannot be seen."""
        self._head(score)
        size = self.unit * 1.25
        write(self.surface, "out of sight", (self.left, self.y + size / 2), size, QUIET)

    def _status(self, table: Any, state: Any, reload: int) -> str:
        n = self.number
        if state["down"][n] > 0:
            return f"back in {int(state['down'][n]) * TICK:.1f} s"
        if state["shield"][n] > 0:
            return "protected"
        if reload:
            return "reloading"
        if state["magazine"][n] == 0 and state["reserve"][n] == 0:
            return "no shots"
        return "empty" if state["magazine"][n] == 0 else ""

    def _head(self, score: Mapping[str, Any]) -> None:
        agent = AGENTS[self.number]
        name = str(score.get(agent, agent.replace("_", " ")))
        size = self.unit * 1.5
        badge = pygame.transform.rotate(
            sprite(things.fighter, round(self.unit * 2.6), 1.3, self.number), 90
        )
        place(self.surface, badge, self.left + self.unit * 1.1, self.y + self.unit * 1.2)
        x = self.left + self.unit * 2.7
        room = self.left + self.wide - x
        while size > self.unit and width_of(name, round(size)) > room:
            size -= 1
        words = _fitted(name, round(size), room)
        write(self.surface, words, (x, self.y + self.unit * 1.3), size, BRIGHT)
        self.y += self.unit * 3.8

    def _label(self, label: str, value: str, colour: Colour = BRIGHT) -> None:
        size = self.unit * 1.3
        write(self.surface, label, (self.left, self.y + size / 2), size, QUIET)
        right = self.left + self.wide, self.y + size / 2
        if value:
            write(self.surface, value, right, size, colour, "midright")
        self.y += size * 1.15

    def _bar(self, label: str, value: str, part: float, colour: Colour) -> None:
        self._label(label, value)
        high = self.unit * 0.75
        self._slab(self.left, self.wide, high, EMPTY)
        if part > 0:
            self._slab(self.left, max(self.wide * min(part, 1.0), high), high, colour)
        self.y += high + self.unit * 1.1

    def _slab(self, left: float, wide: float, high: float, colour: Colour) -> None:
        box = pygame.Rect(round(left), round(self.y), round(wide), round(high))
        pygame.draw.rect(self.surface, colour, box, border_radius=max(2, round(high / 2)))

    def _magazine(self, table: Any, state: Any, reload: int) -> None:
        """A mark for each shot in the magazine, which fill up while reloading, and those in reserve."""
        n, whole = self.number, int(table["magazine"])
        held, spare = int(state["magazine"][n]), int(state["reserve"][n])
        self._label("shots", f"{held} + {spare}", LOW if held == 0 else BRIGHT)
        shown = min(whole, 20)
        share = self.wide / shown
        done = 1 - reload / int(table["reload"]) if reload else 0.0
        for k in range(shown):
            full = (k + 0.5) / shown < held / whole
            fills = reload and (k + 0.5) / shown < done
            colour = things.BRASS if full else things.BRASS_DARK if fills else EMPTY
            box = pygame.Rect(0, 0, max(3, round(share * 0.68)), round(self.unit * 1.5))
            box.topleft = round(self.left + share * k), round(self.y)
            pygame.draw.rect(self.surface, colour, box, border_radius=max(1, box.width // 3))
        self.y += self.unit * 2.7


def _fitted(words: str, height: int, room: float) -> str:
    """Words, cut short where they do not fit."""
    kept = words
    while kept and width_of(kept if kept == words else kept + "...", height) > room:
        kept = kept[:-1].rstrip()
    return kept if kept == words else f"{kept}..." if kept else ""
