"""`gpo demos collect`: demonstrations by scripted players and agents, labelled as what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.lookup import Found, find
from agents.lookup_names import AGENTS, TYPED_PLAYERS, NameKind
from agents.players.mixture import Mixture
from agents.players.player import Player
from demos.collect.collect import collect
from demos.collect.options import CollectOptions
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from environments.catalog import make_world
from environments.external.trial.isolated import patient
from environments.external.world import Declared, declare, in_processes
from environments.shields.shield import Shield
from environments.shields.typed import behind
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console
from environments.terminal.progress import Bars
from environments.warmup import warm_up

STOPPED = 130  # exit code of a command that Ctrl-C ended
APART = 1000  # between the seeds of two players


@dataclass(frozen=True)
class CollectRoles:
    """Who plays: the player that is collected, then those that may have each of the other seats."""

    roles: tuple[tuple[str, ...], ...]  # what they are called in the dataset
    players: Mapping[str, Found]  # by that name

    @property
    def shielded(self) -> bool:
        """Whether one of them was trained behind the world's shield."""
        return any(player.shielded for player in self.players.values())

    def seated(self, world: World, seed: int) -> list[Player]:
        """A player for each seat, in the order of the seats."""
        return [
            _together(
                [self.players[name].player(world, seed + APART * (n + 1)) for name in role],
                seed + n,
            )
            for n, role in enumerate(self.roles)
        ]


def collect_command(given: CollectOptions) -> int:
    """Let players play, and keep it as a new dataset; returns the exit code.

    Raises:
        UserError: the name is taken, or there is no such world, player, parameter, option or shield.
    """
    store = Store(given.root)
    store.require_free(given.name)
    with patient(given.patience):
        made = make_world(given.world, **dict(given.params))
        named = declare(made, Declared(tuple(given.terms), tuple(given.costs), vary=given.vary))
        named = behind(named, given.shield_by)
        place = in_processes(named, given.workers, given.patience)
    for option in given.of_episodes:
        place.check_option(option)
    lineup = _lineup(given.player, given.against, place)
    shield = given.shield or given.shield_by is not None or lineup.shielded
    if shield:
        Shield(place)  # refuses a world that has none
    console = plain_console()
    try:
        warm_up(place, lambda words: console.print(words, soft_wrap=True), shield)
        dataset = _collect(given, store, place, lineup, shield)
    except KeyboardInterrupt:
        console.print("gpo demos collect: stopped; nothing was kept.", soft_wrap=True)
        return STOPPED
    size = sum(file.stat().st_size for file in dataset.data.rglob("*") if file.is_file())
    words = describe(lineup.roles, given.seed, given.episodes, shield)
    broken = len(dataset) - len(dataset.whole())
    told = f"{given.name}: {len(dataset)} episodes, {size / 1e6:.1f} MB; {words}."
    told += (
        f" The environment broke off {broken} of them: nothing is learned from these."
        if broken
        else ""
    )
    console.print(told, soft_wrap=True)
    console.print(f"Look closer: gpo demos info {given.name}", soft_wrap=True)
    return 0


def _collect(
    given: CollectOptions, store: Store, place: World, lineup: CollectRoles, shield: bool
) -> Dataset:
    """Play, with a bar that shows how many games are done."""
    players = lineup.seated(place, given.seed)
    with Bars(plain_console()).bar(f"collecting {given.name}", given.episodes, "episodes") as bar:
        return collect(
            store,
            given.name,
            place,
            players,
            given.episodes,
            tick=bar,
            seed=given.seed,
            options=given.of_episodes,
            shield=shield,
            turns=len(lineup.roles) > 1,
            alone=given.keep == "player",
            names=lineup.roles,
            description=describe(lineup.roles, given.seed, given.episodes, shield),
            provenance=_provenance(lineup, given, shield),
        )


def describe(roles: Sequence[Sequence[str]], seed: int, episodes: int, shield: bool) -> str:
    """What the dataset is, beginning with the word that keeps it from being taken for people's play."""
    others = ", ".join(roles[1]) if len(roles) > 1 else ""
    words = f"scripted: {roles[0][0]}" + (f" against {others}" if others else "")
    words += f", seeds {seed} to {seed + episodes - 1}"
    return f"{words}, behind the shield" if shield else words


def _lineup(player: str, against: Sequence[str], world: World) -> CollectRoles:
    """All players by name, read at once, so that a mistake is said before anything slow begins."""
    seats = len(world.agents)
    if against and seats == 1:
        raise UserError(f"In '{world.id}' no seat is left for '{against[0]}': leave it out.")
    roles = [[player], *([list(dict.fromkeys(against)) or [player]] * (seats - 1))]
    found = {name: _found(name, world) for role in roles for name in role}
    return CollectRoles(
        tuple(tuple(found[name].called for name in role) for role in roles),
        {one.called: one for one in found.values()},
    )


def _found(name: str, world: World) -> Found:
    found = find(name, TYPED_PLAYERS | {NameKind.HUMAN}, world)
    if found.kind is NameKind.HUMAN:
        raise UserError("People are not collected but recorded: type `gpo record`.")
    found.player(world)
    return found


def _together(players: list[Player], seed: int) -> Player:
    return players[0] if len(players) == 1 else Mixture(players, [1.0] * len(players), seed)


def _provenance(lineup: CollectRoles, given: CollectOptions, shield: bool) -> dict[str, Any]:
    """Where the play comes from, for those who open the dataset later."""
    told: dict[str, Any] = {"collected from": lineup.roles[0][0]}
    if len(lineup.roles) > 1:
        told["in the other seats"] = ", ".join(lineup.roles[1])
    told["seeds"] = f"{given.seed} to {given.seed + given.episodes - 1}"
    told["shield"] = "on" if shield else ""
    for name, player in lineup.players.items():
        if player.kind in AGENTS:
            told[f"agent {name}"] = f"SHA-256 {player.agent.sha256[:12]}"
    return told
