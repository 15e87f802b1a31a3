"""What training sets of its process is put back, however it ends."""

import random
import signal
import threading
import warnings

import numpy as np
import pytest
import torch

from training.compute.process_state import restored_process_state


def state():
    """All that is to be as before."""
    return (
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.are_deterministic_algorithms_enabled(),
        random.getstate(),
        str(np.random.get_state()),  # noqa: NPY002
        torch.get_rng_state().tolist(),
        signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGTERM),
        list(warnings.filters),
    )


def change_everything():
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(True)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    warnings.simplefilter("error")


@pytest.mark.parametrize("ending", [None, KeyError, KeyboardInterrupt])
def test_everything_is_put_back(ending):
    before = state()
    try:
        with restored_process_state():
            change_everything()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            assert all(now != then for now, then in zip(state(), before, strict=True))
            if ending is not None:
                raise ending
    except (KeyError, KeyboardInterrupt):
        assert ending is not None
    assert state() == before


def test_a_thread_can_train_too():
    """Only the main one may set signal handlers."""
    failed = []

    def work():
        try:
            with restored_process_state():
                change_everything()
        except Exception as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    before = state()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failed == []
    assert state() == before
