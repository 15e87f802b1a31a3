"""`gpo evaluate`: an agent plays held-out games, and means with 95 % intervals are printed."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from agents.lookup import Found, find
from agents.lookup_names import AGENTS, PLAYERS, NameKind
from environments.catalog import make_world
from environments.external.trial.isolated import patient
from environments.external.world import in_processes
from environments.files.trusted_code import type_in
from environments.recorded_worlds import described_world
from environments.simulation.shield import Shield
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.warmup import warm_up
from training.evaluation.notable_games import notable_games, show_notable, watch_line
from training.evaluation.options import EvaluateOptions
from training.evaluation.protocol import Protocol, evaluate, summary
from training.evaluation.results import PairingScores, Scores
from training.evaluation.tables import show_parts, show_scores
from training.run.memory_needs import check_games


def evaluate_command(given: EvaluateOptions) -> None:
    """Play an agent on held-out seeds and print means with 95 % intervals.

    Raises:
        UserError: an unknown player or world, or an agent made for another world.
    """
    judged = find(given.agent, PLAYERS)
    with patient(given.patience):
        place = in_processes(_world(judged, given.world), given.workers, given.patience)
    partner = judged if given.partner is None else find(given.partner, PLAYERS, place)
    protocol = _protocol(given, place, given.shield or judged.shielded or partner.shielded)
    console, several = Console(), len(place.agents) > 1
    warm_up(place, lambda words: console.print(words, soft_wrap=True), protocol.shield)
    played = evaluate(
        place,
        lambda seed: judged.player(place, seed),
        (lambda seed: partner.player(place, seed)) if several else None,
        protocol,
    )
    found = summary(played)
    if given.seat is not None:
        found["seats"] = [found["seats"][given.seat]]
    if judged.kind in AGENTS and (changed := judged.agent.require_world(place, judged.called)):
        console.print(changed, soft_wrap=True, markup=False)
    name = f"{judged.called} with {partner.called}" if several else judged.called
    told = str(protocol)
    if judged.kind in AGENTS and judged.agent.facts.get("greedy", False) and not given.greedy:
        told += f"; {judged.called} takes its likeliest actions, as it was judged"
    show_scores(console, Scores(place.id, told, {name: PairingScores.from_json(found)}))
    show_parts(console, found, list(place.costs), given.seat or 0)
    seats = range(len(place.agents)) if given.seat is None else [given.seat]
    games = notable_games(played, place.north_star, seats, protocol.seed)
    watch = watch_line(given, judged, place, protocol, games["worst"])
    show_notable(console, games, place, watch)


def _protocol(given: EvaluateOptions, place: World, shield: bool) -> Protocol:
    """How it is judged.

    Raises:
        UserError: no such seat or shield, or more games than memory holds.
    """
    if shield:
        Shield(place)  # refuses a world that has none
    check_games(place, "--episodes", given.episodes)
    if given.seat is not None and given.seat >= len(place.agents):
        raise UserError(f"There is no seat {given.seat} in {place.id}: it has {len(place.agents)}.")
    horizon = given.horizon or place.horizon
    return Protocol(given.episodes, horizon, given.greedy, given.seed, shield)


def _world(judged: Found, world: str | None) -> World:
    """The world the agent was made for, or the named one."""
    if world is not None:
        type_in(world)
    described = _described(judged, world is None)
    if described is not None and (world is None or world == described["world"]):
        return described_world(described, judged.name)
    if world is None:
        raise UserError(
            f"'{judged.name}' plays any world: say which with --world, for instance gpo/Kitchen-v0."
        )
    return make_world(world)


def _described(judged: Found, must: bool) -> dict[str, Any] | None:
    """The world that a file was made for; None if it does not say and need not."""
    if judged.kind is NameKind.ONNX:
        return judged.onnx.world if must or judged.onnx.ours else None
    return judged.agent.world if judged.kind in AGENTS else None
