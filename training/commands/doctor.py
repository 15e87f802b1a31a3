"""`gpo doctor`: what is installed here and what is not, looked up without needing any of it to work."""

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from training.commands.installation import (
    EXTRAS,
    ROOT,
    in_checkout,
    install,
    install_people,
    plain,
    python,
    requirements,
)
from training.commands.installation import what_to_type as what_to_type  # where gpo.py looks for it
from training.commands.platforms import described

GAMES = "data/human_data/clean_train_trials.pickle"  # in the folder of overcooked_ai_py


class Finding(NamedTuple):
    """One line of the report."""

    what: str
    found: str
    cure: str | None = None  # what to type; None where nothing is wrong
    needed: bool = True  # False: fine without it


def examine() -> int:
    """Print the report; 0 if nothing needed is missing, else 1."""
    from rich.table import Table
    from rich.text import Text

    from environments.terminal.consoles import plain_console

    findings = [*machine(), *packages(), *people(), *extras()]
    table = Table("", "what", "found", title="gpo doctor", title_justify="left")
    for finding in findings:
        mark = Text("ok", "green") if finding.cure is None else Text("--", "dim")
        mark = Text("no", "red") if finding.cure is not None and finding.needed else mark
        table.add_row(mark, finding.what, finding.found)
    console = plain_console()
    console.print(table)
    sick = [finding for finding in findings if finding.cure and finding.needed]
    for cure in dict.fromkeys(finding.cure for finding in sick):  # each once, in order
        console.print(f"To mend {names(sick, cure)}, type:\n  {cure}", soft_wrap=True)
    if not sick:
        console.print("All that GPO needs is here. Next: gpo demo")
    return 1 if sick else 0


def names(sick: list[Finding], cure: str | None) -> str:
    """The findings that one cure mends, as a list to read."""
    return ", ".join(finding.what for finding in sick if finding.cure == cure)


def machine() -> Iterator[Finding]:
    """Python, threads, screen, GPU, video."""
    yield Finding(
        "python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    yield Finding("system", described())
    yield ourselves()
    limit = os.environ.get("OMP_NUM_THREADS")
    # Measured on two busy cores: the default made every library here 3 to 5 times slower.
    advice = limit or "not set; OMP_NUM_THREADS=1 is often 3 to 5 times faster"
    yield Finding("processors", f"{os.cpu_count()}, OMP_NUM_THREADS {advice}")
    yield Finding("screen", screen())
    yield from torch_and_gpu()
    yield video()


def ourselves() -> Finding:
    """Where these folders are, and whether it is known what they need."""
    if in_checkout():
        return Finding("gpo", f"{version('gpo') or 'not installed'}, a checkout in {ROOT}")
    if (found := version("gpo")) is not None:
        return Finding("gpo", f"{found}, installed in {ROOT}")
    cure = f"cd A-CHECKOUT-OF-GPO && {python()} -m pip install -c constraints.txt -e ."
    return Finding("gpo", f"copied to {ROOT}, so what it needs is not known", cure)


def screen() -> str:
    """Where pygame would draw."""
    driver = os.environ.get("SDL_VIDEODRIVER")
    if driver:
        return f"SDL_VIDEODRIVER {driver}"
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if place := os.environ.get(name):
            return f"{name} {place}"
    if sys.platform in ("darwin", "win32"):
        return "the system's own"
    return "none; only watching and playing need one"


def torch_and_gpu() -> Iterator[Finding]:
    """Whether torch really loads (a wheel for another machine is installed and still does not)."""
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Finding("torch loads", f"no: {first_line(error)}", install(only="torch"))
        return
    yield Finding("torch threads", str(torch.get_num_threads()))
    cards = [torch.cuda.get_device_name(card) for card in range(torch.cuda.device_count())]
    yield Finding("gpu", ", ".join(cards) or "none; everything here trains without")


def video() -> Finding:
    """The ffmpeg that writes the clips."""
    try:
        import imageio_ffmpeg

        return Finding("ffmpeg", Path(imageio_ffmpeg.get_ffmpeg_exe()).name)
    except (ImportError, RuntimeError) as error:
        return Finding("ffmpeg", f"no: {first_line(error)}", install(only="imageio-ffmpeg"))


def packages() -> Iterator[Finding]:
    """Every dependency, with its version held against the range that GPO asks for."""
    for wanted in requirements():
        found, cure = version(wanted.name), install(only=wanted.name)
        if found is None:
            yield Finding(wanted.name, "missing", cure)
        elif not wanted.specifier.contains(found, prereleases=True):
            # The usual cause: `pip install imitation`, which quietly installs old releases.
            yield Finding(wanted.name, f"{found}, but GPO needs {wanted.specifier}", cure)
        else:
            yield Finding(wanted.name, found)


def version(distribution: str) -> str | None:
    """The installed version, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def people() -> Iterator[Finding]:
    """The two packages that pip cannot resolve beside the others."""
    try:
        importlib.import_module("imitation.algorithms.bc")
        yield Finding("imitation", f"{version('imitation')}, imports")
    except ImportError as error:
        yield Finding("imitation", f"no: {first_line(error)}", install_people())
    # Found, never imported: its __init__ asks for the old gym, and we only read its data.
    spec = find_spec("overcooked_ai_py")
    places = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    here = any((place / GAMES).is_file() for place in places)
    found = f"{version('overcooked-ai')}, games found" if here else "no recorded games"
    yield Finding("overcooked-ai", found, None if here else install_people())


def extras() -> Iterator[Finding]:
    """What one may add; nothing is wrong without it."""
    for extra, modules in EXTRAS.items():
        absent = [module for module in modules if find_spec(module) is None]
        named = " ".join(quote(plain(one)) for one in requirements(extra))
        how = f"-e '.[{extra}]'" if in_checkout() else named
        found = f"not installed (pip install {how})" if absent else "installed"
        yield Finding(f"extra {extra}", found, install(extra) if absent else None, needed=False)


def first_line(error: BaseException) -> str:
    """What an error says, cut to a line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
