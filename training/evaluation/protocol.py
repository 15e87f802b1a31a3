"""The evaluation protocol: an agent plays held-out games in every seat, and what it reached is summed up.

Protocol of Carroll et al. (2019): 400 steps in the kitchen, actions sampled, and a cloned cook that has been
stuck for several steps takes another action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.evaluation.games import HELD_OUT, EpisodeTotals, play_games
from agents.evaluation.statistics import (
    bootstrap_mean,
    cost_interval,
    mean_interval,
    paired_interval,
)
from agents.players.player import Player
from demos.data.dataset.dataset import Dataset
from environments.catalog import make_batch
from environments.simulation.world import World
from environments.system.errors import UserError
from training.gate.judged_by import JudgedBy


@dataclass(frozen=True)
class Protocol:
    """How all agents are judged."""

    games: int  # per seat
    horizon: int  # steps
    greedy: bool = False
    seed: int = HELD_OUT
    shield: bool = False  # behind the world's
    options: Mapping[str, Any] = field(default_factory=dict)  # of every game, beside the horizon

    def __str__(self) -> str:
        """In words."""
        return self.told((self.horizon, self.horizon))

    def told(self, steps: tuple[int, int], broken: int = 0) -> str:
        """In words, with the steps of the shortest and the longest game, and how many were broken off."""
        how = "likeliest actions" if self.greedy else "sampled actions"
        how += ", behind the shield" if self.shield else ""
        how += "".join(f", {name} = {value}" for name, value in self.options.items())
        least, most = steps
        lasted = f"{most} steps" if least == most else f"{least} to {most} steps"
        lost = f", {broken} broken off by the environment and left out" if broken else ""
        return f"{self.games} games a seat{lost}, {lasted}, {how}, seeds from {self.seed:,}"


def evaluate(
    world: World,
    me: Callable[[int], Player],
    partner: Callable[[int], Player] | None,
    protocol: Protocol,
    again: bool = False,
) -> list[EpisodeTotals]:
    """Play in every seat in turn.

    Args:
        world: what to play.
        me: makes the judged player from a seed.
        partner: makes the player of the other seats from a seed; None if there are none, or all are judged.
        protocol: games, steps, actions, seeds.
        again: play games that the environment broke off again, on other seeds; else they are marked.

    Returns:
        The games of each seat.
    """
    played: list[EpisodeTotals] = []
    seats = len(world.agents)
    for seat in range(seats):
        if played and partner is None:  # the same players on the same seeds
            played.append(played[0])
            continue
        batch = make_batch(
            world,
            protocol.games,
            seed=protocol.seed,
            options={**protocol.options, "horizon": protocol.horizon},
            shield=protocol.shield,
        )
        # every player gets a generator of its own, the same one whatever sits in the other seats
        players = [
            me(protocol.seed + n) if n == seat or partner is None else partner(protocol.seed + n)
            for n in range(seats)
        ]
        played.append(play_games(batch, players, protocol.greedy, again=again))
    return played


def summary(played: list[EpisodeTotals], figure: JudgedBy | None = None) -> dict[str, Any]:
    """Means and 95 % intervals by seat: returns, terms and costs, as JSON; of whole games alone.

    Args:
        played: the games of each seat.
        figure: what else is to stand among them.

    Raises:
        UserError: the environment broke off every game of a seat.
    """
    seats = []
    for seat, games in enumerate(played):
        if not games.whole.any():
            raise UserError(
                f"The environment broke off all {len(games.steps)} games, so there is nothing to judge: "
                "mend it, then repeat the command."
            )
        found = {"return": games.returns, **games.terms}
        found |= {} if figure is None else {figure.name: figure.of(games.terms)}
        spent = {**games.costs, **games.shield}
        row = {name: spread_of(values[games.whole, seat]) for name, values in found.items()}
        row |= {name: cost_spread(values[games.whole, seat]) for name, values in spent.items()}
        seats.append(row)
    broken = sum(int((~games.whole).sum()) + games.again for games in played)
    return {
        "seats": seats,
        "games": min(int(games.whole.sum()) for games in played),
        "steps": list(steps_of_games(played)),
        **({"broken": broken} if broken else {}),
    }


def steps_of_games(played: Sequence[EpisodeTotals]) -> tuple[int, int]:
    """The steps of the shortest and of the longest whole game; 0 where there is none."""
    steps = np.concatenate([games.steps[games.whole] for games in played])
    return (int(steps.min()), int(steps.max())) if len(steps) else (0, 0)


def differences(
    played: Mapping[str, list[EpisodeTotals]],
    world: World,
    seats: Sequence[int],
    figure: JudgedBy | None = None,
) -> list[str]:
    """By how much the second of two reached more than the first, game by game on the same seeds.

    A sentence for each of what they are judged by: a figure of their own, if there is one, the return, the
    north star where that is another thing, and every cost; over the seats together.
    """
    first, second = played
    whole = [a.whole & b.whole for a, b in zip(*played.values(), strict=True)]  # of each seat, [E]
    names = ["return", *([world.north_star] if world.weights != {world.north_star: 1.0} else [])]
    figures = {figure.name: figure} if figure is not None else {}
    told = []
    for name in dict.fromkeys([*figures, *names, *world.costs]):
        one, other = (
            np.concatenate(
                [_totals(games[seat], name, figures)[whole[seat], seat] for seat in seats]
            )
            for games in played.values()
        )
        found = paired_interval(one, other)
        clear = found.low > 0 or found.high < 0
        told.append(
            f"{name}: {second} {found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}] against {first}"
            + ("." if clear else ", which these games do not tell apart.")
        )
    return told


def _totals(games: EpisodeTotals, name: str, figures: Mapping[str, JudgedBy]) -> np.ndarray:
    if name in figures:
        return figures[name].of(games.terms)
    return games.returns if name == "return" else {**games.terms, **games.costs}[name]


def recorded_scores(
    dataset: Dataset, world: World, horizon: int, figure: JudgedBy | None = None
) -> dict[str, Any]:
    """What the recorded people reached in the first `horizon` steps of each match, as `summary`.

    A recording that was cut off before that is left out; a game that was over by then is whole, and one that
    the environment itself cut. A figure is left out where its terms were not recorded.
    """
    arrays = dataset.arrays()
    weights = world.weights
    reward = np.sum([weights.get(n, 0.0) * values for n, values in arrays.terms.items()], axis=0)
    columns = {"return": reward}  # by name, [S] each
    if figure is not None and figure.is_of(arrays.terms):
        columns[figure.name] = figure.of(arrays.terms)
    by_seat: dict[str, list[list[float]]] = {agent: [] for agent in world.agents}
    for e, number in enumerate(arrays.numbers):
        start, end = arrays.starts[e], arrays.starts[e + 1]
        facts = dataset.episode_facts(number)
        cut_itself = bool(arrays.truncated[e]) and _cut_by_environment(facts, end - start, world)
        if end - start >= horizon or arrays.terminated[e] or cut_itself:
            kept = slice(start, min(end, start + horizon))
            by_seat[facts["agent"]].append([float(one[kept].sum()) for one in columns.values()])
    seats = [
        {name: spread_of(np.array([row[k] for row in rows])) for k, name in enumerate(columns)}
        for rows in by_seat.values()
        if rows
    ]
    return {"seats": seats, "games": min((len(t) for t in by_seat.values()), default=0)}


def _cut_by_environment(facts: Mapping[str, Any], steps: int, world: World) -> bool:
    """Whether an episode that was truncated after so many steps was so by its environment, not by a limit
    of ours, by the person who played, or by an edit.
    """
    meta = facts["meta"]
    cut = meta.get("trimmed", {})
    if meta.get("left") or cut.get("last", 0) < cut.get("of", 0):
        return False
    # Of older recordings of people nobody noted whether the person ended them.
    noted = "left" in meta or meta.get("device") == "none" or world.horizon_assumed
    return noted and steps + cut.get("first", 0) < facts["options"].get("horizon", world.horizon)


def spread_of(values: np.ndarray) -> dict[str, float]:
    """A single game has no interval: both of its ends are the game."""
    found = mean_interval(values) if len(values) > 1 else bootstrap_mean(values)
    return found._asdict()


def cost_spread(values: np.ndarray) -> dict[str, float]:
    """Of a cost; one that never came up is taken to be 1 in a game where it does."""
    found = cost_interval(values, 0.0 if values.any() else 1.0)
    return found._asdict() if len(values) > 1 else spread_of(values)
