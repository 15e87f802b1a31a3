"""Writer and reader of videos: MP4 (H.264, 4:2:0, as every player opens) or GIF; whole, or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.window.video.encoder import FfmpegEncoder
from environments.files.atomic import naming_path, sync
from environments.system.errors import UserError
from environments.system.os_errors import os_sentence, shown

Frame = npt.NDArray[np.uint8]  # [H, W, 3]
QUALITY = "18"  # H.264's constant rate factor; lower is better, 18 looks as the original does
KINDS = (".mp4", ".gif")
WIDEST = 800  # pixels of a GIF, which is wanted small
FASTEST = 50.0  # frames a second that browsers show of a GIF


class VideoWriter:
    """Takes frames of one even size as they come; the file is there once it is closed without an error.

    Args:
        path: of the video; a GIF if its name ends in .gif, else an MP4.
        size: width and height in pixels, even.
        fps: frames a second.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        self.path, self.size, self.count = path, size, 0
        self._beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with naming_path(path):
                self._beside.write_bytes(
                    b""
                )  # what is wrong with the place is best said by the system
            self._encoder = FfmpegEncoder(self._beside, size, fps, _encoding(path))
        except OSError as error:
            raise self._problem(os_sentence(error)) from error

    def add(self, frame: Frame) -> None:
        """Take the next frame.

        Raises:
            UserError: the encoder stopped.
            ValueError: it is not uint8 [H, W, 3], or not of the video's size.
        """
        if _size(frame) != self.size[::-1]:
            raise ValueError(f"frame {self.count} is {frame.shape}, the first was {self.size}")
        try:
            self._encoder.add(frame)
        except OSError as error:
            self.give_up()
            raise self._problem(self._encoder.complaint(self.path)) from error
        self.count += 1

    def close(self) -> int:
        """Finish the file and put it in its place; returns how many frames it has.

        Raises:
            UserError: it could not be written whole.
        """
        try:
            if not self._encoder.end() or not self._is_whole():
                raise self._problem(self._encoder.complaint(self.path))
            with naming_path(self.path):
                sync(self._beside)
                self._beside.replace(self.path)
                sync(self.path.parent)
        except OSError as error:
            raise self._problem(os_sentence(error)) from error
        finally:
            self._beside.unlink(missing_ok=True)
        return self.count

    def give_up(self) -> None:
        """Leave no file behind."""
        self._encoder.give_up()
        self._beside.unlink(missing_ok=True)

    def _is_whole(self) -> bool:
        """Whether as many frames can be read back as were given."""
        import imageio_ffmpeg

        try:
            return bool(imageio_ffmpeg.count_frames_and_secs(self._beside)[0] == self.count)
        except RuntimeError:  # it is no video at all
            return False

    def _problem(self, why: str) -> UserError:
        return UserError(f"The video {shown(str(self.path))} could not be written: {why}")

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.give_up()


def write_video(path: Path, frames: Iterable[Frame], fps: float) -> int:
    """Write frames of one even size as they come; returns how many there were.

    Raises:
        UserError: no frame came, or the video could not be written.
        ValueError: a frame that is not uint8 [H, W, 3], or not of the first one's size.
    """
    stream = iter(frames)
    first = next(stream, None)
    if first is None:
        raise UserError(f"There is no frame to write to {path}; let at least one step be played.")
    high, wide = _size(first)
    with VideoWriter(path, (wide, high), fps) as writer:
        writer.add(first)
        for frame in stream:
            writer.add(frame)
    return writer.count


def read_video(path: Path) -> Iterator[Frame]:
    """The frames of a video, one after another.

    Raises:
        UserError: the file is missing or is no video.
    """
    import imageio_ffmpeg

    if not path.is_file():
        raise UserError(f"There is no video {path}.")
    reader = imageio_ffmpeg.read_frames(path)
    try:
        wide, high = next(reader)["source_size"]
        for data in reader:
            yield np.frombuffer(data, np.uint8).reshape(high, wide, 3)
    except OSError as error:
        raise UserError(f"{path} is no video that can be read.") from error
    finally:
        reader.close()


def _encoding(path: Path) -> dict[str, Any]:
    """How ffmpeg is to write such a file."""
    if path.suffix.lower() != ".gif":
        output = ["-preset", "veryfast", "-crf", QUALITY, "-movflags", "+faststart", "-f", "mp4"]
        return {"codec": "libx264", "output_params": output}
    # A palette of its own, and no dither: flat drawings stay flat, and the file small.
    small = f"scale='min({WIDEST},iw)':-2:flags=lanczos,split[a][b]"
    palette = "[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=none:diff_mode=rectangle"
    output = ["-filter_complex", f"{small};{palette}", "-f", "gif"]
    return {"codec": "gif", "pix_fmt_out": "pal8", "output_params": output}


def _size(frame: Frame) -> tuple[int, int]:
    high, wide = frame.shape[:2]
    if frame.dtype != np.uint8 or frame.shape != (high, wide, 3) or high % 2 or wide % 2:
        raise ValueError(
            f"a frame is uint8 [H, W, 3] of even size, not {frame.dtype} {frame.shape}"
        )
    return high, wide
