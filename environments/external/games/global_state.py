"""Isolation of process-wide state: external code gets copies of it, and ours is put back.

An environment that seeds or draws from a global generator, changes the folder or torch's settings in a step
would otherwise change the training, which draws from the same ones. What is kept apart: the states of
Python's, NumPy's and torch's own global generators (CUDA's where it runs), the current folder, NumPy's error
handling, torch's threads, default type, gradient mode, determinism and matmul precision. Handlers of Ctrl-C
and SIGTERM and the filters of warnings are put back and not kept for them. What is printed, locales,
environment variables, `sys.path` and the terminal are left alone.

NumPy's spare normal number (of the old `np.random.normal`) is dropped wherever the two states are exchanged.
"""

from __future__ import annotations

import _random
import ctypes
import os
import random
import signal
import sys
import sysconfig
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.random import mtrand

from environments.system.termination import Terminated, interrupted

Setting = tuple[Callable[[], Any], Callable[[Any], Any]]  # how it is read, and set

SEED_STREAM = 7  # so that external generators are seeded otherwise than ours

_INSIDE = threading.local()  # whether external code runs already in this thread
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ALARM = [signal.SIGALRM] if hasattr(signal, "SIGALRM") else []  # Windows has none


class ExternalGlobals:
    """The process-wide state of the games of one batch: a context manager around each call of their code.

    Args:
        seed: of their generators.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed(seed)
        self._settings: dict[int, Any] = {}  # those that the games have changed

    def seed(self, seed: int) -> None:
        """Seed their generators, so that what is drawn from them depends on the seed alone."""
        # Not the seed itself: ours may be seeded with it, and their noise would be ours.
        self._number = int(np.random.SeedSequence([seed, SEED_STREAM]).generate_state(1)[0])
        self._python: Any = random.Random(self._number).getstate()
        self._numpy: Any = np.random.MT19937(self._number)
        self._torch: list[Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """What a copy keeps; Python's generator as Python itself tells it."""
        with self:
            own = {"_python": random.getstate()}
        return own | {k: vars(self)[k] for k in ("_number", "_numpy", "_torch", "_settings")}

    def __enter__(self) -> ExternalGlobals:
        """Put the games' state in place of ours."""
        self._nested = getattr(_INSIDE, "now", False)
        if self._nested:
            return self
        _INSIDE.now = True
        self._torch_here = sys.modules.get("torch")
        known = _settings(self._torch_here)
        self._ours = [read() for read, _ in known]
        for k, value in self._settings.items():
            known[k][1](value)
        self._warnings = warnings.filters[:]
        self._our_numpy = mtrand.get_bit_generator()
        mtrand.set_bit_generator(self._numpy)
        self._our_python = _read_python()
        _write_python(self._python)
        if self._torch_here is not None:
            if self._torch is None:
                self._torch = _seeded(self._torch_here, self._number)
            self._our_torch = _swap_torch(self._torch_here, self._torch)
        return self

    def __exit__(self, *_: object) -> None:
        """Keep the games' state as it is now, and put ours back."""
        if self._nested:
            self._nested = False
            return
        self._numpy = mtrand.get_bit_generator()
        mtrand.set_bit_generator(self._our_numpy)
        self._python = _read_python()
        _write_python(self._our_python)
        if self._torch_here is not None:
            self._torch = _swap_torch(self._torch_here, self._our_torch)
        known = _settings(self._torch_here)
        now = [read() for read, _ in known[: len(self._ours)]]
        if now != self._ours:
            self._settings = {k: v for k, v in enumerate(now) if v != self._ours[k]}
            for k in self._settings:
                known[k][1](self._ours[k])
        else:
            self._settings = {}
        if warnings.filters != self._warnings:
            warnings.filters[:] = self._warnings  # type: ignore[index]
        _INSIDE.now = False


class Handlers:
    """Puts the handlers of Ctrl-C and SIGTERM back: `with Handlers():` around the making of an environment.

    Too slow for every step: some libraries set their own when they are opened, none in its steps.
    """

    def __enter__(self) -> None:
        """Keep them."""
        self._before: dict[Any, Any] = {}
        if threading.current_thread() is not threading.main_thread():
            return  # signals are the main thread's alone
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}

    def __exit__(self, *_: object) -> None:
        """Put back those that were replaced."""
        for number, handler in self._before.items():
            if signal.getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)


def mark_interrupts() -> None:
    """Install a handler of Ctrl-C that `is_our_signal` knows, unless there is another already."""
    here = threading.current_thread() is threading.main_thread()
    if here and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupted)


def is_our_signal(error: BaseException | None) -> bool:
    """Whether an error came out of a signal's handler: then the process was asked to end."""
    handlers = [signal.getsignal(number) for number in (*_SIGNALS, *_ALARM)]
    codes = {getattr(handler, "__code__", None) for handler in handlers} - {None}
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, Terminated):  # whose handler is gone already: SIGTERM is heard once
            return True
        seen.add(id(error))
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code in codes:
                return True
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return False


# ------------------------------------------------------------------ settings


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  six times as fast as a Path, and it is read in every step
    except OSError:  # it is gone
        return ""


def _set_folder(folder: str) -> None:
    with suppress(OSError):
        os.chdir(folder)


_OWN: list[Setting] = [(_folder, _set_folder), (np.geterr, lambda found: np.seterr(**found))]
_OF_TORCH: list[Setting] = []


def _settings(torch: Any) -> list[Setting]:
    """How each setting is read and set; torch's come last, so that those before it do not move."""
    if torch is None:
        return _OWN
    if not _OF_TORCH and hasattr(torch, "set_float32_matmul_precision"):  # not half imported
        _OF_TORCH.extend(_OWN)
        _OF_TORCH.extend(
            [
                (torch.get_num_threads, torch.set_num_threads),
                (torch.get_default_dtype, torch.set_default_dtype),
                (torch.is_grad_enabled, torch.set_grad_enabled),
                (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
                (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
            ]
        )
    return _OF_TORCH or _OWN


# ------------------------------------------------------------------ generators


def _seeded(torch: Any, seed: int) -> list[Any]:
    """The states of torch's generators, the CPU's first, as they are after a seed."""
    made = [torch.Generator().manual_seed(seed).get_state()]
    return made + [torch.Generator(g.device).manual_seed(seed).get_state() for g in _cuda(torch)]


def _cuda(torch: Any) -> Any:
    return torch.cuda.default_generators if torch.cuda.is_initialized() else ()


def _swap_torch(torch: Any, wanted: list[Any]) -> list[Any]:
    """The states of torch's generators, which are then set to others; one that is new goes on."""
    known = [torch.default_generator, *_cuda(torch)]
    before = [generator.get_state() for generator in known]
    for generator, state in zip(known, wanted, strict=False):
        generator.set_state(state)
    return before


def _read_python() -> Any:
    """The state of Python's global generator: 20 times faster as it lies in memory, where we may look."""
    if not _KNOWN:
        return random.getstate()
    spare = random._inst.gauss_next  # type: ignore[attr-defined]
    if spare is not None:
        return random.getstate()
    return ctypes.string_at(_ADDRESS, _SIZE)


def _write_python(state: Any) -> None:
    if isinstance(state, bytes):
        ctypes.memmove(_ADDRESS, state, _SIZE)
        random._inst.gauss_next = None  # type: ignore[attr-defined]
    else:
        random.setstate(state)


def _lies_where_expected() -> bool:
    """Whether all of the generator's state lies behind the head of its object, as in CPython."""
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    before = random.getstate()
    kept = ctypes.string_at(_ADDRESS, _SIZE)
    drawn = [random.random() for _ in range(700)]
    ctypes.memmove(_ADDRESS, kept, _SIZE)
    known = random.getstate() == before and drawn == [random.random() for _ in range(700)]
    random.setstate(before)
    return known


_ADDRESS = id(random._inst) + object.__basicsize__
_SIZE = _random.Random.__basicsize__ - object.__basicsize__
_KNOWN = _lies_where_expected()
