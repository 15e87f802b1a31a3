"""Killed or asked to end at any moment: what was kept is there to the byte, of the rest all but 0.5 s."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import demos.data.dataset.commit
from demos.data.dataset.store import Store
from demos.data.episodes.parquet import encode
from demos.data.journal.repair import repair_command
from environments.files.atomic import defer_signals, write_new
from tests.demos.data.dataset.test_store import create, everything_below, make_episode
from tests.demos.support.recording import expected, length, marked

PROMISE = 0.5  # seconds


class Nursery:
    """A process that forks players."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.demos.support.recording", str(self.log)],
            cwd=Path(__file__).parents[4],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, root: Path) -> int:
        return int(self._ask(str(root)))

    def reap(self) -> int:
        return int(self._ask("reap"))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def nursery(tmp_path_factory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


@dataclass
class Said:
    """What a player had said when it ended."""

    kept: dict[int, list[int]] = field(default_factory=dict)  # numbers of the episodes by game
    steps: list[tuple[int, int, float]] = field(default_factory=list)  # game, count, seconds

    @classmethod
    def read(cls, log: Path) -> Said:
        said = cls()
        for line in log.read_text().splitlines():
            kind, game, *rest = line.split()
            if kind == "kept":
                said.kept[int(game)] = [int(number) for number in rest]
            else:
                said.steps.append((int(game), int(rest[0]), float(rest[1])))
        return said

    def safe(self, moment: float) -> tuple[int, int]:
        """The game that was open last and how many of its steps were taken before `moment`."""
        game = self.steps[-1][0]
        return game, max(
            (n for g, n, when in self.steps if g == game and when <= moment), default=0
        )


def bytes_of(dataset, number):
    return {path.name: path.read_bytes() for path in (dataset.data / str(number)).iterdir()}


def assert_written(dataset, numbers, episodes):
    for number, episode in zip(numbers, episodes, strict=True):
        spaces = dataset.revision.observation_space, dataset.revision.action_space
        assert bytes_of(dataset, number) == encode(episode, *spaces)


def check_what_is_left(root: Path, said: Said, moment: float) -> tuple[int, int]:
    """Everything that must be there is there, and nothing else; the steps recovered and promised."""
    dataset = Store(root).open("play")
    for game, numbers in said.kept.items():
        whole = expected(game, length(game), True, marks=marked(length(game)), rating=1 + game % 5)
        assert_written(dataset, numbers, whole)
    known = [number for numbers in said.kept.values() for number in numbers]
    assert known == list(range(len(known)))
    extra = list(range(len(known), len(dataset)))
    assert len(extra) in (0, 2), "the streams of one game, or none"
    game, promised = said.safe(moment) if said.steps else (0, 0)
    if game in said.kept or (game % 3 == 2 and said.steps[-1][1] == length(game)):
        promised = 0  # it was kept, or may have been thrown away
    if not extra:
        assert promised == 0, f"{promised} steps of game {game} are lost"
        return 0, 0
    facts = dataset.episode_facts(extra[0])
    open_game, steps = int(facts["match"].removeprefix("game-")), facts["total_steps"]
    assert open_game in (game, game + 1)
    assert steps >= promised if open_game == game else promised == 0
    assert facts["aborted"] == (steps < length(open_game))
    wish = {"rating": 1 + open_game % 5} if "rating" in facts["meta"] else {"recovered": True}
    marks = marked(steps)
    if steps in marked(steps + 1) and facts["meta"]["marks"] != marks:
        marks.append(steps - 1)  # the mark was written, the step that it was for was not
    assert_written(
        dataset, extra, expected(open_game, steps, not facts["aborted"], marks=marks, **wish)
    )
    return steps, promised


def kill_at_random(nursery: Nursery, root: Path, rng: np.random.Generator) -> tuple[int, int]:
    player = nursery.start(root)
    time.sleep(rng.uniform(0.02, 2.0))
    moment = time.monotonic()
    os.kill(player, signal.SIGKILL)
    assert nursery.reap() == -signal.SIGKILL
    said = Said.read(nursery.log)
    if not Store(root).names():
        assert said == Said(), "it had not come to its first step"
        return 0, 0
    held = any(root.glob("play/journal"))
    code = repair_command(root, "play")
    assert code == 0 if not held else code in (0, 1, 3)
    assert not any(name.startswith((".writing", "journal")) for name in names_below(root / "play"))
    left = check_what_is_left(root, said, moment - PROMISE)
    before = everything_below(root)
    assert repair_command(root, "play") == 0, "nothing is left to do"
    assert everything_below(root) == before
    return left


def names_below(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


def kill_many_times(nursery, folder, times, seed):
    rng = np.random.default_rng(seed)
    left = [kill_at_random(nursery, folder / str(number), rng) for number in range(times)]
    print("steps recovered, and promised:", left)
    assert any(promised > 0 for _, promised in left), "no kill hit an open game"


def test_ten_kills_lose_nothing_that_was_kept_and_half_a_second_of_the_rest(nursery, tmp_path):
    kill_many_times(nursery, tmp_path, 10, seed=0)


@pytest.mark.battery("recording: kill -9 while people play")
@pytest.mark.slow
def test_a_hundred_kills_lose_nothing_that_was_kept_and_half_a_second_of_the_rest(
    nursery, tmp_path, record_property
):
    kill_many_times(nursery, tmp_path, 100, seed=1)
    record_property("tries", 100)


def test_the_lock_of_a_killed_recorder_is_taken_over_and_its_game_becomes_an_episode(
    nursery, tmp_path
):
    player = nursery.start(tmp_path)
    while b"step" not in nursery.log.read_bytes():
        time.sleep(0.01)
    os.kill(player, signal.SIGKILL)
    nursery.reap()
    dataset = Store(tmp_path).open("play")
    began = time.monotonic()
    with dataset.writing():
        assert time.monotonic() - began < 1
    assert dataset.append(make_episode(1)) == len(dataset) - 1
    assert repair_command(tmp_path, "play") in (0, 3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("wait", [0.15, 0.6, 1.1])
def test_a_recorder_that_is_asked_to_end_loses_no_step(nursery, tmp_path, number, wait, capsys):
    player = nursery.start(tmp_path)
    while b"step" not in nursery.log.read_bytes():
        time.sleep(0.01)
    time.sleep(wait)
    began = time.monotonic()
    os.kill(player, number)
    assert nursery.reap() == 0
    assert time.monotonic() - began < 2
    said = Said.read(nursery.log)
    assert not list(tmp_path.glob("play/*/data/.writing*"))
    assert repair_command(tmp_path, "play") == 0
    assert "lost" not in capsys.readouterr().out.replace("nothing of it is lost", "")
    check_what_is_left(tmp_path, said, time.monotonic())


# ------------------------------------------------------------------ signals in the middle of a write


def test_a_signal_waits_until_what_must_not_be_broken_is_done():
    done = []

    def interrupted() -> None:
        with defer_signals():
            signal.raise_signal(signal.SIGINT)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("calls", range(6))
def test_ctrl_c_while_episodes_are_written_leaves_the_dataset_as_it_was(
    tmp_path, monkeypatch, calls
):
    dataset = create(tmp_path)
    dataset.append(make_episode(0))
    before = everything_below(tmp_path)
    written: list[Path] = []

    def interrupted(path: Path, data: bytes, through: bool = False) -> None:
        if len(written) == calls:
            signal.raise_signal(signal.SIGINT)
        written.append(path)
        write_new(path, data, through)

    monkeypatch.setattr(demos.data.dataset.commit, "write_new", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dataset.append_many([make_episode(1), make_episode(2)])
    assert everything_below(tmp_path) == before
    assert Store(tmp_path).open("play").check() == []


@pytest.mark.parametrize("calls", range(3))
def test_ctrl_c_while_episodes_are_placed_waits_until_all_are(tmp_path, monkeypatch, calls):
    dataset = create(tmp_path)
    rename = Path.rename
    renamed: list[Path] = []

    def interrupted(path: Path, target: Path) -> Path:
        if len(renamed) == calls:
            signal.raise_signal(signal.SIGINT)
        renamed.append(path)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dataset.append_many([make_episode(number) for number in range(3)])
    assert len(Store(tmp_path).open("play")) == 3
    assert Store(tmp_path).open("play").check() == []


@pytest.mark.parametrize("calls", range(3))
def test_an_error_while_episodes_are_placed_leaves_none(tmp_path, monkeypatch, calls):
    dataset = create(tmp_path)
    dataset.append(make_episode(0))
    before = everything_below(tmp_path)
    rename = Path.rename
    renamed: list[Path] = []

    def failing(path: Path, target: Path) -> Path:
        if len(renamed) == calls:
            renamed.append(path)
            raise OSError(5, "Input/output error")
        renamed.append(path)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", failing)
        with pytest.raises(OSError, match="Input/output"):
            dataset.append_many([make_episode(number) for number in range(3)])
    assert everything_below(tmp_path) == before
