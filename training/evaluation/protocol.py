"""The evaluation protocol: an agent plays held-out games in every seat, and what it reached is summed up.

Protocol of Carroll et al. (2019): 400 steps in the kitchen, actions sampled, and a cloned cook that has been
stuck for several steps takes another action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.evaluation.games import HELD_OUT, EpisodeTotals, play_games
from agents.evaluation.statistics import bootstrap_mean, cost_interval, mean_interval
from agents.players.player import Player
from demos.data.dataset.dataset import Dataset
from environments.catalog import make_batch
from environments.simulation.world import World


@dataclass(frozen=True)
class Protocol:
    """How all agents are judged."""

    games: int  # per seat
    horizon: int  # steps
    greedy: bool = False
    seed: int = HELD_OUT
    shield: bool = False  # behind the world's

    def __str__(self) -> str:
        """In words."""
        how = "likeliest actions" if self.greedy else "sampled actions"
        how += ", behind the shield" if self.shield else ""
        return f"{self.games} games a seat, {self.horizon} steps, {how}, seeds from {self.seed:,}"


def evaluate(
    world: World,
    me: Callable[[int], Player],
    partner: Callable[[int], Player] | None,
    protocol: Protocol,
) -> list[EpisodeTotals]:
    """Play in every seat in turn.

    Args:
        world: what to play.
        me: makes the judged player from a seed.
        partner: makes the player of the other seats from a seed; None in worlds with one seat.
        protocol: games, steps, actions, seeds.

    Returns:
        The games of each seat.
    """
    played = []
    seats = len(world.agents)
    for seat in range(seats):
        batch = make_batch(
            world,
            protocol.games,
            seed=protocol.seed,
            options={"horizon": protocol.horizon},
            shield=protocol.shield,
        )
        # every player gets a generator of its own, the same one whatever sits in the other seats
        players = [
            me(protocol.seed + n) if n == seat or partner is None else partner(protocol.seed + n)
            for n in range(seats)
        ]
        played.append(play_games(batch, players, protocol.greedy))
    return played


def summary(played: list[EpisodeTotals]) -> dict[str, Any]:
    """Means and 95 % intervals by seat: returns, terms and costs, as JSON."""
    seats = []
    for seat, games in enumerate(played):
        found = {"return": games.returns, **games.terms}
        spent = {**games.costs, **games.shield}
        row = {name: spread_of(values[:, seat]) for name, values in found.items()}
        row |= {name: cost_spread(values[:, seat]) for name, values in spent.items()}
        seats.append(row)
    return {"seats": seats, "games": len(played[0].steps)}


def recorded_scores(dataset: Dataset, world: World, horizon: int) -> dict[str, Any]:
    """What the recorded people reached in the first `horizon` steps of each match, as `summary`.

    A recording that was cut off before that is left out; a game that was over by then is whole.
    """
    arrays = dataset.arrays()
    weights = world.weights
    reward = np.sum([weights.get(n, 0.0) * values for n, values in arrays.terms.items()], axis=0)
    by_seat: dict[str, list[float]] = {agent: [] for agent in world.agents}
    for e, (start, end) in enumerate(zip(arrays.starts[:-1], arrays.starts[1:], strict=True)):
        if end - start >= horizon or arrays.terminated[e]:
            seat = dataset.episode_facts(e)["agent"]
            by_seat[seat].append(float(reward[start : min(end, start + horizon)].sum()))
    seats = [{"return": spread_of(np.array(totals))} for totals in by_seat.values() if totals]
    return {"seats": seats, "games": min((len(t) for t in by_seat.values()), default=0)}


def spread_of(values: np.ndarray) -> dict[str, float]:
    """A single game has no interval: both of its ends are the game."""
    found = mean_interval(values) if len(values) > 1 else bootstrap_mean(values)
    return found._asdict()


def cost_spread(values: np.ndarray) -> dict[str, float]:
    """Of a cost; one that never came up is taken to be 1 in a game where it does."""
    found = cost_interval(values, 0.0 if values.any() else 1.0)
    return found._asdict() if len(values) > 1 else spread_of(values)
