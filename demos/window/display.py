"""The check for a screen to open a window on; light, so that the answer comes before all else loads."""

from __future__ import annotations

import os
import socket
import sys

from environments.system.errors import UserError

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # its greeting is none of our words

SIZE = (1024, 720)  # pixels, of a new window
NO_SCRIPT = "use --headless with --script FILE"  # a cure: what to do where there is no screen
BLIND = ("dummy", "offscreen")  # SDL's drivers that show nothing to anybody
# SDL would show even what is drawn in memory through OpenGL. An environment that renders with OpenGL in this
# process (MuJoCo) makes its context the current one, and the window stands still from then on.
DRAWN_IN_MEMORY = {"SDL_FRAMEBUFFER_ACCELERATION": "0", "SDL_RENDER_DRIVER": "software"}
PATIENCE = 1.0  # s, for a screen on another machine
X11_PORT = 6000  # of the screen :0


def draw_in_memory() -> None:
    """Keep SDL from OpenGL, unless the person has said how it is to draw; before a window is opened."""
    for name, value in DRAWN_IN_MEMORY.items():
        os.environ.setdefault(name, value)


def require_display(cure: str) -> None:
    """Refuse to go on where no window can be seen.

    SDL does not: without a screen it silently draws into memory.

    Args:
        cure: what to do instead, as a sentence ends with it.

    Raises:
        UserError: there is no screen, or none answers.
    """
    driver = os.environ.get("SDL_VIDEODRIVER", "")
    if driver in BLIND:
        raise UserError(
            f"SDL_VIDEODRIVER is '{driver}', which shows no window: unset it, or {cure}."
        )
    if driver or not sys.platform.startswith("linux"):
        return  # it was chosen, or the system always has one: SDL says whether it works
    if os.environ.get("WAYLAND_DISPLAY"):
        return
    name = os.environ.get("DISPLAY", "")
    if not name:
        raise UserError(
            "There is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set): "
            f"log in to a desktop, or {cure}."
        )
    if not _answers(name):
        raise UserError(f"The screen DISPLAY={name} does not answer: correct it, or {cure}.")


def _answers(name: str) -> bool:
    """Whether an X screen can be there; `host:0.0` is asked, one of this machine is SDL's to try."""
    host, _, rest = name.rpartition(":")
    number = rest.partition(".")[0]
    if host in ("", "unix") or "/" in host or not number.isdigit():
        return True
    try:
        with socket.create_connection((host, X11_PORT + int(number)), timeout=PATIENCE):
            return True
    except OSError:
        return False
