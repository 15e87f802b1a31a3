"""What `gpo evaluate` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from agents.evaluation.games import HELD_OUT
from agents.export.onnx_file import read_onnx
from agents.files.agent_file import agent_file, load_agent, resolve_player, trained_behind_shield
from agents.players.player import Player
from environments.catalog import make_world
from environments.external.trial.isolated import PATIENCE, patient
from environments.external.world import in_processes
from environments.files.trusted_code import type_in
from environments.recorded_worlds import described_world
from environments.simulation.shield import Shield
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.warmup import warm_up
from training.evaluation.protocol import Protocol, evaluate, summary
from training.evaluation.results import PairingScores, Scores
from training.evaluation.tables import show_parts, show_scores
from training.run.memory_needs import check_games


def evaluate_command(
    agent: str,
    world: str | None = None,
    partner: str | None = None,
    seat: int | None = None,
    episodes: int = 100,
    horizon: int | None = None,
    seed: int = HELD_OUT,
    greedy: bool = False,
    shield: bool = False,
    workers: int = 0,
    patience: float = PATIENCE,
) -> None:
    """Play an agent on held-out seeds and print means with 95 % intervals.

    Args:
        agent: "random", "still" or the path of an agent, a run or an ONNX file.
        world: id; needed only if the agent is not a file.
        partner: who plays the other seats, likewise; the agent itself if None.
        seat: which seat to show; every one if None.
        episodes: games per seat.
        horizon: steps of a game; the world's own if None.
        seed: of the first game.
        greedy: take the likeliest actions.
        shield: play behind the world's shield; an agent that was trained behind it always does.
        workers: processes for the games of a foreign environment that may hang or die.
        patience: s, after which one that does not answer is ended.

    Raises:
        UserError: an unknown player or world, or an agent made for another world.
    """
    with patient(patience):
        place = in_processes(_world(agent, world), workers, patience)
    shield = shield or any(map(trained_behind_shield, (agent, partner)))
    if shield:
        Shield(place)  # refuses a world that has none
    check_games(place, "--episodes", episodes)
    protocol = Protocol(episodes, horizon or place.horizon, greedy, seed, shield)
    if seat is not None and seat >= len(place.agents):
        raise UserError(f"There is no seat {seat} in {place.id}: it has {len(place.agents)}.")

    console = Console()
    warm_up(place, lambda words: console.print(words, soft_wrap=True), shield)

    def me(seed: int) -> Player:
        return resolve_player(agent, place, seed)

    def other(seed: int) -> Player:
        return resolve_player(partner or agent, place, seed)

    found = summary(evaluate(place, me, other if len(place.agents) > 1 else None, protocol))
    if seat is not None:
        found["seats"] = [found["seats"][seat]]
    name = (
        _short(agent)
        if len(place.agents) == 1
        else f"{_short(agent)} with {_short(partner or agent)}"
    )
    show_scores(console, Scores(place.id, str(protocol), {name: PairingScores.from_json(found)}))
    show_parts(console, found, list(place.costs), seat or 0)


def _world(agent: str, world: str | None) -> World:
    """The world the agent was made for, or the named one."""
    if world is not None:
        type_in(world)
    described = _described(agent, world is None)
    if described is not None and (world is None or world == described["world"]):
        return described_world(described, agent)
    if world is None:
        raise UserError(
            f"'{agent}' plays any world: say which with --world, for instance gpo/Kitchen-v0."
        )
    return make_world(world)


def _described(agent: str, must: bool) -> dict[str, Any] | None:
    """The world that a file was made for; None if it does not say and need not."""
    if agent.endswith(".onnx"):
        file = read_onnx(Path(agent))
        return file.world if must or file.ours else None
    path = agent_file(agent)
    return None if path is None else load_agent(path).world


def _short(name: str) -> str:
    """The last folder and the name of a file, a run's own name, or a player's."""
    path = Path(name)
    if path.is_dir():
        return path.resolve().name
    return f"{path.parent.name}/{path.stem}" if path.suffix else name
