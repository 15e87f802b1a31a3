"""The cast of a game: who is watched in which world, and who has the other seats.

N seats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.files.agent_file import Agent, digest
from agents.files.run_agents import CheckpointGone, RunAgent, checkpoints
from agents.networks.policy import AgentPolicy
from agents.players.from_agent import make_player
from agents.players.introspection import make_introspective
from agents.players.player import Player
from demos.sessions.match.evaluated_games import EvaluatedGames
from demos.sessions.match.match import Match
from environments.simulation.world import World

YOU = "you"  # what a person is called who plays
Maker = Callable[[int], Player]  # makes a player from a seed


@dataclass(frozen=True)
class CastOptions:
    """What was asked for beside the name of what is watched."""

    against: str | None = None  # who has the other seats, to be beaten
    partner: str | None = None  # the same, to be played with
    seat: int = 0  # of the player that is watched
    live: bool = False  # always the newest checkpoint of a run that is training
    shield: bool = False  # play behind the world's shield
    shield_by: str | None = None  # one that was typed
    player: str | None = None  # who is watched where a world is named; "random" if None
    params: Mapping[str, Any] | None = None  # of the world
    options: Mapping[str, Any] | None = None  # of every game
    greedy: bool = False  # take the likeliest actions, not samples
    evaluated: str | None = None  # FIRST:GAMES, those that `gpo evaluate` played at once


@dataclass
class CastMember:
    """A player to watch; what it needs is read when it is first asked for."""

    name: str
    open: Callable[[], Maker]  # raises CheckpointGone
    update: int | None = None  # of the training, if it is a checkpoint's
    sha256: str = ""  # of its weights, once they were read
    _made: Maker | None = None

    def player(self, seed: int) -> Player:
        """A player of its own.

        Raises:
            CheckpointGone: its checkpoint is torn or has vanished.
        """
        if self._made is None:
            self._made = self.open()
        return self._made(seed)


@dataclass
class Cast:
    """All that a viewer needs to seat players in a world."""

    world: World
    entrants: list[CastMember]  # in the order of Tab
    at: int  # who is watched first
    partner: Maker | None = None  # in the other seats; the entrant itself if None
    partner_name: str = ""
    rivals: bool = False  # the others play against the one that is watched
    seat: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, float] | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    clone: AgentPolicy | None = None
    run: Path | None = None
    live: bool = False
    human: int | None = None  # the seat of a person who plays themself
    shield: bool = False  # games are played behind the world's
    evaluated: EvaluatedGames = field(
        default_factory=EvaluatedGames
    )  # games that are those of an evaluation

    def match(self) -> Match:
        """A game in which nobody sits yet."""
        nobody: list[Player | None] = [None] * len(self.world.agents)
        about = self.options, self.weights, self.clone, self.shield, self.evaluated
        return Match(self.world, nobody, self.seat, *about)

    def players(self, entrant: CastMember, seed: int) -> list[Player | None]:
        """Who sits where when an entrant is watched.

        Raises:
            CheckpointGone: as `CastMember.player`.
        """
        seated: list[Player | None] = []
        for n in range(len(self.world.agents)):
            if n == self.human:
                seated.append(None)
                continue
            maker = entrant.player if n == self.seat or self.partner is None else self.partner
            seated.append(maker(self.evaluated.start(seed) + n))
        return seated

    def names(self, entrant: CastMember) -> dict[str, str]:
        """Who sits where, for drawings that show it."""
        other = self.partner_name or entrant.name
        found = dict.fromkeys(self.world.agents, other)
        found[self.world.agents[self.seat]] = entrant.name
        if self.human is not None:
            found[self.world.agents[self.human]] = YOU
        return found

    def newest(self) -> CastMember | None:
        """The newest checkpoint that is whole, as an entrant that is read already; None if there is none."""
        if self.run is None:
            return None
        for stage in reversed(checkpoints(self.run)):
            entrant = of_stage(stage, self.world)
            try:
                entrant.player(0)
            except CheckpointGone:
                continue
            return entrant
        return None


def of_stage(stage: RunAgent, world: World) -> CastMember:
    """An agent of a run as an entrant."""

    def read() -> Maker:
        agent = stage.load()
        agent.require_world(world, str(stage.path))
        entrant.sha256 = digest(agent.policy.tensors(), "")
        return _maker(agent, world)

    entrant = CastMember(stage.name, read, stage.update)
    return entrant


def of_loaded(name: str, agent: Agent, world: World) -> CastMember:
    """An agent that is read already as an entrant."""
    sha256 = digest(agent.policy.tensors(), "")
    return CastMember(name, lambda: _maker(agent, world), sha256=sha256)


def _maker(agent: Agent, world: World) -> Maker:
    return lambda seed: make_introspective(make_player(agent, world, seed))
