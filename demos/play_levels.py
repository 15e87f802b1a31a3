"""Levels of play, measured and not only named: who plays, how late, with how many slips, and what it reaches.

`levels.json` in the run folder holds every measurement as it was made, so that one that was cut short goes on
where it stopped, and one of an agent that has changed is made again. E games, N seats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as Printed

from agents.player import Player
from demos.play import LEVELS
from demos.play_cast import Handicap, Rival, Table, opponent
from demos.viewer_digits import between
from demos.viewer_tally import mean_interval
from environments.catalog import make_batch
from environments.durable import replace, seal, unseal
from environments.foreign_world import ForeignWorld
from environments.problem import Problem
from environments.world import World

FORMAT = "gpo-levels-1"
# A careless hand, and from somebody quick to somebody tired: people react after 200 to 400 ms.
CARELESS = tuple(Handicap(0, share) for share in (0.1, 0.2, 0.35, 0.5))
LATE = (Handicap(150), Handicap(150, 0.05), Handicap(250, 0.1), Handicap(400, 0.2))
GAMES, FOREIGN_GAMES = 40, 8  # of a measurement, over all seats; foreign environments are slow
SEARCH_SEEDS, FINAL_SEEDS = 2_000_000, 2_500_000  # apart from the training's and the judgement's
SHARES = {"easy": 1 / 3, "normal": 2 / 3}  # of the way from the weakest to the strongest


@dataclass(frozen=True)
class Level:
    """A level as it was measured."""

    name: str
    agent: str
    sha256: str
    handicap: Handicap
    values: tuple[float, ...]  # the north star of each game

    @property
    def star(self) -> tuple[float, float, float]:
        """Mean and 95 % interval."""
        return mean_interval(self.values)


@dataclass(frozen=True)
class Levels:
    """All levels of a run, and against whom they were measured."""

    levels: tuple[Level, ...]  # from easy to hard
    against: tuple[str, ...]
    games: int

    def doubts(self) -> list[str]:
        """A sentence for each two levels that the games do not tell apart."""
        found = []
        for lower, upper in zip(self.levels[:-1], self.levels[1:], strict=True):
            gaps = np.subtract(upper.values, lower.values)  # on the same seeds
            if mean_interval(gaps.tolist())[1] <= 0:
                found.append(
                    f"{self.games} games do not tell {lower.name} and {upper.name} apart "
                    f"({upper.name} is {between(*mean_interval(gaps.tolist()))} stronger)."
                )
        return found


def find_levels(
    table: Table,
    against: Sequence[str] = (),
    games: int | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> Levels:
    """Measure the levels of a run, or read what was measured.

    First everybody on the way from the clone to the best plays as they are, and the weakest and the strongest
    with handicaps too. The strongest found is hard; normal and easy are those nearest to two thirds and one
    third of the way up from the weakest. Whoever was chosen plays again on other seeds, twice as often,
    because the best of many measurements is partly luck; the levels are named in the order of that.

    Args:
        table: the run.
        against: who plays the other seats; the run's human model, else its clone, else the agent itself.
        games: of each measurement.
        say: is told of each measurement.

    Raises:
        Problem: an unknown opponent, fewer than two games, or nobody to sit in the other seats.
    """
    if games is not None and games < 2:
        raise Problem("Levels are measured over at least two games: raise --games.")
    if against and len(table.world.agents) == 1:
        raise Problem(f"In '{table.world.id}' no seat is left for '{against[0]}': leave it out.")
    count = games or (FOREIGN_GAMES if isinstance(table.world, ForeignWorld) else GAMES)
    ladder = _distinct(table.ladder())
    meter = _Meter(table, against, ladder[-1], count, say)
    means = {(r, Handicap()): meter.mean(r, Handicap()) for r in ladder}
    ordered = sorted(ladder, key=lambda rival: means[rival, Handicap()])
    for rival in dict.fromkeys((ordered[0], ordered[-1])):
        for handicap in (*CARELESS, *LATE):
            means[rival, handicap] = meter.mean(rival, handicap)
    chosen = _choose(means)
    final = [(pair, meter.values(*pair, final=True)) for pair in chosen]
    final.sort(key=lambda found: float(np.mean(found[1])))
    levels = [
        Level(name, rival.name, rival.sha256, handicap, tuple(values))
        for name, ((rival, handicap), values) in zip(LEVELS, final, strict=True)
    ]
    found = Levels(tuple(levels), tuple(meter.names), 2 * count)
    meter.write(found)
    return found


def level_of(table: Table, name: str) -> Rival:
    """Somebody of that strength, measured now if need be.

    Raises:
        Problem: as `find_levels`.
    """
    levels = _read_levels(table)
    if levels is None or not _still_there(levels, table):
        levels = find_levels(table, say=print)
    level = next(level for level in levels.levels if level.name == name)
    rival = next(r for r in _distinct(table.ladder()) if r.sha256 == level.sha256)
    return Rival(rival.name, rival.agent, level.handicap, name)


def show_levels(found: Levels, table: Table) -> None:
    """Print each level with what it reached."""
    console = Console()
    printed = Printed(box=box.SIMPLE_HEAD, padding=(0, 1))
    star = table.world.north_star.replace("_", " ")
    for heading in ("level", "who plays", "handicap"):
        printed.add_column(heading, overflow="fold")
    printed.add_column(star, justify="right")
    for level in found.levels:
        reached = between(*level.star).replace("[", r"\[")
        printed.add_row(level.name, level.agent, str(level.handicap), reached)
    console.print(printed)
    whom = f" with or against {', '.join(found.against)}" if found.against else ""
    told = f"{star} per game, mean [95 % interval] of {found.games} games{whom}."
    console.print(told.replace("[", r"\["), soft_wrap=True, highlight=False)
    for sentence in found.doubts():
        console.print(sentence.replace("[", r"\["), soft_wrap=True, highlight=False)


# ------------------------------------------------------------------ measuring


class _Meter:
    """Measures players, and remembers in the file what was measured."""

    def __init__(
        self,
        table: Table,
        against: Sequence[str],
        self_play: Rival,
        games: int,
        say: Callable[[str], None],
    ) -> None:
        self.table, self.games, self.say = table, games, say
        self.names: list[str] = list(against)
        world, self._others = table.world, list[Callable[[int], Player]]()
        sha = []
        if len(world.agents) > 1 and not against:
            stranger = table.stranger() or self_play
            self.names, sha = [stranger.name], [stranger.sha256]
            self._others = [lambda seed: stranger.player(world, seed)]
        for name in against:
            opponent(name, table, 0)  # a mistake is said at once
            self._others.append(lambda seed, name=name: opponent(name, table, seed))  # type: ignore[misc]
        self.about = {
            "format": FORMAT,
            "world": world.fingerprint,
            "options": table.conditions,
            "against": [self.names, sha],
            "games": games,
        }
        content = _read(table)
        same = {key: content.get(key) for key in self.about} == self.about
        self.measured: dict[str, list[float]] = dict(content["measured"]) if same else {}

    def mean(self, rival: Rival, handicap: Handicap) -> float:
        """The mean north star of somebody."""
        return float(np.mean(self.values(rival, handicap)))

    def values(self, rival: Rival, handicap: Handicap, final: bool = False) -> list[float]:
        """The north star of each game, from the file if it is there."""
        delay = handicap.delay(self.table.world.tick)
        phase = "final" if final else "search"
        key = f"{rival.sha256[:16]} {delay} {handicap.slips} {phase}"
        if key not in self.measured:
            self.measured[key] = self._play(rival, handicap, final)
            found = between(*mean_interval(self.measured[key]))
            again = "again, on other seeds: " if final else ""
            star = self.table.world.north_star.replace("_", " ")
            self.say(f"{again}{rival.name}, {handicap}: {star} {found}")
            self.write(None)
        return self.measured[key]

    def _play(self, rival: Rival, handicap: Handicap, final: bool) -> list[float]:
        """Play in every seat in turn, with everybody there is to play with."""
        seats = len(self.table.world.agents)
        each = max(1, (2 if final else 1) * self.games // (seats * max(len(self._others), 1)))
        first = FINAL_SEEDS if final else SEARCH_SEEDS
        slowed = Rival(rival.name, rival.agent, handicap)
        found: list[float] = []
        others: list[Callable[[int], Player] | None] = [*self._others]
        for other in others or [None]:
            for seat in range(seats):
                players = [
                    slowed.player(self.table.world, first + n)
                    if n == seat or other is None
                    else other(first + n)
                    for n in range(seats)
                ]
                about = self.table.options, self.table.shield
                found += stars(self.table.world, players, seat, each, first, *about)
        return found

    def write(self, found: Levels | None) -> None:
        """Put all that was measured so far into the file, in one step."""
        levels = None
        if found is not None:
            levels = {
                "levels": [asdict(level) | {"star": level.star} for level in found.levels],
                "doubts": found.doubts(),
                "games": found.games,
            }
        content = {**self.about, "measured": self.measured, "levels": levels}
        replace(self.table.levels_path, seal(content))


def stars(
    world: World,
    players: Sequence[Player],
    seat: int,
    games: int,
    seed: int,
    options: Mapping[str, Any],
    shield: bool = False,
) -> list[float]:
    """The north star that a seat reaches in games played at once, on the seeds from `seed` on: [E]."""
    batch = make_batch(world, games, seed=seed, options=options, shield=shield)
    star = list(world.terms).index(world.north_star)
    total, running, starts = np.zeros(games), np.ones(games, bool), np.ones(games, bool)
    memory: list[Any] = [None] * len(players)
    while running.any():
        actions = []
        for n, player in enumerate(players):
            action, memory[n] = player.predict(batch.observation[:, n], memory[n], starts)
            actions.append(action)
        batch.step(np.stack(actions, axis=1))
        total[running] += batch.terms[running, seat, star]
        starts = batch.ended
        running &= ~starts
    batch.close()
    return [float(value) for value in total]


# ------------------------------------------------------------------ choosing


def _choose(means: Mapping[tuple[Rival, Handicap], float]) -> list[tuple[Rival, Handicap]]:
    """Three players, as evenly spaced in strength as they come."""
    left = dict(means)
    least, most = min(left.values()), max(left.values())
    chosen = [max(left, key=left.__getitem__)]
    del left[chosen[0]]
    for share in SHARES.values():
        wanted = least + share * (most - least)
        chosen.append(min(left, key=lambda pair: abs(left[pair] - wanted)))
        del left[chosen[-1]]
    return chosen


def _distinct(ladder: Sequence[Rival]) -> list[Rival]:
    """Everybody once: the best is mostly one of the checkpoints; the later name counts."""
    return list({rival.sha256: rival for rival in ladder}.values())


# ------------------------------------------------------------------ the file


def _read(table: Table) -> dict[str, Any]:
    """What the file holds; nothing of one that is missing or damaged, which is made again."""
    with suppress(OSError, ValueError):
        content = unseal(table.levels_path)
        if content.get("format") == FORMAT and isinstance(content.get("measured"), dict):
            return content
    return {}


def _read_levels(table: Table) -> Levels | None:
    """The levels of the file, if all were measured, in this world."""
    content = _read(table)
    told = content.get("levels")
    if not told or content["world"] != table.world.fingerprint:
        return None
    if content["options"] != table.conditions:
        return None
    levels = [
        Level(
            one["name"],
            one["agent"],
            one["sha256"],
            Handicap(**one["handicap"]),
            tuple(one["values"]),
        )
        for one in told["levels"]
    ]
    return Levels(tuple(levels), tuple(content["against"][0]), told["games"])


def _still_there(levels: Levels, table: Table) -> bool:
    """Whether everybody who plays a level still exists."""
    there = {rival.sha256 for rival in table.ladder()}
    return all(level.sha256 in there for level in levels.levels)
