"""What strangers' code does to the globals of this process does not reach us, and lasts for them."""

import os
import random
import signal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from environments.catalog import make_batch
from environments.external.games import global_state as foreign_state
from environments.external.games.global_state import ExternalGlobals, Handlers, is_our_signal
from environments.system.termination import Terminated
from tests.environments.support.brusque import meddle

pytestmark = pytest.mark.battery("environments: seed and change what is global")

DRAWER = "tests.environments.support.brusque:Drawer"


def settings():
    """All that `meddle` changes, but for the generators."""
    return (
        Path.cwd(), np.geterr(), list(warnings.filters), torch.get_num_threads(),
        torch.is_grad_enabled(), torch.get_default_dtype(),
        torch.are_deterministic_algorithms_enabled(),
    )  # fmt: skip


def drawn():
    return random.random(), random.gauss(0, 1), np.random.random(), float(torch.rand(()))  # noqa: NPY002  what is tested


def fail():
    meddle()
    raise ZeroDivisionError


def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  what is tested
    torch.manual_seed(seed)


@pytest.mark.parametrize("fast", [True, False])
def test_everything_is_put_back(monkeypatch, fast):
    monkeypatch.setattr(foreign_state, "_KNOWN", fast and foreign_state._KNOWN)
    seed_all(5)
    expected, before = [drawn() for _ in range(400)], settings()
    seed_all(5)
    theirs, found = ExternalGlobals(), []
    for _ in range(400):
        with theirs:
            meddle()
        assert settings() == before
        found.append(drawn())
    assert found == expected


def test_it_is_put_back_after_an_error_too():
    seed_all(5)
    expected, before = drawn(), settings()
    seed_all(5)
    with pytest.raises(ZeroDivisionError), ExternalGlobals():
        fail()
    assert (drawn(), settings()) == (expected, before)


def test_they_find_what_they_left():
    theirs, home = ExternalGlobals(), Path.cwd()
    with theirs:
        os.chdir("/")
        torch.set_default_dtype(torch.float64)
        first = drawn()
    assert (Path.cwd(), torch.get_default_dtype()) == (home, torch.float32)
    with theirs:
        assert (Path.cwd(), torch.get_default_dtype()) == (Path("/"), torch.float64)
        second = drawn()
        os.chdir(home)
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_what_they_draw_is_not_what_we_draw():
    seed_all(0)
    ours = drawn()
    seed_all(0)
    with ExternalGlobals():
        assert all(a != b for a, b in zip(drawn(), ours, strict=True))


def test_a_call_within_a_call_is_one():
    theirs = ExternalGlobals()
    with theirs:
        with ExternalGlobals(1):
            first = random.random()
        assert random.random() != first
    assert not foreign_state._INSIDE.now


def test_handlers_of_signals_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    with Handlers():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("workers", [0, 1])
def test_games_that_draw_from_global_generators_repeat_with_their_seed(workers):
    from environments.catalog import make_world

    world: Any = make_world(DRAWER)
    batch = make_batch(world.with_workers(workers), 2)
    told = []
    for seed in (3, 3, 4):
        seen = [batch.reset(seed=seed).copy()]
        seen += [batch.step(np.zeros((2, 1), int)).copy() for _ in range(3)]
        told.append(np.stack(seen))
    assert np.array_equal(told[0], told[1])
    assert not np.array_equal(told[0], told[2])
    assert len(np.unique(told[0])) == told[0].size, "nothing is drawn twice"
    batch.close()


def test_being_told_to_end_is_no_fault_of_an_environment():
    assert is_our_signal(Terminated())
    assert not is_our_signal(KeyboardInterrupt())
