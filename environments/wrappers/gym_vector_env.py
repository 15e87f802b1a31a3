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
from environments.simulation.spec import horizon_of
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.wrappers.gym_env import SpecOfHorizon, check_render_mode


class GymVectorEnv(SpecOfHorizon, VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """B games as B `GymEnv`s in a `SyncVectorEnv` would be, in any of Gymnasium's autoreset modes.

    - `SameStep`: a game that ends begins anew at once; its last observation and info are in `final_obs` and
      `final_info`, what is returned for it besides is the beginning of its next episode.
    - `NextStep`: it begins anew in the next step, which takes no action for it and has no reward.
    - `Disabled`: it is to be begun anew before the next step, by `reset(options={"reset_mask": mask})`.

    Args:
        num_envs: B.
        seat: where the learner sits, or "alternate": game b gives it seat b mod N.
        world, partner, weights, horizon: as `GymEnv`.
        render_mode: "rgb_array" if `render` is to give pictures.
        autoreset_mode: one of Gymnasium's, or its value.
        params: the world's own, and Gymnasium's `max_episode_steps`: of it and the horizon the lower holds.
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
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        **params: Any,
    ) -> None:
        check_render_mode(render_mode, ("rgb_array",))
        self._mode = _known_mode(autoreset_mode)
        limit = params.pop("max_episode_steps", None)
        given: dict[str, Any] = {"options": {} if horizon is None else {"horizon": horizon}}
        batch = make_batch(world, num_envs, weights=weights, restart=False, **given, **params)
        self._horizon = int(batch.state["horizon"][0])  # of every episode that is not given another
        if limit not in (None, -1):  # Gymnasium's -1 is no limit of its own
            self._horizon = min(self._horizon, horizon_of(limit))
            batch.state["horizon"] = batch.options["horizon"] = self._horizon
        self.seating = Seating(batch, seat, partner)
        self.world, self.num_envs, self.render_mode = batch.world, num_envs, render_mode
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": max(1, round(1 / self.world.tick)),
            "autoreset_mode": self._mode,
        }
        self.single_observation_space = copy.deepcopy(self.world.observation_space)
        self.single_action_space = copy.deepcopy(self.world.action_space)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._over = np.zeros(num_envs, np.bool_)  # [B], ended and not begun anew
        self._optional = np.zeros(num_envs, np.bool_)  # [B], this episode has options of its own
        self._seeded = False

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin new episodes: what we see [B, O], and the infos.

        Game b is seeded with `seed + b`. Options hold for the episodes that begin; `reset_mask`, a boolean
        array [B], is Gymnasium's and chooses the games that begin anew.

        Raises:
            UserError: there is no such option, or the seed or the mask is none.
        """
        options = dict(options or {})
        mask = self._chosen(options.pop("reset_mask", None))
        if isinstance(seed, int):
            super().reset(seed=seed)
        seen = self._begin(mask, seed, options)
        self._over[mask], self._optional[mask] = False, bool(options)
        batch = self.seating.batch
        none = np.zeros_like(batch.terms[:, 0]), np.zeros_like(batch.costs[:, 0])
        return seen, self._infos(*none, mask)

    def _chosen(self, mask: Any) -> np.ndarray:
        """The mask of a reset as a copy: [B]."""
        if mask is None:
            return np.ones(self.num_envs, np.bool_)
        chosen = np.array(mask)
        if chosen.dtype != np.bool_ or chosen.shape != (self.num_envs,) or not chosen.any():
            raise UserError(
                f"The `reset_mask` must be {self.num_envs} booleans, a game each, and one of them true."
            )
        return chosen

    def _begin(self, games: np.ndarray, seed: Any, options: dict[str, Any]) -> np.ndarray:
        """Begin episodes in these games [B]; one whose seed is None goes on with its next."""
        if isinstance(seed, Sequence) and None in seed:
            blank = np.array([one is None for one in seed])
            if len(blank) == self.num_envs:
                self._begin(games & blank, None, options)
                games = games & ~blank
                seed = [one or 0 for one in seed]
        if seed is None and not self._seeded:
            seed = int(self.np_random.integers(2**32))
        self._seeded = True
        return self.seating.reset(seed=seed, options=options, chosen=games)

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Act in every game: what we see [B, O], rewards, terminated, truncated [B], and the infos.

        Raises:
            UserError: there is no such action, or with autoreset disabled a game has ended.
        """
        seating, batch, over = self.seating, self.seating.batch, self._over
        waits = bool(over.any())
        if waits:
            actions = self._without(over, actions)
        batch.skipped[:] = over
        seen = seating.step(actions)
        reward = seating.learner_slice(batch.reward).astype(np.float64)
        terms, costs = seating.learner_slice(batch.terms), seating.learner_slice(batch.costs)
        if waits:
            seen = self._begin_next(over)
            for written in (reward, terms, costs, batch.terminated, batch.truncated):
                written[over] = 0
        infos, every = {}, np.ones(self.num_envs, np.bool_)
        ended = batch.ended
        if self._mode is not AutoresetMode.SAME_STEP:
            self._over = ended
        elif ended.any():
            infos = self._final(ended, seen, terms, costs)
            seen = self._begin_next(ended)
            terms[ended], costs[ended] = 0, 0
        infos |= self._infos(terms, costs, every)
        return seen, reward, batch.terminated.copy(), batch.truncated.copy(), infos

    def _without(self, over: np.ndarray, actions: Any) -> np.ndarray:
        """The actions of a step, idle in games that are begun anew in it."""
        if self._mode is AutoresetMode.DISABLED:
            raise UserError(
                f"Game {int(over.argmax())} has ended: begin it anew with "
                'reset(options={"reset_mask": mask}) before the next step.'
            )
        chosen = np.array(actions)
        if len(chosen) == self.num_envs:  # else the games say so
            chosen[over] = self.world.idle
        return chosen

    def _begin_next(self, games: np.ndarray) -> np.ndarray:
        """Begin the next episodes of these games [B], without options of their own: what we see, [B, O]."""
        given = games & self._optional
        if given.any():
            self.seating.reset(options={}, chosen=given)
            self._optional[given] = False
        return self.seating.reset(chosen=games & ~given)

    def _final(
        self, ended: np.ndarray, seen: np.ndarray, terms: np.ndarray, costs: np.ndarray
    ) -> dict[str, Any]:
        """What the info says of games that ended, as Gymnasium does."""
        last = np.full(self.num_envs, None, dtype=object)
        for b in np.flatnonzero(ended):
            last[b] = seen[b].copy()
        final = self._infos(terms * ended[:, None], costs * ended[:, None], ended)
        return {"final_obs": last, "_final_obs": ended, "final_info": final, "_final_info": ended}

    def _infos(self, terms: np.ndarray, costs: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
        """One info for all games; `_name` says in which of them `name` holds: [B]."""
        return {
            "terms": _by_name(self.world.terms, terms, mask),
            "costs": _by_name(self.world.costs, costs, mask),
            "cost": costs.sum(axis=1, dtype=np.float64),
            "_terms": mask,
            "_costs": mask,
            "_cost": mask,
        }

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Every game as a picture, if the render mode is "rgb_array"."""
        if self.render_mode is None:
            return None
        return tuple(self.seating.batch.render(b) for b in range(self.num_envs))

    def close_extras(self, **keywords: Any) -> None:
        """Close what the games hold open."""
        self.seating.batch.close()


def _known_mode(mode: AutoresetMode | str) -> AutoresetMode:
    """An autoreset mode, checked.

    Raises:
        UserError: there is none of that name.
    """
    try:
        return AutoresetMode(mode)
    except ValueError:
        known = ", ".join(each.value for each in AutoresetMode)
        raise UserError(f"The autoreset mode is {mode!r}; choose one of {known}.") from None


def _by_name(names: Iterable[str], columns: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    """[B, K] as Gymnasium's infos have it: a column a name, and beside each where it holds."""
    infos: dict[str, Any] = {}
    for k, name in enumerate(names):
        infos[name], infos[f"_{name}"] = columns[:, k].astype(np.float64), mask
    return infos
