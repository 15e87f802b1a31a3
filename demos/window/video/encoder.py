"""The ffmpeg process that encodes raw frames, and what it says where it cannot."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from environments.system.errors import UserError
from environments.system.os_errors import os_sentence

LINES = 20  # of what it says that are kept
# What it says in the system's words, of which we know what to do.
_KNOWN = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG, errno.ENOMEM)


class FfmpegEncoder:
    """A process that takes frames, and ends when they do.

    Args:
        path: of the file it writes.
        size: width and height of the frames in pixels.
        fps: frames a second.
        how: "codec", "pix_fmt_out" (yuv420p) and "output_params", as imageio-ffmpeg calls them.

    Raises:
        UserError: there is no ffmpeg.
        OSError: it cannot be started.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], fps: float, how: Mapping[str, Any]
    ) -> None:
        rate = str(Fraction(fps).limit_denominator())
        raw = ["-f", "rawvideo", "-vcodec", "rawvideo", "-s", "{}x{}".format(*size)]
        taken = [*raw, "-pix_fmt", "rgb24", "-r", rate, "-i", "-", "-an", "-v", "error"]
        given = ["-vcodec", how["codec"], "-pix_fmt", how.get("pix_fmt_out", "yuv420p")]
        alone: dict[str, Any] = {"process_group": 0}  # Ctrl-C is for us; it ends when the frames do
        if os.name == "nt":
            alone = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        self._process = subprocess.Popen(
            [find_ffmpeg(), "-y", *taken, *given, *how["output_params"], f"file:{path}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **alone,
        )
        self._said: deque[str] = deque(maxlen=LINES)
        # It would wait for ever to be heard once the pipe is full.
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def add(self, frame: npt.NDArray[np.uint8]) -> None:
        """Hand it the next frame; OSError if it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(np.ascontiguousarray(frame).data)

    def end(self) -> bool:
        """No frame follows; whether all went well."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended, and its code says how
            self._process.stdin.close()
        code = self._process.wait()
        self._listener.join()
        return code == 0

    def give_up(self) -> None:
        """End it at once."""
        self._process.kill()
        self.end()

    def complaint(self, path: Path) -> str:
        """Why it stopped, and what to do: about the file that people know it by."""
        words = "\n".join(self._said)
        for number in _KNOWN:
            if os.strerror(number) in words:
                return os_sentence(OSError(number, os.strerror(number), str(path)))
        if not self._said:
            return "not every frame arrived; record it again."
        # The first line is the cause; before it stands which part of ffmpeg says so.
        cause = re.sub(r"^(\[[^]]*\] )+", "", self._said[0]).rstrip(".")
        return f"ffmpeg says '{cause}'."

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as said:
            lines = (raw.decode(errors="replace").strip() for raw in said)
            self._said.extend(line for line in lines if line)


def find_ffmpeg() -> str:
    """The program.

    Raises:
        UserError: there is none.
    """
    import imageio_ffmpeg  # here: it looks for its program when it loads

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise UserError(
            "There is no ffmpeg that would write the video: name one with IMAGEIO_FFMPEG_EXE, or install "
            "imageio-ffmpeg again."
        ) from error
