"""What the system refuses is one sentence: what, where, what to do; known by its number, never by chance."""

import errno
import os
from pathlib import Path

import pytest

from environments.system.os_errors import LONGEST, os_sentence, shown, system_sentence
from environments.system.streams import OUTPUT

KNOWN = {
    errno.ENOSPC: "is full: free some space",
    errno.EDQUOT: "is used up: free some space",
    errno.EROFS: "its disk is read-only: choose another place",
    errno.EACCES: "permission denied",
    errno.EPERM: "not permitted",
    errno.ENAMETOOLONG: "is too long for a file or folder: choose a shorter one",
    errno.EMFILE: "`ulimit -n 4096`",
    errno.ENFILE: "end other programs",
    errno.ELOOP: "leads back to itself",
    errno.EIO: "dmesg",
    errno.EFBIG: "becomes larger than its disk allows",
    errno.EISDIR: "is a folder where a file is needed",
    errno.ENODEV: "plug it in again",
    errno.ENOMEM: "not enough memory",
    errno.ENOTSUP: "Operation not supported",  # one that has no sentence of its own
}


def is_a_sentence(words):
    assert words[0].isupper() or words[0] in "'/." or words.split()[0].islower()
    assert words.endswith(".")
    assert "\n" not in words
    assert "Errno" not in words
    assert "None" not in words
    assert "{" not in words
    return words


@pytest.mark.parametrize("path", [None, "runs/mine/agent.safetensors"])
@pytest.mark.parametrize("number", KNOWN)
def test_each_says_what_and_what_to_do(number, path):
    words = is_a_sentence(os_sentence(OSError(number, os.strerror(number), path)))
    assert KNOWN[number] in words
    nowhere = number in (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
    assert path is None or nowhere or path in words


def raised(work):
    with pytest.raises(OSError) as found:  # noqa: PT011  the system's own, whichever it is
        work()
    return is_a_sentence(os_sentence(found.value))


def test_a_file_on_the_way_is_named_and_not_what_would_be_in_it(tmp_path):
    file = tmp_path / "file"
    file.touch()
    assert raised(lambda: file.mkdir(exist_ok=True)).startswith(f"{file} is no folder: choose")
    for below in (file / "run", file / "deep" / "run"):
        words = raised(lambda below=below: below.mkdir(parents=True))
        assert words.startswith(f"{file} is no folder, and {below} would be in it")
    assert "/dev/null is no folder" in raised(lambda: Path("/dev/null").mkdir(exist_ok=True))
    assert "is there already" in raised(lambda: tmp_path.mkdir())


def test_a_folder_that_is_missing_is_named_and_so_is_a_file(tmp_path):
    missing = tmp_path / "no" / "file"
    assert f"no folder {tmp_path / 'no'}: make it" in raised(lambda: missing.write_bytes(b""))
    assert f"There is no {tmp_path / 'no'}" in raised(lambda: (tmp_path / "no").read_bytes())


@pytest.mark.parametrize("letters", [255, 256, 300])
def test_a_long_name_is_cut_in_the_sentence(tmp_path, monkeypatch, letters):
    monkeypatch.chdir(tmp_path)
    if letters <= 255:
        Path("a" * letters).mkdir()
        return
    words = raised(lambda: Path("a" * letters).mkdir())
    assert f"({letters} letters) is too long" in words
    assert len(words) < 2 * LONGEST


@pytest.mark.parametrize(
    ("path", "seen"), [("a\nb", r"'a\nb'"), ("\udcff", r"'\udcff'"), ("é", "é")]
)
def test_a_path_is_shown_in_one_line_that_can_be_printed(path, seen):
    assert shown(path) == seen
    assert len(shown("x" * LONGEST)) == LONGEST
    assert "(121 letters)" in shown("x" * (LONGEST + 1))


def test_an_error_without_a_number_says_what_it_has():
    assert os_sentence(OSError("broken header\nat 3")) == "broken header."
    assert os_sentence(OSError()) == "OSError."
    assert is_a_sentence(os_sentence(ConnectionResetError(errno.ECONNRESET, "reset by peer")))


def test_what_is_printed_is_no_file():
    words = os_sentence(OSError(errno.ENOSPC, "No space left on device", OUTPUT))
    assert words == "What is printed cannot be written: No space left on device."


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 7.28 TiB for an array with shape (3,) and data type '<f8'"),
        RuntimeError(
            "[enforce fail at alloc.cpp:1] err == 0. DefaultCPUAllocator: can't allocate memory"
        ),
        RuntimeError("std::bad_alloc"),
        ImportError("x.so: failed to map segment from shared object"),
    ],
)
def test_memory_that_runs_out_says_what_to_make_smaller(error):
    words = is_a_sentence(system_sentence(error))
    assert "not enough memory" in words
    assert "fewer games" in words
    assert "data type" not in words
    assert "enforce" not in words


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError(
                "unable to open file <r/a.safetensors> in read-only mode: Permission denied (13)"
            ),
            "r/a.safetensors may not be read",
        ),
        (RuntimeError("unable to open file <a>: Too many open files (24)"), "Too many files"),
        (
            ImportError("libc.so: cannot open shared object file: Too many open files"),
            "Too many files",
        ),
    ],
)
def test_what_a_library_tells_of_the_system_in_an_error_of_its_own(error, said):
    assert said in is_a_sentence(system_sentence(error))


def test_a_mistake_of_ours_has_no_sentence():
    assert system_sentence(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None
    assert (
        system_sentence(ImportError("cannot import name 'x'", name="training.pipeline.train"))
        is None
    )
    assert "nested too deeply" in str(system_sentence(RecursionError()))
    missing = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    assert "libGL.so.1" in str(system_sentence(missing))
