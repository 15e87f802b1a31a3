"""The best, the median and the worst game of an evaluation by their seeds, and the command that shows one.

E games.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from agents.evaluation.games import GAMES, HELD_OUT, EpisodeTotals
from agents.lookup import Found
from agents.lookup_names import AGENTS, NameKind
from environments.simulation.world import World
from training.evaluation.options import EvaluateOptions
from training.evaluation.protocol import Protocol
from training.gate.judged_by import JudgedBy


@dataclass(frozen=True)
class NotableGame:
    """A game of an evaluation."""

    seed: int
    seat: int  # of the judged player
    value: float  # of the figure that it is judged by


def notable_games(
    played: Sequence[EpisodeTotals], figure: JudgedBy, seats: Sequence[int], first: int
) -> Mapping[str, NotableGame]:
    """The best, median and worst games by a figure; of equals the first.

    Args:
        played: the games of each seat of the judged player.
        figure: what they are judged by.
        seats: those that count.
        first: seed of the first game of each seat.
    """
    whole = [played[seat].whole for seat in seats]
    rows = [
        figure.of(played[seat].terms)[kept, seat] for seat, kept in zip(seats, whole, strict=True)
    ]
    values = np.concatenate(rows)
    # Seat and seed of each.
    at = [
        (seat, first + int(b))
        for seat, kept in zip(seats, whole, strict=True)
        for b in np.flatnonzero(kept)
    ]
    order = np.argsort(values, kind="stable")
    places = {
        "best": int(values.argmax()),
        "median": int(order[(len(values) - 1) // 2]),
        "worst": int(order[0]),
    }
    return {name: NotableGame(at[k][1], at[k][0], float(values[k])) for name, k in places.items()}


def show_notable(
    console: Console, found: Mapping[str, NotableGame], figure: JudgedBy, several: bool, watch: str
) -> None:
    """Print the seeds of the games, their seats if there are several, and the command for the worst."""
    words = ", ".join(
        f"{name} {game.value:g} (seed {game.seed}" + (f", seat {game.seat})" if several else ")")
        for name, game in found.items()
    )
    called = figure.name.replace("_", " ")
    for line in (f"{called} by game: {words}.", f"To see the worst: {watch}"):
        console.print(line, highlight=False, soft_wrap=True)


def watch_line(
    given: EvaluateOptions, judged: Found, world: World, protocol: Protocol, game: NotableGame
) -> str:
    """The command that shows a game as it was played in the evaluation."""
    own = judged.kind in AGENTS or (judged.kind is NameKind.ONNX and judged.onnx.ours)
    words = [given.agent] if own else [world.id, "--player", given.agent]
    if given.partner is not None:
        words += ["--partner", given.partner]
    if game.seat:
        words += ["--seat", str(game.seat)]
    words += ["--seed", str(game.seed)]
    if (given.seed, given.episodes) != (HELD_OUT, GAMES):
        words += ["--evaluated", f"{given.seed}:{given.episodes}"]
    asked = given.horizon is not None or "horizon" in given.options
    if asked or _has_recipe(judged):  # which has a horizon of its own
        words += ["--option", f"horizon={protocol.horizon}"]
    for name, value in given.options.items():
        if name != "horizon":
            words += ["--option", f"{name}={value}"]
    words += ["--greedy"] if given.greedy else []
    words += ["--shield"] if protocol.shield and not judged.shielded else []
    return shlex.join(["gpo", "watch", *words])


def _has_recipe(judged: Found) -> bool:
    """Whether an agent lies in the folder of its run."""
    if judged.path is None:
        return False
    folder = judged.path if judged.kind is NameKind.RUN else judged.path.parent
    return (folder / "recipe.json").is_file()
