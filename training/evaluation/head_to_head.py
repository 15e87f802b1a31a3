"""Results against each scripted opponent: games won, drawn and lost, and costs beside their limits.

In a world whose north star is `win` (1, 0, -1) a mean does not tell how often an agent wins. The
opponents are the scripted players named in the recipe's `[partner]`, and all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from agents.evaluation.games import EpisodeTotals
from agents.evaluation.statistics import share_interval
from agents.experts.registry import expert_names
from agents.files.agent_file import Agent
from agents.lookup import resolve_player
from agents.players.from_agent import make_player
from agents.players.player import Player
from environments.simulation.world import World
from training.evaluation.protocol import Protocol, cost_spread, evaluate
from training.evaluation.tables import show_limits
from training.gate.judge import judged_totals
from training.partners.partners import PartnerSettings
from training.run.reporter import Reporter

WIN = "win"
EVERYBODY = "everybody"


def opponents(settings: PartnerSettings, world: World) -> tuple[str, ...]:
    """The scripted players among the partners of a world that is won or lost."""
    if world.north_star != WIN:
        return ()
    named = dict.fromkeys(member.player for member in settings.members)
    return tuple(name for name in named if name in expert_names(world))


def play_matches(
    world: World,
    me: Callable[[int], Player],
    names: tuple[str, ...],
    protocol: Protocol,
    tick: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Play each opponent in either seat on held-out seeds; JSON by opponent, and for all together."""
    found: dict[str, Any] = {}
    everything: list[dict[str, np.ndarray]] = []
    for number, name in enumerate(names):
        apart = Protocol(  # other arenas against each: together they are independent games
            protocol.games,
            protocol.horizon,
            protocol.greedy,
            protocol.seed + number * protocol.games,
            protocol.shield,
        )
        opponent = partial(resolve_player, name, world)
        played = evaluate(world, me, opponent, apart)
        everything.append(_ours(world, played))
        found[name] = match_statistics(everything[-1])
        tick()
    if len(names) > 1:
        together = {key: np.concatenate([e[key] for e in everything]) for key in everything[0]}
        found[EVERYBODY] = match_statistics(together)
    return found


def against_all(
    world: World,
    agents: Mapping[str, Agent],
    names: tuple[str, ...],
    protocol: Protocol,
    bars: Reporter,
) -> dict[str, Any]:
    """How each agent does against the opponents: `play_matches` by agent."""
    found: dict[str, Any] = {}
    pairings = len(agents) * len(names)
    with bars.bar("judging against opponents", pairings, "pairings") as bar:
        done = iter(range(1, pairings + 1))
        for who, agent in agents.items():
            found[who] = play_matches(
                world,
                lambda seed, agent=agent: make_player(agent, world, seed),  # type: ignore[misc]
                names,
                protocol,
                lambda: bar(next(done)),
            )
    return found


def show_all(console: Console, found: Mapping[str, Any], limits: Mapping[str, float]) -> None:
    """Print what `against_all` found, and the last agent's costs with all together beside their limits."""
    for who, one in found.items():
        show_matches(console, who, one)
        last = one
    row = last.get(EVERYBODY) or next(iter(last.values()))
    show_limits(console, [(name, cost, limits.get(name)) for name, cost in row["costs"].items()])


def _ours(world: World, played: list[EpisodeTotals]) -> dict[str, np.ndarray]:
    """The judged player's win and costs of each game: [E] each."""
    return {name: judged_totals(played, name) for name in (WIN, *world.costs)}


def match_statistics(totals: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Shares and the costs' means, with their 95 % intervals, as JSON.

    A draw is no win: a duel that is waited out counts as little as a lost one.
    """
    win = totals[WIN]
    counts = {"won": win > 0, "drawn": win == 0, "lost": win < 0}
    shares = {
        name: share_interval(int(which.sum()), len(win))._asdict() for name, which in counts.items()
    }
    costs = {name: cost_spread(values) for name, values in totals.items() if name != WIN}
    return {"games": len(win), **shares, "costs": costs}


def show_matches(console: Console, who: str, found: Mapping[str, Any]) -> None:
    """Print a row for each opponent."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column(f"{who} against", no_wrap=True)
    for name in ("won", "drawn", "lost"):
        table.add_column(f"{name}, %", justify="right", no_wrap=True)
    for name, row in sorted(found.items(), key=lambda item: item[0] == EVERYBODY):  # that last
        table.add_row(name, *(_percent(row[share]) for share in ("won", "drawn", "lost")))
    console.print(table)
    games = " or ".join(f"{count:,}" for count in sorted({row["games"] for row in found.values()}))
    console.print(f"{games} games; [Wilson's 95 % interval]; a draw is no win.", soft_wrap=True)


def _percent(share: Mapping[str, float]) -> str:
    low, high = 100 * share["low"], 100 * share["high"]
    return f"{100 * share['mean']:.1f} [{low:.1f}, {high:.1f}]"
