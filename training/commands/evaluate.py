"""`gpo evaluate`: an agent plays held-out games, and means with 95 % intervals are printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from agents.evaluation.games import EpisodeTotals
from agents.lookup import Found, find
from agents.lookup_names import AGENTS, TYPED_PLAYERS, NameKind
from environments.catalog import make_world
from environments.external.trial.isolated import patient
from environments.external.world import Declared, declare, in_processes
from environments.files.trusted_code import type_in
from environments.recorded_worlds import described_world
from environments.shields.shield import Shield
from environments.shields.typed import behind
from environments.simulation.spec import horizon_of
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console
from environments.warmup import warm_up
from training.evaluation.notable_games import notable_games, show_notable, watch_line
from training.evaluation.options import EvaluateOptions
from training.evaluation.protocol import Protocol, differences, evaluate, steps_of_games, summary
from training.evaluation.results import PairingScores, Scores
from training.evaluation.tables import show_parts, show_scores
from training.gate.judged_by import JudgedBy, judged_by_of
from training.run.memory_needs import check_games


def evaluate_command(given: EvaluateOptions) -> None:
    """Play an agent on held-out seeds and print means with 95 % intervals.

    Raises:
        UserError: an unknown player or world, or an agent made for another world.
    """
    judged = find(given.agent, TYPED_PLAYERS)
    with patient(given.patience):
        place = in_processes(_world(judged, given.world), given.workers, given.patience)
    place = behind(declare(place, Declared(options=given.options)), given.shield_by)
    rivals = [judged] if given.rival is None else [judged, find(given.rival, TYPED_PLAYERS, place)]
    partner = None if given.partner is None else find(given.partner, TYPED_PLAYERS, place)
    shielded = any(one.shielded for one in (*rivals, partner) if one is not None)
    protocol = _protocol(given, place, given.shield or given.shield_by is not None or shielded)
    if given.rival == given.agent:
        raise UserError(f"Both are '{given.agent}': name two different agents.")
    for one in rivals:
        one.player(place)  # of another world: said before any of them plays
    console = plain_console()
    warm_up(place, lambda words: console.print(words, soft_wrap=True), protocol.shield)
    names = _rows(rivals, partner, place)
    played = {
        name: _play(place, one, partner or one, protocol)
        for name, one in zip(names, rivals, strict=True)
    }
    figure = _figure(rivals, place)
    found = {name: _summary(games, given.seat, figure) for name, games in played.items()}
    rows = {name: PairingScores.from_json(one) for name, one in found.items()}
    lasted = steps_of_games([games for both in played.values() for games in both])
    text = protocol.told(lasted, sum(one.get("broken", 0) for one in found.values()))
    text += "".join(_manner(one, given.greedy) for one in rivals)
    text, decided = (text, None) if figure is None else (figure.said(text), figure.name)
    _tell_changes(console, rivals, place)
    show_scores(console, Scores(place.id, text, rows, judged_by=decided))
    seats = range(len(place.agents)) if given.seat is None else [given.seat]
    if len(rivals) > 1:
        for sentence in differences(played, place, seats, figure):
            console.print(sentence, soft_wrap=True)
        return
    (games,), (told,) = played.values(), found.values()
    show_parts(console, told, list(place.costs), given.seat or 0)
    figure = figure or JudgedBy(place.north_star)
    notable = notable_games(games, figure, seats, protocol.seed)
    watch = watch_line(given, judged, place, protocol, notable["worst"])
    show_notable(console, notable, figure, len(place.agents) > 1, watch)


def _tell_changes(console: Console, rivals: Sequence[Found], place: World) -> None:
    """Say of each agent what changed of the world since it was made."""
    for one in rivals:
        if one.kind in AGENTS and (changed := one.agent.require_world(place, one.called)):
            console.print(changed, soft_wrap=True)


def _rows(rivals: Sequence[Found], partner: Found | None, place: World) -> list[str]:
    """What their rows are called."""
    names = [one.called for one in rivals]
    if len(place.agents) > 1:
        names = [f"{one.called} with {(partner or one).called}" for one in rivals]
    return names if len(set(names)) == len(names) else [one.name for one in rivals]


def _manner(judged: Found, greedy: bool) -> str:
    """What is to be said of how a judged agent plays, at the end of the protocol."""
    if greedy or judged.kind not in AGENTS or not judged.agent.facts.get("greedy", False):
        return ""
    return f"; {judged.called} takes its likeliest actions, as it was judged"


def _play(place: World, judged: Found, partner: Found, protocol: Protocol) -> list[EpisodeTotals]:
    return evaluate(
        place,
        lambda seed: judged.player(place, seed),
        (lambda seed: partner.player(place, seed)) if len(place.agents) > 1 else None,
        protocol,
    )


def _figure(rivals: Sequence[Found], place: World) -> JudgedBy | None:
    """What the first of them was judged by that was judged by another figure than the north star."""
    told = [judged_by_of(one.agent.facts, place) for one in rivals if one.kind in AGENTS]
    return next((figure for figure in told if figure is not None), None)


def _summary(
    played: list[EpisodeTotals], seat: int | None, figure: JudgedBy | None
) -> dict[str, Any]:
    found = summary(played, figure)
    return found if seat is None else {**found, "seats": [found["seats"][seat]]}


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
    options = dict(place.episode_options)
    horizon = horizon_of(given.horizon or options.pop("horizon", place.horizon))
    return Protocol(given.episodes, horizon, given.greedy, given.seed, shield, options)


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
