"""The recording of games that people play: how a key press becomes a stored action.

A session hands events to the devices (`demos.window.controls.devices`), which know what is held. At each
tick `Recording.tick` has each person's controls compose an action of that (`demos.window.controls`), plays
it, and writes the step to the journal of the open episode (`demos.data.journal.take`).

K terms, C costs, R numbers of the raw device state.
"""

from __future__ import annotations

import importlib.metadata
import platform
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Actor
from demos.data.journal.records import StepRecord, Stream
from demos.data.journal.take import OpenEpisode
from demos.sessions.game.game import Game
from demos.window.controls.controls import Controls
from demos.window.controls.devices import Held
from environments.shields.shield import ShieldedBatch

_TOOLS = ("gymnasium", "pygame", "numpy", "gpo")


@dataclass(frozen=True)
class Person:
    """A person who plays."""

    seat: int
    player: str | None
    controls: Controls
    device: str  # as recordings call it: "keyboard", "gamepad", or "script"


class Recording:
    """Plays games one after another, each into a take of its own.

    Args:
        game: what is played; its seats are those of the people.
        people: who plays.
        dataset: where kept games go; it is held for writing by the caller.
        tick: s between two steps, as intended.
        partner: who has the other seats, in words.
    """

    def __init__(
        self,
        game: Game,
        people: Sequence[Person],
        dataset: Dataset,
        tick: float,
        partner: str = "",
    ) -> None:
        self.game, self.people, self.dataset = game, tuple(people), dataset
        self.take: OpenEpisode | None = None
        self._ending: dict[str, Any] = {}  # what is noted of the end of the open game
        for person in self.people:
            person.controls.watch(game.batch, person.seat)
        self._meta: dict[str, Any] = {"tick": tick, "tools": tools()}
        if isinstance(game.batch, ShieldedBatch):
            self._meta["shield"] = True
        if game.vacant:
            self._meta["partner"] = partner
        self._others = [
            (n, name) for n in game.vacant for name in action_columns(game.world.agents[n], game)
        ]

    @property
    def pads(self) -> set[int]:
        """The gamepads that the people play with."""
        held = [person.controls for person in self.people]
        return {controls.hands.pad for controls in held if controls.device == "gamepad"}

    def unknown(self, key: str) -> str | None:
        """A sentence about a key that does nothing for anyone, else None."""
        told = [person.controls.unknown(key) for person in self.people]
        return told[0] if all(told) else None

    @property
    def open(self) -> bool:
        """Whether a game is being recorded."""
        return self.take is not None

    def begin(self, seed: int) -> None:
        """Begin a game and its take.

        Raises:
            DiskFull: no journal can be begun; nothing is open then.
        """
        game = self.game
        game.begin(seed)
        extra = tuple(name for _, name in self._others)
        streams = [
            Stream(
                game.world.agents[person.seat],
                person.player,
                person.device,
                person.controls.raw_names + extra,
            )
            for person in self.people
        ]
        self.take = OpenEpisode.begin(
            self.dataset,
            streams,
            [game.observation(person.seat) for person in self.people],
            match=uuid.uuid4().hex[:12],
            seed=seed,
            options=game.episode_options,
            meta=self._meta,
        )

    def tick(self, held: Held, scene: Any, ns: int, late: bool, last: bool = False) -> None:
        """Take one step with what is held now; the last one ends the game where it stands.

        Raises:
            DiskFull: the step was taken and waits in memory.
        """
        assert self.take is not None
        game = self.game
        game.step({p.seat: p.controls.action(held, scene) for p in self.people})
        if self.note_end(last):
            return
        rows = [self._row(p.seat, self._raw(p, held), ns, late, last) for p in self.people]
        self.take.step(rows)

    def note_end(self, last: bool) -> bool:
        """Note how the game ends, if it does; whether it was broken off, and its last step did not happen."""
        game = self.game
        self._ending = {"left": last and not game.over}
        if game.broken_off:
            self._ending["broken_off"] = game.broken_off
        return bool(game.broken_off)

    def _raw(self, person: Person, held: Held) -> np.ndarray:
        raw = person.controls.raw(held)
        if self._others:
            vacant = [np.ravel(self.game.batch.actions[0, seat]) for seat in self.game.vacant]
            raw = np.concatenate([raw, *vacant]).astype(np.float32)
        return raw

    def _row(
        self,
        n: int,
        raw: np.ndarray,
        ns: int,
        late: bool,
        last: bool,
        actor: Actor = Actor.HUMAN,
    ) -> StepRecord:
        """The step just taken, as seat `n` saw it."""
        game, batch, presence = self.game, self.game.batch, self.game.batch.presence
        terminated = bool(presence.terminated[0, n])
        return StepRecord(
            observation=game.observation(n),
            requested=game.asked[n].copy(),
            applied=batch.actions[0, n].copy(),
            raw=raw,
            reward=float(batch.reward[0, n]),
            terms=batch.terms[0, n].copy(),
            costs=batch.costs[0, n].copy(),
            terminated=terminated,
            truncated=bool(presence.truncated[0, n]) or (last and not terminated),
            time=ns,
            late=late,
            actor=Actor.SHIELD if game.shield_acted(n) else actor,
            present=bool(presence.acted[0, n]),
        )

    def mark(self) -> None:
        """Mark the step to come."""
        if self.take is not None:
            self.take.mark()

    def keep(self, rating: int | None) -> list[int]:
        """Keep the game for good; its numbers in the dataset.

        Raises:
            DiskFull: it is still open, and can be kept later.
        """
        assert self.take is not None
        if self._ending.get("broken_off") and not self.take.steps:  # nothing is left of it
            self.discard()
            return []
        numbers = self.take.keep(rating, self._ending)
        self.take, self._ending = None, {}
        return numbers

    def leave(self) -> int:
        """Let the game lie in its journal, where the next session finds it; how many last steps do not."""
        lost = 0 if self.take is None else self.take.close()
        self.take = None
        return lost

    def discard(self) -> None:
        """Keep nothing of the game."""
        if self.take is not None:
            self.take.discard()
        self.take, self._ending = None, {}


def action_columns(agent: str, game: Game) -> list[str]:
    """What the numbers of a vacant seat's action are called among a person's raw numbers.

    They stand there so that a game with an unrecorded partner can still be repeated from its seed.
    """
    size = int(np.prod(game.world.action_space.shape or ()))
    return [f"action {agent} {k}" for k in range(size)]


def tools() -> dict[str, str]:
    """Versions by package."""
    found: dict[str, str] = {"python": platform.python_version()}
    for name in _TOOLS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "unknown"  # a checkout that was not installed
    return found
