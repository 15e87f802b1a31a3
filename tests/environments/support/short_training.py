"""A training of seconds, and a folder's memory of what may be run in it, for tests of whole recipes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from environments.files import trusted_code

SHORT = """
[clone]
hidden = [8]
dropout = 0.0
epochs = 2
[refine]
steps = 800
games = 4
batch_size = 100
epochs = 1
warm_up = 1
[refine.rollout]
steps = 50
[refine.judge]
every = 2
games = 4
[evaluate]
games = 4
"""


@contextmanager
def trusted_in(home: Path) -> Iterator[Path]:
    """Within the block, what may be run in a folder is kept in a home of its own."""
    with pytest.MonkeyPatch.context() as patched:
        path = home / "trusted.json"
        patched.setattr(trusted_code, "_file", lambda: path)
        yield path
