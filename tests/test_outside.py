"""What a command meets outside of our code (streams, folder, memory) ends it in a sentence, no traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gpo

ROOT = Path(__file__).resolve().parent.parent


def run(words, buffered=True, **settings):
    """A line of the shell, with $GPO for the command."""
    unset = ("PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONUTF8")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    kept |= {} if buffered else {"PYTHONUNBUFFERED": "1"}
    command = f"'{sys.executable}' '{ROOT / 'gpo.py'}'"
    return subprocess.run(
        ["sh", "-c", words.replace("$GPO", command)],
        env={**kept, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def is_one_sentence(done, code=2):
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("gpo: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("buffered", [True, False])
def test_output_that_is_full_is_said(buffered):
    assert "No space left" in is_one_sentence(run("$GPO --help >/dev/full", buffered))


def test_help_of_a_verb_that_cannot_be_printed_is_said():
    assert "No space left" in is_one_sentence(run("$GPO train --help >/dev/full"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("$GPO --help >&-", 0),
        ("$GPO --help >&- 2>&- <&-", 0),
        ("$GPO trian >&- 2>&-", 2),
        ("$GPO trian 2>/dev/full", 2),
        ("$GPO --help | true", 0),
    ],
)
def test_streams_that_lead_nowhere_change_nothing(words, code):
    done = run(words)
    assert done.returncode == code
    assert done.stderr == ""


def test_a_closed_output_does_not_lend_its_number_to_a_file(tmp_path):
    code = (
        "import os, gpo; gpo.settle_streams(); file = open('kept', 'w'); "
        "os.write(1, b'from elsewhere'); print('more', flush=True)"
    )
    done = subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -c \"{code}\" >&-"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "kept").read_bytes() == b""


def test_letters_that_cannot_be_shown_become_question_marks():
    code = "import gpo; gpo.settle_streams(); print('3 × 4 – \\udcff')"
    done = run(f"'{sys.executable}' -c \"{code}\"", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, "3 ? 4 ? ?\n")
    done = run(f"'{sys.executable}' -c \"{code}\"", PYTHONIOENCODING="utf-8")
    assert (done.returncode, done.stdout) == (0, "3 × 4 – ?\n")


@pytest.mark.parametrize("words", ["--help", "worlds", "demos list"])
def test_a_folder_that_was_deleted_is_said(tmp_path, words):
    gone = tmp_path / "gone"
    gone.mkdir()
    assert "go to another one" in is_one_sentence(run(f"cd {gone} && rmdir {gone} && $GPO {words}"))


def raising(monkeypatch, error):
    def verb(arguments):
        raise error

    monkeypatch.setattr(gpo, "VERBS", {"fail": verb})
    return gpo.main(["fail"])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "runs/x"), "that holds runs/x is full"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many files"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("CUDA out of memory. Tried"), "not enough memory"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "A process that helped this one has ended"),
    ],
)
def test_what_the_system_refuses_a_verb_is_one_sentence(monkeypatch, capsys, error, said):
    assert raising(monkeypatch, error) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.startswith("gpo: ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("error", [RuntimeError("a size"), OverflowError("x"), ValueError("y")])
def test_a_mistake_of_ours_is_raised(monkeypatch, error):
    with pytest.raises(type(error)):
        raising(monkeypatch, error)


@pytest.mark.parametrize(
    "words",
    [
        "train cramped_room --run {0}",
        "demos import overcooked --layout cramped_room --root {0}",
        "demos list --root {0}",
        "export {0}",
    ],
)
@pytest.mark.parametrize("place", ["file", "file/below", "/dev/null", "a" * 300])
def test_a_place_that_cannot_be_is_refused(tmp_path, monkeypatch, capsys, words, place):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    if "train" in words:
        monkeypatch.setattr(
            "training.commands.train.prepare", lambda recipe: None
        )  # the data are not here
    if "list" in words and place == "file/below":
        return  # a folder that is not there holds no datasets, which is no mistake
    assert gpo.main(words.format(place).split()) == 2
    told = capsys.readouterr().err
    assert told.startswith("gpo: ")
    assert told.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
