"""Seating: one learner a game, and a partner who plays the other seats; or the learner in every seat.

The single-agent wrappers and the trainer use it, so that a partner is called once for all games.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.simulation.batch import Batch
from environments.simulation.player import AheadPlayer, Player, as_actions
from environments.system.errors import UserError


class Seating:
    """A batch in which one seat of every game is the learner's and a partner plays the others.

    B games, N agents, O numbers in an observation; L learners, of which there is one in each game, L = B.

    Args:
        batch: the games.
        seat: the learner's seat in every game, or "alternate": in game b it is seat b mod N.
        partner: who plays the other seats; None leaves them still (the world's `IDLE` action).
    """

    def __init__(self, batch: Batch, seat: int | str = 0, partner: Player | None = None) -> None:
        agents = len(batch.world.agents)
        if seat != "alternate" and seat not in range(agents):
            raise UserError(
                f"The seat is {seat!r}; choose one of 0 to {agents - 1}, or 'alternate'."
            )
        self.batch, self.partner = batch, partner
        self.games = np.arange(batch.size)  # [L], of each learner
        self.seats = self.games % agents if seat == "alternate" else np.full(batch.size, int(seat))
        self._others = [(self.seats + k) % agents for k in range(1, agents)]  # [N - 1][B]
        self._memory: list[Any] = [None] * (agents - 1)  # the partner's state, by seat
        self.actions = np.zeros_like(batch.actions)  # [B, N]
        self.actions[:] = batch.world.idle
        self.episode_start = np.ones(batch.size, np.bool_)  # [B], of games
        self._started = False  # whether the partner is choosing already

    @property
    def learners(self) -> int:
        """L."""
        return len(self.games)

    @property
    def firsts(self) -> np.ndarray:
        """The first learner of each game: [B]."""
        return np.arange(self.batch.size) * (self.learners // self.batch.size)

    @property
    def ended(self) -> np.ndarray:
        """Whose game has just begun anew: a copy, [L]."""
        ended: np.ndarray = self.episode_start[self.games]
        return ended

    def observation(self) -> np.ndarray:
        """What the learner observes: a copy, [L, O]."""
        seen: np.ndarray = self.batch.observation[self.games, self.seats]
        return seen

    def final_observation(self) -> np.ndarray:
        """What the learner observed last, in games that ended: a copy, [L, O]."""
        seen: np.ndarray = self.batch.final_observation[self.games, self.seats]
        return seen

    @property
    def present(self) -> np.ndarray:
        """In which games the learner acts in the next step: a copy, [L]."""
        return self.learner_slice(self.batch.presence.now)

    @property
    def idle(self) -> np.ndarray:
        """Nothing done by the learner: the world's idle action in every game, [L]."""
        found = np.zeros((self.learners, *self.actions.shape[2:]), self.actions.dtype)
        found[:] = self.batch.world.idle
        return found

    def learner_slice(self, array: np.ndarray) -> np.ndarray:
        """The learner's part of a batch's [B, N, ...] array: a copy, [L, ...]."""
        part: np.ndarray = array[self.games, self.seats]
        return part

    def reset(self, **keywords: Any) -> np.ndarray:
        """Begin new episodes; arguments as `Batch.reset`. A seed is the partner's too, if it takes one."""
        self.batch.reset(**keywords)
        if self._started and isinstance(self.partner, AheadPlayer):
            self.partner.drop()  # its choice was for games that are over
        self._started = False
        reseed = getattr(self.partner, "reseed", None)
        if keywords.get("seed") is not None and reseed is not None:
            reseed(int(np.ravel(keywords["seed"])[0]))
        chosen = keywords.get("chosen")
        self.episode_start[slice(None) if chosen is None else chosen] = True
        return self.observation()

    def start_partner(self) -> bool:
        """Let a partner that can choose beside the learner begin with the coming step; whether it does."""
        ahead = self.partner
        if isinstance(ahead, AheadPlayer) and not self._started:
            for k, seats in enumerate(self._others):
                seen = self.batch.observation[self.games, seats]
                self._memory[k] = ahead.begin(seen, self._memory[k], self._starts(seats))
            self._started = bool(ahead.is_remote)
        return self._started

    def step(self, actions: np.ndarray) -> np.ndarray:
        """Play `actions` [L] for the learner, the partner's in the other seats; the next observation, [L, O].

        Raises:
            UserError: as `Batch.step`.
        """
        shape = (self.learners, *self.actions.shape[2:])
        self.actions[self.games, self.seats] = as_actions(actions, shape, self.actions.dtype)
        if self.partner is not None:
            for k, seats in enumerate(self._others):
                chosen, self._memory[k] = self.partner.predict(
                    self.batch.observation[self.games, seats],
                    self._memory[k],
                    self._starts(seats),
                    deterministic=False,
                )
                self.actions[self.games, seats] = chosen
        self._started = False
        self.batch.step(self.actions)
        np.logical_or(self.batch.terminated, self.batch.truncated, out=self.episode_start)
        return self.observation()

    def _starts(self, seats: np.ndarray) -> np.ndarray:
        """Where what the partner sees in these seats is the first of a game: [B]."""
        presence = self.batch.presence
        if not presence.changes:
            return self.episode_start
        starts: np.ndarray = self.episode_start | presence.begins[self.games, seats]
        return starts


class EverySeat(Seating):
    """A batch in which the learner has every seat of every game: N learners a game, L = B x N, no partner.

    Learner b x N + n has seat n of game b.

    Args:
        batch: the games.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        agents = len(batch.world.agents)
        self.games = np.repeat(self.games, agents)
        self.seats = np.tile(np.arange(agents), batch.size)
