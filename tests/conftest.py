"""Set before any library is imported: one thread, no screen, no sound, and Ctrl-C as at a terminal."""

import os
import signal
import tempfile
from collections import defaultdict

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # read by torch and numba when they load
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

# What is trusted is kept in the user's configuration; tests have one of their own, shared by their commands.
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="gpo-tests-")

signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it


@pytest.fixture(autouse=True)
def _ctrl_c_as_python_has_it():
    """Environments that were opened leave a handler of ours behind, which does the same."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


# ------------------------------------------------------------------ the table of `make battery`


@pytest.fixture(autouse=True)
def _row_of_the_battery(request, record_property):
    """Notes which row of the table a test belongs to; it may note itself how many tries it was."""
    marker = request.node.get_closest_marker("battery")
    if marker is not None:
        record_property("row", marker.args[0])


def pytest_terminal_summary(terminalreporter, config):
    """The table: what was attacked, how often, and what came of it."""
    if "battery" not in config.option.markexpr:
        return
    tries: dict[str, int] = defaultdict(int)
    wrong: dict[str, int] = defaultdict(int)
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            told = dict(report.user_properties)
            if "row" in told and (outcome != "passed" or report.when == "call"):
                tries[told["row"]] += int(told.get("tries", 1))
                wrong[told["row"]] += outcome != "passed"
    widest = max(map(len, tries), default=3)
    terminalreporter.write_line(f"\n{'row':<{widest}}  {'tries':>7}  result")
    for row in sorted(tries):
        result = f"{wrong[row]} of its tests failed" if wrong[row] else "held"
        terminalreporter.write_line(f"{row:<{widest}}  {tries[row]:>7,}  {result}")
