"""`gpo demos collect`: demonstrations by scripted players and agents, labelled as what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from agents.files.agent_file import Agent, load_agent, make_player, resolve_player
from agents.files.run_agents import run_agents
from agents.players.mixture import Mixture
from agents.players.player import Player
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from environments.catalog import make_world
from environments.external.trial.isolated import PATIENCE, patient
from environments.external.world import in_processes
from environments.simulation.shield import Shield
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.terminal.progress import Bars
from environments.warmup import warm_up

STOPPED = 130  # exit code of a command that Ctrl-C ended
APART = 1000  # between the seeds of two players
KEEP = ("player", "all")


def collect_command(
    root: Path,
    name: str,
    world: str,
    player: str,
    *,
    against: Sequence[str] = (),
    episodes: int = 200,
    seed: int = 0,
    shield: bool = False,
    horizon: int | None = None,
    keep: str = "player",
    params: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    workers: int = 0,
    patience: float = PATIENCE,
) -> int:
    """Let players play, and keep it as a new dataset; returns the exit code.

    Args:
        root: where datasets are kept.
        name: of the new one.
        world: any world's id.
        player: whose play is collected: "random", "still", a script of the world, an agent file, a run.
        against: who has the other seats, each game one of them by chance; the player itself if nobody.
        episodes: games.
        seed: of the first, each has the next one.
        shield: play behind the world's shield; an agent that was trained behind it always does.
        horizon: steps of a game; the world's own if None.
        keep: "player" for its streams alone, or "all".
        params: of the world.
        options: of every episode.
        workers: processes for the games of a foreign environment that may hang or die.
        patience: s, after which one that does not answer is ended.

    Raises:
        UserError: the name is taken, or there is no such world, player, parameter, option or shield.
    """
    store = Store(root)
    store.require_free(name)
    with patient(patience):
        place = in_processes(make_world(world, **dict(params or {})), workers, patience)
    given = {**dict(options or {}), **({} if horizon is None else {"horizon": horizon})}
    for option in given:
        place.check_option(option)
    roles = _roles(player, against, place)
    makers = {_called(name): _Seat(name, place) for role in roles for name in role}
    roles = [[_called(name) for name in role] for role in roles]
    shield = shield or any(maker.shielded for maker in makers.values())
    if shield:
        Shield(place)  # refuses a world that has none
    players = [
        _together([makers[called].player(seed + APART * (n + 1)) for called in role], seed + n)
        for n, role in enumerate(roles)
    ]
    console = Console()
    words = describe(roles, seed, episodes, shield)
    try:
        warm_up(place, lambda words: console.print(words, soft_wrap=True), shield)
        with Bars(console).bar(f"collecting {name}", episodes, "episodes") as bar:
            dataset = collect(
                store,
                name,
                place,
                players,
                episodes,
                description=words,
                provenance=_provenance(roles, makers, seed, episodes, shield),
                tick=bar,
                seed=seed,
                options=given,
                shield=shield,
                turns=len(roles) > 1,
                alone=keep == "player",
                names=roles,
            )
    except KeyboardInterrupt:
        console.print("gpo demos collect: stopped; nothing was kept.", soft_wrap=True)
        return STOPPED
    size = sum(file.stat().st_size for file in dataset.data.rglob("*") if file.is_file())
    console.print(f"{name}: {len(dataset)} episodes, {size / 1e6:.1f} MB; {words}.", soft_wrap=True)
    console.print(f"Look closer: gpo demos info {name}", soft_wrap=True)
    return 0


def describe(roles: Sequence[Sequence[str]], seed: int, episodes: int, shield: bool) -> str:
    """What the dataset is, beginning with the word that keeps it from being taken for people's play."""
    others = ", ".join(roles[1]) if len(roles) > 1 else ""
    words = f"scripted: {roles[0][0]}" + (f" against {others}" if others else "")
    words += f", seeds {seed} to {seed + episodes - 1}"
    return f"{words}, behind the shield" if shield else words


def _roles(player: str, against: Sequence[str], world: World) -> list[list[str]]:
    """Who plays: the one that is collected, then everybody who may have each of the other seats."""
    seats = len(world.agents)
    if against and seats == 1:
        raise UserError(f"In '{world.id}' no seat is left for '{against[0]}': leave it out.")
    return [[player], *([list(dict.fromkeys(against)) or [player]] * (seats - 1))]


def _called(name: str) -> str:
    """What a player is called in the dataset: of a path, which differs from disk to disk, only its end."""
    path = Path(name)
    if path.is_dir():
        return path.resolve().name
    return f"{path.resolve().parent.name}/{path.stem}" if name.endswith(".safetensors") else name


class _Seat:
    """Somebody by name, read once; as many players as are needed are made of it."""

    def __init__(self, name: str, world: World) -> None:
        if name == "human":
            raise UserError("People are not collected but recorded: type `gpo record`.")
        self.name, self.world = name, world
        self.agent: Agent | None = None
        if Path(name).is_dir():
            self.agent = run_agents(Path(name))[-1].load()
        elif name.endswith(".safetensors"):
            self.agent = load_agent(Path(name))
        if self.agent is not None:
            self.agent.require_world(world, name)
        else:
            self.player(0)  # so that a mistake is said before anything slow begins

    @property
    def shielded(self) -> bool:
        """Whether it is an agent that was trained behind the shield."""
        return self.agent is not None and self.agent.shielded

    def player(self, seed: int) -> Player:
        """A player of its own."""
        if self.agent is not None:
            return make_player(self.agent, self.world, seed)
        return resolve_player(self.name, self.world, seed)


def _together(players: list[Player], seed: int) -> Player:
    return players[0] if len(players) == 1 else Mixture(players, [1.0] * len(players), seed)


def _provenance(
    roles: Sequence[Sequence[str]],
    makers: Mapping[str, _Seat],
    seed: int,
    episodes: int,
    shield: bool,
) -> dict[str, Any]:
    """Where the play comes from, for whoever opens the dataset later."""
    told: dict[str, Any] = {"collected from": roles[0][0]}
    if len(roles) > 1:
        told["in the other seats"] = ", ".join(roles[1])
    told["seeds"] = f"{seed} to {seed + episodes - 1}"
    told["shield"] = "on" if shield else ""
    for name, maker in makers.items():
        if maker.agent is not None:
            told[f"agent {name}"] = f"SHA-256 {maker.agent.sha256[:12]}"
    return told
