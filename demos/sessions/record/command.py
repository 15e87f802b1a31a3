"""Recording: opens the window, gets world and dataset ready, plays, and reports what was kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demos.sessions.record.options import RecordOptions
from demos.window.display import NO_SCRIPT, require_display
from environments.terminal.world_names import check_at_once

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from demos.data.dataset.dataset import Dataset
    from demos.sessions.record.prepare import PreparedRecording
    from demos.sessions.record.session import RecordSession
    from demos.window.opening import OpenSession


@dataclass(frozen=True)
class RecordResult:
    """What a session of recording came to."""

    code: (
        int  # for the shell: 130 or 143 if it was told to stop, 2 if not all could be kept, else 0
    )
    summary: str  # in a sentence
    dataset: str | None = None  # where games went; None if it ended before there was one
    kept: tuple[int, ...] = ()  # numbers in the dataset of the episodes that this session added


def record_command(options: RecordOptions) -> int:
    """Record people playing a world, and print what came of it; returns the exit code.

    Raises:
        UserError: as `record`.
    """
    result = record(options, print)
    print(result.summary)
    return result.code


def record(options: RecordOptions, say: Callable[[str], None]) -> RecordResult:
    """Record people playing a world.

    Args:
        options: of the session.
        say: is told in a sentence of games that an earlier session left open and that are kept now.

    Raises:
        UserError: no screen, no such world or player, a dataset of another world, or one in use.
    """
    options.check()
    check_at_once(options.world)
    if not options.headless:
        require_display(NO_SCRIPT)
    _require_free(options)
    from demos.window.opening import Opening, open_session
    from demos.window.signals import Stopped

    title = f"gpo record {options.world}"
    opening = Opening(title, headless=options.headless, script=options.script)
    try:
        with open_session(opening, lambda: _prepared(options)) as opened:
            return _record(options, opened, say)
    except Stopped as stopped:
        return RecordResult(
            stopped.code,
            "gpo record: stopped; a game that was open is in its journal, "
            "and the next `gpo record` or `gpo demos repair` gets it back.",
        )


def _require_free(options: RecordOptions) -> None:
    """Refuse a dataset that another process records into, where its name is known before a world is tried."""
    from demos.data.dataset.lock import dataset_name, require_free

    name = options.dataset
    if name is None and options.world.startswith("gpo/"):
        from environments.catalog import make_world

        name = dataset_name(make_world(options.world, **dict(options.params or {})))
    if name is not None:
        require_free(options.root, name)


def _prepared(options: RecordOptions) -> PreparedRecording:
    from demos.sessions.record.prepare import prepare_recording  # takes seconds

    return prepare_recording(options)


def _record(
    options: RecordOptions, opened: OpenSession[PreparedRecording], say: Callable[[str], None]
) -> RecordResult:
    ready = opened.ready
    if ready is None:
        return RecordResult(opened.code, "gpo record: stopped before anything was recorded.")
    from demos.data.journal.recovery import recover
    from demos.sessions.record.keeper import drop_unused, farewell, session_code
    from demos.sessions.record.prepare import open_dataset, run_kept

    with ExitStack() as later:
        later.callback(ready.game.close)
        dataset = open_dataset(options, ready.world)
        later.enter_context(dataset.writing())
        later.callback(drop_unused, dataset)
        recovery = recover(dataset)
        session = _session(options, ready, dataset, opened)
        if ready.unkept:
            say(ready.unkept)
            session.say(ready.unkept, opened.clock.now())
        if recovery is not None:
            say(recovery.sentence)
            session.say(recovery.sentence, opened.clock.now())
        run_kept(opened, session)
    return RecordResult(
        session_code(session.keeper, opened.stop.signal),
        farewell(session.keeper, "gpo record", opened.stop.signal),
        dataset.name,
        tuple(number for game in session.keeper.kept for number in game),
    )


def _session(
    options: RecordOptions,
    ready: PreparedRecording,
    dataset: Dataset,
    opened: OpenSession[PreparedRecording],
) -> RecordSession:
    """The session with all that it needs."""
    from demos.sessions.game.recording import Recording
    from demos.sessions.record.painter import RecordPainter
    from demos.sessions.record.session import RecordSession
    from demos.window.controls.devices import Devices
    from demos.window.drawing.scenery import Scenery

    tick, clock = options.tick(ready.world), opened.clock
    recording = Recording(ready.game, ready.people, dataset, tick, ready.partner)
    session = RecordSession(
        recording,
        Devices(expected=recording.pads),
        clock,
        tick,
        seed=int.from_bytes(os.urandom(3), "big") if options.seed is None else options.seed,
        episodes=options.episodes,
        limits=options.limits,
    )
    guard = getattr(ready.game.batch.world, "guard", None)
    if guard is not None:  # of an external world: what it did is also said in the window
        guard.listeners.append(lambda incident: session.say(f"{incident}", clock.now(), True))
        guard.readers.append(lambda words: session.say(words, clock.now(), True))
    scenery = Scenery(ready.world, ready.game.batch, ready.people[0].seat)
    watched = not opened.window.headless
    session.painter = RecordPainter(session, scenery, ready.names(), watched)
    return session
