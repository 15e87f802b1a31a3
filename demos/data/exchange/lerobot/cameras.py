"""Pictures of LeRobot's cameras: frames of an mp4, and PNG or JPEG in a table."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from demos.data.exchange.folder_limits import memory
from demos.window.video.encoder import find_ffmpeg
from environments.system.errors import UserError

_LEAST = 0.25  # of a frame, that the first may be shown before its time
_KNOWN = ["PNG", "JPEG"]


def frames(
    path: Path, begin: float, count: int, shape: tuple[int, ...], fps: float
) -> npt.NDArray[np.uint8]:
    """Frames of a video from a time on: [count, H, W, C].

    ffmpeg is told that it is an mp4, and may open nothing but this file.

    Args:
        path: of the file.
        begin: s.
        count: how many.
        shape: [H, W, C], C being 3 or 1.
        fps: frames a second.

    Raises:
        ValueError: it has other pictures, or fewer.
    """
    height, width, channels = shape
    if count * height * width * channels > memory():
        raise ValueError(f"{count:,} frames of {width} x {height} are more than there is room for")
    if channels not in (1, 3):
        raise ValueError(f"its frames have {channels} channels, and 1 or 3 are read")
    since = ["-ss", f"{begin - _LEAST / fps:.6f}"] if begin > 0 else []
    found = subprocess.run(
        [find_ffmpeg(), "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-f", "mov", *since,
         "-i", f"file:{path}", "-frames:v", str(count), "-fps_mode", "passthrough", "-f", "rawvideo",
         "-pix_fmt", "rgb24" if channels == 3 else "gray", "-"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )  # fmt: skip
    if len(found.stdout) != count * height * width * channels:
        said = found.stderr.decode("utf-8", "replace").strip().splitlines()
        why = f" ({said[-1][:200]})" if said else ""
        each = height * width * channels
        raise ValueError(
            f"{path} gives {len(found.stdout) / each:g} frames of {width} x {height} from {begin:g} s on, "
            f"and {count} are wanted{why}"
        )
    return np.frombuffer(found.stdout, np.uint8).reshape(count, *shape)


def still_pictures(
    cells: Iterable[Any], count: int, shape: tuple[int, ...]
) -> npt.NDArray[np.uint8]:
    """Pictures that stand in a table, each a struct of bytes and path: [count, H, W, C].

    Args:
        cells: of the column.
        count: how many there are.
        shape: of each.

    Raises:
        ValueError, OSError: one is no such picture, or stands outside of the table.
    """
    height, width, channels = shape
    if count * height * width * channels > memory():
        raise ValueError(
            f"{count:,} pictures of {width} x {height} are more than there is room for"
        )
    made = np.empty((count, *shape), np.uint8)
    for row, cell in enumerate(cells):
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        if not isinstance(data, bytes):
            raise ValueError("its pictures lie outside of the table, and only those in it are read")
        with Image.open(io.BytesIO(data), formats=_KNOWN) as picture:  # no other is tried
            if picture.size != (width, height):
                raise ValueError(f"picture {row} is of {picture.size}, not {(width, height)}")
            shown = picture.convert("RGB" if channels == 3 else "L")
            made[row] = np.asarray(shown, np.uint8).reshape(shape)
    return made


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """A picture [H, W], [H, W, 1] or [H, W, 3] without a loss."""
    flat = picture[..., 0] if picture.ndim == 3 and picture.shape[-1] == 1 else picture
    sink = io.BytesIO()
    Image.fromarray(flat).save(sink, "PNG", compress_level=3)
    return sink.getvalue()


def require_video(path: Path, key: str) -> None:
    """Refuse a video that is not there.

    Raises:
        UserError: it names it.
    """
    if not path.is_file():
        raise UserError(
            f"The video {path} of the camera '{key}' is not there, and the world shows its pictures: fetch "
            "it with the rest of the data set."
        )
