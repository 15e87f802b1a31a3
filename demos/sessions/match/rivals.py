"""The agents that a person can play with or against: those of a run or file, with handicaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.export.onnx_file import OnnxFile, read_onnx
from agents.export.onnx_player import file_player
from agents.files.agent_file import Agent, digest, load_agent
from agents.files.run_agents import BEST, CLONE, CheckpointGone, RunAgent, run_agents
from agents.lookup import find, resolve_player
from agents.lookup_names import FILES, NameKind
from agents.players.from_agent import make_player
from agents.players.handicapped import HandicappedPlayer
from agents.players.player import Player
from demos.sessions.match.cast_by_name import cast_for
from environments.external.trial.isolated import PATIENCE, patient
from environments.external.world import in_processes
from environments.simulation.world import World
from environments.system.errors import UserError

HUMAN_MODEL = "human_model.safetensors"
MILLISECONDS = 1000  # in a second


@dataclass(frozen=True)
class Handicap:
    """What makes an agent weaker, in human units."""

    reaction: int = 0  # ms between what is seen and what is done; people need about 200
    slips: float = 0.0  # share of the steps in which something else is done

    def delay(self, tick: float) -> int:
        """The reaction in whole steps."""
        return round(self.reaction / MILLISECONDS / tick)

    def __str__(self) -> str:
        """In words."""
        words = [f"{self.reaction} ms late"] if self.reaction else []
        words += [f"slips in {100 * self.slips:.0f} % of its steps"] if self.slips else []
        return ", ".join(words) or "as it is"


@dataclass(frozen=True, eq=False)
class Rival:
    """An agent that a person plays with or against."""

    name: str  # "clone", "update 144", "best", or the name of its file
    agent: Agent | OnnxFile
    handicap: Handicap = Handicap()
    level: str = ""

    @cached_property
    def sha256(self) -> str:
        """Of its weights; a part of a checkpoint has none of its own. Of an ONNX file, of all of it."""
        if isinstance(self.agent, OnnxFile):
            return self.agent.sha256
        return digest(self.agent.policy.tensors(), "")

    def player(self, world: World, seed: int) -> Player:
        """Ready to play."""
        if isinstance(self.agent, OnnxFile):
            player = file_player(self.agent, world, seed)
        else:
            player = make_player(self.agent, world, seed)
        delay = self.handicap.delay(world.tick)
        if not delay and not self.handicap.slips:
            return player
        return HandicappedPlayer(player, delay, self.handicap.slips, seed, world)


@dataclass(frozen=True)
class Lineup:
    """What is played, and who is there to play it."""

    world: World
    options: Mapping[str, Any]  # of every episode
    name: str  # of the run or agent
    file: Path | None  # of the agent; None if it was a run that was asked for
    folder: Path | None  # of the run it belongs to
    shield: bool = False  # the agent was trained behind the world's shield

    def best(self) -> Rival:
        """The agent that was asked for: of a run its best.

        Raises:
            UserError: it is not there any more, or damaged.
        """
        if self.file is not None:
            is_onnx = self.file.suffix == ".onnx"
            return Rival(self.name, (read_onnx if is_onnx else load_agent)(self.file))
        assert self.folder is not None
        try:
            return self.load(run_agents(self.folder)[-1])
        except CheckpointGone as gone:
            raise UserError(f"{self.folder} has no '{gone}' any more: try again.") from None

    def ladder(self) -> list[Rival]:
        """All agents of the run, from the clone on; checkpoints that are gone by now are left out."""
        if self.folder is None:
            return [self.best()]
        found = []
        for stage in run_agents(self.folder):
            try:
                found.append(self.load(stage))
            except CheckpointGone:
                continue
        return found

    def load(self, stage: RunAgent) -> Rival:
        """One agent of the run.

        Raises:
            CheckpointGone: it is part of a checkpoint that is no longer there.
        """
        agent = stage.load()
        agent.require_world(self.world, str(stage.path))
        name = self.name if stage.name == "best" else f"{self.name} {stage.name}"
        return Rival(name, agent)

    def held_out_partner(self) -> Rival | None:
        """The partner that the run is judged with: its model of other people, or else its clone."""
        if self.folder is None:
            return None
        for name, called in ((HUMAN_MODEL, "human model"), (CLONE, "clone")):
            path = self.folder / name
            if path.is_file():
                agent = load_agent(path)
                agent.require_world(self.world, str(path))
                return Rival(called, agent)
        return None

    @property
    def conditions(self) -> dict[str, Any]:
        """All under which games are played here, as JSON."""
        return {
            **self.options,
            **({"shield": self.world.shield_rules or True} if self.shield else {}),
        }

    @property
    def levels_path(self) -> Path:
        """Where its levels are written down."""
        if self.folder is not None:
            return self.folder / "levels.json"
        assert self.file is not None
        return self.file.with_suffix(".levels.json")


def lineup_for(
    name: str,
    params: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    shield: bool = False,
    workers: int = 0,
    patience: float = PATIENCE,
    shield_by: str | None = None,
) -> Lineup:
    """The table for an agent file, a run folder, or a run's name under runs/.

    Raises:
        UserError: there is none of that name, or it was made for another world.
    """
    found = find(name, FILES)
    with patient(patience):
        about = {"params": params, "options": options, "shield": shield, "shield_by": shield_by}
        cast = cast_for(name, **about)
    cast.world = in_processes(cast.world, workers, patience)
    if found.kind is NameKind.RUN:
        return Lineup(cast.world, cast.options, found.called, None, found.path, cast.shield)
    path = Path(name)
    run = cast.run if (path.parent / CLONE).is_file() else None
    called = path.stem if run is None else f"{path.parent.resolve().name} {path.stem}"
    if run is not None and path.name == BEST:
        called = path.parent.resolve().name
    return Lineup(cast.world, cast.options, called, path, run, cast.shield)


def opponent(name: str, table: Lineup, seed: int) -> Player:
    """The player of a name; of a run its best agent.

    Raises:
        UserError: there is none of that name.
    """
    return resolve_player(name, table.world, seed)
