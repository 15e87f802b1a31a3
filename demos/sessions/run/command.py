"""`gpo run`: an agent drives at a fixed rate, a person may take over, and every tick is kept."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from demos.sessions.run.options import RunOptions
from demos.window.display import require_display
from environments.terminal.world_names import check_at_once

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from agents.control import ControlSummary
    from agents.deciding import Decider, WatchClock
    from demos.sessions.run.game_robot import ControlLog
    from demos.sessions.run.prepare import PreparedRun
    from demos.sessions.run.screen import RunScreen
    from demos.window.opening import OpenSession
    from demos.window.signals import Stop

CURE = "use --headless"


def run_command(given: RunOptions) -> int:
    """Drive; returns the exit code, 130 or 143 if it was told to stop, 2 if not all could be kept.

    Raises:
        UserError: no screen, no such agent or world, or what does not fit.
    """
    given.check()
    if given.world is not None:
        check_at_once(given.world)
    if not given.headless:
        require_display(CURE)
    from demos.window.signals import Stopped, stoppable

    try:
        if given.headless and given.script is None:
            with stoppable() as stop:
                ready = _prepared(given)
                code = _drive(given, ready, stop)
                return code or (stop.code if stop.signal else 0)
        return _in_window(given)
    except Stopped as stopped:
        print("gpo run: stopped.")
        return stopped.code


def _prepared(given: RunOptions) -> PreparedRun:
    from demos.sessions.run.prepare import prepare_run  # takes seconds

    return prepare_run(given)


def _in_window(given: RunOptions) -> int:
    from demos.window.opening import Opening, open_session

    title = f"gpo run {given.name}"
    opening = Opening(title, cure=CURE, headless=given.headless, script=given.script)
    with open_session(opening, lambda: _prepared(given)) as opened:
        if opened.ready is None:
            return opened.code
        return _drive(given, opened.ready, opened.stop, opened) or opened.code


def _drive(
    given: RunOptions,
    ready: PreparedRun,
    stop: Stop,
    opened: OpenSession[PreparedRun] | None = None,
) -> int:
    """Run the loop, and tell what came of it."""
    from agents.control import ControlLoop
    from agents.deciding import InlineDecider, MonotonicClock, ThreadedDecider
    from demos.sessions.run.game_robot import GameRobot
    from demos.window.loop import quiet_memory

    simulated = opened is not None and opened.window.headless
    clock: WatchClock = MonotonicClock() if opened is None else opened.clock
    decider: Decider = (
        InlineDecider(ready.player, clock, given.greedy)
        if simulated
        else ThreadedDecider(ready.player, given.greedy)
    )
    with ExitStack() as later:
        later.callback(ready.game.close)
        log = _log(given, ready, later)
        screen = None if opened is None else _screen(given, ready, opened, clock)
        if log is not None and screen is not None and screen.takeover is not None:
            log.coach(screen.takeover.settle)
        robot = GameRobot(ready.game, given.seat, given.seed, ready.settings.safe, log)
        loop = ControlLoop(
            robot,
            decider,
            ready.settings,
            clock=clock,
            takeover=(lambda: None) if screen is None else screen.asked,
            note=lambda tick: None if log is None else log.add(_ns(clock), tick),
            between=(lambda until: None) if screen is None else screen.between,
        )
        if screen is not None:
            screen.loop = loop
        with quiet_memory():
            summary = loop.run(
                given.seconds, lambda: stop.noticed() or bool(screen and screen.over)
            )
        summary.interventions = robot.interventions
        return _farewell(given, ready, summary, log)


def _ns(clock: WatchClock) -> int:
    return round(clock.now() * 1e9)


def _log(given: RunOptions, ready: PreparedRun, later: ExitStack) -> ControlLog | None:
    """The log of the episodes, if one is to be kept; what a crash left behind is got back first."""
    if not given.log:
        return None
    from demos.data.journal.recovery import recover
    from demos.sessions.game.match_recording import games_dataset
    from demos.sessions.run.game_robot import ControlLog

    dataset = games_dataset(ready.world, given.root, given.dataset, "run", "run")
    later.enter_context(dataset.writing())
    recovered = recover(dataset)
    if recovered is not None:
        print(f"gpo run: {recovered.sentence}")
    names = [given.partner or ready.called] * len(ready.world.agents)
    names[given.seat] = ready.called
    told: set[str] = set()

    def say(sentence: str) -> None:
        if sentence not in told:
            told.add(sentence)
            print(f"gpo run: {sentence}", file=sys.stderr)

    return ControlLog(ready.game, dataset, ready.settings.period, names, say)


def _screen(
    given: RunOptions, ready: PreparedRun, opened: OpenSession[PreparedRun], clock: WatchClock
) -> RunScreen:
    from demos.sessions.game.takeover import Takeover
    from demos.sessions.run.screen import RunScreen
    from demos.window.controls.controls import load_controls
    from demos.window.controls.devices import Devices
    from environments.system.errors import UserError

    devices, takeover = Devices(), None
    try:
        controls = load_controls(ready.world, given.device)
        controls.watch(ready.game.batch, given.seat)
        takeover = Takeover(controls, ready.settings.period)
        if controls.device == "gamepad":
            devices.expect(controls.hands.pad)
    except UserError as problem:
        print(f"gpo run: nobody can take over: {problem}", file=sys.stderr)
    return RunScreen(opened.window, ready.game, takeover, devices, clock, opened.script)


def _farewell(
    given: RunOptions, ready: PreparedRun, summary: ControlSummary, log: ControlLog | None
) -> int:
    print(f"gpo run: {ready.called} drove {ready.world.id} at {ready.settings.hz:g} Hz: {summary}.")
    if log is None:
        return 0
    if log.kept:
        told = f"{len(log.kept)} episode{'s' if len(log.kept) != 1 else ''}"
        print(f"gpo run: {told} kept in dataset {log.dataset.name}.")
    if log.unkept:
        print(f"gpo run: {log.unkept}", file=sys.stderr)
        return 2
    return 0
