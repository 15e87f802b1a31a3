"""The folder of numba's compiled code: beside the source, at home, or in a temporary folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

from numba import config, njit

from environments.system.library_folders import home, private_folder, writable

SETTINGS: Any = config  # numba's, read from the environment when it was imported
HERE = Path(__file__).resolve().parents[1]
WORLDS = sorted(file.parent for file in (HERE / "worlds").rglob("__init__.py"))
SOURCES = (HERE / "simulation", *WORLDS)  # the folders with functions that are compiled


def settle_cache() -> None:
    """Find numba a place for its cache, or do without one; it raises where it finds none.

    A read-only install without a writable home folder, an ordinary container, has none.
    """
    # numba would read `.numba_config.yaml` of the current folder, now and before it compiles: who sent
    # the folder could name a cache there, which is pickles. What it read of that as it was imported goes.
    SETTINGS._config_fname = ""
    SETTINGS._env_reloader.update()
    if _has_place():
        return
    folder = private_folder()
    if folder is not None:
        # For the processes that we start, too, which then need not look.
        os.environ["NUMBA_CACHE_DIR"] = SETTINGS.CACHE_DIR = str(folder / "numba")
        if _has_place():
            _tell(f"is kept in {folder}, and made anew where that is gone.")
            return
    from numba.core import dispatcher

    made: Any = dispatcher.Dispatcher
    made.enable_caching = lambda self: None
    _tell("is kept nowhere, and made anew at every start.")


def _has_place() -> bool:
    """Whether numba finds one, for each of our folders."""
    chosen = SETTINGS.CACHE_DIR
    # Found before numba looks: where nothing says what "~" is, it would make a folder of that name here.
    outside = writable(Path(chosen) if chosen else None) or writable(_usual())
    if not outside and not all(writable(folder / "__pycache__") for folder in SOURCES):
        return False
    try:
        for folder in SOURCES:
            njit(cache=True)(_probe(folder / "__init__.py"))
    except RuntimeError:  # "cannot cache function"
        return False
    return True


def _usual() -> Path | None:
    """The user's folder for caches, roughly as numba finds it: what numba finds wrong is met by trying."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given)
    own = home()
    return own and own / (".cache" if sys.platform not in ("darwin", "win32") else "")


def _probe(file: Path) -> Any:
    """A function as if it stood in that file."""

    def probe() -> None:
        """Does nothing; it is never compiled."""

    return FunctionType(probe.__code__.replace(co_filename=str(file)), {}, "probe")


def _tell(where: str) -> None:
    print(
        f"gpo: neither this install nor your home folder can be written: what numba compiles {where}",
        file=sys.stderr,
    )
