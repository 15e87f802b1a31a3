"""The recording of games of a person with agents, from every seat: who acted is stored with each step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.lock import dataset_name
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.data.journal.records import StepRecord, Stream
from demos.data.journal.take import OpenEpisode
from demos.sessions.game.game import Game
from demos.sessions.game.recording import Person, Recording
from demos.sessions.game.takeover import Takeover
from demos.window.controls.devices import Held
from environments.simulation.world import World

META = "play"  # the key of an episode's meta that says who played whom
NOBODY = np.zeros(0, np.float32)  # the raw device state of an agent
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class MatchStart:
    """How a game began that a take is made of, now or later."""

    match: str  # its name
    seed: int | None
    seen: list[np.ndarray]  # by stream
    horizon: int  # steps


class MatchRecording(Recording):
    """As `Recording`, with a stream for each agent, and a seat that two may drive.

    Args:
        game: what is played; a `Match` if the person may take over, else with one seat, the person's.
        person: who plays or coaches.
        dataset: where kept games go; it is held for writing by the caller.
        tick: s between two steps, as intended.
        names: of the agents, by seat.
        about: what is noted of each game beside its steps, plain JSON; see `demos.sessions.play.ratings`.
        takeover: if the person's seat is an agent's that the person may take over.
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
        takeover: Takeover | None = None,
        on_begin: Callable[[int], Mapping[str, Any]] = lambda seed: {},
    ) -> None:
        super().__init__(game, [person], dataset, tick)
        self._meta.pop("partner", None)
        self.person, self.names, self.takeover = person, dict(names), takeover
        self.about, self._on_begin = dict(about), on_begin
        self.added: dict[str, Any] = {}  # what was noted of this game from its seed

    @property
    def driver(self) -> Actor:
        """Who drives the person's seat."""
        return Actor.HUMAN if self.takeover is None else self.takeover.driver

    @property
    def others(self) -> list[int]:
        """The seats beside the person's."""
        return [n for n in range(len(self.game.world.agents)) if n != self.person.seat]

    def begin(self, seed: int) -> None:
        """Begin a game and its take.

        Raises:
            DiskFull: no journal can be begun; nothing is open then.
        """
        self.added = dict(self._on_begin(seed))
        self.game.begin(seed)
        if self.takeover is not None:
            self.takeover.begin()
        self.take = self.open_take(self.beginning(), self.added)

    def beginning(self) -> MatchStart:
        """The game that was just begun, as a take begins."""
        game = self.game
        seen = [game.observation(n) for n in (self.person.seat, *self.others)]
        return MatchStart(uuid.uuid4().hex[:12], game.seed, seen, game.horizon)

    def open_take(self, beginning: MatchStart, added: Mapping[str, Any] = NOTHING) -> OpenEpisode:
        """A take of a game from its beginning on.

        Raises:
            DiskFull: no journal can be begun.
        """
        game, person = self.game, self.person
        told = {**self.about, "horizon": beginning.horizon, **added}
        raw = person.controls.raw_names
        streams = [Stream(game.world.agents[person.seat], person.player, person.device, raw)]
        streams += [Stream(game.world.agents[n], self.names.get(n), "none") for n in self.others]
        return OpenEpisode.begin(
            self.dataset,
            streams,
            beginning.seen,
            match=beginning.match,
            seed=beginning.seed,
            options=game.episode_options,
            meta={**self._meta, META: told},
        )

    def tick(self, held: Held, scene: Any, ns: int, late: bool, last: bool = False) -> None:
        """Take one step with what is held now; the last one ends the game where it stands.

        Raises:
            DiskFull: the step was taken and waits in memory.
        """
        assert self.take is not None
        if self.takeover is None:
            action: Any = self.person.controls.action(held, scene)
        else:
            action = self.takeover.action(held, scene)
        self.game.step({} if action is None else {self.person.seat: action})
        if self.note_end(last):
            return
        self.take.step(self.rows(held, ns, late, last))

    def rows(self, held: Held, ns: int, late: bool, last: bool = False) -> list[StepRecord]:
        """The step just taken, of everybody."""
        raw = self.person.controls.raw(held)
        mine = self._row(self.person.seat, raw, ns, late, last, self.driver)
        return [
            mine,
            *(self._row(n, NOBODY, ns, late, last, Actor.AGENT) for n in self.others),
        ]


def games_dataset(
    world: World, root: Path, name: str | None, verb: str, kind: str = "coach"
) -> Dataset:
    """The dataset that games with a person go into, made now if there is none.

    Raises:
        Problem: it holds recordings of another world.
    """
    store, words = Store(root), {"coach": "Coached", "play": "Played", "run": "Driven"}[kind]
    name = name or f"{dataset_name(world)}-{kind}"
    if name not in store.names():
        with store.building_for(world, name, f"{words} with gpo {verb}."):
            pass
    dataset = store.open(name)
    dataset.require_world(world)
    dataset.require_columns(world)
    return dataset
