"""Frames to a video that every player opens: MP4, H.264, 4:2:0, and whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from environments.durable import sync
from environments.problem import Problem

Frame = npt.NDArray[np.uint8]  # [H, W, 3]
QUALITY = "18"  # H.264's constant rate factor; lower is better, 18 looks as the original does


def write_video(path: Path, frames: Iterable[Frame], fps: float) -> int:
    """Write frames of one even size as they come; returns how many there were.

    Raises:
        Problem: no frame came, or the video could not be written.
        ValueError: a frame that is not uint8 [H, W, 3], or not of the first one's size.
    """
    stream = iter(frames)
    first = next(stream, None)
    if first is None:
        raise Problem(f"There is no frame to write to {path}; let at least one step be played.")
    high, wide = _size(first)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        count = _encode(beside, chain([first], stream), (wide, high), fps)
        sync(beside)
        beside.replace(path)
    except OSError as error:
        reason = error.strerror or "its encoder stopped"
        raise Problem(f"The video {path} could not be written: {reason}.") from error
    finally:
        beside.unlink(missing_ok=True)
    sync(path.parent)
    return count


def read_video(path: Path) -> Iterator[Frame]:
    """The frames of a video, one after another.

    Raises:
        Problem: the file is missing or is no video.
    """
    import imageio_ffmpeg

    if not path.is_file():
        raise Problem(f"There is no video {path}.")
    reader = imageio_ffmpeg.read_frames(path)
    try:
        wide, high = next(reader)["source_size"]
        for data in reader:
            yield np.frombuffer(data, np.uint8).reshape(high, wide, 3)
    except OSError as error:
        raise Problem(f"{path} is no video that can be read.") from error
    finally:
        reader.close()


def _encode(path: Path, frames: Iterable[Frame], size: tuple[int, int], fps: float) -> int:
    """Send the frames to ffmpeg, then count what can be read back; returns the count."""
    import imageio_ffmpeg  # here: it looks for its program when it loads

    writer = imageio_ffmpeg.write_frames(
        path,
        size,
        fps=fps,
        codec="libx264",
        quality=None,
        macro_block_size=2,
        ffmpeg_log_level="error",
        output_params=["-crf", QUALITY, "-movflags", "+faststart", "-f", "mp4"],
    )
    count = 0
    try:
        writer.send(None)
        for frame in frames:
            if _size(frame) != size[::-1]:
                raise ValueError(f"frame {count} is {frame.shape}, the first was {size[::-1]}")
            writer.send(np.ascontiguousarray(frame))
            count += 1
    finally:
        writer.close()
    if not path.is_file() or imageio_ffmpeg.count_frames_and_secs(path)[0] != count:
        raise OSError(None, "not every frame arrived")
    return count


def _size(frame: Frame) -> tuple[int, int]:
    high, wide = frame.shape[:2]
    if frame.dtype != np.uint8 or frame.shape != (high, wide, 3) or high % 2 or wide % 2:
        raise ValueError(
            f"a frame is uint8 [H, W, 3] of even size, not {frame.dtype} {frame.shape}"
        )
    return high, wide
