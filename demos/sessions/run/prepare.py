"""What `gpo run` needs before its first tick: the world, who drives, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agents.control import ControlSettings
from agents.lookup import Found, find
from agents.lookup_names import AGENTS, TYPED_PLAYERS, NameKind
from agents.players.player import Player
from agents.robots import safe_action
from demos.data.episodes.files import LONGEST
from demos.sessions.game.game import Game
from demos.sessions.run.options import RunOptions
from environments.catalog import make_world
from environments.external.trial.isolated import patient
from environments.external.world import in_processes
from environments.files.trusted_code import remember, type_in
from environments.recorded_worlds import described_world
from environments.shields.rules import read_rules
from environments.shields.shield import Shield
from environments.shields.typed import behind
from environments.simulation.world import World
from environments.system.errors import UserError


@dataclass(frozen=True)
class PreparedRun:
    """All that a loop is made of."""

    world: World
    game: Game
    player: Player
    settings: ControlSettings
    called: str  # the player's name, as the log has it


def prepare_run(given: RunOptions) -> PreparedRun:
    """Make the world, seat everybody, and play a decision so that the first one is not slow.

    Raises:
        UserError: no such agent, world, seat, player, shield or action, or they do not fit each other.
    """
    found = find(given.name, TYPED_PLAYERS)
    with patient(given.patience):
        world = _world(found, given)
    world = in_processes(behind(world, given.shield_by), given.workers, given.patience)
    if not 0 <= given.seat < len(world.agents):
        raise UserError(f"There is no seat {given.seat} in {world.id}: it has {len(world.agents)}.")
    world, limited = _with_rate(world, given.rate)
    shield = given.shield or given.shield_by is not None or found.shielded or limited
    if shield:
        Shield(world)  # refuses a world that has none
    settings = settings_of(given, world)
    other = found if given.partner is None else find(given.partner, TYPED_PLAYERS, world)
    others = other.player(world, given.seed + 1) if len(world.agents) > 1 else None
    # A limit that is only our guess begins no robot anew.
    endless = {"horizon": LONGEST} if world.horizon_assumed else {}
    game = Game(world, (given.seat,), others, {**endless, **given.options}, shield)
    game.begin(given.seed)
    batch = game.batch  # the loops of a step are loaded now, and nothing is done
    batch.term_reward.write(batch.terms, batch.reward)
    batch._take(batch.actions.copy())
    player = found.player(world, given.seed)
    player.predict(game.batch.observation[:, given.seat].copy())  # what is compiled or loaded, now
    if hasattr(player, "reseed"):
        player.reseed(given.seed)
    return PreparedRun(world, game, player, settings, found.called)


def settings_of(given: RunOptions, world: World) -> ControlSettings:
    """How it is driven.

    Raises:
        UserError: the safe action is none.
    """
    hz = 1 / world.tick if given.hz is None else given.hz
    safe = safe_action(given.safe, world)
    return ControlSettings(hz, given.budget, given.stale, given.on_miss, safe)


def _with_rate(world: World, rate: float | None) -> tuple[World, bool]:
    """The world with a further limit of how fast an action may change, and whether there is one."""
    if rate is None:
        return world, False
    rules: Mapping[str, Any] = world.shield_rules
    more = {**rules, "rate": [*rules.get("rate", ()), {"most": rate}]}
    return replace(world, shield_rules=read_rules(more, world)), True


def _world(found: Found, given: RunOptions) -> World:
    """The named world, or the one that the agent was made for."""
    params = dict(given.params)
    if given.world is not None:
        type_in(given.world)
    described: Any = None
    if found.kind is NameKind.ONNX and (given.world is None or found.onnx.ours):
        described = found.onnx.world
    elif found.kind in AGENTS:
        described = found.agent.world
    if described is not None and given.world in (None, described["world"]):
        return described_world(described, found.name, params)
    if given.world is None:
        raise UserError(f"'{found.name}' drives any world: say which with --world.")
    world = make_world(given.world, **params)
    remember(world.id)
    return world
