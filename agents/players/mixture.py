"""Several players as one: each game draws who plays it at the start of each episode.

The paper's partner is the clone at first and later more and more the learner itself; several clones, a random
player, a path: whatever acts can be a member.

B games, K members, M games that a member plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.networks.policy import AgentPolicy
from agents.players.player import NetworkPlayer, Player
from agents.players.state_index import index_state

_APART = 7919  # between the seeds of two members


class SelfPlayer:
    """The learner as it is now, playing with or against itself; of no use before it is told who that is."""

    def __init__(self, seed: int = 0, temperature: float = 1.0) -> None:
        self._seed, self._temperature = seed, temperature
        self._player: NetworkPlayer | None = None

    def bind(self, policy: AgentPolicy) -> None:
        """Say who learns; its weights are read at each step, not copied."""
        self._player = NetworkPlayer(policy, self._seed, self._temperature)

    def reseed(self, seed: int) -> None:
        """Set the generator to the start of `seed`."""
        self._seed = seed
        if self._player is not None:
            self._player.reseed(seed)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """As `Player.predict`."""
        if self._player is None:
            raise RuntimeError("Oneself plays only once `bind` has told it who learns")
        return self._player.predict(observation, state, episode_start, deterministic)


@dataclass
class _Drawn:
    """Who plays which game, and what they remember."""

    member: np.ndarray  # [B]
    games: list[np.ndarray]  # [K][M], in rising order
    memory: list[Any]  # [K], of those games


class Mixture:
    """A player that is another one in each game and episode, by chance.

    Each member is called once a step, with the games it plays. With one member it is that member.

    Args:
        players: the members.
        weights: how often each is drawn, at the start of training; they need not add up to 1.
        seed: of the drawing; `reseed` seeds the members too.
        final: the weights at the end; the same if None.
        until: the share of the training by which they are reached, on a straight line.
    """

    def __init__(
        self,
        players: Sequence[Player],
        weights: Sequence[float],
        seed: int = 0,
        final: Sequence[float] | None = None,
        until: float = 1.0,
    ) -> None:
        if not players or len(weights) != len(players):
            raise ValueError("A mixture needs a player at least, and a weight for each")
        self.players, self.until = list(players), until
        self.start, self.final = _shares(weights), _shares(weights if final is None else final)
        self.shares = self.start
        self._random = np.random.default_rng((seed, _APART))

    def reweigh(self, weights: Sequence[float]) -> None:
        """Draw by other weights from now on; games go on with whom they have."""
        if len(weights) != len(self.players):
            raise ValueError("A mixture needs a weight for each player")
        self.shares = _shares(weights)

    def anneal(self, share: float) -> None:
        """Give the first member that share of the games, and leave the rest to the others as they were."""
        others = self.shares[1:] if self.shares[1:].any() else np.ones(len(self.players) - 1)
        self.reweigh([share, *(others / max(others.sum(), 1e-12) * (1 - share))])

    def progress(self, done: float) -> None:
        """Weigh as is due when that share of the training is done."""
        part = min(1.0, done / self.until)
        self.shares = _shares((1 - part) * self.start + part * self.final)

    def bind(self, policy: AgentPolicy) -> None:
        """Tell the members that are the learner itself who that is."""
        for player in self.players:
            if isinstance(player, SelfPlayer):
                player.bind(policy)

    def reseed(self, seed: int) -> None:
        """Set the generators of the drawing and of the members to the start of `seed`."""
        self._random = np.random.default_rng((seed, _APART))
        for k, player in enumerate(self.players):
            if hasattr(player, "reseed"):
                player.reseed(seed + k * _APART)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """As `Player.predict`; the state is changed in place."""
        if len(self.players) == 1:
            return self.players[0].predict(observation, state, episode_start, deterministic)
        size = len(observation)
        if state is None or len(state.member) != size:
            nobody = [np.arange(0) for _ in self.players]
            state = _Drawn(np.zeros(size, np.int64), nobody, [None] * len(self.players))
            starts = np.ones(size, np.bool_)
        else:
            starts = np.zeros(size, np.bool_)
            starts[:] = False if episode_start is None else episode_start
        if starts.any():
            self._cast(state, starts)
        return self._act(observation, state, starts, deterministic), state

    def _cast(self, state: _Drawn, starts: np.ndarray) -> None:
        """Draw who plays the games that begin, and hand over what members remember of theirs."""
        chance = self._random.random(np.count_nonzero(starts))
        drawn = np.searchsorted(np.cumsum(self.shares), chance, side="right")
        state.member[starts] = np.minimum(drawn, np.flatnonzero(self.shares)[-1])
        for k in range(len(self.players)):
            games, before = np.flatnonzero(state.member == k), state.games[k]
            if len(before) and len(games) and not np.array_equal(games, before):
                # A game that it did not play just now begins, and so its memory is dropped anyway.
                place = np.searchsorted(before, games).clip(max=len(before) - 1)
                state.memory[k] = index_state(state.memory[k], place)
            elif not len(before):
                state.memory[k] = None
            state.games[k] = games

    def _act(
        self, observation: Any, state: _Drawn, starts: np.ndarray, deterministic: bool
    ) -> np.ndarray:
        """Ask each member once, for the games it plays: [B, ...]."""
        chosen = []
        for k, (player, games) in enumerate(zip(self.players, state.games, strict=True)):
            if len(games) == 0:
                continue
            every = len(games) == len(starts)
            action, state.memory[k] = player.predict(
                observation if every else observation[games],
                state.memory[k],
                starts if every else starts[games],
                deterministic,
            )
            if every:
                return np.asarray(action)
            chosen.append((games, np.asarray(action)))
        kind = np.result_type(*(action for _, action in chosen))
        actions = np.empty((len(starts), *chosen[0][1].shape[1:]), kind)
        for games, action in chosen:
            actions[games] = action
        return actions


def _shares(weights: Sequence[float] | np.ndarray) -> np.ndarray:
    """Weights that add up to 1: [K]."""
    given = np.asarray(weights, np.float64)
    if (given < 0).any() or not np.isfinite(given).all() or given.sum() <= 0:
        raise ValueError(f"The weights of a mixture are {list(weights)}; they must not be negative")
    shares: np.ndarray = given / given.sum()
    return shares
