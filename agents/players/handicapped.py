"""A player with a person's limits: it reacts late, and its hand sometimes slips.

B games, d steps of delay, A numbers of an action, M numbers of an action mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.players.player import Player
from environments.simulation.world import World

_APART = 104_729  # between the seeds of the player and of its slips


@dataclass
class _Past:
    """What B games have been told to do and not done yet; column `at` is the oldest."""

    waiting: np.ndarray  # [B, d, ...]
    at: int = 0
    player: Any = None  # the player's own state

    def act(self, actions: np.ndarray) -> None:
        """Another action was executed than was chosen: tell the player."""
        tell_executed_action(self.player, actions)


class HandicappedPlayer:
    """Plays another player's choices `delay` steps late, and some of them not at all.

    What it does before its first choice is due is the world's `IDLE` action. A slip is another action drawn
    at random; of a continuous action, a deviation of normal spread, as that share of half its range (of 1
    where it has no bounds). What an action mask forbids by the time it would be done is replaced by
    something that it allows. The player is told what was really done.

    Args:
        player: who chooses.
        delay: steps between what is seen and what is done.
        noise: share of the steps in which the hand slips.
        seed: of the slips.
        world: whose actions they are.
    """

    def __init__(self, player: Player, delay: int, noise: float, seed: int, world: World) -> None:
        if delay < 0 or not 0 <= noise <= 1:
            raise ValueError(f"A delay of {delay} steps and {noise} of slips cannot be played")
        self.player, self.delay, self.noise = player, delay, noise
        self.space, self.idle = world.action_space, world.idle
        self.mask = world.mask_size if isinstance(self.space, spaces.Discrete) else 0
        self._random = np.random.default_rng((seed, _APART))

    def reseed(self, seed: int) -> None:
        """Set the generators to the start of `seed`."""
        self._random = np.random.default_rng((seed, _APART))
        reseed = getattr(self.player, "reseed", None)
        if reseed is not None:
            reseed(seed)

    def predict(
        self,
        observation: Any,
        state: _Past | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, _Past]:
        """As `Player.predict`; the state is changed in place."""
        if state is None or len(state.waiting) != len(observation):
            state = _Past(self._idle((len(observation), self.delay)))
        elif episode_start is not None and np.any(episode_start):
            begun = np.asarray(episode_start, bool)
            state.waiting[begun] = self._idle((int(begun.sum()), self.delay))
        chosen, state.player = self.player.predict(
            observation, state.player, episode_start, deterministic
        )
        done = np.array(chosen)
        if self.delay:
            done = state.waiting[:, state.at].copy()
            state.waiting[:, state.at] = chosen
            state.at = (state.at + 1) % self.delay
        done = self._slip(done) if self.noise else done
        if self.mask:
            done = self._allowed(done, np.asarray(observation)[:, -self.mask :])
        tell_executed_action(state.player, done)
        return done, state

    def _idle(self, shape: tuple[int, ...]) -> np.ndarray:
        rest = np.asarray(self.idle, self.space.dtype)
        return np.array(np.broadcast_to(rest, (*shape, *(self.space.shape or ()))))

    def _slip(self, done: np.ndarray) -> np.ndarray:
        """Some of the actions replaced by others."""
        space, count = self.space, len(done)
        if isinstance(space, spaces.Box):
            reach = (np.minimum(space.high, 1e9) - np.maximum(space.low, -1e9)) / 2
            reach = np.where(np.isfinite(space.high - space.low), reach, 1.0)
            moved = done + self._random.normal(size=done.shape) * self.noise * reach
            return np.clip(moved, space.low, space.high).astype(space.dtype)
        slipped = self._random.random(count) < self.noise
        if isinstance(space, spaces.Discrete):
            other = self._random.integers(1, max(int(space.n), 2), size=count)
            drawn = space.start + (done - space.start + other) % space.n
        else:
            counts = space.nvec if isinstance(space, spaces.MultiDiscrete) else 2
            drawn = self._random.integers(counts, size=done.shape)
        places = slipped.reshape(count, *[1] * (done.ndim - 1))
        return np.where(places, drawn, done).astype(done.dtype)

    def _allowed(self, done: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """What is forbidden by now replaced by anything that is allowed: masks are [B, M]."""
        wrong = masks[np.arange(len(done)), done] <= 0
        odds = self._random.random(masks.shape) * (masks > 0)
        return np.where(wrong, odds.argmax(1), done).astype(done.dtype)


def tell_executed_action(state: Any, actions: np.ndarray) -> None:
    """Tell a player's state that something else was done than the player chose: [B, ...].

    A state that remembers what was done has a method `act`; others need not be told.
    """
    act = getattr(state, "act", None)
    if act is not None:
        act(np.asarray(actions))
