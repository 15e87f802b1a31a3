"""Any foreign environment described as a `World`, by what a trial told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.external.games.games import EnvironmentSpec
from environments.external.guard import Guard
from environments.external.trial.isolated import PATIENCE, try_once
from environments.simulation.kernels import HEADER, Kernels
from environments.simulation.world import World
from environments.system.errors import UserError

HORIZON = 1000  # steps, for an environment that names no limit of its own
TICK = 0.05  # s, for one that names no `render_fps`


@dataclass(frozen=True)
class ExternalWorld(World):
    """A foreign environment described as ours are; `params` are the keywords it is made with.

    Its module is no file: it holds what one trial step told, under the names that a world's file uses.
    """

    workers: int = 0  # processes that a batch's games are played in; 0 plays them here
    patience: float = (
        PATIENCE  # s, after which a game that does not answer is ended, if it is not here
    )
    closes: bool = field(default=True, compare=False)  # whether a game can be closed without a hang
    guard: Guard = field(default_factory=Guard, compare=False, repr=False)  # of all its batches

    def apart(self, workers: int, patience: float = PATIENCE) -> ExternalWorld:
        """The same world with a batch's games in processes of their own, so that one may hang or die."""
        return replace(self, workers=workers, patience=patience)

    def check_option(self, name: str) -> None:
        """Accept it: what is not `horizon` is handed on as it is."""

    @property
    def kernels(self) -> Kernels:
        """None: it is played by `ForeignBatch`.

        Raises:
            UserError: always.
        """
        raise UserError(f"'{self.id}' is a foreign environment; `catalog.make_batch` plays it.")


def external_world(name: str, /, **params: Any) -> ExternalWorld:
    """Describe a foreign environment after one trial step: `external_world("CartPole-v1")`.

    Raises:
        UserError: as `describe_external`.
    """
    return describe_external(name, params)


def describe_external(name: str, params: dict[str, Any], recorded: bool = False) -> ExternalWorld:
    """Describe a foreign environment after one trial step.

    The trial runs in a process of its own (`environments.external.trial.isolated`).

    Args:
        name: as `open_game`.
        params: keywords for it.
        recorded: both were read from a file.

    Raises:
        UserError: see `open_game`; it fails at once, hangs or dies; or it sees or acts in a way that we
            cannot handle.
    """
    facts = try_once(EnvironmentSpec(name, params, recorded=recorded))
    done = facts.done
    module = ModuleType(name)
    module.__dict__.update(
        VERSION=facts.version,
        AGENTS=facts.agents,
        TICK=facts.tick or TICK,
        HORIZON=facts.horizon or HORIZON,
        TERMS={"return": "what the environment itself gives"}
        | dict.fromkeys(facts.terms, "a part that it names in its info"),
        COSTS=dict.fromkeys(facts.costs, "a cost that it names in its info"),
        NORTH_STAR="return",
        WEIGHTS={"return": 1.0},
        STATE=np.dtype(HEADER),
        IDLE=np.clip(0, done.low, done.high) if isinstance(done, spaces.Box) else 0,
        OBSERVATION_SPACE=facts.seen,
        PARTS=facts.parts,
        ACTION_SPACE=done,
    )
    return ExternalWorld(name, module, params, closes=facts.closes)


def in_processes(world: World, workers: int, patience: float = PATIENCE) -> World:
    """The world with its games in so many processes, if they are to be any.

    Raises:
        UserError: it is one of ours, whose games cannot hang.
    """
    if not isinstance(world, ExternalWorld):
        if not workers:
            return world
        raise UserError(
            f"'{world.id}' is played in this process: leave out `workers`, which are for environments "
            "of other people."
        )
    return world.apart(workers, patience)
