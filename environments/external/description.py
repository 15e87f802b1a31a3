"""The description of an external environment as a `World`, by what a trial of it found."""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.external.games.games import EnvironmentSpec
from environments.external.games.own_actions import idle_action_of
from environments.external.trial.facts import Facts
from environments.external.trial.isolated import try_once
from environments.external.trial.names import SEEN
from environments.external.world import Declared, ExternalWorld, declare
from environments.simulation.kernels import HEADER
from environments.simulation.spec import WorldSpec
from environments.simulation.world import spec_fields

HORIZON = 1000  # steps, for an environment that names no limit of its own
TICK = 0.05  # s, for one that names no `render_fps`


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
    spec = spec_fields(external_spec(name, params, facts))
    world = ExternalWorld(**spec, module=None, table=np.zeros(0), closes=facts.closes)
    made: Any = declare(world, Declared(success=facts.success, north_star=facts.north_star))
    described: ExternalWorld = made
    return described


def external_spec(name: str, params: dict[str, Any], facts: Facts) -> WorldSpec:
    """The spec of an external environment, from what its trial found."""
    terms = dict.fromkeys(facts.terms, SEEN["term"]) | dict(sorted(facts.more_terms.items()))
    costs = dict.fromkeys(facts.costs, SEEN["cost"]) | dict(sorted(facts.more_costs.items()))
    return WorldSpec(
        id=name,
        params=params,
        version=facts.version,
        agents=facts.agents,
        tick=facts.tick or TICK,
        horizon=facts.horizon or HORIZON,
        terms={"return": "what the environment itself gives"} | terms,
        costs=costs,
        north_star="return",
        weights={"return": 1.0},
        observation_space=facts.observation_space,
        action_space=facts.action_space,
        state_dtype=np.dtype(HEADER),
        parts=facts.parts,
        keys=facts.keys,
        occasional=(*sorted(facts.more_terms), *sorted(facts.more_costs)),
        horizon_assumed=facts.horizon is None,
        idle=idle_action_of(facts.own_action_space),
        own_action_space=facts.own_action_space,
        own_observation_space=facts.own_observation_space,
    )
