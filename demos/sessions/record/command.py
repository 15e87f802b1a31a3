"""`gpo record`: opens the window, gets world and dataset ready, plays, and says what was kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from demos.sessions.record.options import RecordOptions
from demos.window.display import require_display

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from demos.data.dataset.dataset import Dataset
    from demos.sessions.record.prepare import PreparedRecording
    from demos.sessions.record.session import RecordSession
    from demos.window.signals import Stop
    from demos.window.window import AppWindow

CURE = "use --headless with --script FILE"
WAIT = "Getting the world ready"
WHY = "The first start compiles its physics, which takes some seconds and is done only once."


def record_command(world: str, **wishes: Any) -> int:
    """Record people playing a world; returns the exit code, 130 or 143 if it was told to stop, 2 if not all
    could be kept.

    Args:
        world: any world's id, ours or foreign.
        dataset: where kept games go; one named after the world if None, made on first use.
        player: who plays; for two people "anna,ben".
        partner, opponent: who has the other seats: "random", "still" or an agent file.
        fps: steps a second; the world's own pace if None.
        seed: of the first game, each has the next one; any if None.
        device: "keyboard", "gamepad", or one for each of two people, "keyboard,gamepad".
        controls: a TOML table of keys, instead of the world's own.
        headless: without a window, in simulated time; needs a script.
        script: a TOML list of timed key and pad events.
        root: the folder of datasets.
        episodes: games to keep before it ends by itself.
        people: 1, or 2 on one machine.
        seat: of the one person.
        params: the world's parameters, such as `layout`.
        options: of every episode, such as `horizon`.
        limits: of costs by name, shown beside them.
        shield: play behind the world's shield.
        workers: processes for the games of a foreign environment that may hang or die.
        patience: s, after which one that does not answer is ended.

    Raises:
        Problem: no screen, no such world or player, a dataset of another world, or one in use.
    """
    given = RecordOptions(world, **wishes)
    given.check()
    if not given.headless:
        require_display(CURE)
    _require_free(given)
    from demos.window.signals import Stopped, stoppable

    with stoppable() as stop:
        try:
            return _record(given, stop)
        except Stopped:
            stop.noticed()
            print(
                "gpo record: stopped; a game that was open is in its journal, "
                "and the next `gpo record` or `gpo demos repair` gets it back."
            )
            return stop.code


def _require_free(given: RecordOptions) -> None:
    """Refuse a dataset that somebody else records into, where its name is known before a world is tried."""
    from demos.data.dataset.lock import dataset_name, require_free

    name = given.dataset
    if name is None and given.world.startswith("gpo/"):
        from environments.catalog import make_world

        name = dataset_name(make_world(given.world, **dict(given.params or {})))
    if name is not None:
        require_free(given.root, name)


def _record(given: RecordOptions, stop: Stop) -> int:
    from demos.window.loading_screen import wait_for
    from demos.window.window import AppWindow

    def prepared() -> PreparedRecording:
        from demos.sessions.record.prepare import (
            prepare_recording,  # takes seconds: the window is there before
        )

        return prepare_recording(given)

    with ExitStack() as later:
        stage = AppWindow(f"gpo record {given.world}", headless=given.headless, cure=CURE)
        later.enter_context(stage)
        ready = wait_for(stage, prepared, WAIT, WHY, stop)
        if ready is None:
            print("gpo record: stopped before anything was recorded.")
            return stop.code if stop.signal else 0
        from demos.data.journal.recovery import recover
        from demos.sessions.record.prepare import farewell, open_dataset, session_code

        later.callback(ready.game.close)
        dataset = open_dataset(given, ready.world)
        later.enter_context(dataset.writing())
        recovery = recover(dataset)
        sentences = [recovery.sentence] if recovery else []
        recorder = _play(given, ready, dataset, sentences, stage, stop)
    print(farewell(recorder, dataset.name, stop.signal))
    return session_code(recorder, stop.signal)


def _play(
    given: RecordOptions,
    ready: PreparedRecording,
    dataset: Dataset,
    sentences: Sequence[str],
    stage: AppWindow,
    stop: Stop,
) -> RecordSession:
    """The session itself; whatever happens in it, the open game is kept."""
    from demos.sessions.game.recording import Recording
    from demos.sessions.record.session import RecordSession
    from demos.window.controls.devices import Devices
    from demos.window.drawing.scenery import Scenery
    from demos.window.loop import Painter, run
    from demos.window.pacing import RealClock, SimulatedClock
    from demos.window.script import Script
    from demos.window.signals import Stopped

    tick = given.tick(ready.world)
    seed = int.from_bytes(os.urandom(3), "big") if given.seed is None else given.seed
    clock = SimulatedClock() if given.headless else RealClock()
    devices = Devices()
    for person in ready.people:
        if person.controls.device == "gamepad":
            devices.expect(person.controls.hands.pad)
    recorder = RecordSession(
        Recording(ready.game, ready.people, dataset, tick, ready.partner),
        devices,
        clock,
        tick,
        seed=seed,
        episodes=given.episodes,
        limits=given.limits,
    )
    for sentence in sentences:
        print(sentence)
        recorder.say(sentence, clock.now())
    guard = getattr(ready.game.batch.world, "guard", None)
    if guard is not None:  # of a foreign world: what it did is also said in the window
        guard.listeners.append(lambda incident: recorder.say(f"{incident}", clock.now(), True))
    scenery = Scenery(ready.world, ready.game.batch, ready.people[0].seat)
    painter = Painter(stage, scenery, ready.names())
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
