"""A player in another process: the same actions, whenever it moves; and plain words if the process ends."""

import os
import pickle
import signal
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents.networks.policy import build_policy
from agents.players.mixture import Mixture, SelfPlayer
from agents.players.player import NetworkPlayer, RandomPlayer, StillPlayer
from agents.players.remote_player import PlayerLost, RemotePlayer, can_be_remote, remote_if_possible
from agents.players.unstuck import Unstuck
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.system.errors import UserError

GAMES, WORLD = 6, make_world("gpo/Kitchen-v0")
SEEN = np.zeros((GAMES, *(WORLD.observation_space.shape or ())), np.float32)


class Clumsy(StillPlayer):
    """Falls over, in one way or the other."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        if deterministic:
            raise UserError("The player fell over.")
        raise ValueError("no legs")


def network(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    assert WORLD.body is not None
    policy = build_policy(WORLD.observation_space, WORLD.action_space, {})
    return Unstuck(NetworkPlayer(policy, seed), WORLD.body)


def mixture() -> Mixture:
    members = [network(1), RandomPlayer(WORLD.action_space, 2)]
    return Mixture(members, [1, 0], seed=3, final=[0, 1], until=0.5)


def elsewhere(player: Any, up: bool = True) -> RemotePlayer:
    """It, once its process is up, or as if it never came up."""
    made = RemotePlayer(player, make_batch(WORLD, GAMES))
    if up:
        assert made._pipe.poll(60)
    else:
        made.end()
    return made


def played(player: Any, moves: int | None) -> np.ndarray:
    """What it does in 40 steps in which games end, told how far the training is; it moves after `moves`."""
    random, state, actions = np.random.default_rng(0), None, []
    player.reseed(7)
    for step in range(40):
        seen = random.integers(2, size=SEEN.shape).astype(np.float32)
        starts = random.random(GAMES) < 0.2
        player.progress(step / 40)
        if moves is not None and step >= moves:
            state = player.begin(seen, state, starts)
            assert player.is_remote
        action, state = player.predict(seen, state, starts)
        actions.append(action)
        if step == 30:
            player.reseed(8)
    return np.array(actions)


@pytest.mark.parametrize("moves", [0, 1, 17])
def test_the_actions_are_the_same_whenever_it_moves(moves):
    assert np.array_equal(played(elsewhere(mixture()), moves), played(mixture(), None))


def test_it_plays_here_if_its_process_does_not_come_up():
    player = elsewhere(network(), up=False)
    assert player.begin(SEEN, None, None) is None
    assert not player.is_remote
    assert np.array_equal(player.predict(SEEN)[0], network().predict(SEEN)[0])


@pytest.mark.parametrize("harm", ["its process ended", "nobody knows it there"])
def test_it_plays_here_if_it_cannot_move(harm, monkeypatch):
    player = elsewhere(network())
    if harm == "its process ended":
        answers = iter([True])  # it ends after it was asked
        monkeypatch.setattr(player._process, "is_alive", lambda: next(answers, False))
        player._process.kill()
        player._process.join()
    else:
        monkeypatch.setattr(pickle, "dumps", lambda _: b"no such thing")
    assert player.begin(SEEN, None, None) is None
    assert not player.is_remote
    assert np.array_equal(player.predict(SEEN)[0], network().predict(SEEN)[0])


def test_it_stays_where_nothing_can_be_shared(monkeypatch):
    def refuse(*_):
        raise OSError("no shared memory")

    monkeypatch.setattr("agents.players.remote_player.shared_memory", refuse)
    player = network()
    assert remote_if_possible(player, make_batch(WORLD, GAMES)) is player


def test_it_need_not_be_asked_beforehand():
    here, there = network(), elsewhere(network())
    there.begin(SEEN, None, None)
    there.drop()
    here.predict(SEEN)
    for greedy in (False, True):
        assert np.array_equal(
            there.predict(SEEN, None, None, greedy)[0], here.predict(SEEN, None, None, greedy)[0]
        )


def test_several_seats_may_be_asked_and_taken_in_any_order():
    seats: Any = SimpleNamespace(
        world=SimpleNamespace(agents="abc"),
        size=GAMES,
        observation=np.zeros((GAMES, 3, 130), np.float32),
        actions=np.zeros((GAMES, 3), np.int64),
    )
    here, there = network(), RemotePlayer(network(), seats)
    assert there._pipe.poll(60)
    states: dict[Any, Any] = {(who, seat): None for who in (here, there) for seat in (1, 2)}
    for step in range(6):
        chosen = {}
        for seat in (1, 2):
            seen = np.full_like(SEEN, seat + step // 5)
            chosen[seat], states[here, seat] = here.predict(seen, states[here, seat])
            states[there, seat] = there.begin(seen, states[there, seat], None)
        for seat in (2, 1) if step % 2 else (1, 2):
            action, states[there, seat] = there.predict(SEEN, states[there, seat])
            assert np.array_equal(action, chosen[seat])


def test_games_can_be_played_with_it():
    def soup(partner: Any) -> np.ndarray:
        seating = Seating(make_batch(WORLD, GAMES), "alternate", partner)
        seating.reset(seed=5)
        seen = []
        for step in range(60):
            asked = seating.start_partner()
            assert asked == isinstance(partner, RemotePlayer) == seating.start_partner()
            if step == 40:  # what was asked is of games that are no more
                seating.reset(seed=6)
            seen.append(seating.step(np.full(GAMES, step % 6)))
        return np.array(seen)

    assert np.array_equal(soup(elsewhere(network())), soup(network()))


def test_its_process_ending_is_said_in_one_sentence():
    player = elsewhere(network())
    player.begin(SEEN, None, None)
    os.kill(player._process.pid, signal.SIGKILL)
    player._process.join()
    with pytest.raises(
        UserError, match=r"partner plays has ended \(exit code -9\); repeat the comm"
    ):
        player.predict(SEEN)


def test_a_process_that_was_stopped_is_waited_for_with_patience_and_then_ended(monkeypatch):
    monkeypatch.setattr("environments.system.processes.PATIENCE", 2)
    player = elsewhere(network())
    player.begin(SEEN, None, None)
    player.drop()
    os.kill(player._process.pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(
        PlayerLost, match="has not answered for 2 s and was ended; repeat the command"
    ):
        player.predict(SEEN)
    assert 1.9 < time.monotonic() - began < 20
    assert player._process.exitcode == -signal.SIGKILL


def test_a_process_that_is_stopped_before_its_player_came_lets_it_play_here(monkeypatch):
    """Its letter is longer than what a pipe holds that nobody reads."""
    monkeypatch.setattr("environments.system.processes.PATIENCE", 1)
    player, own = elsewhere(network()), network()
    player._player.ballast = np.zeros(1_000_000)
    os.kill(player._process.pid, signal.SIGSTOP)
    assert player.begin(SEEN, None, None) is None
    assert not player.is_remote
    assert np.array_equal(player.predict(SEEN)[0], own.predict(SEEN)[0])


def test_who_is_slow_but_not_beyond_patience_is_waited_for(monkeypatch):
    monkeypatch.setattr("environments.system.processes.PATIENCE", 3)
    player, own = elsewhere(network()), network()
    player.begin(SEEN, None, None)
    player.drop()
    own.predict(SEEN)
    os.kill(player._process.pid, signal.SIGSTOP)
    threading.Timer(1.5, os.kill, (player._process.pid, signal.SIGCONT)).start()
    assert np.array_equal(player.predict(SEEN)[0], own.predict(SEEN)[0])


def test_what_goes_wrong_there_is_raised_here():
    player = elsewhere(Clumsy(WORLD.action_space))
    player.begin(SEEN, None, None)
    with pytest.raises(RuntimeError, match="ValueError: no legs"):
        player.drop()
    with pytest.raises(UserError, match="fell over"):
        player.predict(SEEN, None, None, deterministic=True)


def test_only_who_plays_the_same_there_may_move(monkeypatch):
    still: Any = StillPlayer(WORLD.action_space)
    assert can_be_remote(still)
    assert can_be_remote(mixture())
    assert not can_be_remote(SelfPlayer())
    assert not can_be_remote(Mixture([still, SelfPlayer()], [1, 1]))
    still.action = lambda: None  # cannot be sent
    assert not can_be_remote(still)
    monkeypatch.setattr("agents.players.remote_player.can_start", lambda: False)
    assert not can_be_remote(mixture())
