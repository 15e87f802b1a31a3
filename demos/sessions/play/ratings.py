"""How people did against agents: games counted by agent and level, with intervals.

`ratings.json` beside the datasets holds an entry a game, by the name of its match. Every entry follows from
the recorded game alone, so the table is brought up to date from the datasets whenever one is played into: a
game whose counting was cut short is counted then, and one that was taken back no longer is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from agents.evaluation.statistics import mean_interval, share_interval
from demos.data.dataset.dataset import Dataset
from demos.data.episodes.facts import FLAG, NUMBER, PLAYED, TEXT, Rules, maybe, require
from demos.sessions.game.match_recording import META
from demos.window.drawing.digits import between
from environments.files.atomic import locked, read_checked_json, replace, to_checked_json
from environments.system.errors import UserError

NAME, FORMAT = "ratings.json", "gpo-ratings-1"
MOST_KEYS = 2_000_000  # of the file: eleven a game


@dataclass(frozen=True)
class RatedGame:
    """A game of a person with or against agents."""

    dataset: str
    world: str
    person: str
    agent: str  # its name
    sha256: str  # of its weights
    level: str  # "easy", "normal", "hard", or nothing: as it is
    seat: str  # the person's
    star: float  # the person's north star
    rival: float | None  # the best of the others', in the same game or from the same seed
    counted: bool = True  # False: it was ended before its end


_ENTRY: Rules = {
    **dict.fromkeys(
        ("dataset", "world", "person", "agent", "sha256", "level", "seat"), maybe(TEXT)
    ),
    "star": NUMBER,
    "rival": maybe(NUMBER),
    "counted": FLAG,
}


class Ratings:
    """The table beside the datasets of a folder."""

    def __init__(self, root: Path) -> None:
        self.path = root / NAME

    def read(self) -> dict[str, RatedGame]:
        """Entries by match; none if the file is not there.

        Raises:
            UserError: it is damaged.
        """
        if not self.path.is_file():
            return {}
        try:
            content = read_checked_json(self.path, MOST_KEYS)
            if content.pop("format", None) != FORMAT:
                raise ValueError("another format")
            for entry in content["games"].values():
                require(entry, _ENTRY)
            return {match: RatedGame(**entry) for match, entry in content["games"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{self.path} is damaged ({error}): remove it, it is made again from the datasets "
                "that are played into."
            ) from None

    def catch_up(self, dataset: Dataset) -> dict[str, RatedGame]:
        """Make the entries of one dataset agree with its episodes; returns all there are now.

        Raises:
            UserError: the file is damaged, or held by another process for long.
        """
        refusal = f"{self.path} is being written by another process: try again."
        with locked(self.path.with_name(f".{NAME}.lock"), refusal, patience=5.0):
            known = self.read()
            kept = {m: e for m, e in known.items() if e.dataset != dataset.name}
            for match, numbers in _matches(dataset).items():
                before = known.get(match)
                if before is not None and before.dataset == dataset.name:
                    kept[match] = before
                else:
                    kept[match] = _entry(dataset, numbers)
            if kept != known:
                games = {match: asdict(entry) for match, entry in kept.items()}
                replace(self.path, to_checked_json({"format": FORMAT, "games": games}))
        return kept


def _matches(dataset: Dataset) -> dict[str, list[int]]:
    """The games with agents in a dataset, their streams together; damaged ones are left out."""
    found: dict[str, list[int]] = {}
    for number in range(len(dataset)):
        with suppress(UserError, ValueError):
            facts = dataset.episode_facts(number)
            told = facts["meta"].get(META)
            if told is not None and not told.get("coach") and facts["match"]:
                require(told, PLAYED)  # or it counts for nothing
                found.setdefault(facts["match"], []).append(number)
    return found


def _entry(dataset: Dataset, numbers: list[int]) -> RatedGame:
    """What a game counts for."""
    facts = [dataset.episode_facts(number) for number in numbers]
    told: Mapping[str, Any] = facts[0]["meta"][META]
    star = dataset.facts["north_star"]
    by_seat = {one["agent"]: float(one["totals"].get(star, 0.0)) for one in facts}
    others = [value for seat, value in by_seat.items() if seat != told["seat"]]
    rival = max(others) if others else told.get("rival")
    episode = dataset.load(numbers[0])
    return RatedGame(
        dataset=dataset.name,
        world=dataset.world,
        person=told["person"],
        agent=told["agent"],
        sha256=told["sha256"],
        level=told["level"],
        seat=told["seat"],
        star=by_seat.get(told["seat"], 0.0),
        rival=rival,
        counted=episode.terminated or (episode.truncated and len(episode) >= told["horizon"]),
    )


@dataclass(frozen=True)
class Standing:
    """The results of a person against an agent at a level."""

    games: int
    won: int
    drawn: int
    lost: int
    star: tuple[float, float, float]  # the person's mean and 95 % interval
    rival: tuple[float, float, float] | None

    @property
    def contested(self) -> bool:
        """Whether there was anything to win: cooks who earn the same soups only play together."""
        return bool(self.won or self.lost)


Key = tuple[str, str, str, str, str]  # world, person, agent, sha256, level


def standings(entries: Iterable[RatedGame]) -> dict[Key, Standing]:
    """The standings of all people, in the order in which they first played."""
    groups: dict[Key, list[RatedGame]] = {}
    for entry in entries:
        if entry.counted:
            key = (entry.world, entry.person, entry.agent, entry.sha256, entry.level)
            groups.setdefault(key, []).append(entry)
    return {key: _standing(games) for key, games in groups.items()}


def _standing(games: list[RatedGame]) -> Standing:
    pairs = [(game.star, game.rival) for game in games if game.rival is not None]
    won, lost = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    return Standing(
        games=len(games),
        won=won,
        drawn=len(pairs) - won - lost,
        lost=lost,
        star=mean_interval([game.star for game in games]),
        rival=mean_interval([b for _, b in pairs]) if pairs else None,
    )


def show_ratings(console: Console, entries: Mapping[str, RatedGame], star: str, world: str) -> None:
    """Print the standings of one world."""
    found = {key: s for key, s in standings(entries.values()).items() if key[0] == world}
    if not found:
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("who", "with"):
        table.add_column(heading, overflow="fold")
    for heading in ("games", "won-drawn-lost", star.replace("_", " ")):
        table.add_column(heading, justify="right")
    for (_, person, agent, sha, level), standing in found.items():
        share = share_interval(standing.won, standing.won + standing.drawn + standing.lost)
        won = f"{standing.won}-{standing.drawn}-{standing.lost}\n{percent(*share)}"
        reached = [between(*standing.star)]
        reached += [f"theirs {between(*standing.rival)}"] if standing.rival else []
        table.add_row(
            person or "you",
            f"{agent} {sha[:8]}\n{level or 'as it is'}",
            str(standing.games),
            won if standing.contested else "-",
            "\n".join(reached),
        )
    console.print(table)


def percent(share: float, low: float, high: float) -> str:
    """`40 % [12, 77]`."""
    return f"{100 * share:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
