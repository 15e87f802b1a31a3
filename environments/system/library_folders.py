"""Folders in which libraries keep their caches and settings, where few places can be written."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import stat
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

NUMBA_SETTINGS = ".numba_config.yaml"  # that numba reads in the current folder when it is imported


def settle_places() -> None:
    """Give matplotlib a folder where it would complain of having none; before it is imported.

    In a container the home folder is often missing or read-only. And numba takes no settings out of the
    current folder (`environments.system.numba_cache` says why).
    """
    if os.path.lexists(NUMBA_SETTINGS) and "numba" not in sys.modules:
        _import_numba()
    if "MPLCONFIGDIR" in os.environ or all(writable(place) for place in _matplotlib()):
        return
    if (folder := private_folder()) is not None:
        os.environ["MPLCONFIGDIR"] = str(folder / "matplotlib")


def _import_numba() -> None:
    """Import it as if nobody could read YAML: what stands there may also be none."""
    known = sys.modules.get("yaml")
    sys.modules["yaml"] = None  # type: ignore[assignment]  # an import of it fails
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that YAML cannot be read
            importlib.import_module("numba")
    finally:
        del sys.modules["yaml"]
        if known is not None:
            sys.modules["yaml"] = known
    print(f"gpo: {NUMBA_SETTINGS} of this folder is not read.", file=sys.stderr)


def writable(place: Path | None) -> bool:
    """Whether a folder can be written, or made."""
    if place is None:
        return False
    for folder in (place, *place.parents):
        if os.path.lexists(folder):  # False, too, where one may not look; its folder then says no
            return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    return False


def home() -> Path | None:
    """The home folder, or None where nobody says which it is."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def private_folder() -> Path | None:
    """A folder for what may be lost, in which nobody else can put anything; None if there is no place.

    Who could write in it could have us run what is in it: numba reads its cache with pickle.
    """
    try:
        root = Path(tempfile.gettempdir())
        if hasattr(os, "getuid"):
            folder = root / f"gpo-{os.getuid()}"
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            if _is_ours(folder):
                return folder
        folder = Path(tempfile.mkdtemp(prefix="gpo-"))
    except OSError:
        return None
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder, no link, that is ours alone."""
    facts = folder.lstat()
    mine = facts.st_uid == os.getuid()
    return mine and stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == 0o700


def _matplotlib() -> list[Path | None]:
    """Its folders of settings and of what it has computed, as `matplotlib.get_configdir` finds them."""
    own = home()
    if not sys.platform.startswith(("linux", "freebsd")):
        return [own and own / ".matplotlib"]
    names = {"XDG_CONFIG_HOME": ".config", "XDG_CACHE_HOME": ".cache"}
    places = [(os.environ.get(name), usual) for name, usual in names.items()]
    return [
        Path(given, "matplotlib") if given else own and own / usual / "matplotlib"
        for given, usual in places
    ]
