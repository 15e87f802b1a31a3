"""A disk that refuses a recording, a film, a picture, an export: that is said, and nothing half is left."""

import errno
import io
import os
from contextlib import redirect_stderr

import numpy as np
import pytest

from demos.data.dataset.store import Store
from demos.data.exchange.formats import export
from demos.data.journal.journal import Journal
from demos.data.journal.repair import repair_command
from demos.sessions.match.watch_display import WatchDisplay
from demos.sessions.record.command import record_command
from demos.sessions.record.options import RecordOptions
from demos.sessions.watch.command import watch_command
from demos.sessions.watch.options import WatchOptions
from demos.window.video import encoder
from demos.window.video.writer import write_video
from environments.system.errors import UserError
from tests.demos.data.exchange.test_formats import store as store  # a fixture
from tests.demos.data.journal.test_disk_full import refused_writes
from tests.demos.data.journal.test_journal import create, fill
from tests.demos.support.runs import small_run

NAME = "kitchen-cramped_room"
PLAY = 'event = [{at = 0.5, press = "return"}, {at = 9.0, press = "return"}, {at = 10.0, press = "return"}]'


def record(tmp_path, script=PLAY):
    """`gpo record`; its code and what it said to stderr."""
    (tmp_path / "script.toml").write_text(script)
    told = io.StringIO()
    with redirect_stderr(told):
        code = record_command(RecordOptions(
            "gpo/Kitchen-v0", headless=True, seed=3, episodes=1,
            root=tmp_path / "datasets", script=tmp_path / "script.toml",
        ))  # fmt: skip
    return code, told.getvalue()


def test_a_recording_that_has_no_room_from_the_start_says_so(tmp_path, capsys):
    assert record(tmp_path) == (0, "")
    with refused_writes() as disk:
        disk.fill(left=0)
        code, told = record(tmp_path)
    assert code == 2
    assert told.startswith(f"gpo: The disk that holds dataset {NAME} is full: free some space")
    assert told.count("\n") == 1
    assert f"no game was kept in dataset {NAME}" in capsys.readouterr().out
    assert len(Store(tmp_path / "datasets").open(NAME)) == 1


def test_a_recording_whose_room_ends_midway_says_so_and_gives_back_what_there_was_room_for(
    tmp_path, capsys
):
    assert record(tmp_path) == (0, "")
    with refused_writes() as disk:
        disk.fill(left=12 * 1024)
        code, told = record(tmp_path)
    assert code == 2
    assert "is full" in told
    assert "`gpo demos repair" in capsys.readouterr().out
    assert repair_command(tmp_path / "datasets", NAME) in (0, 3)
    dataset = Store(tmp_path / "datasets").open(NAME)
    assert len(dataset) == 2
    assert len(dataset.load(1)) > 5


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS])
def test_any_other_refusal_of_the_disk_is_said_too(tmp_path, monkeypatch, number):
    assert record(tmp_path)[0] == 0

    def pwrite(file, data, offset):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", pwrite)
    code, told = record(tmp_path)
    assert code == 2
    assert told.count("\n") == 1


def test_a_journal_says_how_much_of_a_game_it_could_not_write(tmp_path, monkeypatch):
    path = tmp_path / "play" / "journal"
    path.parent.mkdir()
    journal: Journal = create(path)
    fill(journal, 3)
    journal.flush()
    with refused_writes() as disk:
        disk.fill(left=0)
        fill(journal, 4)
        assert journal.close() == 4
        assert journal.close() == 0, "it was told"
    other = create(tmp_path / "journal")
    fill(other, 3)
    assert other.close() == 0


def test_corrections_that_cannot_be_kept_are_said_at_the_end(tmp_path, capsys):
    run = small_run(tmp_path / "cooks", "gpo/Kitchen-v0")
    script = tmp_path / "script.toml"
    script.write_text(
        'event = [{at = 1.0, key = "right", down = true}, {at = 3.0, key = "right", down = false}, '
        '{at = 5.0, press = "escape"}, {at = 5.1, press = "escape"}]'
    )
    with refused_writes() as disk:
        disk.fill(left=0)
        code = watch_command(
            WatchOptions(str(run), headless=True, seed=3, script=script, root=tmp_path / "datasets")
        )
    told = capsys.readouterr()
    assert code == 2, told.out
    assert "Corrections are not kept: The disk that holds dataset" in told.err
    assert told.err.count("\n") == 1


# ------------------------------------------------------------------ films and pictures

FRAMES = [np.full((64, 64, 3), 7 * k, np.uint8) for k in range(4)]


def ffmpeg(tmp_path, monkeypatch, words):
    """A program in the place of ffmpeg."""
    program = tmp_path / "ffmpeg.sh"
    program.write_text(f"#!/bin/sh\n{words}\n")
    program.chmod(0o755)
    monkeypatch.setattr(encoder, "find_ffmpeg", lambda: str(program))


FULL = "echo '[out#0/mp4 @ 0x1] Error writing trailer: No space left on device' >&2"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"cat >/dev/null; {FULL}; exit 228", "is full: free some space"),
        (f"{FULL}; exit 228", "is full: free some space"),
        (
            "cat >/dev/null; echo '[a] [b @ 1] No such codec.' >&2; exit 1",
            "ffmpeg says 'No such codec'.",
        ),
        ("cat >/dev/null; yes 'it goes on and on' | head -c 1000000 >&2; exit 1", "goes on and on"),
        ("cat >/dev/null; exit 1", "not every frame arrived"),
        ("cat >/dev/null; exit 0", "not every frame arrived"),
    ],
)
def test_what_ffmpeg_says_is_said_with_the_videos_name(tmp_path, monkeypatch, capfd, words, said):
    ffmpeg(tmp_path, monkeypatch, words)
    path = tmp_path / "videos" / "play.mp4"
    path.parent.mkdir()
    path.write_bytes(b"an older one")
    with pytest.raises(UserError, match=f"The video {path} could not be written") as problem:
        write_video(path, 100 * FRAMES, 10)
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)
    assert capfd.readouterr().err == "", "nothing of ffmpeg's own lines"
    assert path.read_bytes() == b"an older one"
    assert list(path.parent.iterdir()) == [path]


def test_without_ffmpeg_it_is_said_what_to_type(tmp_path, monkeypatch):
    def missing():
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", missing)
    with pytest.raises(UserError, match="IMAGEIO_FFMPEG_EXE"):
        write_video(tmp_path / "play.mp4", FRAMES, 10)


def test_a_photograph_that_cannot_be_kept_ends_nothing(tmp_path, monkeypatch):
    run = small_run(tmp_path / "cooks", "gpo/Kitchen-v0")
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "script.toml"
    script.write_text(
        'event = [{at = 1.0, press = "f12"}, {at = 1.5, press = "escape"}, {at = 1.6, press = "escape"}]'
    )
    said = []
    say = WatchDisplay.say

    def heard(self, words, *rest, **more):
        said.append(words)
        say(self, words, *rest, **more)

    monkeypatch.setattr(WatchDisplay, "say", heard)
    with refused_writes() as disk:
        disk.fill(left=0)
        assert watch_command(WatchOptions(str(run), headless=True, seed=3, script=script)) == 0
    assert any("watch-Kitchen-v0" in words and "is full" in words for words in said), said
    assert not list(tmp_path.glob("*.png"))
    assert not list(tmp_path.glob(".*"))


# ------------------------------------------------------------------ exports


@pytest.mark.parametrize(
    ("kind", "writer"),
    [
        ("npz", "demos.data.exchange.npz.npz_format.np.savez_compressed"),
        ("minari", "demos.data.exchange.minari.minari_format.write_synced"),
        ("imitation", "imitation.data.serialize.save"),
    ],
)
def test_an_export_for_which_there_is_no_room_names_itself_and_leaves_nothing(
    store, tmp_path, monkeypatch, kind, writer
):
    def full(place, *rest, **more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = set(tmp_path.rglob("*"))
    monkeypatch.setattr(writer, full)
    out = tmp_path / "out"
    with pytest.raises(OSError, match="No space") as found:
        export(store, "cooks", kind, out)
    assert found.value.filename == str(out)
    assert set(tmp_path.rglob("*")) == before
