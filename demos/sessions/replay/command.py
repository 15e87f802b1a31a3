"""`gpo demos replay`: a recorded episode in the window, run, slowed, and searched with the arrow keys."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from demos.window.display import require_display
from environments.system.errors import UserError

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from demos.sessions.replay.playback import Playback
    from demos.window.opening import OpenSession

CURE = "log in to a desktop"
HELD = (300, 40)  # ms after which, and in which, a key that is held is pressed again: arrows run


def replay_command(
    root: Path,
    name: str,
    episode: int,
    *,
    headless: bool = False,
    script: Path | None = None,
) -> int:
    """Show an episode; returns the exit code, 130 or 143 if it was told to stop.

    Args:
        root: the folder of datasets.
        name: of the dataset.
        episode: its number.
        headless: draw it once from end to end, in simulated time and into memory.
        script: a TOML list of timed key events.

    Raises:
        UserError: no screen, no such dataset or episode.
    """
    if not headless:
        require_display(CURE)
    if script is not None and not script.is_file():
        raise UserError(f"There is no script {script}: give the path of a TOML file.")
    from demos.data.dataset.store import Store
    from demos.sessions.replay.playback import Playback
    from demos.window.opening import Opening, open_session

    opening = Opening(
        f"gpo demos replay {name} {episode}",
        "Getting the game back",
        f"Episode {episode} is played again from its beginning.",
        CURE,
        headless=headless,
        script=script,
    )
    with open_session(opening, lambda: Playback(Store(root).open(name), episode)) as opened:
        if opened.ready is not None:
            _replay(opened, opened.ready, f"{name}, episode {episode}")
        return opened.code


def _replay(opened: OpenSession[Playback], playback: Playback, title: str) -> None:
    """Run the replay; with nobody there to close it, it ends with the episode."""
    import pygame

    from demos.sessions.replay.painter import ReplayPainter
    from demos.sessions.replay.replayer import Replayer
    from demos.window.script import Script

    replayer = Replayer(playback, title)
    replayer.painter = ReplayPainter(replayer)
    pygame.key.set_repeat(*HELD)
    if opened.window.headless and opened.script is None:
        opened = dataclasses.replace(opened, script=Script(()))
    opened.run(replayer)
