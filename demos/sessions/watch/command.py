"""`gpo watch`: agents play in a window, with what stands behind each step, or in a video without one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from demos.sessions.watch.options import WatchOptions
from demos.window.display import require_display
from environments.system.errors import UserError
from environments.terminal.world_names import check_at_once

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from demos.sessions.watch.viewer import Viewer
    from demos.window.opening import OpenSession

CURE = "use --headless with --record out.mp4"
SIZE = (1280, 720)  # pixels, of a new window and of a video without one
NONE = "gpo watch: no game came to its end."
LAST = 1.5  # s that the end of a game is shown


def watch_command(options: WatchOptions) -> int:
    """Watch agents; returns the exit code, 130 or 143 if it was told to stop, 2 if not all could be kept.

    Raises:
        UserError: no screen, no such agent, world or player, or one that does not fit.
    """
    options.check()
    check_at_once(options.name)
    if not options.headless:
        require_display(CURE)
    from demos.window.opening import Opening, open_session
    from demos.window.signals import Stopped

    title = f"gpo watch {options.name}"
    opening = Opening(title, cure=CURE, size=SIZE, headless=options.headless, script=options.script)
    try:
        with open_session(opening, lambda: _viewer(options)) as opened:
            if opened.ready is None:
                return opened.code
            try:
                _show(options, opened, opened.ready)
            finally:
                opened.ready.close()
            print(farewell(opened.ready))
            human = opened.ready.human
            corrections = None if human is None else human.corrections
            if corrections is not None and corrections.unkept:
                print(f"gpo: {corrections.unkept}", file=sys.stderr)
                return opened.code or 2
            return opened.code
    except Stopped as stopped:
        print("gpo watch: stopped.")
        return stopped.code


def _viewer(options: WatchOptions) -> Viewer:
    """Everyone seated, the first game begun; takes seconds."""
    from demos.sessions.match.cast_by_name import cast_for
    from demos.sessions.watch.viewer import Viewer
    from environments.external.trial.isolated import patient
    from environments.external.world import in_processes

    with patient(options.patience):
        cast = cast_for(
            options.name,
            against=options.against,
            partner=options.partner,
            seat=options.seat,
            live=options.live,
            shield=options.shield,
            shield_by=options.shield_by,
            player=options.player,
            params=options.params,
            options=options.options,
            greedy=options.greedy,
            evaluated=options.evaluated,
        )
        cast.world = in_processes(cast.world, options.workers, options.patience)
    alone = options.headless and options.script is None
    if alone and cast.human is not None:
        raise UserError("Without a window nobody is at the keys: leave 'human' out, or --headless.")
    seed = int.from_bytes(os.urandom(2), "big") if options.seed is None else options.seed
    return Viewer(cast, seed, options.games or (1 if alone else None), options.panels, LAST)


def _show(options: WatchOptions, opened: OpenSession[Viewer], viewer: Viewer) -> None:
    """Run the viewer, in a window or into a video."""
    from demos.sessions.watch.camera import FILMED, Camera, run_unseen, unseen_film
    from demos.sessions.watch.seat_person import SeatedPerson, seat_person
    from demos.window.video.film import Film

    viewer.painter = camera = Camera(viewer)
    unseen = opened.window.headless and opened.script is None
    if not unseen:
        scripted = options.script is not None
        person = SeatedPerson(options.device, options.dataset, options.root, scripted)
        viewer.no_takeover = seat_person(viewer, person)
    film = None
    if options.record is not None:
        film = unseen_film(options.record, viewer) if unseen else Film(options.record, FILMED)
    try:
        if unseen:
            run_unseen(opened.window, viewer, camera, opened.stop, film)
        else:
            camera.film, viewer.display.filming = film, film is not None
            opened.run(viewer)
            film = camera.film
    except BaseException:
        for open_film in {film, camera.film} - {None}:
            assert open_film is not None
            open_film.give_up()
        raise
    if film is not None and (count := film.close()):
        print(f"gpo watch: a video of {count} frames at {film.fps:.3g} a second: {film.path}")


def farewell(viewer: Viewer) -> str:
    """What the games came to, in a sentence for each agent that was watched."""
    from agents.evaluation.statistics import mean_interval, share_interval
    from demos.window.drawing.digits import between

    star = viewer.world.north_star.replace("_", " ")
    lines = []
    for (name, rival), tally in viewer.results.tallies.items():
        if not len(tally):
            continue
        games = f"{len(tally)} game{'s' if len(tally) != 1 else ''}"
        line = f"gpo watch: {name}, {games}: {star} {between(*mean_interval(tally.column('star')))}"
        if tally.record is not None:
            share, low, high = share_interval(tally.record[0], len(tally))
            line += (
                f"; {tally.record[0]} won against {rival}, "
                f"{100 * share:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
            )
        lines.append(f"{line}.")
    corrections = None if viewer.human is None else viewer.human.corrections
    kept = corrections.farewell() if corrections is not None else ""
    return "\n".join([*lines, *([kept] if kept else [])]) or NONE
