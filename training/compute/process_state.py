"""Process-wide state that training changes, and how it is put back.

The audit of what `train` and what it calls set for the whole process:

    torch's number of threads           put back
    random, numpy.random, torch (CPU)   seeded by Stable-Baselines3 and by us; their states are put back
    torch's default dtype, the modes    never set by us; put back, for environments of others run here too
    warnings, signal handlers           filters and handlers are put back
    mallopt of glibc, numba's cache     stay: they change speed and memory alone: glibc cannot tell
"""

from __future__ import annotations

import random
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def restored_process_state() -> Iterator[None]:
    """Put back everything of the process that is listed above, however the body ends."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    deterministic = torch.are_deterministic_algorithms_enabled()
    python, legacy, torchs = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        with warnings.catch_warnings():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        torch.use_deterministic_algorithms(deterministic)
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002 - Stable-Baselines3 seeds it
        torch.set_rng_state(torchs)
        _put_back(handlers)


def _put_back(handlers: dict[signal.Signals, Any]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # where none could be set either
    for number, handler in handlers.items():
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)
