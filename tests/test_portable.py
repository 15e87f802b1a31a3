"""What only some systems have is asked for before it is used, and stands in a list that `doctor` reads."""

import ast
import errno
import importlib
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demos.window import signals as stopping
from environments.files.atomic import locked, try_lock, write_all
from environments.system.errors import UserError
from training.commands import platforms as support

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("environments", "agents", "demos", "training")
SOURCES = [
    ROOT / "gpo.py",
    *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))),
]
ABSENT = ("fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "readline", "syslog")
# Of the modules that every system has, what Windows has not (docs.python.org, "Availability: Unix").
UNIX = {
    "os": """O_CLOEXEC O_DIRECTORY O_DSYNC O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC chown chroot confstr fchdir
        fchown fork forkpty fdatasync getegid geteuid getgid getgrouplist getgroups getloadavg getpgid getpgrp
        getpriority getresuid getsid getuid initgroups killpg lchown major makedev minor mkfifo mknod nice
        openpty pathconf posix_fadvise posix_fallocate posix_spawn pread preadv pwrite pwritev
        sched_getaffinity sched_setaffinity sched_yield sendfile setegid seteuid setgid setgroups setpgid
        setpgrp setpriority
        setsid setuid statvfs sync sysconf tcgetpgrp ttyname uname wait wait3 wait4 waitid WNOHANG""",
    "signal": """ITIMER_REAL ITIMER_VIRTUAL SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP
        SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH alarm getitimer pause pthread_kill pthread_sigmask setitimer
        siginterrupt sigpending sigwait sigwaitinfo""",
    "time": "clock_gettime clock_settime pthread_getcpuclockid tzset",
}  # fmt: skip
NOT_EVERYWHERE = {f"{module}.{name}" for module, names in UNIX.items() for name in names.split()}


def used(path: Path) -> set[str]:
    """What a file names of those, as `os.pwrite`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    found |= {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return found & NOT_EVERYWHERE


def test_whatever_is_not_everywhere_stands_in_the_list():
    known = {part.name for part in support.PARTS}
    found = {path.relative_to(ROOT).as_posix(): used(path) - known for path in SOURCES}
    missed = {path: names for path, names in found.items() if names}
    assert not missed, "ask for it before it is used, and note it in PARTS"
    assert known <= NOT_EVERYWHERE


def test_no_file_imports_what_only_unix_has_when_it_is_loaded():
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not set(names) & set(ABSENT), f"{path.relative_to(ROOT)}:{node.lineno}"


EVERYTHING = """
import importlib, sys, warnings
sys.path.insert(0, ROOT)
for name in ABSENT:
    sys.modules[name] = None  # importing it raises, as where it is not
import os, signal
for name in GONE:
    module, _, what = name.partition(".")
    if hasattr(sys.modules[module], what) and what != "getuid":  # which the libraries need here
        delattr(sys.modules[module], what)
warnings.simplefilter("ignore")
for name in MODULES:
    importlib.import_module(name)
print(len(MODULES))
"""


def test_every_module_loads_where_unix_is_missing():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if path.name != "__init__.py"
    ]
    code = f"ROOT, ABSENT = {str(ROOT)!r}, {ABSENT!r}\n"
    code += f"GONE = {[part.name for part in support.PARTS]!r}\nMODULES = {modules!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", code + EVERYTHING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(len(modules))


def test_the_list_says_what_is_done_without(monkeypatch):
    assert "Linux: every test runs on it" in support.described() or sys.platform != "linux"
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(signal, "setitimer", raising=False)
    told = support.described()
    assert "all processors count" in told
    assert told.count("a window that does not react to Ctrl-C") == 1
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    assert "use WSL" in support.described()
    monkeypatch.setattr(platform, "system", lambda: "Plan 9")
    assert "whether it works is not known" in support.described()


def test_bytes_are_put_in_their_place_without_pwrite(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "pwrite", raising=False)
    handle = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    write_all(handle, b"abc", 2)
    write_all(handle, b"xy", 0)
    os.close(handle)
    assert (tmp_path / "file").read_bytes() == b"xyabc"


def test_a_window_is_asked_to_stop_where_there_is_no_alarm(monkeypatch):
    monkeypatch.setattr(stopping, "INSISTS", False)
    for name in ("setitimer", "SIGALRM"):
        monkeypatch.delattr(signal, name, raising=False)
    with stopping.stoppable() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.noticed()
    assert stop.code == 130


# ------------------------------------------------------------------ locks

HOLDS = """
import sys, time
from pathlib import Path
from environments.files.atomic import locked
with locked(Path(sys.argv[1]), "refused"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path):
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(UserError, match=r"^in use\.$"), locked(path, "in use.", patience=0.1):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert path.exists()
    with locked(path, "in use.", patience=0.0):
        pass


def test_a_lock_is_also_kept_from_this_process_and_makes_no_folder(tmp_path):
    with locked(tmp_path / "lock", "in use."):
        with (tmp_path / "lock").open("rb") as file:
            assert not try_lock(file.fileno())
        with pytest.raises(UserError), locked(tmp_path / "lock", "in use.", patience=0.0):
            pass
    with pytest.raises(FileNotFoundError), locked(tmp_path / "no" / "lock", "in use."):
        pass
    assert not (tmp_path / "no").exists()


def test_where_nothing_can_be_locked_that_is_said_and_nobody_goes_on(tmp_path, monkeypatch):
    def none(file, blocking):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(importlib.import_module("filelock"), "lock_descriptor", none)
    with pytest.raises(OSError, match="not implemented"), locked(tmp_path / "lock", "in use."):
        pytest.fail("went on without a lock")
