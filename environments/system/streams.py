"""Standard streams that are closed, full, or cannot show every letter."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

OUTPUT = "what is printed"  # the name that an error of the standard output has
_MODES = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class Output(io.TextIOWrapper):
    """The standard output; what goes wrong with it says that it was this, and no other file."""

    def write(self, text: str) -> int:
        with _named():
            return super().write(text)

    def flush(self) -> None:
        with _named():
            super().flush()


def settle_streams() -> None:
    """Let no letter and no closed stream end the program.

    A letter that the terminal cannot show (LANG=C shows no ×) becomes a question mark. A stream that was
    closed leads nowhere from now on; else the next file that is opened would take its number, and what other
    programs print would land in it.
    """
    for number, (name, mode) in enumerate(_MODES):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere(number, mode))
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = _telling(sys.stdout)  # not where it is captured, as in tests


@contextmanager
def printed() -> Iterator[None]:
    """After the block, or argparse's help that ends it, wait until what it printed is out.

    Raises:
        OSError: it cannot be written; `is_output` says so.
    """
    try:
        yield
    except SystemExit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()


def is_output(error: OSError) -> bool:
    """Whether an error is the standard output's."""
    return bool(error.filename == OUTPUT)


def drop_output() -> None:
    """Write out what was printed; if it cannot be, forget it, and try no more when Python ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        error.filename = OUTPUT
        raise


def _telling(stream: Any) -> Any:
    """The same stream, as an `Output`, where it is a plain file, pipe or terminal."""
    buffer = stream.buffer
    raw = getattr(buffer, "raw", buffer)
    if isinstance(stream, Output) or not isinstance(raw, io.FileIO):
        return stream
    stream.flush()
    own = io.FileIO(raw.fileno(), "w", closefd=False)
    return Output(
        own if buffer is raw else io.BufferedWriter(own),  # as `python -u` has it
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _nowhere(number: int, mode: str) -> IO[Any]:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        return open(number, mode, encoding="utf-8", errors="replace", closefd=False)
    return open(os.devnull, mode, encoding="utf-8", errors="replace")  # noqa: PTH123
