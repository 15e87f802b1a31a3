"""Robots of a person's own in the control loop: their units, their limits, and an agent by its name.

    summary = drive("runs/arm/agent.safetensors", my_robot, ControlSettings(hz=50), seconds=60)

O numbers in an observation, N agents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents.control import ControlLoop, ControlSettings, ControlSummary, Tick
from agents.deciding import ThreadedDecider
from agents.lookup import Found, find
from agents.lookup_names import AGENTS, TYPED_PLAYERS, NameKind
from environments.external.games.adapters import flatten_observation
from environments.external.games.own_actions import to_counted, to_own
from environments.external.games.step_values import InvalidObservation, observation_reader
from environments.recorded_worlds import described_world
from environments.shields.limits import Moment
from environments.shields.rules import read_rules
from environments.shields.shield import Shield
from environments.shields.typed import written_rules
from environments.simulation.world import World
from environments.system.errors import UserError


@dataclass(frozen=True)
class DriveOptions:
    """What may be said of a drive beside who drives what, and how fast."""

    world: World | None = None  # that the robot is one of; the one the agent was made for if None
    seconds: float | None = None  # after which it ends
    seed: int = 0  # of the agent's choices
    greedy: bool = False  # take the likeliest actions
    shield: Any = None  # a function's name or rules, as in a recipe; the agent's own if None
    note: Callable[[Tick], None] = lambda tick: None  # told of each tick
    stop: Callable[[], bool] = lambda: False  # whether to end now


def drive(
    name: str, robot: Any, settings: ControlSettings | None = None, **about: Any
) -> ControlSummary:
    """Let an agent drive a robot; returns what came of it.

    Args:
        name: of the agent: a file, a run, an ONNX file, or module:Class.
        robot: with `read()` and `write(action)`, or with `reset()` and `step(action)` as Gymnasium has them;
            observations and actions are those of the environment that the agent was trained in.
        settings: how; its `safe` action is in the robot's own numbers.
        about: fields of `DriveOptions`.

    Raises:
        UserError: there is no such agent, it does not fit, or the robot shows what is no observation.
    """
    options, settings = DriveOptions(**about), settings or ControlSettings()
    found = find(name, TYPED_PLAYERS)
    world = _world(found, options)
    if options.shield is not None:
        world = replace(world, shield_rules=read_rules(written_rules(options.shield), world))
    safe = safe_action(settings.safe, world)
    if found.shielded and not world.shield_rules:
        raise UserError(
            f"'{found.name}' was trained behind a shield of {world.id} that reads its state: give the robot "
            "one of its own, as shield."
        )
    machine = OwnRobot(robot, world, safe)
    player: Any = found.player(world, options.seed)
    kind = world.observation_space.dtype
    player.predict(np.zeros((1, *world.observation_space.shape), kind))  # loads what it needs
    if hasattr(player, "reseed"):
        player.reseed(options.seed)
    decider = ThreadedDecider(player, options.greedy)
    loop = ControlLoop(machine, decider, replace(settings, safe=safe), note=options.note)
    try:
        return loop.run(options.seconds, options.stop)
    finally:
        loop.summary.interventions = machine.interventions


def world_of(name: str) -> World:
    """The world that an agent was made for.

    Raises:
        UserError: there is no such agent, or it does not say.
    """
    return _world(find(name, TYPED_PLAYERS), DriveOptions())


def safe_action(typed: Any, world: World) -> np.ndarray:
    """The safe action as we count it, of one in the environment's own numbers; its idle one if None.

    Raises:
        UserError: it is no action.
    """
    ours: Any = world.action_space
    if typed is None:
        return np.broadcast_to(np.asarray(world.idle, ours.dtype), ours.shape or ()).copy()
    space = ours if world.own_action_space is None else world.own_action_space
    try:
        given = np.asarray(typed)
        own = given.astype(space.dtype).reshape(space.shape or ())
        fits = given.dtype.kind in "iuf" and np.allclose(own.ravel(), given.ravel())
        fits = fits and space.contains(own if own.shape else space.dtype.type(own))
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits:
        raise UserError(f"The safe action {str(typed)[:60]} is none of {space}.")
    counted: np.ndarray = to_counted(space)(own[None])[0]
    return counted.reshape(ours.shape or ()).astype(ours.dtype)


class OwnRobot:
    """A person's robot, in our rows, behind the world's shield if it has rules.

    Args:
        robot: as `drive`.
        world: whose observations it shows and whose actions it takes.
        safe: the action that is sent at the end, past all limits.

    Raises:
        UserError: it has neither `read` and `write` nor `reset` and `step`, or the world has an action mask.
    """

    def __init__(self, robot: Any, world: World, safe: np.ndarray) -> None:
        if world.mask_size or len(world.agents) > 1:
            raise UserError(
                f"{world.id} has an action mask or several agents: drive it by gpo run."
            )
        self.robot, self.world, self.safe = robot, world, safe
        self.stepped = not (hasattr(robot, "read") and hasattr(robot, "write"))
        if self.stepped and not (hasattr(robot, "reset") and hasattr(robot, "step")):
            raise UserError("A robot has read() and write(action), or reset() and step(action).")
        own: Any = world.own_observation_space or world.observation_space
        self._read_own = observation_reader(own, flatten_observation(own, world.id)[1])
        self._to_own = to_own(world.own_action_space or world.action_space)
        self._shield = Shield(world) if world.shield_rules else None
        self._row: np.ndarray | None = None  # [1, O], the newest
        self.applied = safe  # that was sent last
        self.interventions, self.over, self._begun = 0, False, True
        self._fresh: Any = robot.reset()[0] if self.stepped else None

    @property
    def stamp(self) -> float | None:
        """When the robot captured what it showed last, if it says so."""
        found: float | None = getattr(self.robot, "stamp", None)
        return found

    def read(self) -> np.ndarray | None:
        """The newest observation as a row, [1, O]; None if none came.

        Raises:
            UserError: it is none of the world's.
        """
        seen, self._fresh = (self._fresh, None) if self.stepped else (self.robot.read(), None)
        if seen is None:
            return None
        try:
            row = np.asarray(self._read_own(seen))
        except InvalidObservation as error:
            raise UserError(f"The robot of {self.world.id} {error}.") from None
        self._row = row.reshape(1, *self.world.observation_space.shape)
        return self._row

    def write(self, action: Any) -> None:
        """Send as much of an action as is safe."""
        wanted = np.asarray(action, self.world.action_space.dtype)
        if self._shield is not None and self._row is not None:
            limited = self._limited(self._shield, wanted)
            self.interventions += not np.array_equal(limited, wanted)
            wanted = limited
        self._send(wanted)

    def _limited(self, shield: Shield, wanted: np.ndarray) -> np.ndarray:
        begun, there = np.array([self._begun]), np.ones((1, 1), np.bool_)
        moment = Moment(np.asarray(self._row)[None], self.applied[None, None], begun)
        found: np.ndarray = shield.limit(moment, wanted[None, None], there)[0, 0]
        return found

    def _send(self, action: np.ndarray) -> None:
        own = self._to_own(action)
        self.applied, self._begun = action, False
        if not self.stepped:
            self.robot.write(own)
            return
        self._fresh, _, terminated, truncated, _ = self.robot.step(own)
        self.over = bool(terminated or truncated)

    def reset(self) -> None:
        """Begin another episode."""
        self._fresh, self.over, self._begun = self.robot.reset()[0], False, True
        self.applied, self._row = self.safe, None

    def stop(self) -> None:
        """Leave the robot with the safe action."""
        self._send(self.safe)


def _world(found: Found, options: DriveOptions) -> World:
    if options.world is not None:
        return options.world
    if found.kind is NameKind.ONNX:
        return described_world(found.onnx.world, found.name)
    if found.kind in AGENTS:
        return described_world(found.agent.world, found.name)
    raise UserError(f"'{found.name}' drives any world: say which, as world.")
