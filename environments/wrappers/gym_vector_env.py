"""`GymVectorEnv`: one learner a game, all games in one call, as a `gymnasium.vector.VectorEnv`.

B games, K terms, C costs.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from environments.catalog import make_batch
from environments.simulation.player import Player
from environments.simulation.seating import Seating
from environments.simulation.world import World
from environments.wrappers.gym_env import check_render_mode


class GymVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """B games as B `GymEnv`s in a `SyncVectorEnv` would be, with same-step autoreset.

    An ended game's last observation and info are in `final_obs` and `final_info`; what is returned
    for it besides is the beginning of its next episode.

    Args:
        num_envs: B.
        seat: where the learner sits, or "alternate": game b gives it seat b mod N.
        world, partner, weights, horizon, params: as `GymEnv`.
        render_mode: "rgb_array" if `render` is to give pictures.
    """

    def __init__(
        self,
        world: str | World,
        num_envs: int = 1,
        seat: int | str = 0,
        partner: Player | None = None,
        weights: Mapping[str, float] | None = None,
        horizon: int | None = None,
        render_mode: str | None = None,
        **params: Any,
    ) -> None:
        check_render_mode(render_mode, ("rgb_array",))
        options = {} if horizon is None else {"horizon": horizon}
        batch = make_batch(world, num_envs, weights=weights, options=options, **params)
        self.seating = Seating(batch, seat, partner)
        self.world, self.num_envs, self.render_mode = batch.world, num_envs, render_mode
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": max(1, round(1 / self.world.tick)),
            "autoreset_mode": AutoresetMode.SAME_STEP,
        }
        self.single_observation_space = copy.deepcopy(self.world.observation_space)
        self.single_action_space = copy.deepcopy(self.world.action_space)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._agents = np.empty(num_envs, object)
        self._agents.fill(batch.world.agents)
        self._seeded = False

    def reset(
        self,
        *,
        seed: int | Sequence[int] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin new episodes: what we see [B, O], and the infos.

        Game b is seeded with `seed + b`. Options hold until the next `reset`; `reset_mask`, a boolean
        array [B], is Gymnasium's and chooses the games that begin anew.
        """
        options = dict(options or {})
        mask = np.asarray(options.pop("reset_mask", np.ones(self.num_envs, np.bool_)), np.bool_)
        if seed is None or isinstance(seed, int):
            super().reset(seed=seed)
        if seed is None and not self._seeded:
            seed = int(self.np_random.integers(2**32))
        self._seeded = True
        seen = self.seating.reset(seed=seed, options=options, chosen=mask)
        batch = self.seating.batch
        none = np.zeros_like(batch.terms[:, 0]), np.zeros_like(batch.costs[:, 0])
        return seen, self._infos(*none, mask)

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Act in every game: what we see [B, O], rewards, terminated, truncated [B], and the infos.

        Raises:
            UserError: there is no such action.
        """
        seating, batch = self.seating, self.seating.batch
        seen = seating.step(actions)
        terms, costs = seating.learner_slice(batch.terms), seating.learner_slice(batch.costs)
        ended = seating.episode_start.copy()
        if ended.any():
            final = self._infos(terms * ended[:, None], costs * ended[:, None], ended)
            last = np.full(self.num_envs, None, dtype=object)
            for b in np.flatnonzero(ended):
                last[b] = batch.final_observation[b, seating.seats[b]].copy()
            terms[ended], costs[ended] = 0, 0
        infos = self._infos(terms, costs, np.ones(self.num_envs, np.bool_))
        if ended.any():
            infos |= {"final_obs": last, "_final_obs": ended, "final_info": final}
            infos["_final_info"] = ended
        reward = seating.learner_slice(batch.reward).astype(np.float64)
        return seen, reward, batch.terminated.copy(), batch.truncated.copy(), infos

    def _infos(self, terms: np.ndarray, costs: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
        """One info for all games; `_name` says in which of them `name` holds: [B]."""
        return {
            "terms": _by_name(self.world.terms, terms, mask),
            "costs": _by_name(self.world.costs, costs, mask),
            "cost": costs.sum(axis=1, dtype=np.float64),
            "agents": _where(mask, self._agents),
            "_terms": mask,
            "_costs": mask,
            "_cost": mask,
            "_agents": mask,
        }

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Every game as a picture, if the render mode is "rgb_array"."""
        if self.render_mode is None:
            return None
        return tuple(self.seating.batch.render(b) for b in range(self.num_envs))

    def close_extras(self, **keywords: Any) -> None:
        """Close what the games hold open."""
        self.seating.batch.close()


def _where(mask: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """The objects where the mask holds, else None: [B]."""
    chosen = np.full(len(mask), None, dtype=object)
    chosen[mask] = objects[mask]
    return chosen


def _by_name(names: Iterable[str], columns: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    """[B, K] as Gymnasium's infos have it: a column a name, and beside each where it holds."""
    infos: dict[str, Any] = {}
    for k, name in enumerate(names):
        infos[name], infos[f"_{name}"] = columns[:, k].astype(np.float64), mask
    return infos
