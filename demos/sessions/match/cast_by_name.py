"""Makes the cast for the names on the command line: an agent, a run or a world, and other players."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.files.agent_file import Agent, load_agent
from agents.files.run_agents import BEST, CLONE, RunFacts, run_agents, run_facts
from agents.lookup import Found, find
from agents.lookup_names import FILES, TYPED_PLAYERS, NameKind
from agents.players.introspection import make_introspective
from agents.players.player import Player
from demos.sessions.match.cast import YOU, Cast, CastMember, CastOptions, of_loaded, of_stage
from demos.sessions.match.evaluated_games import EvaluatedGames
from environments.catalog import make_world
from environments.external.world import Declared, declare
from environments.recorded_worlds import described_world, named_world
from environments.shields.shield import Shield
from environments.shields.typed import behind
from environments.simulation.world import World
from environments.system.errors import UserError


def cast_for(name: str, **asked: Any) -> Cast:
    """The cast for what was named on the command line.

    Args:
        name: an agent file, an ONNX file, a run or a world.
        asked: fields of `CastOptions`.

    Raises:
        UserError: no such agent, run, world or player, or one that does not fit.
    """
    wanted = CastOptions(**asked)
    found = find(name, FILES | {NameKind.WORLD})
    if wanted.live and found.kind is not NameKind.RUN:
        raise UserError(f"--live watches a run that is training; '{name}' is no run folder.")
    if wanted.player is not None and found.kind is not NameKind.WORLD:
        raise UserError(f"--player says who is watched in a world; '{name}' is an agent itself.")
    cast = _opened(found, wanted)
    _set_rules(cast, wanted)
    _seat_others(cast, wanted)
    return cast


def _opened(found: Found, wanted: CastOptions) -> Cast:
    """Who is watched, in which world."""
    params = dict(wanted.params or {})
    if found.kind is NameKind.WORLD:
        return _of_world(found.name, wanted, params)
    assert found.path is not None
    if found.kind is NameKind.RUN:
        return _of_run(found.path, wanted.live, params)
    return (
        _of_agent(found.path, params) if found.kind is NameKind.AGENT else _of_onnx(found, params)
    )


def _set_rules(cast: Cast, wanted: CastOptions) -> None:
    """The seat that is watched, the shield, the options of every game, and how they are played."""
    agents = len(cast.world.agents)
    if not 0 <= wanted.seat < agents:
        raise UserError(
            f"--seat is {wanted.seat}; '{cast.world.id}' has the seats 0 to {agents - 1}."
        )
    cast.world, typed = behind(cast.world, wanted.shield_by), wanted.shield_by is not None
    cast.seat, cast.shield = wanted.seat, cast.shield or wanted.shield or typed
    if cast.shield:
        Shield(cast.world)  # refuses a world that has none
    cast.options = {**cast.options, **dict(wanted.options or {})}
    cast.evaluated = EvaluatedGames.read(wanted.evaluated, wanted.greedy)
    for option in cast.options:
        cast.world.check_option(option)


def _of_world(name: str, wanted: CastOptions, params: dict[str, Any]) -> Cast:
    """A world, with the player that was asked for in it."""
    world = make_world(name, **params)
    found = find(wanted.player or "random", TYPED_PLAYERS | {NameKind.HUMAN}, world)
    if found.kind is NameKind.HUMAN:
        return Cast(world, [CastMember(YOU, lambda: _nobody)], 0, human=wanted.seat)
    return Cast(world, [_member(found, world)], 0)


def _of_run(folder: Path, live: bool, params: dict[str, Any]) -> Cast:
    found = run_agents(folder)
    first = found[0].load()
    facts = run_facts(folder)
    world = _world(first, str(found[0].path), facts, params)
    entrants = [of_stage(stage, world) for stage in found]
    cast = Cast(world, entrants, len(entrants) - 1, run=folder, live=live, shield=first.shielded)
    if live and (newest := cast.newest()) is not None:
        cast.entrants = [e for e in entrants if e.update != newest.update or "best" in e.name]
        cast.entrants.append(newest)
        cast.at = len(cast.entrants) - 1
    _know_run(cast, folder, facts)
    return cast


def _of_agent(path: Path, params: dict[str, Any]) -> Cast:
    """An agent file; if it lies in the folder of its run, the other agents of that are at hand."""
    agent = load_agent(path)
    folder = path.parent
    facts = run_facts(folder)
    world = _world(agent, str(path), facts, params)
    if facts is None or not (folder / CLONE).is_file():
        return Cast(world, [of_loaded(path.stem, agent, world)], 0, shield=agent.shielded)
    found = run_agents(folder)
    entrants = [of_stage(stage, world) for stage in found]
    here = [k for k, stage in enumerate(found) if stage.part is None and stage.path == path]
    if not here:
        entrants.append(of_loaded(path.stem, agent, world))
    cast = Cast(world, entrants, here[0] if here else len(entrants) - 1, run=folder)
    cast.shield = agent.shielded
    _know_run(cast, folder, facts)
    return cast


def _of_onnx(found: Found, params: dict[str, Any]) -> Cast:
    """An ONNX file in the world that it was made for; it does not hold what its network weighed."""
    world = described_world(found.onnx.world, found.name, params)
    cast = Cast(world, [_member(found, world)], 0, shield=found.shielded)
    folder = Path(found.name).parent
    _know_run(cast, folder, run_facts(folder))
    return cast


def _know_run(cast: Cast, folder: Path, facts: RunFacts | None) -> None:
    """What only a run knows: weights, limits, how long its games are, and the clone."""
    clone = folder / CLONE
    if clone.is_file():
        cast.clone = load_agent(clone).policy
    if facts is not None and facts.world == cast.world.id:
        cast.weights, cast.limits = facts.weights, facts.limits
        cast.options = {} if facts.horizon is None else {"horizon": facts.horizon}


def _world(agent: Agent, what: str, facts: RunFacts | None, params: dict[str, Any]) -> World:
    """The world that an agent was made for, as it is today.

    Raises:
        UserError: it is not there, or differs.
    """
    if facts is not None and facts.world == agent.world.get("world"):
        world = named_world(facts.world, facts.params, what, params)
        world = declare(world, Declared.of_description(agent.world))
    else:
        world = described_world(agent.world, what, params)
    agent.require_world(world, what)
    return world


def _member(found: Found, world: World) -> CastMember:
    """A player to seat; it is made once at once, so that a mistake is said at once."""
    found.player(world)
    name = found.name if found.path is None else found.path.stem
    return CastMember(name, lambda: lambda seed: make_introspective(found.player(world, seed)))


def _nobody(seed: int) -> Player:
    raise AssertionError("a person plays")


def _seat_others(cast: Cast, wanted: CastOptions) -> None:
    """The players of the other seats, if any were named."""
    name, several = wanted.against or wanted.partner, len(cast.world.agents) > 1
    if name is None:
        if cast.human is not None and several:
            raise UserError(
                "Beside --player human another player is needed: give --against or --partner."
            )
        return
    if not several:
        raise UserError(f"In '{cast.world.id}' no seat is left for '{name}': leave it out.")
    kinds = TYPED_PLAYERS if cast.human is not None else TYPED_PLAYERS | {NameKind.HUMAN}
    found = find(name, kinds, cast.world)
    cast.rivals = wanted.against is not None
    if found.kind is NameKind.HUMAN:
        cast.human = next(n for n in range(len(cast.world.agents)) if n != cast.seat)
        cast.partner_name = YOU
        return
    cast.partner = _member(found, cast.world).player
    cast.partner_name = _called(found)


def _called(found: Found) -> str:
    """What to call a player: by name, by the file, or by the run if it is the best of one."""
    if found.path is None:
        return found.name
    if found.kind is NameKind.RUN:
        return f"{run_agents(found.path)[-1].name} of {found.path.resolve().name}"
    if found.path.name == BEST and found.path.parent.name:
        return f"best of {found.path.parent.name}"
    return found.path.stem.replace("_", " ")
