"""`Sb3VecEnv`: the learners of all games in one call, as a `VecEnv` of Stable-Baselines3.

B games, L learners (as of their `Seating`: one a game, or one a seat), K terms, C costs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices

from environments.simulation.seating import Seating


class GameHandle:
    """One learner's game, for those of SB3's functions that name environments one by one."""

    def __init__(self, env: Sb3VecEnv, index: int) -> None:
        self._env, self._index = env, index
        self.render_mode = env.shown
        self.spec = None
        self.observation_space, self.action_space = env.observation_space, env.action_space

    @property
    def unwrapped(self) -> GameHandle:
        """Itself: nothing is wrapped."""
        return self

    @property
    def world(self) -> Any:
        """What is played."""
        return self._env.seating.batch.world

    @property
    def seat(self) -> int:
        """Where the learner sits."""
        return int(self._env.seating.seats[self._index])

    @property
    def state(self) -> np.ndarray:
        """A copy of all that changes in this game: an array of no dimensions."""
        state: np.ndarray = self._env.seating.batch.state[self._game].copy()
        return state

    def render(self) -> np.ndarray:
        """The game as a picture: uint8 [H, W, 3]."""
        return self._env.seating.batch.render(self._game)

    @property
    def _game(self) -> int:
        return int(self._env.seating.games[self._index])


class Sb3VecEnv(VecEnv):
    """A `Seating` as SB3 wants it; no Python loop over games except those that ended.

    A game that its only learner leaves is begun anew: its episode is over, terminated or truncated as it was
    for itself. Until it joins, `acted` is False; a step before it joins is `done`, without an `episode`. A
    learner that leaves others behind waits for the next game.

    An ended game's info holds `terminal_observation`, `TimeLimit.truncated` and `episode`: `r`, `l`, `t` as
    SB3's `Monitor` writes them, and the episode's sums of the learner's `terms` and `costs` by name.

    Args:
        seating: the games, the learner's seats and the partner.
        render_mode: "rgb_array" if `render` is to give pictures.
        budgets: by cost, how much an episode may cost the learner before it is ended (terminated).
    """

    def __init__(
        self,
        seating: Seating,
        render_mode: str | None = None,
        budgets: Mapping[str, float] | None = None,
    ) -> None:
        self.seating, self.shown = seating, render_mode
        batch = seating.batch
        self.observation_space = batch.world.observation_space
        self.action_space = batch.world.action_space
        self._games = [GameHandle(self, k) for k in range(seating.learners)]
        super().__init__(seating.learners, self.observation_space, self.action_space)
        self._actions = seating.learner_slice(batch.actions)
        self._began, count = time.time(), seating.learners
        self._term_names, self._cost_names = list(batch.world.terms), list(batch.world.costs)
        limits = budgets or {}
        self._budgets = np.array([limits.get(name, np.inf) for name in self._cost_names])  # [C]
        self._limited = bool(np.isfinite(self._budgets).any())
        self._return = np.zeros(count)  # [L], of the episode so far, as all below
        self._length = np.zeros(count, np.int64)  # [L]
        self._terms = np.zeros((count, len(self._term_names)))  # [L, K]
        self._costs = np.zeros((count, len(self._cost_names)))  # [L, C]
        self.acted = np.ones(count, np.bool_)  # [L], whether the learner was there in the last step

    def reset(self) -> np.ndarray:
        """Begin all games anew, with their first learners' seeds and options; what we see, [L, O]."""
        firsts = self.seating.firsts.tolist()
        seeds = None if None in self._seeds else [self._seeds[k] for k in firsts]
        options = [self._options[k] for k in firsts] if any(self._options) else None
        seen = self.seating.reset(seed=seeds, options=options)
        self._reset_seeds()
        self._reset_options()
        for sums in (self._return, self._length, self._terms, self._costs):
            sums[:] = 0
        return seen

    def start_partner(self) -> bool:
        """Before the actions of a step are chosen: as `Seating.start_partner`."""
        return self.seating.start_partner()

    def step_async(self, actions: np.ndarray) -> None:
        """Take the actions [L] of the step to come."""
        switches = isinstance(self.action_space, spaces.MultiBinary)  # SB3 gives them as fractions
        self._actions = actions.astype(self.action_space.dtype) if switches else actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Step: what we see [L, O], rewards [L], whose games ended [L], and an info a learner."""
        seating, batch = self.seating, self.seating.batch
        seen = seating.step(self._actions)
        reward = seating.learner_slice(batch.reward)
        self._return += reward
        self._length += seating.learner_slice(batch.presence.acted)
        self._terms += seating.learner_slice(batch.terms)
        self._costs += seating.learner_slice(batch.costs)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]  # wrappers write into them
        ended = seating.ended
        if batch.presence.changes:
            ended = self._come_and_go(seen, ended, infos)
        elif ended.any():
            last = batch.final_observation[seating.games[ended], seating.seats[ended]]
            self._finish(np.flatnonzero(ended), infos, last, batch.truncated[seating.games])
        if self._limited:
            self._stop_spent(seen, ended, infos)
        return seen, reward, ended, infos

    def _come_and_go(
        self, seen: np.ndarray, over: np.ndarray, infos: list[dict[str, Any]]
    ) -> np.ndarray:
        """End the episodes of learners whose game is over or who have left, and write into seen and infos.

        Returns:
            Where the observation is the first that the learner is to see, [L].
        """
        seating, presence = self.seating, self.seating.batch.presence
        self.acted = seating.learner_slice(presence.acted)
        cut, left = seating.learner_slice(presence.truncated), self.acted & ~over & ~seating.present
        ended = self.acted & over | left
        if ended.any():
            last = np.where(_beside(over, seen), seating.final_observation(), seen)[ended]
            self._finish(np.flatnonzero(ended), infos, last, cut)
        if left.any() and seating.learners == seating.batch.size:
            seen[left] = seating.reset(chosen=left)[left]
        joined = ~self.acted & seating.present
        for b in np.flatnonzero(joined).tolist():
            infos[b] |= {"terminal_observation": seen[b].copy(), "TimeLimit.truncated": False}
        found: np.ndarray = ended | joined
        return found

    def _stop_spent(self, seen: np.ndarray, ended: np.ndarray, infos: list[dict[str, Any]]) -> None:
        """End what is over its budget, and write into all three; others of its game are cut off."""
        spent = np.asarray((self._costs > self._budgets).any(axis=1))
        if spent.any():
            seating = self.seating
            games = np.zeros(seating.batch.size, np.bool_)
            games[seating.games[spent]] = True
            over = games[seating.games]
            cut = over & self.acted & ~ended
            self._finish(np.flatnonzero(cut), infos, seen[cut], ~spent)
            seen[over] = seating.reset(chosen=games)[over]
            ended |= over

    @property
    def cost_names(self) -> list[str]:
        """The world's costs, in the order of a policy's cost values."""
        return self._cost_names

    def _finish(
        self,
        games: np.ndarray,
        infos: list[dict[str, Any]],
        last: np.ndarray,
        truncated: np.ndarray,
    ) -> None:
        """Write the infos of the games that ended with `last` [E, O] and begin their sums anew."""
        seconds = round(time.time() - self._began, 6)
        for b, seen in zip(games.tolist(), last, strict=True):
            infos[b]["terminal_observation"] = seen
            infos[b]["TimeLimit.truncated"] = bool(truncated[b])
            infos[b]["episode"] = {
                "r": round(float(self._return[b]), 6),
                "l": int(self._length[b]),
                "t": seconds,
                "terms": dict(zip(self._term_names, self._terms[b].tolist(), strict=True)),
                "costs": dict(zip(self._cost_names, self._costs[b].tolist(), strict=True)),
            }
        for sums in (self._return, self._length, self._terms, self._costs):
            sums[games] = 0

    def close(self) -> None:
        """Close what the games hold open."""
        self.seating.batch.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Every game as a picture."""
        return [game.render() if self.shown else None for game in self._games]

    def _chosen(self, indices: VecEnvIndices) -> list[GameHandle]:
        return [self._games[b] for b in self._get_indices(indices)]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of each chosen `GameHandle`."""
        return [getattr(game, attr_name) for game in self._chosen(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute on each chosen `GameHandle`."""
        for game in self._chosen(indices):
            setattr(game, attr_name, value)

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: VecEnvIndices = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Call a method of each chosen `GameHandle`."""
        return [
            getattr(game, method_name)(*method_args, **method_kwargs)
            for game in self._chosen(indices)
        ]

    def env_is_wrapped(
        self,
        wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]],
        indices: VecEnvIndices = None,
    ) -> list[bool]:
        """Nothing is wrapped; yet we report episodes as `Monitor` does, which is what SB3 asks for."""
        return [wrapper_class is Monitor for _ in self._chosen(indices)]


def _beside(flags: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Flags [B] in a shape that goes with [B, ...]."""
    return flags.reshape(-1, *[1] * (seen.ndim - 1))
