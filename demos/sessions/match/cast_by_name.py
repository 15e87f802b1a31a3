"""Who is watched, where, and with whom: an agent, a run or a world on the command line becomes a cast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.export.onnx_file import read_onnx
from agents.files.agent_file import Agent, load_agent, resolve_player, trained_behind_shield
from agents.files.run_agents import (
    BEST,
    CLONE,
    CheckpointGone,
    RunAgent,
    RunFacts,
    run_agents,
    run_facts,
)
from agents.players.introspection import make_introspective
from agents.players.player import Player
from demos.sessions.match.cast import YOU, Cast, CastMember, of_loaded, of_stage
from environments.catalog import make_world
from environments.recorded_worlds import described_world, named_world
from environments.simulation.shield import Shield
from environments.simulation.world import World
from environments.system.errors import UserError

FILES = (".safetensors", ".onnx")  # that an agent may be in
HUMAN = "human"  # a person at this machine
RUNS = Path("runs")  # where a run is looked for by its name alone


def cast_for(
    name: str,
    *,
    against: str | None = None,
    partner: str | None = None,
    seat: int = 0,
    live: bool = False,
    shield: bool = False,
    player: str | None = None,
    params: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Cast:
    """The cast for what was named on the command line; arguments as `watch.watch_command`.

    Raises:
        UserError: no such agent, run, world or player, or one that does not fit.
    """
    folder = _run_folder(name)
    if live and folder is None:
        raise UserError(f"--live watches a run that is training; '{name}' is no run folder.")
    if folder is not None:
        cast = _of_run(folder, live, dict(params or {}))
    elif name.endswith(".safetensors"):
        cast = _of_agent(Path(name), dict(params or {}))
    elif name.endswith(".onnx"):
        cast = _of_onnx(name, dict(params or {}))
    elif Path(name).parent != Path() and Path(name).parent.is_dir():  # a path, and no world's id
        raise UserError(f"There is no run folder and no agent file {name}: correct the path.")
    else:
        world = make_world(name, **dict(params or {}))
        who = player or "random"
        entrant = CastMember(YOU, lambda: _nobody) if who == HUMAN else _named(who, world)
        cast = Cast(world, [entrant], 0, human=seat if who == HUMAN else None)
        player = None
    if player is not None:
        raise UserError(f"--player says who is watched in a world; '{name}' is an agent itself.")
    agents = len(cast.world.agents)
    if not 0 <= seat < agents:
        raise UserError(f"--seat is {seat}; '{cast.world.id}' has the seats 0 to {agents - 1}.")
    cast.seat, cast.shield = seat, cast.shield or shield
    if cast.shield:
        Shield(cast.world)  # refuses a world that has none
    cast.options = {**cast.options, **dict(options or {})}
    for option in cast.options:
        cast.world.check_option(option)
    if cast.human is not None and len(cast.world.agents) > 1 and not (against or partner):
        raise UserError(
            "Beside --player human somebody else has to play: give --against or --partner."
        )
    _seat_others(cast, against or partner, rivals=against is not None)
    return cast


def _run_folder(name: str) -> Path | None:
    """The folder of a run, given by its path or by its name alone; None if there is none."""
    for path in (Path(name), RUNS / name):
        if path.is_dir():
            return path
    return None


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


def _of_onnx(name: str, params: dict[str, Any]) -> Cast:
    """An ONNX file in the world that it was made for; what its network weighs, it does not tell."""
    told = read_onnx(Path(name)).world
    world = described_world(told, name, params)
    cast = Cast(world, [_named(name, world)], 0)
    cast.shield = trained_behind_shield(name)
    _know_run(cast, Path(name).parent, run_facts(Path(name).parent))
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
    else:
        world = described_world(agent.world, what, params)
    agent.require_world(world, what)
    return world


def _named(name: str, world: World) -> CastMember:
    """Somebody whom `resolve_player` knows; asked at once, so that a mistake is said at once."""
    made = [make_introspective(resolve_player(name, world))]

    def maker(seed: int) -> Player:
        return made.pop() if made else make_introspective(resolve_player(name, world, seed))

    return CastMember(Path(name).stem if "." in name else name, lambda: maker)


def _nobody(seed: int) -> Player:
    raise AssertionError("a person plays")


def _seat_others(cast: Cast, name: str | None, rivals: bool) -> None:
    if name is None:
        return
    if len(cast.world.agents) > 1 and name == HUMAN and cast.human is None:
        cast.human = next(n for n in range(len(cast.world.agents)) if n != cast.seat)
        cast.partner_name, cast.rivals = YOU, rivals
        return
    if len(cast.world.agents) == 1:
        raise UserError(f"In '{cast.world.id}' no seat is left for '{name}': leave it out.")
    folder = _run_folder(name)
    if folder is not None:  # its best agent
        found: Sequence[RunAgent] = run_agents(folder)
        entrant = of_stage(found[-1], cast.world)
        cast.partner_name = f"{found[-1].name} of {folder.name}"
        try:
            entrant.player(0)  # so that one of another world is refused at once
        except CheckpointGone as gone:
            raise UserError(f"{gone} of {folder} was replaced just now: try again.") from gone
    else:
        entrant = _named(name, cast.world)
        cast.partner_name = _called(Path(name)) if name.endswith(FILES) else name
    cast.partner, cast.rivals = entrant.player, rivals


def _called(path: Path) -> str:
    """What to call an agent file: its name, or that of its run if it is the best of one."""
    if path.name == BEST and path.parent.name:
        return f"best of {path.parent.name}"
    return path.stem.replace("_", " ")
