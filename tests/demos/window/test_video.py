"""A video is written whole, or not at all, and holds what was put in."""

from __future__ import annotations

import numpy as np
import pytest

from demos.window.video.writer import read_video, write_video
from environments.system.errors import UserError

HIGH, WIDE, COUNT, FPS = 120, 162, 20, 1 / 0.15


def bars(count: int = COUNT) -> list[np.ndarray]:
    """A white bar that walks over a coloured ground, 8 pixels a frame."""
    frames = np.empty((count, HIGH, WIDE, 3), np.uint8)
    frames[:] = (40, 120, 200)
    for k, frame in enumerate(frames):
        frame[:, 8 * k : 8 * k + 8] = 255
    return list(frames)


def test_what_is_written_can_be_read_back(tmp_path):
    path = tmp_path / "play.mp4"
    assert write_video(path, iter(bars()), FPS) == COUNT
    found = list(read_video(path))
    assert len(found) == COUNT
    for frame, expected in zip(found, bars(), strict=True):
        assert frame.shape == (HIGH, WIDE, 3)
        assert np.abs(frame.astype(int) - expected).mean() < 4


def test_it_is_what_every_player_opens(tmp_path):
    import imageio_ffmpeg

    path = tmp_path / "play.mp4"
    write_video(path, bars(), FPS)
    reader = imageio_ffmpeg.read_frames(path)
    facts = next(reader)
    reader.close()
    assert facts["codec"] == "h264"
    assert facts["pix_fmt"].startswith("yuv420p")
    assert facts["size"] == (WIDE, HIGH)
    assert facts["fps"] == pytest.approx(FPS, abs=0.01)
    assert facts["duration"] == pytest.approx(COUNT / FPS, abs=0.02)


def test_frames_that_stop_midway_leave_the_old_video_and_nothing_else(tmp_path):
    path = tmp_path / "play.mp4"
    write_video(path, bars(), FPS)
    before = path.read_bytes()

    def broken():
        yield from bars(5)
        raise RuntimeError("the game broke")

    with pytest.raises(RuntimeError, match="the game broke"):
        write_video(path, broken(), FPS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_no_frames_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(UserError, match="no frame"):
        write_video(tmp_path / "play.mp4", [], FPS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((120, 161, 3), np.uint8),
        np.zeros((120, 162), np.uint8),
        np.zeros((120, 162, 3), np.float32),
        np.zeros((60, 80, 3), np.uint8),
    ],
)
def test_a_frame_of_another_kind_is_refused(tmp_path, frame):
    with pytest.raises(ValueError, match="frame"):
        write_video(tmp_path / "play.mp4", [*bars(3), frame], FPS)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said_in_one_sentence(tmp_path):
    with pytest.raises(UserError, match="could not be written"):
        write_video(tmp_path / "nowhere" / "play.mp4", bars(), FPS)


def test_what_is_no_video_is_said_in_one_sentence(tmp_path):
    with pytest.raises(UserError, match="There is no video"):
        next(read_video(tmp_path / "play.mp4"))
    (tmp_path / "play.mp4").write_bytes(b"not a video")
    with pytest.raises(UserError, match="no video that can be read"):
        next(read_video(tmp_path / "play.mp4"))
