"""The state of scripted duellists from one tick to the next: what they intend to do.

B games.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.experts.duel.senses import Delay, Senses
from environments.worlds.duel.constants import TICK

_STEADY = 0.9  # share of the aim's error that is left after a tick
_FLIP = 0.07  # chance a tick of walking sideways the other way round
_SMOOTH = 0.85  # share of the other's remembered walk that is left after a tick
_PATROL = 6.0  # s after which another place is looked for
# Where to look for an opponent of whom nothing is known, in metres; for who came in on the left.
_PLACES = np.array([[7, 5.5], [7, -5.5], [4, 0], [6, 3], [6, -3], [0, 6], [0, -6], [-4, 0]])


@dataclass
class Intentions:
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


def blank(games: int, ticks: int) -> Intentions:
    """The minds of duellists that perceive others so many ticks late, before they have seen anything."""

    def one() -> np.ndarray:
        return np.zeros(games)

    def two() -> np.ndarray:
        return np.zeros((games, 2))

    return Intentions(
        delay=Delay.of(games, ticks),
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


def reconsider(
    mind: Intentions, s: Senses, starts: np.ndarray, random: np.random.Generator, error: float
) -> None:
    """Let the hand wander by `error` in rad, and change sides and places now and then."""
    games = len(starts)
    mind.round_left = np.where(starts, 0, mind.round_left)
    mind.home = np.where(starts, np.sign(s.place[:, 0]), mind.home)
    noise = random.standard_normal(games) * error
    mind.error = np.where(starts, noise, _STEADY * mind.error + (1 - _STEADY**2) ** 0.5 * noise)
    flip = (random.random(games) < _FLIP) | starts
    mind.side = np.where(flip, np.sign(random.random(games) - 0.5), mind.side)
    mind.nerve = np.where(flip, random.random(games), mind.nerve)
    mind.goal_left = np.where(starts, 0, mind.goal_left - 1)
    reached = np.hypot(*(mind.goal - s.place).T) < 1.5
    new = (mind.goal_left <= 0) | reached
    places = _PLACES[random.integers(len(_PLACES), size=games)] * -mind.home[:, None]
    mind.goal = np.where(new[:, None], places, mind.goal)
    mind.goal_left = np.where(new, _PATROL / TICK, mind.goal_left)
    mind.waited = np.where(s.sees | starts, 0, mind.waited + 1)
    mixed = _SMOOTH * mind.drift + (1 - _SMOOTH) * s.speed
    mind.drift = np.where((starts | ~s.sees)[:, None], s.speed, mixed)
