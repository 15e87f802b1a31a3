"""Preparation of a recording session: world, players and dataset; and its run."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agents.lookup import find, trained_behind_shield
from agents.lookup_names import TYPED_PLAYERS, NameKind
from agents.players.player import Player, RandomPlayer
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.lock import dataset_name
from demos.data.dataset.store import Store
from demos.sessions.game.game import Game
from demos.sessions.game.recording import Person
from demos.sessions.record.options import RecordOptions
from demos.sessions.record.session import RecordSession
from demos.window.controls.controls import load_everybody
from demos.window.opening import OpenSession
from demos.window.signals import Stopped
from environments.catalog import make_world
from environments.external.trial.isolated import patient
from environments.external.world import Declared, ExternalWorld, declare, in_processes
from environments.files.trusted_code import remember
from environments.shields.shield import Shield
from environments.shields.typed import behind
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.system.suggestions import nearest


@dataclass(frozen=True)
class PreparedRecording:
    """All that a session needs, loaded and compiled."""

    world: World
    game: Game
    people: tuple[Person, ...]
    partner: str  # who has the other seats, in words; empty if nobody
    unkept: str = ""  # which names of the world the dataset has no place for, in a sentence

    def names(self) -> dict[str, Any]:
        """Who sits where, for drawings that show it; for one alone, the seat whose observation counts."""
        found: dict[str, Any] = {self.world.agents[n]: self.partner for n in self.game.vacant}
        for k, person in enumerate(self.people):
            called = "you" if len(self.people) == 1 else f"player {k + 1}"
            found[self.world.agents[person.seat]] = person.player or called
        if len(self.people) == 1:
            found["seat"] = self.people[0].seat
        return found


def prepare_recording(options: RecordOptions) -> PreparedRecording:
    """Make the world, compile it, and seat everybody.

    Raises:
        UserError: no such world, seat, player, key table or cost.
    """
    with patient(options.patience):
        world = make_world(options.world, **dict(options.params or {}))
        remember(world.id)
        costs = (
            options.costs
            if world.id.startswith("gpo/")
            else [*options.costs, *(options.limits or {})]
        )
        world = declare(world, Declared(tuple(options.terms), tuple(costs), vary=options.vary))
        place, unkept = _for_dataset(options, behind(world, options.shield_by))
        made = _seated(options, in_processes(place, options.workers, options.patience))
        return replace(made, unkept=unkept)


def _for_dataset(options: RecordOptions, world: World) -> tuple[World, str]:
    """The world with the terms and costs that the dataset has, if it is there; and what that leaves out."""
    store, name = Store(options.root), options.dataset or dataset_name(world)
    if not isinstance(world, ExternalWorld) or name not in store.names():
        return world, ""
    facts = store.open(name).facts
    if facts["fingerprint"] != world.fingerprint:  # refused by `open_dataset`
        return world, ""
    place = world.as_recorded(facts["terms"], facts["costs"])
    left = [
        name for name in (*world.terms, *world.costs) if name not in (*place.terms, *place.costs)
    ]
    if not left:
        return place, ""
    return place, (
        f"Dataset {name} has no place for {', '.join(left)}, which '{world.id}' names: they are not kept. "
        f"`gpo demos relabel {name}` adds them, or record into another with --dataset."
    )


def _seated(options: RecordOptions, world: World) -> PreparedRecording:
    """Everybody in the world, and the first game begun."""
    for name in options.limits or {}:
        if name not in world.costs:
            hint = nearest(name, world.costs)
            raise UserError(f"The world '{world.id}' has no cost '{name}' to limit: {hint}")
    shield = options.shield or options.shield_by is not None
    if shield:
        Shield(world)  # refuses a world that has none
    seats = _seats(options, world)
    partner, others = _others(options, world, len(seats))
    shield = shield or trained_behind_shield(options.partner or options.opponent)
    game = Game(world, seats, others, options.options, shield)
    game.begin(options.seed or 0)  # compiles, and is what the title card lies over
    importlib.import_module("pandas")  # pyarrow loads it with the first write: not in a game
    return PreparedRecording(world, game, _people(options, world, seats), partner)


def _seats(options: RecordOptions, world: World) -> tuple[int, ...]:
    count = len(world.agents)
    if not 1 <= options.people <= min(2, count):
        most = "one person plays" if count == 1 else "one or two people play"
        raise UserError(f"--people is {options.people}; {most} '{world.id}' at this machine.")
    if options.people == 2:
        return 0, 1
    if not 0 <= options.seat < count:
        raise UserError(f"--seat is {options.seat}; '{world.id}' has the seats 0 to {count - 1}.")
    return (options.seat,)


def _others(options: RecordOptions, world: World, people: int) -> tuple[str, Player | None]:
    """Who has the other seats: by name, or one that stands still, or a random one."""
    name = options.partner or options.opponent
    if people == len(world.agents):
        if name:
            raise UserError(f"In '{world.id}' no seat is left for '{name}': leave it out.")
        return "", None
    if name:
        found = find(name, TYPED_PLAYERS, world)
        called = found.called if found.kind is NameKind.RUN else Path(name).stem
        return called, found.player(world, options.seed or 0)
    if isinstance(world, ExternalWorld):  # which of its actions does nothing, nobody knows
        return "random", RandomPlayer(world.action_space, options.seed or 0, world.mask_size)
    return "still", None


def _people(options: RecordOptions, world: World, seats: tuple[int, ...]) -> tuple[Person, ...]:
    names, devices = (text.split(",") for text in (options.player or "", options.device))
    if len(names) not in (1, len(seats)) or len(devices) not in (1, len(seats)):
        raise UserError(
            f"There are {len(seats)} people: give --player and --device one word, or one for each."
        )
    held = [devices[k % len(devices)] for k in range(len(seats))]
    people = []
    for k, controls in enumerate(load_everybody(world, held, options.controls)):
        controls.tick = options.tick(world)
        name = names[k] if len(names) > 1 or len(seats) == 1 else f"{names[0]} {k + 1}"
        device = "script" if options.script else controls.device
        people.append(Person(seats[k], name if options.player else None, controls, device))
    return tuple(people)


# ------------------------------------------------------------------ the dataset


def open_dataset(options: RecordOptions, world: World) -> Dataset:
    """The dataset that was options for, made now if there is none.

    Raises:
        UserError: it holds recordings of another world.
    """
    store = Store(options.root)
    name = options.dataset or dataset_name(world)
    if name not in store.names():
        with store.building_for(world, name, "Recorded with gpo record."):
            pass
    dataset = store.open(name)
    dataset.require_world(world)
    dataset.require_columns(world)
    return dataset


# ------------------------------------------------------------------ the session


def run_kept(opened: OpenSession[Any], session: RecordSession) -> None:
    """Run a session; whatever happens in it, the open game is kept, or lies in its journal.

    Raises:
        Stopped: a signal came, and what ran did not notice it.
    """
    try:
        opened.run(session)
    except Stopped:  # wherever it was: the journal has what was played
        session.recording.leave()
        raise
    except BaseException:
        session.end(opened.clock.now(), insist=True)
        raise
