"""The levels of play of a run: which agent plays each, with what handicap, and what it was measured to reach.

`levels.json` in the run folder holds every measurement as it was made, so that one that was cut short goes on
where it stopped, and one of an agent that has changed is made again. E games, N seats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from agents.evaluation.statistics import mean_interval
from demos.sessions.match.rivals import Handicap, Lineup, Rival
from demos.sessions.play.options import LEVELS
from demos.sessions.play.strength import StrengthMeter, read_levels_file
from demos.window.drawing.digits import between
from environments.external.world import ExternalWorld
from environments.system.errors import UserError
from environments.system.waiting import announce

# A careless hand, and from a quick person to a tired one: people react after 200 to 400 ms.
CARELESS = tuple(Handicap(0, share) for share in (0.1, 0.2, 0.35, 0.5))
LATE = (Handicap(150), Handicap(150, 0.05), Handicap(250, 0.1), Handicap(400, 0.2))
GAMES, EXTERNAL_GAMES = 40, 8  # of a measurement, over all seats; external ones are slow
SHARES = {"easy": 1 / 3, "normal": 2 / 3}  # of the way from the weakest to the strongest


@dataclass(frozen=True)
class MeasuredLevel:
    """A level as it was measured."""

    name: str
    agent: str
    sha256: str
    handicap: Handicap
    values: tuple[float, ...]  # the north star of each game
    pool: tuple[
        int, ...
    ] = ()  # won, drawn and lost against the scripts of the world, if it has any

    @property
    def star(self) -> tuple[float, float, float]:
        """Mean and 95 % interval."""
        return mean_interval(self.values)


@dataclass(frozen=True)
class Levels:
    """All levels of a run, and against whom they were measured."""

    levels: tuple[MeasuredLevel, ...]  # from easy to hard
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
    table: Lineup,
    against: Sequence[str] = (),
    games: int | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> Levels:
    """Measure the levels of a run, or read what was measured.

    First all agents from the clone to the best play as they are, and the weakest and the strongest with
    handicaps too. The strongest found is hard; normal and easy are those nearest to two thirds and one third
    of the way up from the weakest. Those that were chosen play again on other seeds, twice as often, because
    the best of many measurements is partly luck; the levels are named in the order of that.

    Args:
        table: the run.
        against: who plays the other seats; the run's human model, else its clone, else the agent itself.
        games: of each measurement.
        say: is told of each measurement.

    Raises:
        UserError: an unknown opponent, fewer than two games, or nobody to sit in the other seats.
    """
    count = _games_of(table, against, games)
    ladder = _distinct(table.ladder())
    meter = StrengthMeter(table, against, ladder[-1], count, say)
    levels = _measured(meter, _choose(_search(meter, ladder)), 2 * count)
    found = Levels(tuple(levels), tuple(meter.names), 2 * count)
    meter.keep(
        {
            "levels": [asdict(level) | {"star": level.star} for level in found.levels],
            "doubts": found.doubts(),
            "games": found.games,
        }
    )
    return found


def level_of(table: Lineup, name: str) -> Rival:
    """The agent and handicap of a level, measured now if need be.

    Raises:
        UserError: as `find_levels`.
    """
    levels = _read_levels(table)
    if levels is None or not _still_there(levels, table):
        announce("The levels are measured before the first of them is played.")
        levels = find_levels(table, say=print)
    level = next(level for level in levels.levels if level.name == name)
    rival = next(r for r in _distinct(table.ladder()) if r.sha256 == level.sha256)
    return Rival(rival.name, rival.agent, level.handicap, name)


# ------------------------------------------------------------------ measuring and choosing


def _games_of(table: Lineup, against: Sequence[str], games: int | None) -> int:
    """How many games a measurement is of.

    Raises:
        UserError: fewer than two, or opponents where no seat is left for them.
    """
    if games is not None and games < 2:
        raise UserError("Levels are measured over at least two games: raise --games.")
    if against and len(table.world.agents) == 1:
        raise UserError(f"In '{table.world.id}' no seat is left for '{against[0]}': leave it out.")
    return games or (EXTERNAL_GAMES if isinstance(table.world, ExternalWorld) else GAMES)


def _search(meter: StrengthMeter, ladder: Sequence[Rival]) -> dict[tuple[Rival, Handicap], float]:
    """The means of all agents as they are, and of the weakest and the strongest with handicaps."""
    means = {(rival, Handicap()): meter.mean(rival, Handicap()) for rival in ladder}
    ordered = sorted(ladder, key=lambda rival: means[rival, Handicap()])
    for rival in dict.fromkeys((ordered[0], ordered[-1])):
        for handicap in (*CARELESS, *LATE):
            means[rival, handicap] = meter.mean(rival, handicap)
    return means


def _measured(
    meter: StrengthMeter, chosen: Sequence[tuple[Rival, Handicap]], games: int
) -> list[MeasuredLevel]:
    """The chosen ones, measured again on other seeds and named in the order of that."""
    final = [(pair, meter.values(*pair, final=True)) for pair in chosen]
    final.sort(key=lambda found: float(np.mean(found[1])))
    return [
        MeasuredLevel(
            name,
            rival.name,
            rival.sha256,
            handicap,
            tuple(values),
            meter.pool(rival, handicap, games),
        )
        for name, ((rival, handicap), values) in zip(LEVELS, final, strict=True)
    ]


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
    """Each agent once: the best is mostly one of the checkpoints; the later name counts."""
    return list({rival.sha256: rival for rival in ladder}.values())


# ------------------------------------------------------------------ the file


def _read_levels(table: Lineup) -> Levels | None:
    """The levels of the file, if all were measured, in this world."""
    content = read_levels_file(table.levels_path)
    told = content.get("levels")
    if not told or content["world"] != table.world.fingerprint:
        return None
    if content["options"] != table.conditions:
        return None
    levels = [
        MeasuredLevel(
            one["name"],
            one["agent"],
            one["sha256"],
            Handicap(**one["handicap"]),
            tuple(one["values"]),
            tuple(one["pool"]),
        )
        for one in told["levels"]
    ]
    return Levels(tuple(levels), tuple(content["against"][0]), told["games"])


def _still_there(levels: Levels, table: Lineup) -> bool:
    """Whether all agents that play a level still exist."""
    there = {rival.sha256 for rival in table.ladder()}
    return all(level.sha256 in there for level in levels.levels)
