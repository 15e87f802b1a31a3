"""SIGTERM ends what runs as Ctrl-C does, once, and leaves other people's arrangements alone."""

import importlib
import os
import signal
import sys
import threading
import time

import pytest

from environments.system import termination as ending
from environments.system.termination import Terminated, exit_code, terminable


def stopped_in(work):
    """What is raised while it works under `terminable`, and waits after that."""
    with pytest.raises(KeyboardInterrupt) as met, terminable():
        work_and_wait(work)
    return met.value


def work_and_wait(work):
    work()
    threading.Event().wait(30)


def test_sigterm_is_raised_where_the_program_is_and_once():
    cleared = []

    def work():
        try:
            work_and_wait(lambda: os.kill(os.getpid(), signal.SIGTERM))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # it disturbs no clearing away
            cleared.append(True)

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert exit_code(stopped_in(work)) == 143
    assert cleared
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ctrl_c_has_its_own_exit_code():
    assert exit_code(KeyboardInterrupt()) == 130
    assert exit_code(Terminated()) == 143


@pytest.mark.parametrize("own", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "handled"])
def test_who_has_made_arrangements_keeps_them(own):
    before = signal.signal(signal.SIGTERM, own)
    try:
        with terminable():
            assert signal.getsignal(signal.SIGTERM) is own
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_thread_that_hears_no_signals_runs_as_it_is():
    ran = []

    def work():
        with terminable():
            ran.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


class Dying:
    """Takes a while to be forgotten, and is told to stop meanwhile."""

    def __init__(self, number: int, log: list[str]) -> None:
        self.number, self.log = number, log

    def __del__(self) -> None:
        os.kill(os.getpid(), self.number)
        for _ in range(100):
            pass
        self.log.append("gone")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_a_destructor_is_heard_after_it(number, code, capsys):
    log: list[str] = []
    met = stopped_in(lambda: Dying(number, log))
    assert log == ["gone"], "it was not disturbed"
    assert exit_code(met) == code
    assert "ignored" not in capsys.readouterr().err


MODULE = """
import os, signal
os.kill(os.getpid(), signal.SIGINT)
try:
    for _ in range(100):
        pass
except KeyboardInterrupt:
    raise ImportError("as numpy's C code does")
whole = True
"""


def test_a_signal_in_an_import_is_heard_after_it(tmp_path, monkeypatch):
    (tmp_path / "module_that_is_interrupted.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    stopped_in(lambda: importlib.import_module("module_that_is_interrupted"))
    assert sys.modules["module_that_is_interrupted"].whole


STUCK = """
import os, signal, threading
os.kill(os.getpid(), signal.SIGINT)
{again}
threading.Event().wait(30)
"""


@pytest.mark.parametrize(
    ("again", "longest"), [("", 0.1), ("os.kill(os.getpid(), signal.SIGINT)", 30.0)],
    ids=["after a while", "at the second"],
)  # fmt: skip
def test_who_is_stuck_in_an_import_is_stopped_there(tmp_path, monkeypatch, again, longest):
    monkeypatch.setattr(ending, "LONGEST", longest)
    name = f"module_that_is_stuck_{len(again)}"
    (tmp_path / f"{name}.py").write_text(STUCK.format(again=again))
    monkeypatch.syspath_prepend(tmp_path)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), terminable():
        importlib.import_module(name)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("then", [len, lambda log: log[5]], ids=["well", "in an error"])
def test_what_still_waits_at_the_end_is_raised_there_and_nothing_comes_later(then):
    log: list[str] = []

    def work():
        Dying(signal.SIGINT, log)
        then(log)

    with pytest.raises(KeyboardInterrupt), terminable():
        work()
    time.sleep(3 * ending.AGAIN)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
