"""Checks of what external environments return, and a limit on how often one may be restarted.

A game that misbehaves is stopped at that step and begun anew with a fresh environment and the next seed. That
may happen ten times, one more each minute; then the run ends with a sentence.

B games, N agents, K terms, C costs.
"""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.system.errors import UserError

QUOTA = 10  # times that games may be begun anew ...
REFILL = 60.0  # s, until there is one more
SLACK = 1e-6  # of a bound: rounding is no misbehaviour

_say = logging.getLogger("gpo.environments")  # by default Python prints it on stderr


@dataclass(frozen=True)
class Incident:
    """A game that was stopped."""

    environment: str
    game: int
    seed: int  # with which its environment was reset; all that follows is episodes without a seed
    episode: int  # since that
    step: int  # of the episode, from 1; 0 is its beginning
    what: str
    lost_games: tuple[int, ...] = ()  # of the process that was ended with it
    lost_seeds: tuple[int, ...] = ()

    def __str__(self) -> str:
        """The incident as a sentence."""
        step = f"in step {self.step}" if self.step else "at the beginning"
        said = (
            f"The environment '{self.environment}' {self.what}, {step} of episode {self.episode} "
            f"of game {self.game} (seed {self.seed})"
        )
        if not self.lost_games:
            return f"{said}."
        pairs = zip(self.lost_games, self.lost_seeds, strict=True)
        lost = ", ".join(f"{game} (seed {seed})" for game, seed in pairs)
        return f"{said}; its process was ended, and with it the games {lost}."


class Guard:
    """Keeps the incidents of a world, in however many batches, and limits how often games are begun anew.

    Args:
        quota: times.
        refill: s, until there is one more.
        clock: gives the time, s.
    """

    def __init__(
        self,
        quota: int = QUOTA,
        refill: float = REFILL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.quota, self.refill, self.clock = quota, refill, clock
        self.incidents: list[Incident] = []
        self.listeners: list[Callable[[Incident], None]] = []  # called with each incident at once
        self.readers: list[Callable[[str], None]] = []  # called with each other sentence
        self.names: set[tuple[str, str]] = set()  # that have been reported
        self._said: set[str] = set()
        self._left, self._since = float(quota), clock()

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickled guard counts from none again: who listens, and the clock, stay where they are."""
        return Guard, (self.quota, self.refill)

    def admit(self, incident: Incident) -> None:
        """Log an incident and let its game begin anew.

        Raises:
            UserError: it happened too often.
        """
        self.incidents.append(incident)
        for listener in self.listeners:
            listener(incident)
        now = self.clock()
        self._left = min(self.quota, self._left + (now - self._since) / self.refill)
        self._since = now
        if self._left < 1:
            raise UserError(
                f"{incident} It is not begun anew any more ({self.quota} times, and once more every "
                f"{self.refill:g} s): mend the environment, then repeat the command."
            )
        self._left -= 1
        _say.warning("%s It is begun anew.", incident)

    def report_names(self, environment: str, unknown: set[tuple[str, str]]) -> None:
        """Say once of each term and cost that it has no column: its kind and its name."""
        new = sorted(unknown - self.names)
        self.names |= unknown
        if not new:
            return
        told = " and ".join(f"the {kind} '{name}'" for kind, name in new[:9])
        flags = " ".join(f"--{kind} {shlex.quote(name)}" for kind, name in new[:9])
        self.say(
            f"The environment '{environment}' named {told}, which its trial had not shown: declare it, or it "
            f"is not counted ({flags}; in a recipe, terms and costs under [world]; or as attributes `terms` "
            "and `costs` of the environment)."
        )

    def say_once(self, words: str, about: str | None = None) -> None:
        """As `say`, the first time; with `about`, the first time that anything is said about that."""
        if (about or words) not in self._said:
            self._said.add(about or words)
            self.say(words)

    def teller(self, environment: str) -> Callable[[str], None]:
        """What says once of an environment that it shows more than it declared; it can be copied."""
        return partial(self._beyond, environment)

    def _beyond(self, environment: str, what: str) -> None:
        words = f"The environment '{environment}' {what}: it is taken as it is."
        self.say_once(words, f"bounds {environment}")

    def say(self, words: str) -> None:
        """Log a sentence, and show it to those who read along."""
        for reader in self.readers:
            reader(words)
        _say.warning("%s", words)


def _nobody(what: str) -> None:
    """Hears nothing."""


class Bounds:
    """Compares observations with their space, all games at once; they may exceed it by `SLACK`.

    Many an environment shows a little more than it declares (the hull of Gymnasium's own BipedalWalker leans
    beyond pi), and plays on: that is said once. What is no number cannot be learned from.

    Args:
        space: as declared.
        tell: of what is beyond it.
    """

    def __init__(self, space: spaces.Box, tell: Callable[[str], None] = _nobody) -> None:
        self.tell = tell
        low, high = space.low, space.high
        kind: Any = space.dtype
        if kind.kind == "f":  # infinity is not within the largest number, and nan nowhere
            most = np.finfo(kind).max
            with np.errstate(over="ignore", invalid="ignore"):
                low = np.clip(low - SLACK * np.maximum(1, np.abs(low)), -most, most)
                high = np.clip(high + SLACK * np.maximum(1, np.abs(high)), -most, most)
            low, high = low.astype(kind), high.astype(kind)
            self._idle = False
        else:
            whole = np.iinfo(kind)
            self._idle = bool((low == whole.min).all() and (high == whole.max).all())
        self.low, self.high = low, high

    def unusable(self, seen: np.ndarray, present: np.ndarray) -> dict[int, str]:
        """As `outside`, of rows that hold what is no number; of the others one is told."""
        found = self.outside(seen, present)
        bad = {b: what for b, what in found.items() if not np.isfinite(seen[b]).all()}
        if len(bad) < len(found):
            self.tell(next(what for b, what in found.items() if b not in bad))
        return bad

    def outside(self, seen: np.ndarray, present: np.ndarray) -> dict[int, str]:
        """What is wrong with which row of `seen` [B, N, ...]; agents that are not present are left out."""
        if self._idle or ((seen >= self.low) & (seen <= self.high)).all():
            return {}
        flat = seen.reshape(*present.shape, -1)  # [B, N, O]
        low, high = self.low.reshape(-1), self.high.reshape(-1)
        wrong = ~((flat >= low) & (flat <= high)) & present[..., None]
        found = {}
        for b in np.flatnonzero(wrong.any((1, 2))).tolist():
            none = wrong[b] & ~np.isfinite(flat[b])
            n, place = np.argwhere(none if none.any() else wrong[b])[0].tolist()
            value = flat[b, n, place]
            if np.isfinite(value):
                limits = f"where {low[place]:g} to {high[place]:g} was declared"
                found[b] = (
                    f"gave an observation outside its space ({value:g} at place {place}, {limits})"
                )
            else:
                found[b] = f"gave an observation that is {value} at place {place}"
        return found


def invalid_values(
    terms: np.ndarray, costs: np.ndarray, names: tuple[Sequence[str], Sequence[str]]
) -> dict[int, str]:
    """What is wrong with which game's `terms` [B, N, K], the return first, or `costs` [B, N, C]."""
    found: dict[int, str] = {}
    if not np.isfinite(terms).all():
        for b, k, value in _those(terms, ~np.isfinite(terms)):
            what = f"term '{names[0][k]}'" if k else "reward"
            found[b] = f"gave the {what} {value}"
    good = (costs >= 0) & (costs < np.inf)
    if not good.all():
        for b, k, value in _those(costs, ~good):
            found.setdefault(b, f"gave the cost '{names[1][k]}' {value:g}")
    return found


def _those(values: np.ndarray, wrong: np.ndarray) -> Iterable[tuple[int, int, Any]]:
    """Game, column and value of the first wrong one in each game."""
    for b in np.flatnonzero(wrong.any((1, 2))).tolist():
        n, k = np.argwhere(wrong[b])[0].tolist()
        yield b, k, values[b, n, k]
