"""The scripted players by name, world by world: `rusher-5` is a style of a duel and its level."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.experts.courier import DRIVERS
from agents.experts.duel.player import Duellist
from agents.experts.duel.styles import LEVELS, STYLES
from agents.players.player import Player
from environments.simulation.world import World

Factory = Callable[[World, int], Player]  # of a world and a seed


def _duellist(style: str, level: int) -> Factory:
    return lambda world, seed: Duellist(world, STYLES[style], LEVELS[level], seed)


def _driver(name: str) -> Factory:
    return lambda world, seed: DRIVERS[name](seed)


EXPERTS: Mapping[str, Mapping[str, Factory]] = {
    "gpo/Duel-v0": {
        f"{style}-{level}": _duellist(style, level) for style in STYLES for level in LEVELS
    },
    "gpo/Courier-v0": {name: _driver(name) for name in DRIVERS},
}


def expert_names(world: World) -> tuple[str, ...]:
    """Who plays a world by script."""
    return tuple(EXPERTS.get(world.id, ()))


def make_expert(name: str, world: World, seed: int = 0) -> Player | None:
    """The scripted player of that name, None if the world has no such."""
    factory = EXPERTS.get(world.id, {}).get(name)
    return factory(world, seed) if factory is not None else None
