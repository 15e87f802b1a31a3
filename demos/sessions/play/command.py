"""`gpo play`: a person plays with or against agents, or coaches one; every game is kept and counted."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from demos.sessions.play.options import PlayOptions
from demos.window.display import require_display
from environments.system.errors import UserError

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from demos.data.dataset.dataset import Dataset
    from demos.sessions.play.prepare import PreparedMatch
    from demos.sessions.play.ratings import Ratings
    from demos.sessions.play.session import PlayRecorder
    from demos.window.signals import Stop
    from demos.window.window import AppWindow

CURE = "use --headless with --script FILE"
WAIT = "Getting the agents ready"
WHY = "The first start compiles the world's physics, and a level is measured before it is first played."


def play_command(name: str, **asked: Any) -> int:
    """Play with or against agents; returns the exit code, 130 or 143 if it was told to stop.

    Args:
        name: an agent file, a run folder, or a run's name under runs/.
        level: "easy", "normal" or "hard", as measured; the agent as it is if None.
        levels: measure the levels, print them, and end.
        against: whom they are measured against; the run's human model, or its clone.
        coach: watch the agent in the person's seat, and take over.
        partner: who has the other seats then; the run's human model, or its clone, or the agent.
        settle: s after which a coached agent drives on.
        seat: of the person.
        player: who plays.
        dataset: where games go; one named after the world if None.
        games: to keep before it ends by itself; of `levels`, for each measurement.
        seed: of the first game, each has the next one; any if None.
        device: "keyboard" or "gamepad".
        controls: a TOML table of keys, instead of the world's own.
        params: the world's parameters.
        options: of every episode, such as `horizon`.
        headless: without a window, in simulated time; needs a script.
        script: a TOML list of timed key and pad events.
        root: the folder of datasets.
        shield: play behind the world's shield; with an agent that was trained behind it one always does.
        workers: processes for the games of a foreign environment that may hang or die.
        patience: s, after which one that does not answer is ended.

    Raises:
        UserError: no screen, no such agent or run, one of another world, or a dataset in use.
    """
    given = PlayOptions(name, **asked)
    given.check()
    if given.levels:
        return _levels(given)
    if not given.headless:
        require_display(CURE)
    from demos.window.signals import Stopped, stoppable

    with stoppable() as stop:
        try:
            return _play(given, stop)
        except Stopped:
            stop.noticed()
            print(
                "gpo play: stopped; a game that was open is in its journal, "
                "and the next `gpo play` or `gpo demos repair` gets it back."
            )
            return stop.code


def _levels(given: PlayOptions) -> int:
    from demos.sessions.match.rivals import lineup_for
    from demos.sessions.play.levels import find_levels
    from demos.sessions.play.levels_table import show_levels

    apart = given.shield, given.workers, given.patience
    table = lineup_for(given.name, given.params, given.options, *apart)
    show_levels(find_levels(table, given.against, given.games, print), table)
    return 0


def _play(given: PlayOptions, stop: Stop) -> int:
    from demos.window.loading_screen import wait_for
    from demos.window.window import AppWindow

    def prepared() -> PreparedMatch:
        from demos.sessions.play.prepare import (
            prepare_match,  # takes seconds: the window is there before
        )

        return prepare_match(given)

    with ExitStack() as later:
        stage = AppWindow(f"gpo play {given.name}", headless=given.headless, cure=CURE)
        later.enter_context(stage)
        ready = wait_for(stage, prepared, WAIT, WHY, stop)
        if ready is None:
            print("gpo play: stopped before anything was played.")
            return stop.code if stop.signal else 0
        from demos.data.journal.recovery import recover
        from demos.sessions.play.prepare import open_dataset
        from demos.sessions.play.ratings import Ratings
        from demos.sessions.record.prepare import session_code

        later.callback(ready.game.close)
        dataset = open_dataset(given, ready)
        later.enter_context(dataset.writing())
        ratings = Ratings(given.root)
        ratings.read()  # a damaged table is said before anybody plays
        if (recovery := recover(dataset)) is not None:
            print(recovery.sentence)
        recorder = _session(given, ready, dataset, ratings, stage, stop)
        _farewell(recorder, ready, dataset, ratings, stop)
    return session_code(recorder, stop.signal)


def _session(
    given: PlayOptions,
    ready: PreparedMatch,
    dataset: Dataset,
    ratings: Ratings,
    stage: AppWindow,
    stop: Stop,
) -> PlayRecorder:
    """The session itself; whatever happens in it, the open game is kept."""
    from demos.sessions.play.session import PlayPainter, PlayRecorder
    from demos.window.controls.devices import Devices
    from demos.window.drawing.scenery import Scenery
    from demos.window.loop import run
    from demos.window.pacing import RealClock, SimulatedClock
    from demos.window.script import Script
    from demos.window.signals import Stopped

    seed = int.from_bytes(os.urandom(3), "big") if given.seed is None else given.seed
    clock = SimulatedClock() if given.headless else RealClock()
    devices, person = Devices(), ready.person
    if person.controls.device == "gamepad":
        devices.expect(person.controls.hands.pad)

    def count() -> None:
        try:
            ratings.catch_up(dataset)
        except (OSError, UserError) as error:  # the games are safe, and are counted the next time
            recorder.say(f"Not counted yet: {error}", clock.now(), warning=True)

    tick = ready.world.tick
    recorder = PlayRecorder(
        ready.recording(dataset), devices, clock, tick, count, seed=seed, episodes=given.games
    )
    count()  # what a crash left uncounted
    painter = PlayPainter(stage, Scenery(ready.world, ready.game.batch, person.seat), ready.names())
    script = Script.read(given.script) if given.script else None
    try:
        run(stage, recorder, painter, clock, stop, script)
    except Stopped:  # wherever it was: the journal has what was played
        recorder.recording.leave()
        raise
    except BaseException:
        recorder.end(clock.now(), insist=True)
        raise
    return recorder


def _farewell(
    recorder: PlayRecorder, ready: PreparedMatch, dataset: Dataset, ratings: Ratings, stop: Stop
) -> None:
    from rich.console import Console

    from demos.sessions.play.ratings import show_ratings
    from demos.sessions.record.prepare import farewell

    said = farewell(recorder, dataset.name, stop.signal)
    print(said.replace("gpo record", "gpo play", 1))
    if ready.handover is not None:
        print(f"Learn from it: gpo train RECIPE --corrections {dataset.name}")
        return
    try:
        entries = ratings.catch_up(dataset)
    except (OSError, UserError) as error:
        print(f"gpo play: not counted yet: {error}")
        return
    show_ratings(Console(), entries, ready.world.north_star, ready.world.id)
