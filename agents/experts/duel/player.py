"""Scripted duellists: they act on their observation alone, some time after it, and with an unsteady hand.

B games. What a duellist wants is a direction to walk in, one to look in, and whether to fire; the moves and
turns of the world are then the nearest to that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.experts.duel.geometry import (
    boldness,
    dodge,
    in_the_way,
    pad,
    pad_number,
    room,
    unit,
    wrapped,
)
from agents.experts.duel.intentions import Intentions, blank, reconsider
from agents.experts.duel.senses import Senses, sense
from agents.experts.duel.styles import SkillLevel, Style
from environments.simulation.world import World
from environments.worlds.duel.constants import FIGHTER_RADIUS, RAYS, TICK, WAYS

_STALE = 40  # ticks after which one looks elsewhere than where the other was
_DETOUR = 8  # ticks that one keeps to a side after the way was blocked


class Duellist:
    """A style at a level.

    Args:
        world: the duel.
        style: what it tries to do.
        level: how fast and how exactly.
        seed: of its unsteadiness.
    """

    def __init__(self, world: World, style: Style, level: SkillLevel, seed: int = 0) -> None:
        table = world.table[0]
        self.style, self.level = style, level
        self.ticks = round(level.delay / 1000 / TICK)
        self.error = np.radians(level.error)
        self.turns = np.arctan2(table["turns"][:, 1], table["turns"][:, 0])  # rad, by choice
        self.shot_speed = float(table["shot_speed"])
        self.magazine, self.most = float(table["magazine"]), float(table["most_reserve"])
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Set the generator to the start of `seed`."""
        self._random = np.random.default_rng(seed)

    def predict(
        self,
        observation: Any,
        state: Intentions | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Intentions]:
        """As `Player.predict`; the state is changed in place."""
        seen = np.asarray(observation)
        games = len(seen)
        if state is None or len(state.error) != games:
            state, starts = blank(games, self.ticks), np.ones(games, np.bool_)
        else:
            starts = np.zeros(games, np.bool_)
            starts[:] = False if episode_start is None else episode_start
        s = sense(seen, state.delay, starts)
        reconsider(state, s, starts, self._random, self.error)
        fights = s.sees & (s.age >= 0)
        target = self._target(state, s)
        walk, dash = self._walk(state, s, target, fights)
        off = self._off_target(state, s, target, fights, walk)
        return np.stack(
            [
                self._steer(state, s, walk),
                np.abs(off[:, None] - self.turns * self.style.hand).argmin(1),
                self._fires(s, target, off, fights),
                self._reloads(s, fights),
                dash & s.dash_ready,
            ],
            axis=1,
        ).astype(np.int64), state

    def _target(self, mind: Intentions, s: Senses) -> np.ndarray:
        """Where a shot fired now would meet the other, if it walks on: [B, 2] m."""
        # Good eyes make up for their own delay; how far the other walks on meanwhile is what is led.
        late = self.ticks * TICK
        away = np.hypot(*(s.there - s.place).T)
        ahead = self.style.lead * (late + away / self.shot_speed) * s.sees
        target: np.ndarray = s.there + mind.drift * ahead[:, None]
        return target

    # ------------------------------------------------------------------ walking

    def _walk(
        self, mind: Intentions, s: Senses, target: np.ndarray, fights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where to: a vector [B, 2], nothing is standing; and whether to dash there."""
        style = self.style
        recent = (s.age >= 0) & (s.age < _STALE)
        searching = np.where(recent[:, None], s.there, mind.goal) - s.place
        patience = style.patience * (1 - boldness(s))
        waits = style.hides & recent & (mind.waited * TICK < patience)
        walk = np.where(waits[:, None], 0.0, unit(searching))
        walk = np.where(fights[:, None], self._fight(mind, s, target), walk)
        walk = np.where(self._wants_pad(s, fights)[:, None], unit(pad(s, self._short(s))), walk)
        away = np.hypot(*(s.there - s.place).T)
        dash = style.dashes_in & fights & (away > 3.5)
        aside, hit = dodge(s)
        dodges = hit & (mind.nerve < style.dodges)
        walk = np.where(dodges[:, None], aside, walk)
        return walk, dash | (dodges & (mind.nerve < style.dodges / 2))

    def _fight(self, mind: Intentions, s: Senses, target: np.ndarray) -> np.ndarray:
        """Keep the distance of the style and walk sideways; who hides does so towards cover if too far."""
        style = self.style
        away = np.hypot(*(s.there - s.place).T)
        to = unit(s.there - s.place)
        bold = boldness(s)
        far, near = style.far * (1 - 0.7 * bold), style.near * (1 - bold)
        closer = np.where(away > far, 1.0, np.where(away < near, -1.0, 0.0))
        left = np.stack([-to[:, 1], to[:, 0]], axis=1)
        side = mind.side * style.strafe
        if style.hides:
            out = (away > style.range) & (bold < 0.5)
            side = np.where(out, np.where(room(s, left) < room(s, -left), 1.0, -1.0), side)
            closer = np.where(out, 0.0, closer)
        walk: np.ndarray = to * closer[:, None] + left * side[:, None]
        return walk

    def _short(self, s: Senses) -> np.ndarray:
        """Whether it is out of shots, rather than hurt: [B]."""
        left: np.ndarray = s.magazine * self.magazine + s.reserve * self.most
        return left < self.style.thrift

    def _wants_pad(self, s: Senses, fights: np.ndarray) -> np.ndarray:
        short = self._short(s)
        hurt = (s.health < self.style.hurt_at) & ~fights & (boldness(s) < 1)
        waits = np.take_along_axis(s.pads[..., 2], pad_number(s, short)[:, None], 1)[:, 0]
        wanted: np.ndarray = (short | hurt) & (waits < 0.3)
        return wanted

    def _steer(self, mind: Intentions, s: Senses, walk: np.ndarray) -> np.ndarray:
        """The move that goes most nearly there; past what is in the way on one side, for a while: [B]."""
        ways, wanted = WAYS[1:], unit(walk)
        straight = wanted @ ways.T  # [B, 8] cosines
        left = wanted[:, 0, None] * ways[:, 1] - wanted[:, 1, None] * ways[:, 0]  # sines
        room = s.free[:, :: RAYS // 8]
        blocked = np.take_along_axis(room, straight.argmax(1)[:, None], 1)[:, 0] < 0.9
        begins = blocked & (mind.round_left <= 0)
        side = np.where(self._random.random(len(walk)) < 0.5, -1.0, 1.0)
        mind.round = np.where(begins, side, mind.round)
        mind.round_left = np.where(blocked, _DETOUR, mind.round_left - 1)
        aside = np.where(mind.round_left > 0, mind.round, 0.0)
        scores = straight + aside[:, None] * left - 2.5 * (room < 0.75) - 0.2 * (room < 1.5)
        move: np.ndarray = np.where(np.hypot(*walk.T) > 0.2, scores.argmax(1) + 1, 0)
        return move

    # ------------------------------------------------------------------ aiming

    def _off_target(
        self,
        mind: Intentions,
        s: Senses,
        target: np.ndarray,
        fights: np.ndarray,
        walk: np.ndarray,
    ) -> np.ndarray:
        """How far it thinks it is from looking where it wants to, in rad, positive to the left: [B]."""
        remembers = (s.age >= 0) & (s.age < _STALE)
        look = np.where((fights | remembers)[:, None], target - s.place, walk)
        wanted = np.where(np.any(look != 0, axis=1), np.arctan2(look[:, 1], look[:, 0]), s.angle)
        off: np.ndarray = wrapped(wanted + mind.error * fights - s.angle)
        return off

    def _fires(
        self, s: Senses, target: np.ndarray, off: np.ndarray, fights: np.ndarray
    ) -> np.ndarray:
        away = np.hypot(*(target - s.place).T)
        width = np.arctan2(FIGHTER_RADIUS, np.maximum(away, 0.5))
        fires: np.ndarray = fights & ~s.shielded & (away < self.style.range)
        fires &= np.abs(off) < width + np.radians(self.style.slack)
        if self.style.careful:
            fires &= ~in_the_way(s, away)
        return fires

    def _reloads(self, s: Senses, fights: np.ndarray) -> np.ndarray:
        wanted: np.ndarray = (s.magazine <= 0) | (~fights & (s.magazine < self.style.short_at))
        return wanted & (s.reserve > 0)
