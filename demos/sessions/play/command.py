"""`gpo play`: a person plays with or against agents, or coaches one; every game is kept and counted."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from demos.sessions.play.options import PlayOptions
from demos.window.display import NO_SCRIPT, require_display
from environments.system.errors import UserError
from environments.terminal.world_names import check_at_once

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from demos.data.dataset.dataset import Dataset
    from demos.sessions.play.prepare import PreparedMatch
    from demos.sessions.play.ratings import Ratings
    from demos.sessions.play.session import MatchSession
    from demos.window.opening import OpenSession

WAIT = "Getting the agents ready"


def play_command(options: PlayOptions) -> int:
    """Play with or against agents; returns the exit code, 130 or 143 if it was told to stop.

    Raises:
        UserError: no screen, no such agent or run, one of another world, or a dataset in use.
    """
    options.check()
    if options.levels:
        return _levels(options)
    check_at_once(options.name)
    if not options.headless:
        require_display(NO_SCRIPT)
    from demos.window.opening import Opening, open_session
    from demos.window.signals import Stopped

    title = f"gpo play {options.name}"
    opening = Opening(title, WAIT, headless=options.headless, script=options.script)
    try:
        with open_session(opening, lambda: _prepared(options)) as opened:
            return _play(options, opened)
    except Stopped as stopped:
        print(
            "gpo play: stopped; a game that was open is in its journal, "
            "and the next `gpo play` or `gpo demos repair` gets it back."
        )
        return stopped.code


def _levels(options: PlayOptions) -> int:
    from demos.sessions.match.rivals import lineup_for
    from demos.sessions.play.levels import find_levels
    from demos.sessions.play.levels_table import show_levels

    apart = options.shield, options.workers, options.patience, options.shield_by
    table = lineup_for(options.name, options.params, options.options, *apart)
    show_levels(find_levels(table, options.against, options.games, print), table)
    return 0


def _prepared(options: PlayOptions) -> PreparedMatch:
    from demos.sessions.play.prepare import prepare_match  # takes seconds

    return prepare_match(options)


def _play(options: PlayOptions, opened: OpenSession[PreparedMatch]) -> int:
    ready = opened.ready
    if ready is None:
        print("gpo play: stopped before anything was played.")
        return opened.code
    from demos.data.journal.recovery import recover
    from demos.sessions.play.prepare import open_dataset
    from demos.sessions.play.ratings import Ratings
    from demos.sessions.record.keeper import drop_unused, session_code
    from demos.sessions.record.prepare import run_kept

    with ExitStack() as later:
        later.callback(ready.game.close)
        dataset = open_dataset(options, ready)
        later.enter_context(dataset.writing())
        later.callback(drop_unused, dataset)
        ratings = Ratings(options.root)
        ratings.read()  # a damaged table is said before anybody plays
        if (recovery := recover(dataset)) is not None:
            print(recovery.sentence)
        session = _session(options, ready, dataset, ratings, opened)
        run_kept(opened, session)
        _say_farewell(session, ready, dataset, ratings, opened.stop.signal)
    return session_code(session.keeper, opened.stop.signal)


def _session(
    options: PlayOptions,
    ready: PreparedMatch,
    dataset: Dataset,
    ratings: Ratings,
    opened: OpenSession[PreparedMatch],
) -> MatchSession:
    """The session with all that it needs; what a crash left uncounted is counted."""
    from demos.sessions.play.painter import PlayPainter
    from demos.sessions.play.session import MatchSession
    from demos.window.controls.devices import Devices
    from demos.window.drawing.scenery import Scenery

    def count() -> None:
        try:
            ratings.catch_up(dataset)
        except (OSError, UserError) as error:  # the games are safe, and are counted the next time
            session.say(f"Not counted yet: {error}", opened.clock.now(), warning=True)

    recording = ready.recording(dataset)
    session = MatchSession(
        recording,
        Devices(expected=recording.pads),
        opened.clock,
        ready.world.tick,
        seed=int.from_bytes(os.urandom(3), "big") if options.seed is None else options.seed,
        episodes=options.games,
        changed=count,
    )
    count()
    scenery = Scenery(ready.world, ready.game.batch, ready.person.seat)
    watched = not opened.window.headless
    session.painter = PlayPainter(session, scenery, ready.names(), watched)
    return session


def _say_farewell(
    session: MatchSession,
    ready: PreparedMatch,
    dataset: Dataset,
    ratings: Ratings,
    signal: int | None,
) -> None:
    from demos.sessions.play.ratings import show_ratings
    from demos.sessions.record.keeper import farewell
    from environments.terminal.consoles import plain_console

    print(farewell(session.keeper, "gpo play", signal))
    if ready.takeover is not None and session.keeper.kept:
        print(f"Learn from it: gpo train RECIPE --corrections {dataset.name}")
    if ready.takeover is not None:
        return
    try:
        entries = ratings.catch_up(dataset)
    except (OSError, UserError) as error:
        print(f"gpo play: not counted yet: {error}")
        return
    show_ratings(plain_console(), entries, ready.world.north_star, ready.world.id)
