"""The painter of a replay: the game as it was, what it had come to, and where in time this is."""

from __future__ import annotations

import numpy as np
import pygame

from demos.data.episodes.episode import Actor
from demos.sessions.record.term_lines import BarScale, Line, draw_lines
from demos.sessions.replay.playback import Playback
from demos.sessions.replay.replayer import Replayer
from demos.window.drawing.widgets import (
    ACCENT,
    BACK,
    BRIGHT,
    LINE,
    MINT,
    PANEL,
    QUIET,
    WARN,
    Hint,
    draw_hints,
    draw_stars,
    hint_width,
    number,
    panel,
    paragraph,
    unit,
    write_fitting,
)
from demos.window.session import Redraw
from demos.window.window import AppWindow
from environments.drawing.canvas import write

KEYS: tuple[Hint, ...] = (
    (("Space",), "run"),
    (("left", "right"), "step"),
    (("up", "down"), "1 s"),
    (("Home", "End"), "ends"),
    (("+", "-"), "speed"),
    (("Esc",), "close"),
)


class ReplayPainter:
    """Draws a replay when there is something new to see."""

    def __init__(self, replayer: Replayer) -> None:
        self.replayer = replayer
        self._redraw = Redraw()

    def paint(self, window: AppWindow, now: float) -> None:
        """Draw on the window and show it, if a picture is due."""
        replayer, surface = self.replayer, window.surface
        shows = replayer.step, replayer.playing, replayer.speed, surface.get_size()
        if self._redraw.due(shows, now):
            draw_replay(surface, replayer)
            window.show()


def draw_replay(surface: pygame.Surface, replayer: Replayer) -> None:
    """Everything, on a surface of any size from 640 x 480 on."""
    wide, high = surface.get_size()
    scale = unit(surface)
    gap, top, line, bottom = (round(size * scale) for size in (6, 44, 34, 30))
    side = round(min(172 * scale, wide * 0.3))
    surface.fill(BACK)
    head = pygame.Rect(0, 0, wide, top)
    middle = pygame.Rect(gap, top + gap, wide - 2 * gap, high - top - line - bottom - 2 * gap)
    stage = pygame.Rect(middle.left, middle.top, middle.width - side - gap, middle.height)
    beside = pygame.Rect(middle.right - side, middle.top, side, middle.height)
    _draw_head(surface, head, replayer)
    replayer.playback.paint(surface, stage, replayer.step)
    panel(surface, beside)
    _draw_beside(surface, beside, replayer)
    track = pygame.Rect(gap * 2, high - bottom - line, wide - 4 * gap, line)
    _draw_track(surface, track, replayer)
    keys, size = list(KEYS), round(bottom * 0.68)
    while keys and sum(hint_width(key, size) for key in keys) > wide:
        keys.pop()
    row = pygame.Rect(0, high - bottom + (bottom - size) // 2, wide, size)
    draw_hints(surface, keys, row, size, centred=True)


def _draw_head(surface: pygame.Surface, area: pygame.Rect, replayer: Replayer) -> None:
    episode, step = replayer.playback.episode, replayer.step
    surface.fill(PANEL, area)
    inside = area.inflate(-area.height * 2 // 3, 0)
    seconds = step * replayer.playback.tick
    told = f"{seconds:.1f} s   step {step} of {len(episode)}   x{replayer.speed:g}"
    right = write(surface, told, inside.midright, area.height * 0.46, BRIGHT, "midright").left
    rating, size = episode.meta.get("rating"), round(area.height * 0.36)
    if rating:
        draw_stars(surface, (right - 4 * size, area.centery), size, int(rating))
        right -= 7 * size
    words = f"{replayer.title}   {episode.player or ''}".rstrip()
    room = pygame.Rect(inside.left, area.top, right - inside.left - size, area.height)
    write_fitting(surface, words, room, area.height * 0.46, BRIGHT)


def _draw_beside(surface: pygame.Surface, area: pygame.Rect, replayer: Replayer) -> None:
    """Sums so far, and who did what in this step."""
    scale, playback = unit(surface), replayer.playback
    inside = area.inflate(-round(20 * scale), -round(16 * scale))
    foot, heading = round(84 * scale), round(22 * scale)
    lines = list(_lines(playback, replayer.step))
    room = inside.height - foot - 2 * heading
    row = max(16, min(round(33 * scale), room // max(len(lines), 1)))
    draw_lines(surface, inside, lines[: room // row], row, heading)
    size, step = round(16 * scale), foot // 4
    now = pygame.Rect(inside.left, inside.bottom - foot, inside.width, step)
    for words, colour in _now(playback, replayer.step):
        write_fitting(surface, words, now, size, colour)
        now = now.move(0, step)
    rest = pygame.Rect(inside.left, now.top, inside.width, inside.bottom - now.top)
    paragraph(surface, playback.how, rest, round(14 * scale), QUIET)


def _lines(playback: Playback, step: int) -> list[Line]:
    lines = []
    for names, is_cost in ((playback.episode.terms, False), (playback.episode.costs, True)):
        sums = [playback.sums[name] for name in names]
        scale = BarScale.of(float(end) for each in sums for end in (each.min(), each.max()))
        for name in names:
            value = playback.total(name, step)
            label, part = name.replace("_", " "), scale.place(value)
            lines.append(Line(label, (value,), part, is_cost, zero=scale.zero))
    return lines


def _now(playback: Playback, step: int) -> list[tuple[str, tuple[int, int, int]]]:
    """The step just shown, in words."""
    if step == 0:
        return [("the beginning", QUIET)]
    episode, k = playback.episode, step - 1
    who = Actor(int(episode.actors[k])).name.lower()
    words = [(f"{who}: {_action(playback, episode.actions[k])}", BRIGHT)]
    if playback.shielded(step):
        words.append((f"asked: {_action(playback, episode.requested_actions[k])}", QUIET))
    late = " (late)" if episode.late[k] else ""
    words.append((f"reward {number(float(episode.rewards[k]))}{late}", WARN if late else QUIET))
    return words


def _action(playback: Playback, action: np.ndarray) -> str:
    choices = playback.labels.choices
    if action.dtype.kind in "iu" and action.size == len(choices):
        pairs = zip(choices, action.ravel().tolist(), strict=True)
        return ", ".join(names[k] if k < len(names) else str(k) for names, k in pairs)
    return np.array2string(np.asarray(action), precision=2)


def _draw_track(surface: pygame.Surface, area: pygame.Rect, replayer: Replayer) -> None:
    """Time from left to right, with marks above, and late steps below."""
    episode, whole = replayer.playback.episode, max(len(replayer.playback), 1)
    thick = max(6, area.height // 5)
    bar = pygame.Rect(area.left, area.centery - thick // 2, area.width, thick)
    pygame.draw.rect(surface, LINE, bar, border_radius=thick // 2)
    done = round(bar.width * replayer.step / whole)
    pygame.draw.rect(surface, ACCENT, (*bar.topleft, done, thick), border_radius=thick // 2)
    for k in np.flatnonzero(episode.late).tolist():
        surface.fill(WARN, (bar.left + round(bar.width * (k + 1) / whole), bar.bottom + 2, 2, 5))
    for k in episode.meta.get("marks") or []:
        x = bar.left + round(bar.width * int(k) / whole)
        flag = [(x, bar.top - 2), (x - 5, bar.top - 10), (x + 5, bar.top - 10)]
        pygame.draw.polygon(surface, MINT, flag)
    at = bar.left + done, bar.centery
    pygame.draw.circle(surface, BRIGHT, at, thick)
