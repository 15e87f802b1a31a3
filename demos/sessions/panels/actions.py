"""The panel of what an agent is about to do: how likely each action was, and which it took.

A actions or numbers of an action.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pygame
from gymnasium import spaces

from demos.sessions.match.watch_state import WatchState
from demos.sessions.panels.panel import PanelSizes
from demos.window.controls.bindings import ActionLabels, action_labels
from demos.window.drawing.digits import digits_width, short, write_digits
from demos.window.drawing.widgets import ACCENT, BRIGHT, LINE, MINT, QUIET, write_fitting
from environments.drawing.canvas import Colour
from environments.simulation.world import World

DIM: Colour = (62, 112, 106)  # what was not taken
MOST = 18  # actions that are listed; of more the likeliest


class ActionsPanel:
    """What it is about to do."""

    number, title = 1, "does next"

    def __init__(self) -> None:
        self._known: tuple[World, ActionLabels] | None = None

    def key(self, state: WatchState) -> Hashable:
        """It changes with the game."""
        return state.main.match.moment

    def missing(self, state: WatchState) -> str:
        """It always does something."""
        return ""

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """How long the decision took."""
        return f"{state.results.decision_time * 1000:.2f} ms", QUIET

    def room(self, state: WatchState, sizes: PanelSizes) -> tuple[int, int]:
        """A row an action."""
        space, rows = state.world.action_space, 1
        if isinstance(space, spaces.Discrete):
            rows = min(int(space.n), MOST)
        elif isinstance(space, spaces.MultiDiscrete):
            rows = len(space.nvec.ravel())
        else:
            rows = min(int(np.prod(space.shape)), MOST)
        least = max(round(sizes.text * 0.95), 11)
        return rows * least, rows * round(sizes.row * 1.1)

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """A bar an action."""
        match = state.main.match
        decision, space = match.decisions[match.seat], state.world.action_space
        details, action = decision.details, np.asarray(decision.action)
        if isinstance(space, spaces.Discrete):
            odds = details.chances[0] if details else None
            _draw_choice(surface, area, self._labels(state).choices[0], odds, int(action), sizes)
        elif isinstance(space, spaces.MultiDiscrete):
            parts = details.chances if details else tuple(np.zeros(n) for n in space.nvec.ravel())
            _draw_choices(surface, area, parts, action.ravel(), sizes, self._labels(state).choices)
        elif isinstance(space, spaces.MultiBinary):
            on = [float(part[0]) for part in details.chances] if details else None
            _draw_switches(surface, area, on, action.ravel(), sizes, self._labels(state).parts)
        else:
            mean = details.mean if details else None
            spread = details.spread if details else None
            likely = None if mean is None or spread is None else (mean, spread)
            _draw_sliders(surface, area, space, likely, action.ravel(), sizes, self._labels(state))

    def _labels(self, state: WatchState) -> ActionLabels:
        """What the person calls the actions, by the table of controls; read once a world."""
        if self._known is None or self._known[0] is not state.world:
            self._known = state.world, action_labels(state.world)
        return self._known[1]


def _room_for(labels: Sequence[str], count: int, area: pygame.Rect, size: int) -> int:
    """How wide the names of components are, in pixels: that of a number where nobody named any."""
    widest = max(digits_width(label, size) for label in (*labels[:count], "0"))
    return round(min(area.width * 0.34, widest + size))


def _rows(area: pygame.Rect, count: int) -> list[pygame.Rect]:
    """The area in equal rows."""
    edges = [area.top + round(area.height * k / count) for k in range(count + 1)]
    return [
        pygame.Rect(area.left, top, area.width, bottom - top) for top, bottom in pairwise(edges)
    ]


def _draw_choice(
    surface: pygame.Surface,
    area: pygame.Rect,
    names: tuple[str, ...],
    odds: np.ndarray | None,
    chosen: int,
    sizes: PanelSizes,
) -> None:
    """A row an action: name, bar, and how likely it was."""
    which = list(range(len(names)))
    if len(which) > MOST:  # the likeliest, and what was chosen whatever it was
        ranked = np.argsort(-odds if odds is not None else np.zeros(len(names)), kind="stable")
        which = sorted({chosen, *ranked[: MOST - 1].tolist()})
    size = min(sizes.text, round(area.height / len(which) * 0.95))
    left = round(min(area.width * 0.34, max(digits_width(names[k], size) for k in which) + size))
    right = digits_width("100 %", size) + 4 if odds is not None else 0
    for k, row in zip(which, _rows(area, len(which)), strict=True):
        taken = k == chosen
        label = pygame.Rect(row.left, row.top, left - size // 2, row.height)
        write_fitting(surface, names[k], label, size, BRIGHT if taken else QUIET)
        track = pygame.Rect(row.left + left, 0, row.width - left - right, max(5, row.height // 2))
        track.centery = row.centery
        chance = float(odds[k]) if odds is not None else float(taken)
        _bar(surface, track, chance, taken)
        if odds is not None:
            told = f"{100 * chance:.0f} %"
            colour = BRIGHT if taken else QUIET
            write_digits(surface, told, row.midright, size, colour, "midright")


def _bar(surface: pygame.Surface, track: pygame.Rect, part: float, taken: bool) -> None:
    """A bar; of what is taken it is lit, and marked at its left."""
    corner = max(2, track.height // 3)
    pygame.draw.rect(surface, LINE, track, border_radius=corner)
    wide = round(track.width * min(max(part, 0.0), 1.0))
    colour = ACCENT if taken else DIM
    if wide:
        pygame.draw.rect(
            surface, colour, (*track.topleft, wide, track.height), border_radius=corner
        )
    if taken:
        tip, half = track.left - 2, max(3, track.height // 2)
        at = [
            (tip - half, track.centery - half),
            (tip, track.centery),
            (tip - half, track.centery + half),
        ]
        pygame.draw.polygon(surface, ACCENT, at)


def _draw_choices(
    surface: pygame.Surface,
    area: pygame.Rect,
    parts: tuple[np.ndarray, ...],
    chosen: np.ndarray,
    sizes: PanelSizes,
    names: Sequence[Sequence[str]],
) -> None:
    """A row a choice: its chances side by side, what was taken lit, by name where that has room."""
    for n, row in enumerate(_rows(area, len(parts))):
        size = min(sizes.text, round(row.height * 0.9))
        write_digits(surface, f"{n}", row.midleft, size, QUIET)
        track = pygame.Rect(row.left + 2 * size, row.top + 2, row.width - 2 * size, row.height - 4)
        total, x = max(float(parts[n].sum()), 1e-9), float(track.left)
        for k, chance in enumerate(parts[n].tolist()):
            share = chance / total if parts[n].any() else 1 / len(parts[n])
            taken = k == int(chosen[n])
            box = pygame.Rect(
                round(x), track.top, max(round(track.width * share) - 1, 1), track.height
            )
            pygame.draw.rect(surface, ACCENT if taken else DIM, box, border_radius=2)
            if box.width > size:
                ink: Colour = (46, 32, 4) if taken else BRIGHT
                named = names[n][k]
                fits = digits_width(named, size * 0.9) < box.width - 4
                told = named if fits else f"{k}"
                write_digits(surface, told, box.center, size * 0.9, ink, "center")
            x += track.width * share


def _draw_switches(
    surface: pygame.Surface,
    area: pygame.Rect,
    on: list[float] | None,
    chosen: np.ndarray,
    sizes: PanelSizes,
    labels: Sequence[str],
) -> None:
    """A row a switch: how likely it was to be on, and whether it is."""
    left = _room_for(labels, len(chosen), area, sizes.text)
    for n, row in enumerate(_rows(area, len(chosen))):
        size, taken = min(sizes.text, round(row.height * 0.9)), bool(chosen[n])
        name = pygame.Rect(row.left, row.top, left - size // 2, row.height)
        write_fitting(surface, labels[n] or f"{n}", name, size, BRIGHT if taken else QUIET)
        wide = row.width - left - 4 * size
        track = pygame.Rect(row.left + left, 0, wide, max(5, row.height // 2))
        track.centery = row.centery
        _bar(surface, track, float(taken) if on is None else on[n], taken)
        told = ("on" if taken else "off") if on is None else f"{100 * on[n]:.0f} %"
        write_digits(surface, told, row.midright, size, BRIGHT if taken else QUIET, "midright")


def _draw_sliders(
    surface: pygame.Surface,
    area: pygame.Rect,
    space: Any,
    likely: tuple[np.ndarray, np.ndarray] | None,
    chosen: np.ndarray,
    sizes: PanelSizes,
    labels: ActionLabels,
) -> None:
    """A row a number: mean and spread as a band, what was taken as a dot, from its least to its greatest."""
    low, high = np.ravel(space.low), np.ravel(space.high)
    count = min(len(chosen), MOST)
    room = _room_for(labels.parts, count, area, sizes.text)
    for n, row in enumerate(_rows(area, count)):
        size = min(sizes.text, round(row.height * 0.9))
        right = digits_width("+0.00", size) + size
        track = pygame.Rect(row.left + room, 0, row.width - room - right, 4)
        track.centery = row.centery
        least = float(low[n]) if np.isfinite(low[n]) else -3.0
        most = float(high[n]) if np.isfinite(high[n]) else 3.0

        def x(
            value: float, track: pygame.Rect = track, least: float = least, most: float = most
        ) -> int:
            share = (value - least) / max(most - least, 1e-9)
            return track.left + round(track.width * min(max(share, 0.0), 1.0))

        name = pygame.Rect(row.left, row.top, room - size // 2, row.height)
        write_fitting(surface, labels.parts[n] or f"{n}", name, size, QUIET)
        pygame.draw.rect(surface, LINE, track, border_radius=2)
        thick = max(6, round(row.height * 0.5))
        if likely is not None:
            mean, spread = likely
            left, edge = x(float(mean[n] - spread[n])), x(float(mean[n] + spread[n]))
            band = pygame.Rect(left, row.centery - thick // 2, max(edge - left, 2), thick)
            pygame.draw.rect(surface, DIM, band, border_radius=3)
            surface.fill(MINT, (x(float(mean[n])) - 1, band.top, 2, band.height))
        taken = float(np.clip(chosen[n], least, most))
        pygame.draw.circle(surface, ACCENT, (x(taken), row.centery), max(4, thick // 2))
        told = short(taken) if taken < 0 else f"+{short(taken)}"
        write_digits(surface, told, row.midright, size, BRIGHT, "midright")
