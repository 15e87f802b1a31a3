"""Who beats whom among the scripted duellists, with 95 % intervals: `python -m tests.studies.duel_table`.

Every pairing is played on the same seeds with the seats swapped: the side of the arena decides nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from scipy import stats

from agents.evaluation.games import HELD_OUT, play_games
from agents.experts.duel.styles import STYLES
from agents.lookup import resolve_player
from environments.catalog import make_batch, make_world
from environments.simulation.world import World


@dataclass(frozen=True)
class Match:
    """How often the first of two players won, drew and lost; a draw counts half."""

    won: int
    drawn: int
    lost: int
    seconds: float  # a game lasted on average
    costs: dict[str, float]  # of the first player, per game
    first_seat: float  # score of seat 0 over all games

    @property
    def games(self) -> int:
        """How many were played."""
        return self.won + self.drawn + self.lost

    @property
    def score(self) -> float:
        """The share of the points."""
        return (self.won + self.drawn / 2) / self.games

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share of games won."""
        found = stats.binomtest(self.won, self.games).proportion_ci(method="wilson")
        return float(found.low), float(found.high)


def play(world: World, one: str, other: str, games: int, seed: int = HELD_OUT) -> Match:
    """Play half of the games in either seat, on the same seeds."""
    wins, seats, costs, steps = [], [], [], []
    for seat in range(2):
        names = (one, other) if seat == 0 else (other, one)
        players = [
            resolve_player(name, world, 4 * seed + 2 * seat + n) for n, name in enumerate(names)
        ]
        # One against itself is the same either way round: then other arenas say more.
        arenas = seed + (games // 2 * seat if one == other else 0)
        played = play_games(make_batch(world, games // 2, seed=arenas), players)
        wins.append(played.terms["win"][:, seat])
        seats.append(played.terms["win"][:, 0])
        costs.append({name: values[:, seat].mean() for name, values in played.costs.items()})
        steps.append(played.steps.mean())
    win, first = np.concatenate(wins), np.concatenate(seats)
    return Match(
        int((win > 0).sum()),
        int((win == 0).sum()),
        int((win < 0).sum()),
        float(np.mean(steps)) * world.tick,
        {name: float(np.mean([cost[name] for cost in costs])) for name in world.costs},
        float((first + 1).mean() / 2),
    )


def row(one: str, other: str, match: Match) -> str:
    """A line of the table."""
    low, high = match.interval
    costs = "  ".join(f"{name} {value:.2f}" for name, value in match.costs.items())
    return (
        f"{one:15} {other:15} {100 * match.won / match.games:5.1f} % [{100 * low:5.1f}, {100 * high:5.1f}]  "
        f"draws {100 * match.drawn / match.games:4.1f} %  seat 0 {100 * match.first_seat:4.1f} %  "
        f"{match.seconds:4.1f} s  {costs}"
    )


def main() -> None:
    """Print every pairing of a level, and each style against a random player."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=500)
    parser.add_argument("--level", type=int, default=5)
    parser.add_argument("--random", type=int, default=1000, help="games against a random player")
    given = parser.parse_args()
    world = make_world("gpo/Duel-v0")
    names = [f"{style}-{given.level}" for style in STYLES]
    for name in names if given.random else []:
        print(row(name, "random", play(world, name, "random", given.random)), flush=True)
    for one, other in combinations_with_replacement(names, 2):
        print(row(one, other, play(world, one, other, given.games)), flush=True)


if __name__ == "__main__":
    main()
