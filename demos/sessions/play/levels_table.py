"""Prints the levels of play with what they reached, and which of them the games do not tell apart."""

from __future__ import annotations

from rich import box
from rich.table import Table as Printed

from agents.evaluation.statistics import share_interval
from demos.sessions.match.rivals import Lineup
from demos.sessions.play.baseline import pool_of
from demos.sessions.play.levels import Levels
from demos.sessions.play.ratings import percent
from demos.window.drawing.digits import between
from environments.terminal.consoles import plain_console


def show_levels(found: Levels, table: Lineup) -> None:
    """Print each level with what it reached."""
    console = plain_console()
    printed = Printed(box=box.SIMPLE_HEAD, padding=(0, 1))
    star = table.world.north_star.replace("_", " ")
    for heading in ("level", "who plays", "handicap"):
        printed.add_column(heading, overflow="fold")
    printed.add_column(star, justify="right")
    pool = pool_of(table.world)
    if pool:
        printed.add_column("beats the scripts", justify="right")
    for level in found.levels:
        row = [between(*level.star)]
        row += [f"{percent(*share_interval(level.pool[0], sum(level.pool)))}"] if pool else []
        printed.add_row(level.name, level.agent, str(level.handicap), *row)
    console.print(printed)
    whom = f" with or against {', '.join(found.against)}" if found.against else ""
    told = f"{star} per game, mean [95 % interval] of {found.games} games{whom}."
    console.print(told, soft_wrap=True, highlight=False)
    if pool:
        games = sum(found.levels[0].pool)
        how = "the same seeds, one after the other" if len(table.world.agents) == 1 else "each seat"
        told = f"Share won of {games} games against {', '.join(pool)}; {how}; drawn is not won."
        console.print(told, soft_wrap=True, highlight=False)
    for sentence in found.doubts():
        console.print(sentence, soft_wrap=True, highlight=False)
