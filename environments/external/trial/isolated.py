"""The trial of an external environment in a process of its own, which may hang, exit or die.

It is an ordinary program and not one of `multiprocessing`'s, which would run the caller's own script again.
What comes back are plain facts as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import gymnasium

from environments.external.games.games import EnvironmentSpec
from environments.external.trial.facts import Facts, read_facts
from environments.external.trial.names import PLAYED_SECONDS
from environments.external.trial.trial import WHEN, Imports, Trial, try_here
from environments.system.errors import UserError
from environments.system.processes import ENDING, how_it_ended

PATIENCE = 30.0  # s, for each thing that an environment is asked to do
IMPORTING = 120.0  # s, at least, to start a process and to import a module: some import a simulator
LONG = 5.0  # s, after which a person sees what is waited for
START = (
    "import sys; paths = sys.argv[1:]; sys.path[:] = paths; "
    "from environments.external.trial.isolated import serve; serve()"
)

_patience: ContextVar[float] = ContextVar("patience", default=PATIENCE)
_known: dict[tuple[str, bytes], Facts] = {}  # tried already, by folder and spec
_say = logging.getLogger("gpo.environments")


@contextmanager
def patient(seconds: float) -> Iterator[None]:
    """Within the block, an environment has so many seconds for each step of its trial."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


def try_once(spec: EnvironmentSpec) -> Facts:
    """What an environment shows when it is tried; it is not tried twice.

    Gymnasium's own environments are tried here: they neither hang nor die, and a process costs half a second.

    Raises:
        UserError: it fails, hangs or dies, or there is none.
    """
    try:
        packed = pickle.dumps(spec)
    except Exception:  # noqa: BLE001  of whatever is among the keywords: it cannot leave this process
        return try_here(spec)
    key = str(Path.cwd()), packed
    if key not in _known:
        apart = None if _stays_here(spec.name) else try_isolated(spec, packed)
        _known[key] = try_here(spec) if apart is None else apart
    return _known[key]


def _stays_here(name: str) -> bool:
    """Whether no other process can make it, or none need to."""
    module = sys.modules.get(name.partition(":")[0]) if ":" in name else None
    if module is not None:  # made by hand, or the script that runs
        return getattr(module, "__spec__", None) is None or name.startswith("__main__:")
    spec = gymnasium.registry.get(name)
    entry = None if spec is None else spec.entry_point
    return spec is not None and (callable(entry) or str(entry).startswith("gymnasium.envs."))


def try_isolated(spec: EnvironmentSpec, packed: bytes) -> Facts | None:
    """Try it in a process; None if that can only be done here.

    Raises:
        UserError: it fails, hangs or dies.
    """
    known = spec.name in gymnasium.registry  # perhaps by the script that runs, and not there
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is ours, and it is ended with all that it has started
        )
    except (OSError, ValueError):
        return None
    try:
        with suppress(OSError):  # it has died: that is found out below
            assert process.stdin is not None
            process.stdin.write(pickle.dumps((packed, known)))
            process.stdin.flush()
        return _TrialReplies(spec.name, process, _patience.get()).facts()
    finally:
        _end(process)


class _TrialReplies:
    """The messages of a trial in its process, until it ends."""

    def __init__(self, name: str, process: Any, patience: float) -> None:
        self.name, self.process, self.patience, self.phase = name, process, patience, "start"
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.last: deque[bytes] = deque(maxlen=1)  # what it said on stderr
        for work in (self._listen, self._overhear):
            threading.Thread(target=work, daemon=True).start()

    def facts(self) -> Facts | None:
        """Wait for the facts, and then for a moment until it has closed."""
        while True:
            line = self._line(self._allowed())
            if line is None:
                allowed = f"{self._allowed():g} s"
                raise UserError(self._sentence(f"did not answer for {allowed}"))
            if not line:
                raise UserError(self._sentence(self._death()))
            kind, words = json.loads(line)
            if kind == "phase":
                self.phase = words
            elif kind == "problem":
                raise UserError(words)
            elif kind == "here":
                return None
            else:
                return self._played(read_facts(words))

    def _played(self, facts: Facts) -> Facts:
        """Wait for the names that show in play; what hangs or dies there is met again when people play."""
        until = time.monotonic() + PLAYED_SECONDS + ENDING
        while (left := until - time.monotonic()) > 0 and (line := self._line(left)):
            kind, words = json.loads(line)
            if kind == "played":
                return self._closed(facts.with_names(*json.loads(words)))
        return facts

    def _closed(self, facts: Facts) -> Facts:
        until = time.monotonic() + ENDING
        while (left := until - time.monotonic()) > 0:
            line = self._line(left)
            if line is not None and json.loads(line or b'["end", ""]')[0] == "closed":
                return facts
            if not line:
                break
        _say.warning(
            "The environment '%s' does not close: its games are left open, and end with the command.",
            self.name,
        )
        return facts.not_closing()

    def _allowed(self) -> float:
        return max(self.patience, IMPORTING) if self.phase in ("start", "import") else self.patience

    def _line(self, allowed: float) -> bytes | None:
        """The next line; empty at the end, None if there is none in so many seconds."""
        with suppress(queue.Empty):
            return self.lines.get(timeout=min(LONG, allowed))
        if allowed <= LONG:
            return None
        words = f"has not answered for {LONG:g} s, {WHEN[self.phase]}: it has {allowed:g} s."
        _say.warning("The environment '%s' %s", self.name, words)
        with suppress(queue.Empty):
            return self.lines.get(timeout=allowed - LONG)
        return None

    def _death(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDING)
        return how_it_ended(self.process.returncode)

    def _sentence(self, what: str) -> str:
        said = self.last[-1].decode(errors="replace").strip()[:200] if self.last else ""
        said = f" It said last: {said}" if said else ""
        return f"The environment '{self.name}' {what}, {WHEN[self.phase]}.{said}"

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            for line in self.process.stdout:
                self.lines.put(line)
        self.lines.put(b"")

    def _overhear(self) -> None:
        with suppress(OSError, ValueError):
            while line := self.process.stderr.readline(4096):
                if line.strip():
                    self.last.append(line)


def _end(process: Any) -> None:
    """End a trial and all that it has started."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDING)
    with suppress(OSError):
        process.stdin.close()


# ------------------------------------------------------------------ in the process of the trial


def serve() -> None:
    """Try what stdin asks for and report on stdout, then exit, whatever still runs."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)  # what it asks a person gets no answer,
    os.dup2(nothing, 1)  # and what it prints is no report

    def send(kind: str, words: str) -> None:
        replies.write(json.dumps([kind, words]).encode() + b"\n")

    packed, known = pickle.load(requests)  # noqa: S301  of the process that started this one
    threading.Thread(target=lambda: (requests.read(), os._exit(1)), daemon=True).start()  # with it
    try:
        spec: EnvironmentSpec = pickle.loads(packed)  # noqa: S301  likewise
    except Exception:  # noqa: BLE001  of a class that only the script has that runs there
        send("here", "")
        os._exit(0)
    if known and spec.name not in gymnasium.registry:
        send("here", "")
        os._exit(0)
    trial = Trial(spec, lambda phase: send("phase", phase), draws=True)
    sys.meta_path.insert(0, Imports(spec.name, trial.enter))
    try:
        send("facts", trial.run().as_json())
    except UserError as problem:
        send("problem", str(problem))
        os._exit(0)
    send("played", json.dumps(trial.names().found))
    trial.close()
    send("closed", "")
    os._exit(0)
