"""Scripted duellists: they act on their observation alone, some time after it, and with an unsteady hand.

B games. What a duellist wants is a direction to walk in, one to look in, and whether to fire; the arena's eight
moves and the turns of a world are then the nearest to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.experts.duel_senses import Delay, Senses, sense
from agents.experts.duel_styles import Level, Style
from environments.world import World
from environments.worlds.duel_things import FIGHTER_RADIUS, RAYS, TICK, WAYS

_STEADY = 0.9  # share of the aim's error that is left after a tick
_FLIP = 0.07  # chance a tick of walking sideways the other way round
_SMOOTH = 0.85  # share of the other's remembered walk that is left after a tick
_BOLD = (
    0.9,
    0.45,
)  # share of the time left at which it begins to close in, and at which it does not wait
_PATROL = 6.0  # s after which another place is looked for
_STALE = 40  # ticks after which one looks elsewhere than where the other was
_DETOUR = 8  # ticks that one keeps to a side after the way was blocked
# Where to look for somebody of whom nothing is known, in metres; for who came in on the left.
_PLACES = np.array([[7, 5.5], [7, -5.5], [4, 0], [6, 3], [6, -3], [0, 6], [0, -6], [-4, 0]])


@dataclass
class _Memory:
    """What B duellists have in mind."""

    delay: Delay
    error: np.ndarray  # [B] rad, of the aim
    side: np.ndarray  # [B], 1 or -1: which way round it walks sideways
    round: np.ndarray  # [B], 1 or -1: on which side it goes round what is in the way
    round_left: np.ndarray  # [B] ticks that it still does
    home: np.ndarray  # [B], 1 or -1: on which side of the arena it came in
    goal: np.ndarray  # [B, 2] m, where it looks for the other
    goal_left: np.ndarray  # [B] ticks that it goes on doing so
    waited: np.ndarray  # [B] ticks out of sight
    drift: np.ndarray  # [B, 2] m/s, how the other has walked of late
    nerve: np.ndarray  # [B] 0..1, drawn anew now and then: whether a shot is dodged


class Duellist:
    """A style at a level.

    Args:
        world: the duel.
        style: what it tries to do.
        level: how fast and how exactly.
        seed: of its unsteadiness.
    """

    def __init__(self, world: World, style: Style, level: Level, seed: int = 0) -> None:
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
        state: _Memory | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, _Memory]:
        """As `Player.predict`; the state is changed in place."""
        seen = np.asarray(observation)
        games = len(seen)
        if state is None or len(state.error) != games:
            state, starts = self._blank(games), np.ones(games, np.bool_)
        else:
            starts = np.zeros(games, np.bool_)
            starts[:] = False if episode_start is None else episode_start
        s = sense(seen, state.delay, starts)
        self._reconsider(state, s, starts)
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

    def _blank(self, games: int) -> _Memory:
        one, two = (lambda: np.zeros(games)), (lambda: np.zeros((games, 2)))
        return _Memory(
            delay=Delay(games, self.ticks),
            error=one(),
            side=one(),
            round=one(),
            round_left=one(),
            home=one(),
            goal=two(),
            goal_left=one(),
            waited=one(),
            drift=two(),
            nerve=one(),
        )

    def _reconsider(self, memory: _Memory, s: Senses, starts: np.ndarray) -> None:
        """Let the hand wander, and change sides and places now and then."""
        random, games = self._random, len(starts)
        memory.round_left = np.where(starts, 0, memory.round_left)
        memory.home = np.where(starts, np.sign(s.place[:, 0]), memory.home)
        noise = random.standard_normal(games) * self.error
        memory.error = np.where(
            starts, noise, _STEADY * memory.error + (1 - _STEADY**2) ** 0.5 * noise
        )
        flip = (random.random(games) < _FLIP) | starts
        memory.side = np.where(flip, np.sign(random.random(games) - 0.5), memory.side)
        memory.nerve = np.where(flip, random.random(games), memory.nerve)
        memory.goal_left = np.where(starts, 0, memory.goal_left - 1)
        reached = np.hypot(*(memory.goal - s.place).T) < 1.5
        new = (memory.goal_left <= 0) | reached
        places = _PLACES[random.integers(len(_PLACES), size=games)] * -memory.home[:, None]
        memory.goal = np.where(new[:, None], places, memory.goal)
        memory.goal_left = np.where(new, _PATROL / TICK, memory.goal_left)
        memory.waited = np.where(s.sees | starts, 0, memory.waited + 1)
        mixed = _SMOOTH * memory.drift + (1 - _SMOOTH) * s.speed
        memory.drift = np.where((starts | ~s.sees)[:, None], s.speed, mixed)

    def _target(self, memory: _Memory, s: Senses) -> np.ndarray:
        """Where a shot fired now would meet the other, if it walks on: [B, 2] m."""
        # Good eyes make up for their own delay; how far somebody walks on meanwhile is what is led.
        late = self.ticks * TICK
        away = np.hypot(*(s.there - s.place).T)
        ahead = self.style.lead * (late + away / self.shot_speed) * s.sees
        target: np.ndarray = s.there + memory.drift * ahead[:, None]
        return target

    # ------------------------------------------------------------------ walking

    def _walk(
        self, memory: _Memory, s: Senses, target: np.ndarray, fights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where to: a vector [B, 2], nothing is standing; and whether to dash there."""
        style = self.style
        recent = (s.age >= 0) & (s.age < _STALE)
        searching = np.where(recent[:, None], s.there, memory.goal) - s.place
        patience = style.patience * (1 - _boldness(s))
        waits = style.hides & recent & (memory.waited * TICK < patience)
        walk = np.where(waits[:, None], 0.0, _unit(searching))
        walk = np.where(fights[:, None], self._fight(memory, s, target), walk)
        walk = np.where(self._wants_pad(s, fights)[:, None], _unit(_pad(s, self._short(s))), walk)
        away = np.hypot(*(s.there - s.place).T)
        dash = style.dashes_in & fights & (away > 3.5)
        aside, hit = _dodge(s)
        dodges = hit & (memory.nerve < style.dodges)
        walk = np.where(dodges[:, None], aside, walk)
        return walk, dash | (dodges & (memory.nerve < style.dodges / 2))

    def _fight(self, memory: _Memory, s: Senses, target: np.ndarray) -> np.ndarray:
        """Keep the distance of the style and walk sideways; who hides does so towards cover if too far."""
        style = self.style
        away = np.hypot(*(s.there - s.place).T)
        to = _unit(s.there - s.place)
        bold = _boldness(s)
        far, near = style.far * (1 - 0.7 * bold), style.near * (1 - bold)
        closer = np.where(away > far, 1.0, np.where(away < near, -1.0, 0.0))
        left = np.stack([-to[:, 1], to[:, 0]], axis=1)
        side = memory.side * style.strafe
        if style.hides:
            out = (away > style.range) & (bold < 0.5)
            side = np.where(out, np.where(_room(s, left) < _room(s, -left), 1.0, -1.0), side)
            closer = np.where(out, 0.0, closer)
        walk: np.ndarray = to * closer[:, None] + left * side[:, None]
        return walk

    def _short(self, s: Senses) -> np.ndarray:
        """Whether it is out of shots, rather than hurt: [B]."""
        left: np.ndarray = s.magazine * self.magazine + s.reserve * self.most
        return left < self.style.thrift

    def _wants_pad(self, s: Senses, fights: np.ndarray) -> np.ndarray:
        short = self._short(s)
        hurt = (s.health < self.style.hurt_at) & ~fights & (_boldness(s) < 1)
        waits = np.take_along_axis(s.pads[..., 2], _pad_number(s, short)[:, None], 1)[:, 0]
        wanted: np.ndarray = (short | hurt) & (waits < 0.3)
        return wanted

    def _steer(self, memory: _Memory, s: Senses, walk: np.ndarray) -> np.ndarray:
        """The move that goes most nearly there; past what is in the way on one side, for a while: [B]."""
        ways, wanted = WAYS[1:], _unit(walk)
        straight = wanted @ ways.T  # [B, 8] cosines
        left = wanted[:, 0, None] * ways[:, 1] - wanted[:, 1, None] * ways[:, 0]  # sines
        room = s.free[:, :: RAYS // 8]
        blocked = np.take_along_axis(room, straight.argmax(1)[:, None], 1)[:, 0] < 0.9
        begins = blocked & (memory.round_left <= 0)
        side = np.where(self._random.random(len(walk)) < 0.5, -1.0, 1.0)
        memory.round = np.where(begins, side, memory.round)
        memory.round_left = np.where(blocked, _DETOUR, memory.round_left - 1)
        aside = np.where(memory.round_left > 0, memory.round, 0.0)
        scores = straight + aside[:, None] * left - 2.5 * (room < 0.75) - 0.2 * (room < 1.5)
        return np.where(np.hypot(*walk.T) > 0.2, scores.argmax(1) + 1, 0)

    # ------------------------------------------------------------------ aiming

    def _off_target(
        self,
        memory: _Memory,
        s: Senses,
        target: np.ndarray,
        fights: np.ndarray,
        walk: np.ndarray,
    ) -> np.ndarray:
        """How far it thinks it is from looking where it wants to, in rad, positive to the left: [B]."""
        remembers = (s.age >= 0) & (s.age < _STALE)
        look = np.where((fights | remembers)[:, None], target - s.place, walk)
        wanted = np.where(np.any(look != 0, axis=1), np.arctan2(look[:, 1], look[:, 0]), s.angle)
        off: np.ndarray = _wrapped(wanted + memory.error * fights - s.angle)
        return off

    def _fires(
        self, s: Senses, target: np.ndarray, off: np.ndarray, fights: np.ndarray
    ) -> np.ndarray:
        away = np.hypot(*(target - s.place).T)
        width = np.arctan2(FIGHTER_RADIUS, np.maximum(away, 0.5))
        fires = fights & ~s.shielded & (away < self.style.range)
        fires &= np.abs(off) < width + np.radians(self.style.slack)
        if self.style.careful:
            fires &= ~_in_the_way(s, away)
        return fires

    def _reloads(self, s: Senses, fights: np.ndarray) -> np.ndarray:
        wanted: np.ndarray = (s.magazine <= 0) | (~fights & (s.magazine < self.style.short_at))
        return wanted & (s.reserve > 0)


# ------------------------------------------------------------------ geometry


def _unit(vectors: np.ndarray) -> np.ndarray:
    """At length 1; nothing stays nothing: [B, 2]."""
    length = np.hypot(vectors[:, 0], vectors[:, 1])[:, None]
    found: np.ndarray = vectors / np.maximum(length, 1e-6) * (length > 1e-3)
    return found


def _wrapped(angles: np.ndarray) -> np.ndarray:
    found: np.ndarray = (angles + np.pi) % (2 * np.pi) - np.pi
    return found


def _boldness(s: Senses) -> np.ndarray:
    """0 at the start, 1 when time is short: a duel that is waited out is nobody's: [B]."""
    early, late = _BOLD
    found: np.ndarray = np.clip((early - s.left) / (early - late), 0, 1)
    return found


def _room(s: Senses, ways: np.ndarray) -> np.ndarray:
    """How far the nearest ray of each direction goes: [B] m."""
    turn = np.arctan2(ways[:, 1], ways[:, 0]) / (2 * np.pi)
    rays = np.rint(turn * RAYS).astype(np.int64) % RAYS
    found: np.ndarray = np.take_along_axis(s.free, rays[:, None], 1)[:, 0]
    return found


def _pad_number(s: Senses, short: np.ndarray) -> np.ndarray:
    """The pad to go to: the nearer of its kind, unless that is empty and the other is not: [B]."""
    first = np.where(short, 0, 2)
    empty = np.take_along_axis(s.pads[..., 2], first[:, None], 1)[:, 0] > 0.2
    other = np.take_along_axis(s.pads[..., 2], first[:, None] + 1, 1)[:, 0] <= 0
    return first + (empty & other)


def _pad(s: Senses, short: np.ndarray) -> np.ndarray:
    """The way to that pad: [B, 2] m."""
    number = _pad_number(s, short)[:, None, None]
    return np.take_along_axis(s.pads[..., :2], number, 1)[:, 0]


def _dodge(s: Senses) -> tuple[np.ndarray, np.ndarray]:
    """The way out of the nearest shot's line [B, 2], and whether it would hit otherwise [B]."""
    there, offset, way = s.shots[:, 0, 0] > 0, s.shots[:, 0, 1:3], s.shots[:, 0, 3:5]
    ahead = -(offset * way).sum(1)  # m that it still has to fly
    past = offset + ahead[:, None] * way  # from us to where it passes
    miss = np.hypot(*past.T)
    hit: np.ndarray = there & (ahead > 0) & (ahead < 8) & (miss < 2 * FIGHTER_RADIUS)
    left = np.stack([-way[:, 1], way[:, 0]], axis=1)
    side = np.where((past * left).sum(1) > 0, -1.0, 1.0)
    return left * side[:, None], hit


def _in_the_way(s: Senses, away: np.ndarray) -> np.ndarray:
    """Whether a shot at a target so far away would pass near a bystander that can be seen: [B]."""
    offsets = s.bystanders[..., 1:3]
    ahead = (offsets * s.heading[:, None]).sum(2)
    aside = np.abs(
        offsets[..., 1] * s.heading[:, None, 0] - offsets[..., 0] * s.heading[:, None, 1]
    )
    risky = (
        (s.bystanders[..., 0] > 0) & (ahead > -0.5) & (aside < 1.3) & (ahead < away[:, None] + 4)
    )
    found: np.ndarray = risky.any(1)
    return found
