"""Videos of what was trained: the writer is the viewer's, in the room below."""

from __future__ import annotations

from demos.video import read_video as read_video
from demos.video import write_video as write_video
