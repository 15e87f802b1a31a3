"""Measures how strong somebody is: many games at once, in every seat, and remembered in a file.

Beside the north star of a game stands that of whom it is compared with: the best of the other seats, or,
where there is one seat, whoever played the same game alone. E games, N seats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.experts.registry import pool
from agents.player import Player
from demos.play_cast import Handicap, Rival, Table, opponent
from demos.viewer_digits import between
from demos.viewer_tally import mean_interval
from environments.catalog import make_batch
from environments.durable import replace, seal, unseal
from environments.world import World

FORMAT = "gpo-levels-2"
SEARCH_SEEDS, FINAL_SEEDS = 2_000_000, 2_500_000  # apart from the training's and the judgement's

Maker = Callable[[int], Player]  # of a seed


@dataclass(frozen=True)
class Games:
    """What somebody reached: the north star of each game, and that of whom it is compared with."""

    values: tuple[float, ...]
    rivals: tuple[float, ...] = ()  # none where there is nobody to compare with

    def __add__(self, other: Games) -> Games:
        """These games and those."""
        return Games(self.values + other.values, self.rivals + other.rivals)

    @property
    def won(self) -> int:
        """How many were won; a draw is none."""
        return sum(a > b for a, b in zip(self.values, self.rivals, strict=False))

    @property
    def contested(self) -> bool:
        """Whether there was anything to win: cooks who earn the same soups only play together."""
        return any(a != b for a, b in zip(self.values, self.rivals, strict=False))


class Meter:
    """Measures players, and remembers in the file what was measured.

    Args:
        table: the run.
        against: who plays the other seats, or the same games where there is one; if nobody is named, the
            world's scripted pool, else the run's human model or clone, else `self_play`.
        self_play: the run's strongest.
        games: of each measurement, over all seats and opponents.
        say: is told of each measurement.
    """

    def __init__(
        self,
        table: Table,
        against: Sequence[str],
        self_play: Rival,
        games: int,
        say: Callable[[str], None],
    ) -> None:
        self.table, self.games, self.say = table, games, say
        self.names = list(against or pool(table.world))
        self._others: list[Maker] = [self._maker(name) for name in self.names]
        sha = []
        if len(table.world.agents) > 1 and not self.names:
            stranger = table.stranger() or self_play
            self.names, sha = [stranger.name], [stranger.sha256]
            self._others = [lambda seed: stranger.player(table.world, seed)]
        self.about = {
            "format": FORMAT,
            "world": table.world.fingerprint,
            "options": table.conditions,
            "against": [self.names, sha],
            "games": games,
        }
        content = read_levels_file(table)
        same = {key: content.get(key) for key in self.about} == self.about
        self.measured: dict[str, Any] = dict(content["measured"]) if same else {}

    def _maker(self, name: str) -> Maker:
        opponent(name, self.table, 0)  # a mistake is said at once
        return lambda seed: opponent(name, self.table, seed)

    def mean(self, rival: Rival, handicap: Handicap) -> float:
        """The mean north star of somebody."""
        return float(np.mean(self.played(rival, handicap).values))

    def played(self, rival: Rival, handicap: Handicap, final: bool = False) -> Games:
        """What somebody reaches, from the file if it is there."""
        delay = handicap.delay(self.table.world.tick)
        phase = "final" if final else "search"
        key = f"{rival.sha256[:16]} {delay} {handicap.slips} {phase}"
        if key not in self.measured:
            games = self._play(rival, handicap, final)
            self.measured[key] = [list(games.values), list(games.rivals)]
            found = between(*mean_interval(games.values))
            again = "again, on other seeds: " if final else ""
            star = self.table.world.north_star.replace("_", " ")
            self.say(f"{again}{rival.name}, {handicap}: {star} {found}")
            self.write(None)
        values, rivals = self.measured[key]
        return Games(tuple(values), tuple(rivals))

    def _play(self, rival: Rival, handicap: Handicap, final: bool) -> Games:
        """Play in every seat in turn, with everybody there is to play with."""
        world = self.table.world
        seats = range(len(world.agents))
        each = (2 if final else 1) * self.games // (len(seats) * max(len(self._others), 1))
        first = FINAL_SEEDS if final else SEARCH_SEEDS
        slowed = Rival(rival.name, rival.agent, handicap)
        about = max(1, each), first, self.table.options, self.table.shield
        if len(seats) == 1:  # the same games, each alone
            return self._play_alone(slowed, *about)
        games = Games(())
        for other in self._others:
            for seat in seats:
                players = [
                    slowed.player(world, first + n) if n == seat else other(first + n)
                    for n in seats
                ]
                reached = stars(world, players, *about)
                best = np.delete(reached, seat, axis=1).max(axis=1)
                games += Games(tuple(reached[:, seat].tolist()), tuple(best.tolist()))
        return games

    def _play_alone(
        self, rival: Rival, games: int, seed: int, options: Mapping[str, Any], shield: bool
    ) -> Games:
        """Where there is one seat; each opponent has seeds of its own, so that no game counts twice."""
        world, found = self.table.world, Games(())
        for k, other in enumerate(self._others or [None]):
            begin = seed + k * games
            about = games, begin, options, shield
            mine = stars(world, [rival.player(world, begin)], *about)[:, 0]
            theirs = [] if other is None else stars(world, [other(begin)], *about)[:, 0].tolist()
            found += Games(tuple(mine.tolist()), tuple(theirs))
        return found

    def write(self, levels: Mapping[str, Any] | None) -> None:
        """Put all that was measured so far into the file, in one step."""
        content = {**self.about, "measured": self.measured, "levels": levels}
        replace(self.table.levels_path, seal(content))


def stars(
    world: World,
    players: Sequence[Player],
    games: int,
    seed: int,
    options: Mapping[str, Any],
    shield: bool = False,
) -> np.ndarray:
    """The north star of each seat in games played at once, on the seeds from `seed` on: [E, N]."""
    batch = make_batch(world, games, seed=seed, options=options, shield=shield)
    star = list(world.terms).index(world.north_star)
    total, running, starts = (
        np.zeros((games, len(players))),
        np.ones(games, bool),
        np.ones(games, bool),
    )
    memory: list[Any] = [None] * len(players)
    while running.any():
        actions = []
        for n, player in enumerate(players):
            action, memory[n] = player.predict(batch.observation[:, n], memory[n], starts)
            actions.append(action)
        batch.step(np.stack(actions, axis=1))
        total[running] += batch.terms[running, :, star]
        starts = batch.ended
        running &= ~starts
    batch.close()
    return total


def read_levels_file(table: Table) -> dict[str, Any]:
    """What the file holds; nothing of one that is missing or damaged, which is made again."""
    with suppress(OSError, ValueError):
        content = unseal(table.levels_path)
        if content.get("format") == FORMAT and isinstance(content.get("measured"), dict):
            return content
    return {}
