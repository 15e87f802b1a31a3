"""Before and after a session: world, players and dataset are made ready, and what was kept is said."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.lookup import PLAYERS, Kind, find, trained_behind_shield
from agents.players.player import Player, RandomPlayer
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.lock import dataset_name
from demos.data.dataset.store import Store
from demos.sessions.game.game import Game
from demos.sessions.game.recording import Person
from demos.sessions.record.options import RecordOptions
from demos.sessions.record.session import RecordSession, told
from demos.window.controls.controls import load_everybody
from environments.catalog import make_world
from environments.external.trial.isolated import patient
from environments.external.world import ExternalWorld, in_processes
from environments.files.trusted_code import remember
from environments.simulation.shield import Shield
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

    def names(self) -> dict[str, Any]:
        """Who sits where, for drawings that show it; for one alone, the seat to see with the eyes of."""
        found: dict[str, Any] = {self.world.agents[n]: self.partner for n in self.game.vacant}
        for k, person in enumerate(self.people):
            somebody = "you" if len(self.people) == 1 else f"player {k + 1}"
            found[self.world.agents[person.seat]] = person.player or somebody
        if len(self.people) == 1:
            found["seat"] = self.people[0].seat
        return found


def prepare_recording(asked: RecordOptions) -> PreparedRecording:
    """Make the world, compile it, and seat everybody.

    Raises:
        UserError: no such world, seat, player, key table or cost.
    """
    with patient(asked.patience):
        world = make_world(asked.world, **dict(asked.params or {}))
        remember(world.id)
        return _seated(asked, in_processes(world, asked.workers, asked.patience))


def _seated(asked: RecordOptions, world: World) -> PreparedRecording:
    """Everybody in the world, and the first game begun."""
    for name in asked.limits or {}:
        if name not in world.costs:
            hint = nearest(name, world.costs)
            raise UserError(f"The world '{world.id}' has no cost '{name}' to limit: {hint}")
    if asked.shield:
        Shield(world)  # refuses a world that has none
    seats = _seats(asked, world)
    partner, others = _others(asked, world, len(seats))
    shield = asked.shield or trained_behind_shield(asked.partner or asked.opponent)
    game = Game(world, seats, others, asked.options, shield)
    game.begin(asked.seed or 0)  # compiles, and is what the title card lies over
    importlib.import_module("pandas")  # pyarrow loads it with the first write: not in a game
    return PreparedRecording(world, game, _people(asked, world, seats), partner)


def _seats(asked: RecordOptions, world: World) -> tuple[int, ...]:
    count = len(world.agents)
    if not 1 <= asked.people <= min(2, count):
        most = "one person plays" if count == 1 else "one or two people play"
        raise UserError(f"--people is {asked.people}; {most} '{world.id}' at this machine.")
    if asked.people == 2:
        return 0, 1
    if not 0 <= asked.seat < count:
        raise UserError(f"--seat is {asked.seat}; '{world.id}' has the seats 0 to {count - 1}.")
    return (asked.seat,)


def _others(asked: RecordOptions, world: World, people: int) -> tuple[str, Player | None]:
    """Who has the other seats: by name, or somebody who stands still, or who does anything."""
    name = asked.partner or asked.opponent
    if people == len(world.agents):
        if name:
            raise UserError(f"In '{world.id}' no seat is left for '{name}': leave it out.")
        return "", None
    if name:
        found = find(name, PLAYERS, world)
        called = found.called if found.kind is Kind.RUN else Path(name).stem
        return called, found.player(world, asked.seed or 0)
    if isinstance(world, ExternalWorld):  # which of its actions does nothing, nobody knows
        return "random", RandomPlayer(world.action_space, asked.seed or 0, world.mask_size)
    return "still", None


def _people(asked: RecordOptions, world: World, seats: tuple[int, ...]) -> tuple[Person, ...]:
    names, devices = (text.split(",") for text in (asked.player or "", asked.device))
    if len(names) not in (1, len(seats)) or len(devices) not in (1, len(seats)):
        raise UserError(
            f"There are {len(seats)} people: give --player and --device one word, or one for each."
        )
    held = [devices[k % len(devices)] for k in range(len(seats))]
    people = []
    for k, controls in enumerate(load_everybody(world, held, asked.controls)):
        controls.tick = asked.tick(world)
        name = names[k] if len(names) > 1 or len(seats) == 1 else f"{names[0]} {k + 1}"
        device = "script" if asked.script else controls.device
        people.append(Person(seats[k], name if asked.player else None, controls, device))
    return tuple(people)


# ------------------------------------------------------------------ the dataset


def open_dataset(asked: RecordOptions, world: World) -> Dataset:
    """The dataset that was asked for, made now if there is none.

    Raises:
        UserError: it holds recordings of another world.
    """
    store = Store(asked.root)
    name = asked.dataset or dataset_name(world)
    if name not in store.names():
        with store.building_for(world, name, "Recorded with gpo record."):
            pass
    dataset = store.open(name)
    dataset.require_world(world)
    return dataset


def session_code(recorder: RecordSession, signal: int | None) -> int:
    """How the command ends: 128 and the signal; 2, with a sentence, where the disk refused something."""
    if recorder.trouble:
        print(f"gpo: {recorder.trouble}", file=sys.stderr)
    if signal:
        return 128 + signal
    return 2 if recorder.trouble else 0


def farewell(recorder: RecordSession, name: str, signal: int | None) -> str:
    """What was kept and where, in a few sentences."""
    numbers = [number for game in recorder.kept for number in game]
    games = f"{len(recorder.kept)} game{'s' if len(recorder.kept) != 1 else ''}"
    words = ["gpo record: stopped by a signal." if signal else "gpo record:"]
    if numbers:
        words.append(f"kept {games} in dataset {name} (episode {told(numbers)}).")
    else:
        words.append(f"no game was kept in dataset {name}.")
    if recorder.broken_off:
        what = told(recorder.broken_off)
        words.append(f"Episode {what} was broken off before the game ended.")
    if recorder.discarded:
        words.append(f"{recorder.discarded} discarded.")
    if recorder.left_open:
        but = f", but for at most its last {recorder.lost} steps" if recorder.lost else ""
        words.append(f"One game could not be kept; `gpo demos repair {name}` gets it back{but}.")
    if numbers:
        words.append(f"Look closer: gpo demos info {name}")
    return " ".join(words)
