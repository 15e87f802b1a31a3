"""Games that can be played again to the last bit: tests of recording compare them with what was stored."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor, Episode
from demos.data.journal.records import StepRecord, Stream
from demos.data.journal.take import OpenEpisode
from tests.demos.data.dataset.test_store import create

TICK = 0.002  # seconds between two steps of `play`
LENGTHS = (40, 600, 150)  # steps of its games, again and again; the third is thrown away
MARK_EVERY = 50  # steps, beginning with the eighth
STREAMS = (
    Stream("cook_0", "Ada", "keyboard", ("key w", "key s", "pad0 axis 0")),
    Stream("cook_1", None, "none"),
)


def observation(game: int, step: int, seat: int) -> np.ndarray:
    """What the seat sees after `step` steps: [2, 3]."""
    return np.random.default_rng((game, step, seat)).normal(size=(2, 3)).astype(np.float32)


def row(game: int, step: int, seat: int, ended: bool = False) -> StepRecord:
    """What step number `step`, from 0, brings one seat."""
    rng = np.random.default_rng((game, step, seat, 1))
    wanted = int(rng.integers(6))
    return StepRecord(
        observation=observation(game, step + 1, seat),
        requested=wanted,
        applied=(wanted + int(rng.integers(2))) % 6,
        raw=rng.random(len(STREAMS[seat].raw_names)).astype(np.float32),
        reward=float(np.float32(rng.normal())),
        terms=rng.normal(size=1).astype(np.float32),
        costs=rng.random(1).astype(np.float32),
        terminated=ended,
        truncated=False,
        time=1_000_000_000 + step * 16_666_667,
        late=bool(rng.random() < 0.1),
        actor=Actor.HUMAN if seat == 0 else Actor.PARTNER,
    )


def rows(game: int, step: int, ended: bool = False, seats: int = 2) -> list[StepRecord]:
    return [row(game, step, seat, ended) for seat in range(seats)]


def begin(dataset: Dataset, game: int, seats: int = 2) -> OpenEpisode:
    """The take of a game, no step played."""
    return OpenEpisode.begin(
        dataset,
        STREAMS[:seats],
        [observation(game, 0, seat) for seat in range(seats)],
        match=f"game-{game}",
        seed=game,
        options={"horizon": 99},
        meta={"tick": 1 / 60, "tools": {}},
    )


def expected(
    game: int, steps: int, ended: bool, seats: int = 2, marks: Sequence[int] = (), **meta: Any
) -> list[Episode]:
    """The episodes that a game should become, built without any of what is tested."""
    return [
        _episode(game, steps, ended, seat, {"marks": list(marks), **meta}) for seat in range(seats)
    ]


def _episode(game: int, steps: int, ended: bool, seat: int, meta: dict[str, Any]) -> Episode:
    played = [row(game, step, seat) for step in range(steps)]
    stream = STREAMS[seat]
    own = {"device": stream.device, "raw_names": list(stream.raw_names)}
    return Episode(
        observations=np.stack([observation(game, step, seat) for step in range(steps + 1)]),
        actions=np.array([r.applied for r in played]),
        requested_actions=np.array([r.requested for r in played]),
        rewards=np.array([r.reward for r in played], np.float32),
        terms={"soup": np.array([r.terms[0] for r in played], np.float32)},
        costs={"waste": np.array([r.costs[0] for r in played], np.float32)},
        raw=np.stack([r.raw for r in played]),
        actors=np.array([r.actor for r in played], np.uint8),
        capture_times=np.array([r.time for r in played], np.int64),
        late=np.array([r.late for r in played], np.bool_),
        terminated=ended,
        truncated=False,
        world="test/World-v0",
        fingerprint="abc",
        agent=stream.agent,
        match=f"game-{game}",
        player=stream.player,
        seed=game,
        options={"horizon": 99},
        meta={"tick": 1 / 60, "tools": {}, **own, **meta},
    )


def length(game: int) -> int:
    """How many steps a game of `play` has."""
    return LENGTHS[game % len(LENGTHS)]


def marked(steps: int) -> list[int]:
    """The steps that `play` marks in a game of that many."""
    return list(range(7, steps, MARK_EVERY))


def play(root: Path, say: Callable[[str], None]) -> None:
    """Record game after game until something ends it; every third is thrown away.

    Says "step GAME COUNT SECONDS" after each step and "kept GAME NUMBERS" after each game.
    """
    dataset = Store(root).open("play") if Store(root).names() else create(root)
    game = 0
    with dataset.writing():
        while True:
            with begin(dataset, game) as take:
                for step in range(length(game)):
                    if step in marked(length(game)):
                        take.mark()
                    take.step(rows(game, step, ended=step == length(game) - 1))
                    say(f"step {game} {take.steps} {time.monotonic()}")
                    time.sleep(TICK)
                if game % 3 == 2:
                    take.discard()
                else:
                    say(f"kept {game} {' '.join(map(str, take.keep(1 + game % 5)))}")
            game += 1


def nursery(log: Path) -> None:
    """Fork a player for each folder named on standard input, so that imports are paid for once.

    Says its process number at once and, told any line, its exit code; what it says goes to `log`.
    """
    create(log.parent / "warm")  # all that is imported late is imported now
    for line in sys.stdin:
        log.write_bytes(b"")
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            signal.signal(signal.SIGINT, signal.default_int_handler)
            file = os.open(log, os.O_WRONLY | os.O_APPEND)
            try:
                play(Path(line.strip()), partial(_write_line, file))
            except KeyboardInterrupt:
                sys.exit(0)
        print(child, flush=True)
        sys.stdin.readline()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _write_line(file: int, line: str) -> None:
    os.write(file, f"{line}\n".encode())


if __name__ == "__main__":
    nursery(Path(sys.argv[1]))
