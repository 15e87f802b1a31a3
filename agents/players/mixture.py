"""Several players as one: each game draws who plays it at the start of each episode.

The partner of Carroll et al. (2019) is the clone at first and later more and more the learner itself; several
clones, a random player, an agent file: anything that acts can be a member.

B games, K members, M games that a member plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.networks.policy import AgentPolicy
from agents.players.player import NetworkPlayer, Player, Seeded
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

    def progress(self, done: float) -> None:
        """It has no schedule."""

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


@dataclass(frozen=True)
class MixtureChange:
    """Other members for a mixture."""

    members: tuple[int | Player, ...]  # one that stays, by its place before; or a new one
    weights: tuple[float, ...]  # as of a mixture
    final: tuple[float, ...]


@dataclass
class _Drawn:
    """Who plays which game, and what they remember."""

    numbers: tuple[int, ...]  # of the members that games were drawn from: [K]
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
        self._done = 0.0  # share of the training
        self._numbers = tuple(range(len(self.players)))  # of the members; none is given twice
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
        self._done = done
        part = min(1.0, done / self.until)
        self.shares = _shares((1 - part) * self.start + part * self.final)

    def change(self, change: MixtureChange) -> None:
        """Go on with other members.

        Games go on with the members that stay. Those of a member that goes are drawn again in the next step,
        and begin anew for the one that gets them; where one member alone was or is left, all of them do.

        Raises:
            ValueError: no member, or not a weight for each.
        """
        fresh = max(self._numbers) + 1
        numbers: list[int] = []
        players: list[Player] = []
        for member in change.members:
            kept = isinstance(member, int)
            numbers.append(self._numbers[member] if isinstance(member, int) else fresh)
            players.append(self.players[member] if isinstance(member, int) else member)
            fresh += not kept
        if not players or not len(change.weights) == len(change.final) == len(players):
            raise ValueError("A mixture needs a player at least, and a weight for each")
        self.players, self._numbers = players, tuple(numbers)
        self.start, self.final = _shares(change.weights), _shares(change.final)
        self.progress(self._done)

    def bind(self, policy: AgentPolicy) -> None:
        """Tell the members that are the learner itself who that is."""
        for player in self.players:
            if isinstance(player, SelfPlayer):
                player.bind(policy)

    def reseed(self, seed: int) -> None:
        """Set the generators of the drawing and of the members to the start of `seed`."""
        self._random = np.random.default_rng((seed, _APART))
        for k, player in enumerate(self.players):
            if isinstance(player, Seeded):
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
            if isinstance(state, _Drawn):  # there were others a step ago
                state, episode_start = None, np.ones(len(observation), np.bool_)
            return self.players[0].predict(observation, state, episode_start, deterministic)
        size = len(observation)
        if not isinstance(state, _Drawn) or len(state.member) != size:
            nobody = [np.arange(0) for _ in self.players]
            memory: list[Any] = [None] * len(self.players)
            state = _Drawn(self._numbers, np.zeros(size, np.int64), nobody, memory)
            starts = np.ones(size, np.bool_)
        else:
            starts = np.zeros(size, np.bool_)
            starts[:] = False if episode_start is None else episode_start
            if state.numbers != self._numbers:
                starts |= self._follow(state)
        if starts.any():
            self._cast(state, starts)
        return self._act(observation, state, starts, deterministic), state

    def _follow(self, state: _Drawn) -> np.ndarray:
        """Bring a state up to a change of members; which games have lost theirs: [B] bool."""
        before = {number: k for k, number in enumerate(state.numbers)}
        place = {number: k for k, number in enumerate(self._numbers)}
        now = np.array([place.get(number, -1) for number in state.numbers])
        old = [before.get(number) for number in self._numbers]
        state.member = now[state.member]
        state.games = [np.arange(0) if k is None else state.games[k] for k in old]
        state.memory = [None if k is None else state.memory[k] for k in old]
        state.numbers = self._numbers
        lost: np.ndarray = state.member < 0
        return lost

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
