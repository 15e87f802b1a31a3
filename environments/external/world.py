"""An external environment, Gymnasium's or PettingZoo's, as a `World`, by what a trial of it found."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from environments.external.games.games import EnvironmentSpec
from environments.external.games.own_actions import idle_action_of
from environments.external.guard import Guard
from environments.external.trial.facts import Facts
from environments.external.trial.isolated import PATIENCE, try_once
from environments.simulation.kernels import HEADER, Kernels
from environments.simulation.spec import WorldSpec
from environments.simulation.world import World, spec_fields
from environments.system.errors import UserError

HORIZON = 1000  # steps, for an environment that names no limit of its own
TICK = 0.05  # s, for one that names no `render_fps`


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExternalWorld(World):
    """An external environment, played by `ExternalBatch`; `params` are the keywords it is made with."""

    workers: int = 0  # processes that a batch's games are played in; 0 plays them here
    patience: float = PATIENCE  # s, after which the process of a game that does not answer is ended
    closes: bool = True  # whether a game can be closed without a hang
    guard: Guard = field(default_factory=Guard)  # of all its batches

    def with_workers(self, workers: int, patience: float = PATIENCE) -> ExternalWorld:
        """The same world with a batch's games in processes of their own, so that one may hang or die."""
        return replace(self, workers=workers, patience=patience)

    def check_option(self, name: str) -> None:
        """Accept it: what is not `horizon` is handed on as it is."""

    @property
    def kernels(self) -> Kernels:
        """None: it is played by `ExternalBatch`.

        Raises:
            UserError: always.
        """
        raise UserError(f"'{self.id}' is an external environment; `catalog.make_batch` plays it.")


def external_world(name: str, /, **params: Any) -> ExternalWorld:
    """Describe an external environment after one trial step: `external_world("CartPole-v1")`.

    Raises:
        UserError: as `describe_external`.
    """
    return describe_external(name, params)


def describe_external(name: str, params: dict[str, Any], recorded: bool = False) -> ExternalWorld:
    """Describe an external environment after one trial step.

    The trial runs in a process of its own (`environments.external.trial.isolated`).

    Args:
        name: as `make_env`.
        params: keywords for it.
        recorded: both were read from a file.

    Raises:
        UserError: see `make_env`; it fails at once, hangs or dies; or it sees or acts in a way that we
            cannot handle.
    """
    facts = try_once(EnvironmentSpec(name, params, recorded=recorded))
    spec = external_spec(name, params, facts)
    return ExternalWorld(**spec_fields(spec), module=None, table=np.zeros(0), closes=facts.closes)


def external_spec(name: str, params: dict[str, Any], facts: Facts) -> WorldSpec:
    """The spec of an external environment, from what its trial found."""
    terms = dict.fromkeys(facts.terms, "a part that it names in its info")
    return WorldSpec(
        id=name,
        params=params,
        version=facts.version,
        agents=facts.agents,
        tick=facts.tick or TICK,
        horizon=facts.horizon or HORIZON,
        terms={"return": "what the environment itself gives"} | terms,
        costs=dict.fromkeys(facts.costs, "a cost that it names in its info"),
        north_star="return",
        weights={"return": 1.0},
        observation_space=facts.observation_space,
        action_space=facts.action_space,
        state_dtype=np.dtype(HEADER),
        parts=facts.parts,
        idle=idle_action_of(facts.own_action_space),
        own_action_space=facts.own_action_space,
    )


def in_processes(world: World, workers: int, patience: float = PATIENCE) -> World:
    """The world with its games in so many processes, if they are to be any.

    Raises:
        UserError: it is a native world, whose games cannot hang.
    """
    if not isinstance(world, ExternalWorld):
        if not workers:
            return world
        raise UserError(
            f"'{world.id}' is played in this process: leave out `workers`, which are for environments "
            "of other people."
        )
    return world.with_workers(workers, patience)
