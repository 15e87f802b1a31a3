"""Games in processes of their own: they play the same, and may hang or die without taking anybody along."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from environments.external.games.worker import GameWorker
from environments.system.errors import UserError
from tests.environments.external.test_external import CAMERA, CORRIDOR

pytestmark = pytest.mark.battery("environments: hang, exit, die in play")

ROWDY = "tests.environments.support.rowdy:Rowdy"
ROOT = Path(__file__).resolve().parents[3]


def rowdy(how="", size=6, workers=3, patience=1.0, **params):
    """Games with the seeds 0 to 5, two a process, of which the one with seed 2 misbehaves."""
    world: Any = make_world(ROWDY, how=how, **{"seeds": (2,), **params})
    return make_batch(world.with_workers(workers, patience), size)


def play(batch, steps):
    """What the games told: lists of arrays by name."""
    names = ("observation", "reward", "costs", "terminated", "truncated")
    told: dict[str, list] = {name: [] for name in names}
    for _ in range(steps):
        batch.step(np.zeros(batch.actions.shape, batch.actions.dtype))
        for name, rows in told.items():
            rows.append(getattr(batch, name).copy())
    return {name: np.stack(rows) for name, rows in told.items()}


def alive(pid):
    """Whether a process runs; one that has ended and waits to be noticed does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def workers_of(batch):
    return [worker._process.pid for worker in batch._games.workers]


def await_end(pids, seconds=10.0):
    """Whether all of them end in so many seconds."""
    deadline = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("world_id", [CORRIDOR, CAMERA, "CartPole-v1", "classic/rps_v2"])
def test_games_apart_are_the_same_games(world_id):
    world: Any = make_world(world_id)
    here = make_batch(world, 5, seed=3, options={"horizon": 7})
    apart = make_batch(world.with_workers(2), 5, seed=3, options={"horizon": 7})
    world.action_space.seed(0)
    for _ in range(20):
        actions = [[world.action_space.sample() for _ in world.agents] for _ in range(5)]
        here.step(np.array(actions))
        apart.step(np.array(actions))
        for name in ("observation", "final_observation", "terms", "costs", "truncated", "state"):
            assert np.array_equal(getattr(here, name), getattr(apart, name)), name
    assert here.state["episode"].min() >= 1
    apart.close()


def test_more_processes_than_games_are_not_started():
    batch = rowdy(size=2, workers=5)
    assert len(workers_of(batch)) == 2
    batch.close()


def test_pictures_come_from_there_too():
    batch = rowdy(render_mode="rgb_array")
    assert [batch.render(b)[0, 0, 0] for b in range(6)] == [0, 1, 2, 3, 4, 5]
    batch.close()


def test_what_raises_or_gives_nonsense_there_is_stopped_as_it_is_here():
    batch = rowdy("raises")
    told = play(batch, 3)
    assert told["truncated"][2].tolist() == [False, False, True, False, False, False]
    assert "the wheel is stuck, in step 3 of episode 0 of game 2 (seed 2)." in str(
        batch.incidents[0]
    )
    batch.close()


@pytest.mark.parametrize(
    ("how", "says"),
    [("hangs", "did not answer for 1 s"), ("dies", "ended its process (exit code 7)")],
)
def test_a_game_that_hangs_or_dies_takes_only_its_own_process_along(how, says):
    batch, good = rowdy(how), rowdy()
    before = workers_of(batch)
    began = time.monotonic()
    told, other = play(batch, 14), play(good, 14)
    assert time.monotonic() - began < 15
    apart = [0, 1, 4, 5]
    for name in told:
        assert np.array_equal(told[name][:, apart], other[name][:, apart]), name
    assert told["truncated"][2].tolist() == [False, False, True, True, False, False]
    assert not told["terminated"][2].any()
    assert (told["reward"][2, 2:4] == 0).all()
    assert batch.final_observation[2, 0].tolist() == [8, 6], "of the next episode, seed 2 + 6 games"
    assert told["observation"][2:5, 2:4, 0, 0].tolist() == [[8, 9]] * 3
    (incident,) = batch.incidents
    assert str(incident) == (
        f"The environment '{ROWDY}' {says}, in step 3 of episode 0 of game 2 (seed 2); its process "
        "was ended, and with it the games 2 (seed 2), 3 (seed 3)."
    )
    after = workers_of(batch)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]
    assert await_end(before[1:2])
    batch.close()
    good.close()


def test_the_last_good_sight_of_all_games_of_the_lost_process_is_their_final_one():
    batch = rowdy("dies")
    play(batch, 3)
    assert batch.final_observation[2:4, 0].tolist() == [[2, 2], [3, 2]]
    batch.close()


def test_a_game_whose_neighbour_dies_in_a_reset_is_cut_off_in_the_next_step():
    batch = rowdy("dies", step=0)  # at once, and so both games of its process begin with new seeds
    assert batch.observation[:, 0, 0].tolist()[2] == 8
    assert len(batch.incidents) == 1
    batch.reset(seed=[9, 9, 9, 2, 9, 9], chosen=np.arange(6) == 3)
    assert batch.observation[2, 0].tolist() == [8, 0], "it keeps its last good sight"
    told = play(batch, 2)
    assert told["truncated"][0].tolist() == [False, False, True, False, False, False]
    assert told["reward"][0, 2] == 0
    assert not told["truncated"][1].any()
    assert len(batch.incidents) == 2
    batch.close()


def test_hanging_counts_against_the_quota():
    batch = rowdy("dies", step=1, size=1, workers=1, seeds=range(1, 1000))
    batch.world.guard._left = 2.0
    batch.reset(seed=1)
    play(batch, 2)
    with pytest.raises(UserError, match="mend the environment"):
        play(batch, 1)
    batch.close()


def test_an_environment_that_cannot_be_made_there_is_a_sentence():
    world: Any = make_world(ROWDY)
    world.params["no_such_keyword"] = 1
    with pytest.raises(UserError, match=r"did not start: .* has no parameter 'no_such_keyword'"):
        make_batch(world.with_workers(1))


# ------------------------------------------------------------------ nothing stays behind


def test_closing_ends_the_processes():
    batch = rowdy()
    workers = workers_of(batch)
    assert all(alive(pid) for pid in workers)
    batch.close()
    assert await_end(workers, 0.1)


def test_a_batch_that_is_forgotten_takes_its_processes_along():
    batch = rowdy()
    workers = workers_of(batch)
    del batch
    gc.collect()
    assert await_end(workers, 0.1)


def test_a_process_that_hangs_is_ended_when_its_worker_is_closed():
    batch = rowdy("hangs", patience=60.0)
    pids = workers_of(batch)
    workers: list[GameWorker] = batch._games.workers
    batch._arrays["action"][...] = 0
    for _ in range(2):
        play(batch, 1)
    for worker in workers:
        worker.ask("step")
    time.sleep(0.3)
    batch.close()
    assert await_end(pids, 0.1)


SCRIPT = """
import sys, time
import numpy as np
from environments.catalog import make_batch, make_world
if __name__ == "__main__":
    world = make_world("tests.environments.support.rowdy:Rowdy", how="hangs", step=2, seeds=(2,))
    batch = make_batch(world.with_workers(2, 1000.0), 4)
    print(*(worker._process.pid for worker in batch._games.workers), flush=True)
    batch.step(np.zeros((4, 1), int))
    {then}
"""


@pytest.mark.parametrize(
    ("then", "end"),
    [
        ("pass", None),
        ("raise SystemExit(1)", None),
        ("batch.step(np.zeros((4, 1), int))", signal.SIGINT),  # it hangs: Ctrl-C
        ("batch.step(np.zeros((4, 1), int))", signal.SIGTERM),
        ("batch.step(np.zeros((4, 1), int))", signal.SIGKILL),
    ],
    ids=["the end", "an exit", "ctrl-c", "sigterm", "kill -9"],
)
def test_no_process_outlives_the_program(tmp_path, then, end):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(then=then))
    program: Any = subprocess.Popen(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C goes to the program and to its processes
    )
    workers = [int(pid) for pid in program.stdout.readline().split()]
    assert len(workers) == 2
    if end is not None:
        time.sleep(0.5)
        if end is signal.SIGINT:
            os.killpg(program.pid, end)
        else:
            program.send_signal(end)
    program.communicate(timeout=20)
    assert await_end(workers)
