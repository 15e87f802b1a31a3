"""The list of modules whose code may be run when a file names their environment.

A name with a colon, `my_game:MyEnv-v0`, imports a module. It may do so if a person typed it in this command
or in a recipe that they named, if they recorded or trained with it in this folder, or if they allowed it
there with `--trust my_game`. What is allowed is remembered by folder in `trusted.json` of the user's
configuration: not in the folder itself, for a sender of a folder could send that file with it.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from environments.files.atomic import locked, replace, to_json
from environments.files.readers import Unreadable, read_json
from environments.system.errors import UserError

ABOUT = (
    "Environments whose code GPO may run when a file names them, by the folder one stands in: recorded or "
    "trained with there, or allowed with --trust. Remove a line to take it back."
)
PATIENCE = 5.0  # s, for another process that writes there
_say = logging.getLogger("gpo.environments")  # by default Python prints it on stderr
_typed: set[str] = set()  # names, and modules, that a person typed in this process


def module_of(name: str) -> str:
    """The module that a name would import; empty if it imports none."""
    return name.partition(":")[0] if ":" in name else ""


def type_in(name: str) -> None:
    """A person typed this name, in the command or in a recipe that they named: it may be run meanwhile."""
    if ":" in name and not _is_of_ours(module_of(name)):
        _typed.add(name)


def allow(name: str) -> None:
    """What `--trust` does: a module, or a name in one, may be run in this folder from now on.

    Raises:
        UserError: it is no name of a module, or one that never holds environments.
    """
    module = module_of(name) or name
    if not all(part.isidentifier() for part in module.split(".")):
        raise UserError(f"--trust takes the name of a module, like my_game, and '{name}' is none.")
    refuse_standard_library(name, module)
    if _is_of_ours(module):
        raise UserError(f"'{module}' is GPO's own and needs no trust; no file of ours names it.")
    _typed.add(name)
    _keep(name)


def _is_of_ours(module: str) -> bool:
    """Whether a module lies in a folder of GPO's: what it would make in turn is not what was typed."""
    return module.partition(".")[0] in ("environments", "agents", "demos", "training", "gpo")


def allowed(name: str) -> bool:
    """Whether a name out of a file may import its module here."""
    return module_of(name) in {module_of(known) or known for known in (*_typed, *_remembered())}


def written_here(name: str) -> bool:
    """Whether a person wrote this very name, in this command or before in this folder."""
    return name in {*_typed, *_remembered()}


def refuse_standard_library(name: str, module: str) -> None:
    """Refuse modules in which no environment can be.

    Raises:
        UserError: it is one of Python's own.
    """
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise UserError(f"'{name}' is no environment: '{module}' is of Python's own library.")


def remember(name: str) -> None:
    """A person records or trains with this name here: later commands in this folder may run it."""
    if ":" in name and not _is_of_ours(module_of(name)):
        _keep(name)


def _keep(name: str) -> None:
    path, here = _file(), str(Path.cwd())
    if name in _remembered():
        return
    try:
        if path is None:
            raise OSError("there is no home folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_suffix(".lock"), f"{path} is in use by another process.", PATIENCE):
            folders = _folders()
            names = sorted({*folders.get(here, []), name})
            replace(path, to_json({"about": ABOUT, "folders": {**folders, here: names}}))
    except OSError as error:  # a container without a home: all works, but for being remembered
        _say.warning("It cannot be kept that '%s' may be run in this folder: %s.", name, error)


def _remembered() -> list[str]:
    """The names that are allowed in this folder."""
    return _folders().get(str(Path.cwd()), [])


def _folders() -> dict[str, list[str]]:
    """What is allowed, by folder; nothing where the file is missing or was changed into something else."""
    path = _file()
    try:
        found = read_json(path) if path is not None else {}
    except (Unreadable, OSError):
        return {}
    folders = found.get("folders") if isinstance(found, dict) else None
    if not isinstance(folders, dict):
        return {}
    return {
        folder: [name for name in names if isinstance(name, str)]
        for folder, names in folders.items()
        if isinstance(names, list)
    }


def _file() -> Path | None:
    """Where it is kept; None without a home, for a relative path could lie in another user's folder."""
    import platformdirs

    folder = platformdirs.user_config_path("gpo")
    return folder / "trusted.json" if folder.is_absolute() else None
