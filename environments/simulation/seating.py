"""Who sits where: one learner a game, and a partner who plays the other seats.

The single-agent faces and the trainer stand on this, so that a partner is called once for all games.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from environments.simulation.batch import Batch, as_actions
from environments.system.errors import UserError


class Player(Protocol):
    """A network, a script, a person, an exported file: anything that chooses actions."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """Choose an action for each observation.

        Args:
            observation: [B, O].
            state: what the last call returned; None at first. It belongs to the player, which may change it.
            episode_start: [B] bool, where a new episode begins, so that memory of the old one is dropped.
            deterministic: take the likeliest action instead of a sample.

        Returns:
            Actions [B, ...] and the state to hand to the next call.
        """


class Seating:
    """A batch in which one seat of every game is ours and a partner plays the others.

    Args:
        batch: the games.
        seat: our seat in every game, or "alternate": game b gives us seat b mod N.
        partner: who plays the other seats; None leaves them still (the world's `IDLE` action).
    """

    def __init__(self, batch: Batch, seat: int | str = 0, partner: Player | None = None) -> None:
        agents = len(batch.world.agents)
        if seat != "alternate" and seat not in range(agents):
            raise UserError(
                f"The seat is {seat!r}; choose one of 0 to {agents - 1}, or 'alternate'."
            )
        self.batch, self.partner = batch, partner
        self.games = np.arange(batch.size)
        self.seats = self.games % agents if seat == "alternate" else np.full(batch.size, int(seat))
        self._others = [(self.seats + k) % agents for k in range(1, agents)]  # [N - 1][B]
        self._memory: list[Any] = [None] * (agents - 1)  # the partner's state, by seat
        self.actions = np.zeros_like(batch.actions)  # [B, N]
        self.actions[:] = batch.world.idle
        self.episode_start = np.ones(batch.size, np.bool_)  # [B]
        self._asked = False  # whether the partner chooses already

    def observation(self) -> np.ndarray:
        """What our seats see: a copy, [B, O]."""
        seen: np.ndarray = self.batch.observation[self.games, self.seats]
        return seen

    def final_observation(self) -> np.ndarray:
        """What our seats saw last, in games that ended: a copy, [B, O]."""
        seen: np.ndarray = self.batch.final_observation[self.games, self.seats]
        return seen

    def ours(self, array: np.ndarray) -> np.ndarray:
        """Our seats' part of a batch's [B, N, ...] array: a copy, [B, ...]."""
        part: np.ndarray = array[self.games, self.seats]
        return part

    def reset(self, **keywords: Any) -> np.ndarray:
        """Begin new episodes; arguments as `Batch.reset`. A seed is the partner's too, if it takes one."""
        self.batch.reset(**keywords)
        if self._asked:  # for games that are no more
            self.partner.drop()  # type: ignore[union-attr]
            self._asked = False
        reseed = getattr(self.partner, "reseed", None)
        if keywords.get("seed") is not None and reseed is not None:
            reseed(int(np.ravel(keywords["seed"])[0]))
        chosen = keywords.get("chosen")
        self.episode_start[slice(None) if chosen is None else chosen] = True
        return self.observation()

    def ask_partner(self) -> bool:
        """Let a partner that can choose while we do begin with the step to come; whether it does."""
        ahead: Any = self.partner
        if hasattr(ahead, "begin") and not self._asked:
            for k, seats in enumerate(self._others):
                seen = self.batch.observation[self.games, seats]
                self._memory[k] = ahead.begin(seen, self._memory[k], self.episode_start)
            self._asked = bool(ahead.away)
        return self._asked

    def step(self, actions: np.ndarray) -> np.ndarray:
        """Play `actions` [B] in our seats, the partner's in the others; returns what we see, [B, O]."""
        shape = (self.batch.size, *self.actions.shape[2:])
        self.actions[self.games, self.seats] = as_actions(actions, shape, self.actions.dtype)
        if self.partner is not None:
            for k, seats in enumerate(self._others):
                chosen, self._memory[k] = self.partner.predict(
                    self.batch.observation[self.games, seats],
                    self._memory[k],
                    self.episode_start,
                    deterministic=False,
                )
                self.actions[self.games, seats] = chosen
        self._asked = False
        self.batch.step(self.actions)
        np.logical_or(self.batch.terminated, self.batch.truncated, out=self.episode_start)
        return self.observation()
