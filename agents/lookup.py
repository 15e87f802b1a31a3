"""What a name typed by a person means: an agent file, a run, an ONNX file, a player, a person or a world.

Every verb asks here, so that a name means the same to all of them. Names that stand in files are not looked
up: they are data (`environments.recorded_worlds`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.experts.registry import EXPERTS, expert_names, make_expert
from agents.export.onnx_file import OnnxFile, read_onnx
from agents.export.onnx_player import file_player
from agents.files.agent_file import HANDED_ON, Agent, load_agent
from agents.files.run_agents import CheckpointGone, run_agents
from agents.players.from_agent import make_player
from agents.players.player import Player, RandomPlayer, StillPlayer
from environments.catalog import WORLDS, plain_name
from environments.external.games.factories import is_gymnasium_id, is_pettingzoo_id
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.system.suggestions import closest

RUNS = Path("runs")  # where a run is looked for by its name alone
_VERSIONED = re.compile(r"[-_]v\d+")  # how the id of an environment ends


class Kind(Enum):
    """What a name can mean; the value is how a sentence calls it."""

    AGENT = "an agent file"
    RUN = "a run"
    ONNX = "an ONNX file"
    SCRIPT = "a scripted player"
    RANDOM = "a player of random actions"
    STILL = "a player that does nothing"
    HUMAN = "a person at this machine"
    WORLD = "a world"


AGENTS = frozenset({Kind.AGENT, Kind.RUN})
FILES = AGENTS | {Kind.ONNX}
PLAYERS = FILES | {Kind.SCRIPT, Kind.RANDOM, Kind.STILL}
WORDS = {"random": Kind.RANDOM, "still": Kind.STILL, "human": Kind.HUMAN}


@dataclass(frozen=True)
class Found:
    """What a name means; its file is read when it is first asked for, and only once."""

    name: str  # as it was typed
    kind: Kind
    path: Path | None = None  # of an agent file, an ONNX file or a run's folder

    @cached_property
    def agent(self) -> Agent:
        """The agent of an agent file, or the best of a run.

        Raises:
            UserError: it is missing or damaged, or the run has none yet.
        """
        assert self.path is not None
        if self.kind is Kind.AGENT:
            return load_agent(self.path)
        try:
            return run_agents(self.path)[-1].load()
        except CheckpointGone as gone:
            raise UserError(f"{gone} of {self.path} was replaced just now: try again.") from gone

    @cached_property
    def onnx(self) -> OnnxFile:
        """The ONNX file, read and checked.

        Raises:
            UserError: it is missing or damaged.
        """
        assert self.path is not None
        return read_onnx(self.path)

    @property
    def shielded(self) -> bool:
        """Whether it is an agent that was trained behind the world's shield.

        Raises:
            UserError: as `agent` and `onnx`.
        """
        if self.kind is Kind.ONNX:
            return bool(self.onnx.about.get("shield", False))
        return self.kind in AGENTS and self.agent.shielded

    @property
    def called(self) -> str:
        """What to call it: of a path, which differs from disk to disk, only the end."""
        if self.path is None:
            return self.name
        whole = self.path.resolve()
        return whole.name if self.kind is Kind.RUN else f"{whole.parent.name}/{whole.stem}"

    @property
    def exported(self) -> Path:
        """Where its ONNX file goes if nobody says where: beside the agent, called like it."""
        assert self.path is not None
        path = self.path / HANDED_ON if self.kind is Kind.RUN else self.path
        return path.with_suffix(".onnx")

    def player(self, world: World, seed: int = 0, temperature: float = 1.0) -> Player:
        """It as a player of its own, ready to play.

        Args:
            world: what is to be played.
            seed: of its choices.
            temperature: of a network's; 1 plays it as it is.

        Raises:
            UserError: it is missing, damaged, made for another world, or no player.
        """
        if self.kind in AGENTS:
            self.agent.require_world(world, self.name)
            return make_player(self.agent, world, seed, temperature)
        if self.kind is Kind.ONNX:
            return file_player(self.onnx, world, seed, temperature)
        if self.kind is Kind.RANDOM:
            return RandomPlayer(world.action_space, seed, world.mask_size)
        if self.kind is Kind.STILL:
            return StillPlayer(world.action_space, world.idle)
        scripted = make_expert(self.name, world, seed)
        if scripted is None:
            raise UserError(_refusal(self.name, None, PLAYERS, world))
        return scripted


def find(name: str, kinds: Collection[Kind], world: World | None = None) -> Found:
    """What a name means. A word of ours comes before a file, and a file before a world.

    Args:
        name: as a person typed it.
        kinds: what is of use here.
        world: whose scripted players count; those of all worlds if None.

    Raises:
        UserError: it is nothing, or of a kind that is of no use here.
    """
    kind, path = _meaning(name, world)
    if kind is None or kind not in kinds:
        raise UserError(_refusal(name, kind, kinds, world))
    return Found(name, kind, path)


def resolve_player(name: str, world: World, seed: int = 0) -> Player:
    """The player that a name stands for, ready to play a world.

    Raises:
        UserError: there is none of that name, or it was made for another world.
    """
    return find(name, PLAYERS, world).player(world, seed)


def trained_behind_shield(name: str | None) -> bool:
    """Whether a name is that of an agent that is to be played behind the world's shield."""
    if name is None:
        return False
    kind, path = _meaning(name, None)
    if kind not in FILES or path is None or not path.exists():
        return False
    return Found(name, kind, path).shielded


def run_folder(name: str) -> Path | None:
    """The folder of a run, given by its path or by its name under `runs/`; None if there is none."""
    for path in (Path(name), RUNS / name):
        with suppress(OSError, ValueError):  # no name of a file: too long, or no text
            if name and path.is_dir():
                return path
    return None


def _meaning(name: str, world: World | None) -> tuple[Kind | None, Path | None]:
    """The kind of thing that a name means, and where it lies if it is a file or folder."""
    if name in WORDS:
        return WORDS[name], None
    if name in (_all_scripts() if world is None else expert_names(world)):
        return Kind.SCRIPT, None
    if plain_name(name) in WORLDS:
        return Kind.WORLD, None
    if (folder := run_folder(name)) is not None:
        return Kind.RUN, folder
    if name.endswith(".safetensors"):
        return Kind.AGENT, Path(name)
    if name.endswith(".onnx"):
        return Kind.ONNX, Path(name)
    return (Kind.WORLD if _names_world(name) else None), None


def _names_world(name: str) -> bool:
    """Whether a name is that of an environment, or meant to be; imports nothing that it names."""
    if _is_path(name):
        return False
    if name.startswith("gpo/") or ":" in name or _VERSIONED.search(name[-8:]):
        return True
    return bool(name) and (is_gymnasium_id(name) or is_pettingzoo_id(name))


def _is_path(name: str) -> bool:
    """Whether a name leads into a folder that is there."""
    with suppress(OSError, ValueError):
        parent = Path(name).parent
        return parent != Path() and parent.is_dir()
    return False


def _all_scripts() -> set[str]:
    return {name for players in EXPERTS.values() for name in players}


# ------------------------------------------------------------------ what is of no use here


def _refusal(name: str, kind: Kind | None, kinds: Collection[Kind], world: World | None) -> str:
    """The sentence about a name that is of no use."""
    what = _wanted(kinds)
    if kind is Kind.HUMAN:
        return f"'{name}' is {kind.value}, and here {what} is wanted: people play in gpo record and gpo play."
    if kind in (Kind.SCRIPT, Kind.RANDOM, Kind.STILL) and Kind.WORLD in kinds:
        return (
            f"'{name}' is {kind.value}: name a world to see it in, and give it as --player {name}."
        )
    if kind is not None:
        return f"'{name}' is {kind.value}, and here {what} is wanted: {_advice(kinds, world)}"
    if _is_path(name):
        return f"There is no run folder and no agent file {name}: correct the path."
    near = closest(name, _known(kinds, world))
    hint = f"did you mean '{near}'?" if near is not None else _advice(kinds, world)
    return f"'{name}' is no {what.partition(' ')[2]}: {hint}"


def _wanted(kinds: Collection[Kind]) -> str:
    if Kind.WORLD in kinds:
        return "an agent, run or world"
    return "a player" if Kind.RANDOM in kinds else "an agent or run"


def _known(kinds: Collection[Kind], world: World | None) -> list[str]:
    """The names that might have been meant."""
    known = [word for word, kind in WORDS.items() if kind in kinds]
    if Kind.SCRIPT in kinds:
        known += sorted(_all_scripts()) if world is None else expert_names(world)
    if Kind.RUN in kinds:
        known += known_runs()
    return known + (list(WORLDS) if Kind.WORLD in kinds else [])


def known_runs() -> list[str]:
    """The names of the runs under `runs/`."""
    with suppress(OSError):
        return sorted(path.parent.name for path in RUNS.glob("*/recipe.json"))
    return []


def _advice(kinds: Collection[Kind], world: World | None) -> str:
    """What to give instead, as the end of a sentence."""
    given: list[Any] = ["'random'", "'still'"] if Kind.RANDOM in kinds else []
    scripts = expert_names(world) if Kind.SCRIPT in kinds and world is not None else ()
    given += [f"a script such as '{scripts[0]}'"] if scripts else []
    endings = " or ".join(
        ending
        for ending, kind in ((".safetensors", Kind.AGENT), (".onnx", Kind.ONNX))
        if kind in kinds
    )
    given += [f"a {endings} file", "a run folder"]
    last = "the id of a world" if Kind.WORLD in kinds else f"the name of a run in {RUNS}"
    return f"give {', '.join(given)} or {last}."
