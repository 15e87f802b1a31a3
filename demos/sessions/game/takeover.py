"""Takeovers of an agent's seat: while a person's controls are moved, or T is held, the person drives.

"Human-gated" DAgger (Kelly et al. 2019): the person decides when to drive, so what is recorded of it is what
they would not leave to the agent. What the agent drives is kept beside it, with who acted in each step.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from gymnasium import spaces

from demos.data.episodes.episode import Actor
from demos.window.controls.controls import Controls
from demos.window.controls.devices import Held
from demos.window.drawing.widgets import ACCENT, MINT

KEY = "t"  # takes over with whatever is pressed beside it, or to do nothing
SETTLE = 0.3  # s after the last movement before the agent drives again
COLOURS = {Actor.AGENT: MINT, Actor.HUMAN: ACCENT}  # of the frame that shows who drives
_POINTER = 0.005  # of the drawing's width or height: less is no movement
_AXIS = re.compile(r"pad\d+ axis \d+")


class Takeover:
    """A seat with two drivers: an agent, and a person who may take over at any step.

    Each step, `action` gets what is held, and returns what the person does instead of the agent, if anything.
    A `Match` asks the agent in every step all the same and tells it what was done, so that it can go on from
    wherever the person leaves it.

    Args:
        controls: the person's.
        tick: s between two steps.
        settle: s after the person has let go before the agent drives again, so that a series of taps is one
            intervention.
    """

    def __init__(self, controls: Controls, tick: float, settle: float = SETTLE) -> None:
        self.controls = controls
        self.settle = math.ceil(round(settle / tick, 6))  # steps
        self._sources = [k for k, n in enumerate(controls.raw_names) if _is_press(n)]
        self._pointer = "pointer x" in controls.raw_names
        self._box = isinstance(controls.world.action_space, spaces.Box)
        self._rest = np.asarray(controls.action(Held()) if self._box else 0.0)
        self._pressed = 0  # number of the press of T that was acted on last
        self.begin()

    def begin(self) -> None:
        """A game begins: the agent drives."""
        self.interventions = 0  # times that the person took over in this game
        self.hand_back()

    def hand_back(self) -> None:
        """The agent drives from here on, until something is moved."""
        self.driver = Actor.AGENT
        self._left = 0  # steps until the agent drives again
        self._at: tuple[float, float] | None = None  # the pointer, in the last step
        self._action: Any = None

    def action(self, held: Held, scene: Any = None) -> Any | None:
        """The person's action if they drive in the next step, else None; asked once a step.

        A press that was let go between two steps counts as one step.

        Args:
            held: what is held now.
            scene: the pointer in the drawing, as `Controls.action`.
        """
        self._action = self.controls.action(held, scene)
        pointer = scene if isinstance(scene, tuple) else held.pointer
        if self._wanted(held) | self._moves(held, pointer):
            self.interventions += self.driver is Actor.AGENT
            self.driver, self._left = Actor.HUMAN, self.settle
        elif self._left > 0:
            self._left -= 1
        else:
            self.driver = Actor.AGENT
        self._at = pointer
        return self._action if self.driver is Actor.HUMAN else None

    def _wanted(self, held: Held) -> bool:
        """Whether T is down, or was since the last step."""
        number = held.presses.get(f"key {KEY}", 0)
        fresh = held.since < number != self._pressed
        self._pressed = number
        return fresh or KEY in held.keys

    def _moves(self, held: Held, pointer: tuple[float, float] | None) -> bool:
        """Whether any of the person's own controls is moved."""
        if self.controls.raw(held)[self._sources].any():
            return True
        if self._pointer:  # a mouse that lies still is not held
            if pointer is None or self._at is None:
                return False
            return max(abs(a - b) for a, b in zip(pointer, self._at, strict=True)) > _POINTER
        return self._box and not np.allclose(np.asarray(self._action), self._rest, atol=1e-6)


def _is_press(name: str) -> bool:
    """Whether a raw number is a press, not where a stick or the pointer is."""
    return not name.startswith("pointer ") and _AXIS.fullmatch(name) is None
