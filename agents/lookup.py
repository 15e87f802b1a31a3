"""Lookup of a name that was typed: an agent file, a run, an ONNX file, a player, a person or a world.

Every verb asks here, so that a name means the same to all of them. Names that stand in files are not looked
up: they are data (`environments.recorded_worlds`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agents.experts.registry import expert_names, make_expert
from agents.experts.typed_player import make_typed_player
from agents.export.onnx_file import OnnxFile, read_onnx
from agents.export.onnx_player import file_player
from agents.files.agent_file import HANDED_ON, Agent, load_agent
from agents.files.run_agents import CheckpointGone, run_agents
from agents.lookup_names import (
    AGENTS,
    FILES,
    PLAYERS,
    RUNS,
    WORDS,
    NameKind,
    all_scripts,
    is_path,
    refusal,
)
from agents.players.from_agent import make_player
from agents.players.player import Player, RandomPlayer, StillPlayer
from environments.catalog import WORLDS, plain_name
from environments.external.games.factories import is_gymnasium_id, is_pettingzoo_id
from environments.simulation.world import World
from environments.system.errors import UserError

_VERSIONED = re.compile(r"[-_]v\d+")  # how the id of an environment ends


@dataclass(frozen=True)
class Found:
    """What a name means; its file is read when it is first asked for, and only once."""

    name: str  # as it was typed
    kind: NameKind
    path: Path | None = None  # of an agent file, an ONNX file or a run's folder

    @cached_property
    def agent(self) -> Agent:
        """The agent of an agent file, or the best of a run.

        Raises:
            UserError: it is missing or damaged, or the run has none yet.
        """
        assert self.path is not None
        if self.kind is NameKind.AGENT:
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
        if self.kind is NameKind.ONNX:
            return bool(self.onnx.about.get("shield", False))
        return self.kind in AGENTS and self.agent.shielded

    @property
    def called(self) -> str:
        """What to call it: of a path, which differs from disk to disk, only the end."""
        if self.path is None:
            return self.name
        whole = self.path.resolve()
        return whole.name if self.kind is NameKind.RUN else f"{whole.parent.name}/{whole.stem}"

    @property
    def exported(self) -> Path:
        """Where its ONNX file goes if nobody says where: beside the agent, called like it."""
        assert self.path is not None
        path = self.path / HANDED_ON if self.kind is NameKind.RUN else self.path
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
        if self.kind is NameKind.ONNX:
            return file_player(self.onnx, world, seed, temperature)
        if self.kind is NameKind.RANDOM:
            return RandomPlayer(world.action_space, seed, world.mask_size)
        if self.kind is NameKind.STILL:
            return StillPlayer(world.action_space, world.idle)
        if self.kind is NameKind.TYPED:
            return make_typed_player(self.name, world)
        scripted = make_expert(self.name, world, seed)
        if scripted is None:
            raise UserError(refusal(self.name, None, PLAYERS, world))
        return scripted


def find(name: str, kinds: Collection[NameKind], world: World | None = None) -> Found:
    """What a name means. A word of ours comes before a file, and a file before a world.

    Args:
        name: as a person typed it.
        kinds: what is of use here.
        world: whose scripted players count; those of all worlds if None.

    Raises:
        UserError: it is nothing, or of a kind that is of no use here.
    """
    kind, path = _meaning(name, world)
    if kind is NameKind.WORLD and ":" in name and kind not in kinds and NameKind.TYPED in kinds:
        kind = NameKind.TYPED
    if kind is None or kind not in kinds:
        raise UserError(refusal(name, kind, kinds, world))
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


def _meaning(name: str, world: World | None) -> tuple[NameKind | None, Path | None]:
    """The kind of thing that a name means, and where it lies if it is a file or folder."""
    if name in WORDS:
        return WORDS[name], None
    if name in (all_scripts() if world is None else expert_names(world)):
        return NameKind.SCRIPT, None
    if plain_name(name) in WORLDS:
        return NameKind.WORLD, None
    if (folder := run_folder(name)) is not None:
        return NameKind.RUN, folder
    if name.endswith(".safetensors"):
        return NameKind.AGENT, Path(name)
    if name.endswith(".onnx"):
        return NameKind.ONNX, Path(name)
    return (NameKind.WORLD if _names_world(name) else None), None


def _names_world(name: str) -> bool:
    """Whether a name is that of an environment, or meant to be; imports nothing that it names."""
    if is_path(name):
        return False
    if name.startswith("gpo/") or ":" in name or _VERSIONED.search(name[-8:]):
        return True
    return bool(name) and (is_gymnasium_id(name) or is_pettingzoo_id(name))
