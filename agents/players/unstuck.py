"""The stuck rule of Carroll et al. (2019): a cook that has stood still takes another action.

People hesitate, so a clone learns to hesitate, and two clones can wait for each other for ever. The
authors' evaluation (`human_aware_rl`, stuck time 3) breaks that: if an agent's own body has not changed over
its last steps, the actions it took in them are ruled out for this step and the rest is renormalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.networks.layers import FORBIDDEN
from agents.players.player import NetworkPlayer


@dataclass
class _Memory:
    """The recent past of B games, `steps` long; column `at` is the oldest."""

    body: np.ndarray  # [B, steps, body]
    action: np.ndarray  # [B, steps]; -1 before the first
    at: int = 0
    player: Any = None  # the player's own state

    def act(self, actions: np.ndarray) -> None:
        """Something else was done in the last step than was chosen: [B]."""
        self.action[:, self.at - 1] = actions
        if self.player is not None:
            self.player.act(actions)


class Unstuck:
    """Plays a discrete network and rules out what it has just tried in vain.

    Args:
        player: whose scores are used.
        body: the part of an observation that is the agent's own body (`World.body`).
        steps: for how many steps the body must have stayed the same.
    """

    def __init__(self, player: NetworkPlayer, body: slice, steps: int = 3) -> None:
        if not player.discrete or steps < 1:
            raise ValueError("Unstuck needs a discrete policy and at least one step")
        self.player, self.body, self.steps = player, body, steps

    def reseed(self, seed: int) -> None:
        """Set the player's generator to the start of `seed`."""
        self.player.reseed(seed)

    def predict(
        self,
        observation: Any,
        state: _Memory | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, _Memory]:
        """As `Player.predict`; the state is changed in place."""
        bodies = observation[:, self.body]
        if state is None or len(state.action) != len(observation):
            shape = (len(observation), self.steps)
            state = _Memory(np.zeros((*shape, bodies.shape[1]), np.float32), np.full(shape, -1))
        elif episode_start is not None:
            state.action[np.asarray(episode_start, bool)] = -1
        seen, state.player = self.player.look(observation, state.player, episode_start)
        scores = self.player.scores(seen)
        self._rule_out(scores, state, bodies)
        action = self.player.choose(scores, deterministic)
        if state.player is not None:
            state.player.act(action)
        state.body[:, state.at] = bodies
        state.action[:, state.at] = action
        state.at = (state.at + 1) % self.steps
        return action, state

    def _rule_out(self, scores: np.ndarray, state: _Memory, bodies: np.ndarray) -> None:
        same = (state.body == bodies[:, None]).all(axis=(1, 2)) & (state.action >= 0).all(axis=1)
        stuck = np.flatnonzero(same)
        if len(stuck):
            tried = state.action[stuck]  # [S, steps]
            allowed = scores > FORBIDDEN / 1000  # whatever the temperature
            scores[stuck[:, None], tried] = -np.inf
            hopeless = stuck[~(allowed & np.isfinite(scores))[stuck].any(axis=1)]
            if len(hopeless):  # every action was tried: anything goes that is allowed
                scores[hopeless] = np.where(allowed[hopeless], 0.0, FORBIDDEN)
