"""Preparation of a session with agents: world, agents, person and dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.evaluation.games import play_games
from agents.players.player import Player
from demos.data.dataset.dataset import Dataset
from demos.sessions.game.game import Game
from demos.sessions.game.match_recording import MatchRecording, games_dataset
from demos.sessions.game.recording import Person
from demos.sessions.game.takeover import SETTLE, Takeover
from demos.sessions.match.match import Match
from demos.sessions.match.rivals import Lineup, Rival, lineup_for, opponent
from demos.sessions.play.levels import level_of
from demos.sessions.play.options import LEVELS, PlayOptions
from demos.window.controls.controls import load_controls
from environments.catalog import make_batch
from environments.shields.shield import ShieldedBatch
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.system.suggestions import nearest


@dataclass(frozen=True)
class PreparedMatch:
    """All that a session needs, loaded and compiled."""

    world: World
    game: Game
    person: Person
    rival: Rival
    others: str  # who has the other seats, in words
    takeover: Takeover | None
    about: Mapping[str, Any] = field(default_factory=dict)  # noted of each game

    def names(self) -> dict[str, Any]:
        """Who sits where, for drawings that show it; for a player, the seat whose observation counts."""
        you = self.person.player or "you"
        mine = self.rival.name if self.takeover is not None else you
        found: dict[str, Any] = dict.fromkeys(self.world.agents, self.others)
        found[self.world.agents[self.person.seat]] = mine
        if self.takeover is None:  # a coach sees everything
            found["seat"] = self.person.seat
        return found

    def recording(self, dataset: Dataset) -> MatchRecording:
        """What plays and keeps the games."""
        game, seats = self.game, range(len(self.world.agents))
        names = {n: self.others for n in seats if n != self.person.seat}
        alone = not names and self.takeover is None
        return MatchRecording(
            game,
            self.person,
            dataset,
            self.world.tick,
            names,
            self.about,
            self.takeover,
            self._in_turns if alone else lambda seed: {},
        )

    @property
    def shielded(self) -> bool:
        """Whether it is played behind the world's shield."""
        return isinstance(self.game.batch, ShieldedBatch)

    def _in_turns(self, seed: int) -> dict[str, Any]:
        """Where there is one seat, the agent plays the same game first: what it reached."""
        return {"rival": in_turns(self.world, self.rival, self.game.options, seed, self.shielded)}


def prepare_match(given: PlayOptions) -> PreparedMatch:
    """Read agents, make the world, and seat everybody.

    Raises:
        UserError: no such agent, run, level, seat, player or key table.
    """
    if given.level is not None and given.level not in LEVELS:
        raise UserError(f"There is no level '{given.level}': {nearest(given.level, LEVELS)}")
    apart = given.shield, given.workers, given.patience, given.shield_by
    table = lineup_for(given.name, given.params, given.options, *apart)
    world = table.world
    if not 0 <= given.seat < len(world.agents):
        raise UserError(
            f"--seat is {given.seat}; '{world.id}' has the seats 0 to {len(world.agents) - 1}."
        )
    controls = load_controls(world, given.device, path=given.controls)
    device = "script" if given.script else controls.device
    person = Person(given.seat, given.player, controls, device)
    rival = table.best() if given.level is None else level_of(table, given.level)
    seed = given.seed or 0
    takeover, called = None, _called(rival)
    if given.coach:
        settle = SETTLE if given.settle is None else given.settle
        takeover = Takeover(controls, world.tick, settle)
        seated, called = _seated(given, table, rival, seed)
        game: Game = Match(world, seated, given.seat, table.options, shield=table.shield)
    else:
        agent = rival.player(world, seed)
        game = Game(world, (given.seat,), agent, table.options, table.shield)
    game.begin(seed)  # compiles, and is what the title card lies over
    about = {
        "seat": world.agents[given.seat],
        "person": given.player or "",
        "agent": rival.name,
        "sha256": rival.sha256,
        "level": rival.level,
        "reaction_ms": rival.handicap.reaction,
        "slips": rival.handicap.slips,
        "coach": given.coach,
    }
    if takeover is not None:
        about["settle_steps"] = takeover.settle
    return PreparedMatch(world, game, person, rival, called, takeover, about)


def _called(rival: Rival) -> str:
    return f"{rival.name}, {rival.level}" if rival.level else rival.name


def _seated(
    given: PlayOptions, table: Lineup, rival: Rival, seed: int
) -> tuple[list[Player | None], str]:
    """Who sits where when an agent is coached, and what those beside it are called."""
    world = table.world
    if len(world.agents) == 1 and given.partner:
        raise UserError(f"In '{world.id}' no seat is left for '{given.partner}': leave it out.")
    beside = None if given.partner else (table.held_out_partner() or rival)
    seated: list[Player | None] = []
    for n in range(len(world.agents)):  # every seat has a player of its own
        if n == given.seat:
            seated.append(rival.player(world, seed))
        elif beside is None:
            seated.append(opponent(str(given.partner), table, seed + n))
        else:
            seated.append(beside.player(world, seed + n))
    if len(world.agents) == 1:
        return seated, ""
    return seated, str(given.partner) if beside is None else beside.name


def in_turns(
    world: World, rival: Rival, options: Mapping[str, Any], seed: int, shield: bool = False
) -> float:
    """The north star that an agent reaches alone from a seed."""
    batch = make_batch(world, 1, seed=seed, options=options, restart=False, shield=shield)
    try:
        played = play_games(batch, [rival.player(world, seed)])
    finally:
        batch.close()
    return float(played.terms[world.north_star][0, 0])


def open_dataset(given: PlayOptions, ready: PreparedMatch) -> Dataset:
    """The dataset that was asked for, made now if there is none.

    Raises:
        UserError: it holds recordings of another world.
    """
    kind = "coach" if given.coach else "play"
    return games_dataset(ready.world, given.root, given.dataset, "play", kind)
