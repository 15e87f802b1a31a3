"""Games of a person with agents, recorded from every seat: who acted is stored with each step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from demos.dataset import Dataset
from demos.devices import Held
from demos.episode import Actor
from demos.game import Game
from demos.handover import Handover
from demos.ratings import META
from demos.recording import Person, Recording
from demos.take import Stream, Take

NOBODY = np.zeros(0, np.float32)  # the raw device state of an agent


class MatchRecording(Recording):
    """As `Recording`, with a stream for each agent, and a seat that two may drive.

    Args:
        game: what is played; its only seat that is a person's is this person's.
        person: who plays or coaches.
        dataset: where kept games go; it is held for writing by the caller.
        tick: s between two steps, as intended.
        names: of the agents, by seat.
        about: what is noted of each game beside its steps, plain JSON; see `demos.ratings`.
        handover: if the person's seat is an agent's that the person may take over.
        on_begin: may add to what is noted, from a game's seed.
    """

    def __init__(
        self,
        game: Game,
        person: Person,
        dataset: Dataset,
        tick: float,
        names: Mapping[int, str],
        about: Mapping[str, Any],
        handover: Handover | None = None,
        on_begin: Callable[[int], Mapping[str, Any]] = lambda seed: {},
    ) -> None:
        super().__init__(game, [person], dataset, tick)
        self._meta.pop("partner", None)
        self.person, self.names, self.handover = person, dict(names), handover
        self.about, self._on_begin = dict(about), on_begin
        self._memory: Any = None  # of the agent whose seat may be taken over

    @property
    def driver(self) -> Actor:
        """Who drives the person's seat."""
        return Actor.HUMAN if self.handover is None else self.handover.driver

    def begin(self, seed: int) -> None:
        """Begin a game and its take.

        Raises:
            DiskFull: no journal can be begun; nothing is open then.
        """
        added = self._on_begin(seed)
        game, person = self.game, self.person
        game.begin(seed)
        self._memory = None
        if self.handover is not None:
            self.handover.begin()
            self.handover.reseed(seed)
        told = {**self.about, "horizon": game.horizon, **added}
        raw = person.controls.raw_names
        streams = [Stream(game.world.agents[person.seat], person.player, person.device, raw)]
        streams += [Stream(game.world.agents[n], self.names.get(n), "none") for n in game.vacant]
        self.take = Take.begin(
            self.dataset,
            streams,
            [game.observation(n) for n in (person.seat, *game.vacant)],
            match=uuid.uuid4().hex[:12],
            seed=seed,
            options=game.options,
            meta={**self._meta, META: told},
        )

    def tick(self, held: Held, scene: Any, ns: int, late: bool, last: bool = False) -> None:
        """Take one step with what is held now; the last one ends the game where it stands.

        Raises:
            DiskFull: the step was taken and waits in memory.
        """
        assert self.take is not None
        self.game.step({self.person.seat: self._action(held, scene)})
        raw = self.person.controls.raw(held)
        rows = [self._row(self.person.seat, raw, ns, late, last, self.driver)]
        rows += [self._row(n, NOBODY, ns, late, last, Actor.AGENT) for n in self.game.vacant]
        self.take.step(rows)

    def _action(self, held: Held, scene: Any) -> Any:
        """What the one who drives the person's seat does."""
        if self.handover is None:
            return self.person.controls.action(held, scene)
        self.handover.heed(held, scene)
        game, n = self.game, self.person.seat
        action, self._memory = self.handover.predict(
            game.batch.observation[:, n], self._memory, np.array([game.steps == 0])
        )
        return action[0]
