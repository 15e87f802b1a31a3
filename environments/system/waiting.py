"""What a person waits for: told by whatever takes long, and shown by the window that is open meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_listeners: list[Callable[[str], None]] = []


def announce(words: str) -> None:
    """Say in a sentence what takes long from now on; nobody need listen."""
    for listen in tuple(_listeners):
        listen(words)


@contextmanager
def listening(listen: Callable[[str], None]) -> Iterator[None]:
    """Within the block, hear what is announced, from any thread."""
    _listeners.append(listen)
    try:
        yield
    finally:
        _listeners.remove(listen)
