"""SIGTERM ends what runs as Ctrl-C does, once, and leaves other people's arrangements alone."""

import os
import signal
import threading

import pytest

from environments.ending import Terminated, exit_code, terminable


def test_sigterm_is_raised_where_the_program_is_and_once():
    cleared = []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with pytest.raises(KeyboardInterrupt) as met, terminable():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait(30)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # it disturbs no clearing away
            cleared.append(True)
    assert cleared
    assert exit_code(met.value) == 143
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
