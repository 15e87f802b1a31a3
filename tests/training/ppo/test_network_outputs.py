"""What the networks say of a rollout's steps: in pieces, early or late, always the same."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer

from environments.catalog import make_batch
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.compute.second_core import SecondCore
from training.ppo.network_outputs import CHUNK, LARGE, PIECE, BackgroundForward, chunk, even_parts
from training.ppo.refiner import Refiner
from training.ppo.rollouts.buffer import ReusedBuffer

STEPS, GAMES = 30, 200


def filled() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(STEPS, GAMES, 3)), random.integers(5, size=(STEPS, GAMES, 1))


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("told", [(), range(1, STEPS + 1), (12, 30)])
def test_every_step_is_read_once_and_in_order(cores, told):
    observations, actions = filled()
    sizes = []

    def read(seen, done):
        sizes.append(len(seen))
        return {"both": torch.from_numpy(np.concatenate([seen, done], axis=1))}

    reading = BackgroundForward(SecondCore(cores), read, observations, actions)
    for steps in told:
        reading.played(steps)
    found = reading.outputs()["both"].numpy()
    assert np.array_equal(found[:, :3], observations.reshape(-1, 3))
    assert np.array_equal(found[:, 3:], actions.reshape(-1, 1))
    assert sum(sizes) == STEPS * GAMES
    assert max(sizes) <= PIECE


def test_nothing_is_read_before_it_was_played():
    observations, actions = filled()
    observations[20:] = np.nan
    seen_all = []

    def read(seen, done):
        seen_all.append(seen.copy())
        return {"values": torch.zeros(len(seen))}

    reading = BackgroundForward(SecondCore(2), read, observations, actions)
    for steps in range(1, 21):
        reading.played(steps)
    observations[20:] = 1.0
    reading.outputs()
    assert np.isfinite(np.concatenate(seen_all)).all()


def test_pictures_and_windows_are_read_in_smaller_parts():
    assert chunk(np.zeros((2, LARGE))) == CHUNK
    assert chunk(np.zeros((2, 4 * LARGE))) == CHUNK // 4
    assert [len(part) for part in even_parts(np.zeros((5 * CHUNK // 4, 2 * LARGE)))] == [
        5 * CHUNK // 8
    ] * 2


def test_the_buffer_keeps_its_memory_until_somebody_changes_its_shapes():
    buffer = ReusedBuffer(4, spaces.Box(-1, 1, (2,)), spaces.Discrete(3), "cpu", n_envs=3)
    memory, seen = buffer.observations, np.ones((3, 2), np.float32)
    for _ in range(2):
        buffer.reset()
        assert buffer.pos == 0
        assert not buffer.full
        assert buffer.observations is memory
        for _ in range(4):
            zeros = torch.zeros(3)
            buffer.add(seen, np.zeros((3, 1)), np.zeros(3), np.zeros(3), zeros, zeros)
        assert buffer.full
    assert sum(len(batch.actions) for batch in buffer.get(5)) == 12
    buffer.reset()
    assert buffer.observations.shape == (4, 3, 2)
    assert not buffer.observations.any()


@pytest.mark.parametrize(
    ("sight", "action"),
    [
        (spaces.Box(-1, 1, (2,)), spaces.Discrete(3)),
        (spaces.Discrete(5), spaces.Box(-1, 1, (2,))),
        (spaces.Box(0, 255, (4, 4, 3), np.uint8), spaces.MultiBinary(3)),
    ],
)
def test_the_buffer_keeps_what_that_of_sb3_keeps(sight, action):
    ours, theirs = (
        kind(2, sight, action, "cpu", n_envs=4) for kind in (ReusedBuffer, RolloutBuffer)
    )
    for number in range(2):
        seen = np.stack([sight.sample() for _ in range(4)])
        done = np.stack([action.sample() for _ in range(4)]).reshape(4, -1)
        reward, starts = np.arange(4.0) + number, np.arange(4) == number
        said = torch.rand(2, 4)
        for buffer in (ours, theirs):
            buffer.add(seen, done, reward, starts, said[0], said[1])
    for name in ("observations", "actions", "rewards", "episode_starts", "values", "log_probs"):
        kept, expected = getattr(ours, name), getattr(theirs, name)
        assert kept.dtype == expected.dtype
        assert np.array_equal(kept, expected), name
    assert ours.full
    assert theirs.full


def test_a_rollout_uses_it():
    face = Sb3VecEnv(Seating(make_batch("gpo/Balance-v0", 8)))
    agent: Any = Refiner("MlpPolicy", face, n_steps=4, batch_size=16, device="cpu")
    agent.learn(32)
    memory = agent.rollout_buffer.observations
    agent.learn(32)
    assert agent.rollout_buffer.observations is memory
