"""Styles and levels of the scripted duellists: four styles, and five levels of speed and aim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SkillLevel:
    """How good a pair of eyes and hands is."""

    delay: float  # ms from seeing to acting, of all that others do
    error: float  # degrees, standard deviation of the aim; it wanders, as a hand does


# The first is about who has never played, the last about who plays every day.
LEVELS = {
    1: SkillLevel(450.0, 10.0),
    2: SkillLevel(350.0, 6.5),
    3: SkillLevel(250.0, 4.0),
    4: SkillLevel(200.0, 2.5),
    5: SkillLevel(150.0, 1.5),
}


@dataclass(frozen=True)
class Style:
    """What a duellist tries to do."""

    near: float  # m, closer than which it backs off
    far: float  # m, further than which it closes in
    strafe: float  # how much it walks sideways in sight of the other, beside 1 for near and far
    range: float  # m, from which on it fires
    slack: float  # degrees beside the other at which it fires all the same
    lead: float  # share of the other's walk that it aims ahead of
    dodges: float  # chance of stepping out of the way of a shot
    dashes_in: bool  # dashes to close in
    careful: bool  # holds its fire with a bystander in the way
    hides: bool  # out of range it walks out of sight and waits there
    patience: float  # s that it waits
    hurt_at: float  # share of health below which it looks for more
    short_at: float  # share of a magazine below which it reloads out of sight
    thrift: float  # shots left altogether below which it looks for more
    hand: float  # share of the turn rate that it uses


STYLES = {
    # Straight at the other, as close as can be, whatever is in the way.
    "rusher": Style(
        near=1.5,
        far=2.5,
        strafe=0.7,
        range=8.0,
        slack=2.0,
        lead=0.9,
        dodges=0.4,
        dashes_in=True,
        careful=False,
        hides=False,
        patience=0.0,
        hurt_at=0.25,
        short_at=0.4,
        thrift=4,
        hand=1.0,
    ),
    # Keeps away, leads the target, steps aside, and shoots only past nobody.
    "sharpshooter": Style(
        near=4.0,
        far=6.5,
        strafe=1.0,
        range=10.0,
        slack=1.0,
        lead=1.0,
        dodges=0.8,
        dashes_in=False,
        careful=True,
        hides=False,
        patience=0.0,
        hurt_at=0.5,
        short_at=0.7,
        thrift=8,
        hand=1.0,
    ),
    # Out of sight until the other is close.
    "ambusher": Style(
        near=3.0,
        far=5.0,
        strafe=0.7,
        range=8.0,
        slack=2.0,
        lead=1.0,
        dodges=0.5,
        dashes_in=False,
        careful=True,
        hides=True,
        patience=2.0,
        hurt_at=0.6,
        short_at=0.8,
        thrift=6,
        hand=1.0,
    ),
    # Walks up, stands still, aims where the other is and not where it will be.
    "beginner": Style(
        near=3.0,
        far=6.0,
        strafe=0.0,
        range=10.0,
        slack=8.0,
        lead=0.0,
        dodges=0.0,
        dashes_in=False,
        careful=False,
        hides=False,
        patience=0.0,
        hurt_at=0.3,
        short_at=0.0,
        thrift=2,
        hand=0.5,
    ),
}
