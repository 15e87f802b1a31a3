"""The console that everything is printed on: text is shown as it is, with its brackets and colons."""

from __future__ import annotations

from typing import Any

from rich.console import Console


def plain_console(**settings: Any) -> Console:
    """A console without rich's markup and emoji codes, in which `[least, most]` and `:door:` would be lost.

    Styles are given beside the text: `style=`, or a `rich.text.Text`.

    Args:
        settings: of rich's `Console`.
    """
    return Console(markup=False, emoji=False, **settings)
