"""The picture of what moves in a duel, in full or as one fighter can see it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pygame

from environments.drawing.canvas import Colour, place, sprite, write
from environments.worlds.duel import drawing_sprites as things
from environments.worlds.duel.arena import inverse, reach
from environments.worlds.duel.constants import COMPASS, PADS, RAYS, REACH, SHOTS, SPAWNS, TICK
from environments.worlds.duel.drawing_arena import (
    ArenaView,
    Point,
    cover_layer,
    darken,
    dashed,
    ground,
    sight_lines,
)
from environments.worlds.duel.drawing_sprites import faded, fighter_picture, turned

TRAIL = 5  # pieces
LINGERS = 80  # ticks for which it is shown where the other was seen last


class Scene:
    """The arena at one moment, in full or as one fighter can see it.

    Args:
        surface: to draw on.
        plan: where the arena is on it.
        table: of the world.
        state: of the game.
        seat: for whom it is drawn; None shows everything.
    """

    def __init__(
        self, surface: pygame.Surface, plan: ArenaView, table: Any, state: Any, seat: int | None
    ) -> None:
        self.surface, self.plan, self.table, self.state, self.seat = (
            surface,
            plan,
            table,
            state,
            seat,
        )
        self.cell = round(plan.metre)
        self.rows = np.array(state["rows"], np.uint32)
        self.viewers = [seat] if seat is not None else [0, 1]
        self.veil = pygame.Surface(plan.area.size, pygame.SRCALPHA)
        self.outlines = {
            n: sight_lines(self.rows, *self._place(n)) for n in self.viewers if not state["down"][n]
        }

    def draw(self) -> None:
        """From the floor up."""
        cover, side = self.rows.tobytes(), self.plan.area.width
        self.surface.set_clip(self.plan.area)
        self.surface.blit(ground(cover, side), self.plan.area)
        if self.outlines or self.seat is not None:
            darken(self.surface, self.plan, list(self.outlines.values()))
        for k in range(PADS):
            self._pad(k)
        self._rays()
        self._bystanders()
        self._shots()
        for n in range(2):
            self._fighter(n)
        self.surface.blit(cover_layer(cover, side), self.plan.area)
        self._marks()
        self.surface.set_clip(None)

    # ------------------------------------------------------------------ helpers

    def _place(self, n: int) -> Point:
        x, y = self.state["position"][n]
        return float(x), float(y)

    def _put(self, picture: pygame.Surface, x: float, y: float) -> None:
        place(self.surface, picture, *self.plan.at(x, y))

    def _seen(self, x: float, y: float) -> bool:
        """Whether one for whom it is drawn can see a place."""
        for n in self.outlines:
            from_x, from_y = self._place(n)
            if self._reach(from_x, from_y, x - from_x, y - from_y, 1.0) >= 1.0:
                return True
        return self.seat is None

    def _reach(self, x: float, y: float, dx: float, dy: float, most: float) -> float:
        return float(reach(self.rows, x, y, inverse(dx), inverse(dy), most))

    def _lay(self, draw: Any) -> None:
        """Draw something half transparent."""
        self.veil.fill((0, 0, 0, 0))
        draw(self.veil, ArenaView(self.veil.get_rect()))
        self.surface.blit(self.veil, self.plan.area)

    # ------------------------------------------------------------------ parts

    def _pad(self, k: int) -> None:
        x, y = (float(v) for v in self.state["pad"][k])
        waits = int(self.state["pad_wait"][k])
        part = round(24 * (1 - waits / int(self.table["pad_wait"]))) / 24
        self._put(sprite(things.PADS[k // 2], self.cell, 1.2, waits == 0), x, y)
        if waits:
            self._put(
                sprite(things.ring, self.cell, 1.3, (150, 160, 180), max(part, 0.04), 0.46), x, y
            )

    def _rays(self) -> None:
        """The rays of those for whom it is drawn, where they aim, and the line of sight between both."""

        def rays(veil: pygame.Surface, plan: ArenaView) -> None:
            for n in self.outlines:
                (x, y), colour = self._place(n), things.FIGHTERS[n][0]
                for k in range(RAYS):
                    dx, dy = (float(v) for v in COMPASS[k])
                    away = self._reach(x, y, dx, dy, REACH)
                    end = plan.at(x + away * dx, y + away * dy)
                    pygame.draw.line(veil, (*colour[:3], 46), plan.at(x, y), end, 1)
                    pygame.draw.circle(veil, (*colour[:3], 170), end, max(2, plan.metre * 0.07))
                dx, dy = (float(v) for v in self.state["heading"][n])
                away = self._reach(x, y, dx, dy, REACH)
                muzzle, end = plan.at(x + 0.7 * dx, y + 0.7 * dy), (x + away * dx, y + away * dy)
                wide = max(1, round(plan.metre * 0.05))
                light = things.FIGHTERS[n][2]
                if away > 0.8:
                    dashed(veil, (*light[:3], 150), muzzle, plan.at(*end), plan.metre * 0.16, wide)
            if self.state["sees"][0] and self.state["sees"][1]:
                wide = max(2, round(plan.metre * 0.09))
                ends = [plan.at(*self._place(n)) for n in range(2)]
                pygame.draw.line(veil, (*things.AMBER, 96), ends[0], ends[1], wide)

        self._lay(rays)

    def _bystanders(self) -> None:
        for w in range(int(self.table["bystanders"])):
            x, y = (float(v) for v in self.state["walker"][w])
            if not self._seen(x, y):
                continue
            startled = int(self.state["walker_startled"][w]) > 0
            rim = (255, 112, 84) if startled else things.AMBER
            self._put(sprite(things.zone, self.cell, 2.2, rim, startled), x, y)
            self._put(sprite(things.shadow, self.cell, 1.2, 0.3), x, y)
            goal = self.state["walker_goal"][w] - self.state["walker"][w]
            turn = math.degrees(math.atan2(float(goal[1]), float(goal[0])))
            self._put(turned(things.bystander, self.cell, 0.9, turn, startled), x, y)
            if startled:
                at = self.plan.at(x, y + 0.55)
                write(self.surface, "!", at, self.plan.metre * 0.9, rim, "center")

    def _shots(self) -> None:
        flying = [
            (n, self.state["shot"][n, k], self.state["shot_velocity"][n, k])
            for n in range(2)
            for k in range(SHOTS)
            if self.state["shot_flying"][n, k] and self._seen(*self.state["shot"][n, k].tolist())
        ]

        def trails(veil: pygame.Surface, plan: ArenaView) -> None:
            for n, at, speed in flying:
                away = np.hypot(*(at - self.state["position"][n]))
                length = min(1.6, float(away))
                back = -speed / max(float(np.hypot(*speed)), 1e-6) * length / TRAIL
                for k in range(TRAIL):
                    ends = [plan.at(*(at + back * (k + i)).tolist()) for i in (0, 1)]
                    wide = max(1, round(plan.metre * 0.2 * (1 - k / TRAIL)))
                    colour = (*things.FIGHTERS[n][2][:3], 200 - 38 * k)
                    pygame.draw.line(veil, colour, ends[0], ends[1], wide)

        if flying:
            self._lay(trails)
        for n, at, _ in flying:
            self._put(sprite(things.shot, self.cell, 0.7, n), *at.tolist())

    def _fighter(self, n: int) -> None:
        """A fighter with its health around it, or where it was seen last, or where it will come back."""
        state, (x, y) = self.state, self._place(n)
        if state["down"][n]:
            self._put(sprite(things.fallen, self.cell, 1.1, n), x, y)
            self._coming_back(n)
            return
        if self.seat is not None and n != self.seat and not state["sees"][self.seat]:
            self._last_seen(n)
            return
        coat: Colour = things.FIGHTERS[n][0]
        self._put(sprite(things.shadow, self.cell, 1.4, 0.42), x, y)
        dx, dy = (float(v) for v in state["heading"][n])
        if state["dashing"][n]:
            way = state["velocity"][n] * TICK
            for k in (3, 2, 1):
                ghost = faded(fighter_picture(self.cell, n, dx, dy), 28 * (4 - k))
                self._put(ghost, x - k * 0.45 * float(way[0]), y - k * 0.45 * float(way[1]))
        self._put(fighter_picture(self.cell, n, dx, dy), x, y)
        health = round(24 * float(state["health"][n]) / float(self.table["health"])) / 24
        self._put(sprite(things.ring, self.cell, 1.7, (20, 23, 31, 150), 1.0, 0.62), x, y)
        hurts = (255, 236, 230) if state["hurt"][n] > 6 else coat
        self._put(sprite(things.ring, self.cell, 1.7, hurts, max(health, 0.04), 0.62), x, y)
        if state["reloading"][n]:
            done = round(16 * (1 - int(state["reloading"][n]) / int(self.table["reload"]))) / 16
            self._put(
                sprite(things.ring, self.cell, 2.0, things.BRASS, max(done, 0.06), 0.78), x, y
            )
        if state["shield"][n]:
            self._put(sprite(things.ring, self.cell, 2.2, (240, 246, 255, 190), 1.0, 0.9), x, y)

    def _last_seen(self, n: int) -> None:
        state, seat = self.state, int(self.seat or 0)
        age = int(state["seen_age"][seat])
        if 0 <= age < LINGERS:
            x, y = (float(v) for v in state["seen_position"][seat])
            dx, dy = (float(v) for v in state["seen_heading"][seat])
            ghost = faded(fighter_picture(self.cell, n, dx, dy), round(150 * (1 - age / LINGERS)))
            self._put(ghost, x, y)
            at = self.plan.at(x, y + 0.95)
            text = f"{age * TICK:.1f} s"
            write(self.surface, text, at, self.plan.metre * 0.7, (200, 206, 220), "center")

    def _coming_back(self, n: int) -> None:
        if self.seat is not None and n != self.seat:
            return  # where, the other does not know
        x, y = (float(v) for v in SPAWNS[int(self.state["spawn"][n])] * (1 - 2 * n))
        part = round(16 * (1 - int(self.state["down"][n]) / int(self.table["respawn"]))) / 16
        colour = things.FIGHTERS[n][0]
        self._put(sprite(things.ring, self.cell, 2.2, colour, max(part, 0.06), 0.9), x, y)

    def _marks(self) -> None:
        """Where a hit came from, at the edge of the fighter that was hit."""
        for n in self.viewers:
            if self.state["hurt"][n] and not self.state["down"][n]:
                x, y = self._place(n)
                dx, dy = (float(v) for v in self.state["hurt_from"][n])
                turn = math.degrees(math.atan2(dy, dx))
                self._put(
                    turned(things.wedge, self.cell, 2.6, turn, int(self.state["hurt"][n])), x, y
                )
