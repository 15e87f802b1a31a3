"""Progress bars of training: they are those of the room below."""

from __future__ import annotations

from demos.progress import Bars as Bars
