"""`gpo watch`: agents play in a window, with what stands behind each step, or in a video without one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demos.window.display import require_display
from environments.system.errors import UserError

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from demos.sessions.watch.viewer import Viewer
    from demos.window.signals import Stop
    from demos.window.window import AppWindow

CURE = "use --headless with --record out.mp4"
SIZE = (1280, 720)  # pixels, of a new window and of a video without one
WAIT = "Getting the world ready"
WHY = "The first start compiles its physics, which takes some seconds and is done only once."
NONE = "gpo watch: no game came to its end."
LAST = 1.5  # s that the end of a game is shown


def watch_command(
    name: str,
    *,
    against: str | None = None,
    partner: str | None = None,
    seat: int = 0,
    seed: int | None = None,
    games: int | None = None,
    live: bool = False,
    panels: bool = True,
    record: Path | None = None,
    headless: bool = False,
    script: Path | None = None,
    shield: bool = False,
    player: str | None = None,
    device: str = "keyboard",
    dataset: str | None = None,
    root: Path = Path("datasets"),
    params: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    workers: int = 0,
    patience: float = 30.0,
) -> int:
    """Watch agents; returns the exit code.

    Args:
        name: an agent file, a run folder (or its name under runs/), or a world's id.
        against: who plays the other seats, to be beaten: "random", "still", a script such as "rusher-3",
            an agent file, a run, or "human", who sits at this machine.
        partner: the same, to be played with.
        seat: of the one that is watched.
        seed: of the first game, each has the next one; any if None.
        games: after how many it ends; without a window one.
        live: swap in the newest checkpoint of a run that is still training, between games.
        panels: show the panels.
        record: a video of all of it, .mp4 or .gif.
        headless: without a window, faster than real time.
        script: a TOML list of timed key events.
        shield: play behind the world's shield; an agent that was trained behind it always does.
        params: the world's parameters.
        options: of every episode, such as `horizon`.
        workers: processes for the games of a foreign environment that may hang or die.
        patience: s, after which one that does not answer is ended.

        player: who is watched where a world is named; the same names as `against`; "random" if None.
        device: "keyboard" or "gamepad", of a person who takes over or plays.
        dataset: where games go in which somebody took over; one named after the world if None.
        root: the folder of datasets.

    Raises:
        UserError: no screen, no such agent, world or player, or one that does not fit.
    """
    if against and partner:
        raise UserError("The other seats are either --against's or --partner's: give one.")
    if script is not None and not script.is_file():
        raise UserError(f"There is no script {script}: give the path of a TOML file.")
    if record is not None:
        from demos.window.film import check_film

        check_film(record)
    if not headless:
        require_display(CURE)
    from demos.window.loading_screen import wait_for
    from demos.window.signals import stoppable
    from demos.window.window import AppWindow

    seed = int.from_bytes(os.urandom(2), "big") if seed is None else seed
    others = {"against": against, "partner": partner, "seat": seat, "live": live, "shield": shield}
    others["player"] = player
    hands = None if headless and script is None else (device, dataset, root, script is not None)

    def prepared() -> Viewer:
        from demos.sessions.match.cast_by_name import cast_for
        from demos.sessions.watch.viewer import Viewer
        from environments.external.trial.isolated import patient
        from environments.external.world import in_processes

        with patient(patience):
            cast = cast_for(name, params=params, options=options, **others)
            cast.world = in_processes(cast.world, workers, patience)
        count = games or (1 if headless and script is None else None)
        if hands is None and cast.human is not None:
            raise UserError(
                "Without a window nobody is at the keys: leave 'human' out, or --headless."
            )
        return Viewer(cast, seed, count, panels, LAST)

    title = f"gpo watch {name}"
    with stoppable() as stop, AppWindow(title, SIZE, headless=headless, cure=CURE) as stage:
        viewer = wait_for(stage, prepared, WAIT, WHY, stop)
        if viewer is not None:
            try:
                if hands is not None:
                    from demos.sessions.watch.seat_person import SeatedPerson, seat_person

                    viewer.no_hands = seat_person(viewer, SeatedPerson(*hands))
                _show(stage, viewer, stop, record, script)
            finally:
                viewer.close()
            print(farewell(viewer))
            keeper = viewer.wheel.keeper if viewer.wheel else None
            if keeper is not None and keeper.unkept:
                print(f"gpo: {keeper.unkept}", file=sys.stderr)
                return stop.code if stop.signal else 2
        return stop.code if stop.signal else 0


def _show(
    stage: AppWindow, viewer: Viewer, stop: Stop, record: Path | None, script: Path | None
) -> None:
    from demos.sessions.watch.camera import FILMED, Camera, run, run_unseen, unseen_film
    from demos.window.film import Film
    from demos.window.pacing import RealClock, SimulatedClock
    from demos.window.script import Script

    camera = Camera(stage, viewer)
    told = Script.read(script) if script else None
    unseen = stage.headless and told is None
    film = None
    if record is not None:
        film = unseen_film(record, viewer) if unseen else Film(record, FILMED)
    try:
        if unseen:
            run_unseen(viewer, camera, stop, film)
        else:
            camera.film, viewer.filming = film, film is not None
            clock = SimulatedClock() if stage.headless else RealClock()
            run(stage, viewer, camera, clock, stop, told)
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
    for (name, rival), tally in viewer.tallies.items():
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
    kept = viewer.wheel.keeper.farewell() if viewer.wheel and viewer.wheel.keeper else ""
    return "\n".join([*lines, *([kept] if kept else [])]) or NONE
