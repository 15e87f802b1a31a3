"""`PettingZooEnv`: all seats of one game, as a `ParallelEnv`."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
from pettingzoo import ParallelEnv

from environments.catalog import make_batch
from environments.simulation.picture import PygameWindow
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.wrappers.gym_env import RENDER_MODES, check_render_mode


class PettingZooEnv(ParallelEnv):  # type: ignore[misc]
    """All agents of one game act at once; every agent's info holds `terms`, `costs` and `cost`.

    Args:
        world: an id of the catalog, any external environment's, or a `World`.
        weights, horizon, render_mode, params: as `GymEnv`.
    """

    def __init__(
        self,
        world: str | World,
        weights: Mapping[str, float] | None = None,
        horizon: int | None = None,
        render_mode: str | None = None,
        **params: Any,
    ) -> None:
        check_render_mode(render_mode, RENDER_MODES)
        options = {} if horizon is None else {"horizon": horizon}
        self.batch = make_batch(world, 1, weights=weights, options=options, restart=False, **params)
        self.world, self.render_mode = self.batch.world, render_mode
        self.metadata = {
            "name": self.world.id,
            "render_modes": list(RENDER_MODES),
            "render_fps": max(1, round(1 / self.world.tick)),
            "is_parallelizable": True,
        }
        self.possible_agents = list(self.world.agents)
        self.agents: list[str] = []
        self.max_cycles = horizon or self.world.horizon  # as PettingZoo calls it
        spaces = self.world.observation_space, self.world.action_space
        self.observation_spaces = {name: copy.deepcopy(spaces[0]) for name in self.world.agents}
        self.action_spaces = {name: copy.deepcopy(spaces[1]) for name in self.world.agents}
        self._window: PygameWindow | None = None
        self._seeded = False

    def __getstate__(self) -> dict[str, Any]:
        """All that a pickle or a deep copy keeps; it opens a window of its own."""
        return {**vars(self), "_window": None}

    def observation_space(self, agent: str) -> Any:
        """What an agent sees."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        """What an agent can do."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
        """Begin an episode; options are the world's own and hold for this episode."""
        # PettingZoo's own API test hands in an option of the name "options": that one may pass.
        chosen = {name: value for name, value in (options or {}).items() if name != "options"}
        if seed is None and not self._seeded:
            seed = int(np.random.default_rng().integers(2**32))
        self._seeded = True
        self.batch.reset(seed=seed, options=chosen)
        self.batch.terms.fill(0)
        self.batch.costs.fill(0)
        self.agents = self._there()
        self._show()
        return self._each(self.batch.observation[0].copy(), self.agents), self._infos(self.agents)

    def step(self, actions: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        """Act once with every agent's action: observations, rewards, terminated, truncated, infos.

        Raises:
            UserError: an agent's action is missing, or there is no such action.
        """
        if not self.agents:
            return {}, {}, {}, {}, {}
        missing = [name for name in self.agents if name not in actions]
        if missing:
            raise UserError(f"There is no action for {', '.join(missing)}; every agent needs one.")
        batch, acted = self.batch, self.agents
        nothing = np.zeros_like(batch.actions[0, 0])
        nothing[...] = self.world.idle
        given = [actions[name] if name in acted else nothing for name in self.possible_agents]
        batch.step(np.stack([np.asarray(action) for action in given])[None])
        self.agents = [] if batch.ended[0] else self._there()
        told = [name for name in self.possible_agents if name in (*acted, *self.agents)]
        result = (
            self._each(batch.observation[0].copy(), told),
            self._each(batch.reward[0].tolist(), told),
            self._each(batch.presence.terminated[0].tolist(), told),
            self._each(batch.presence.truncated[0].tolist(), told),
            self._infos(told),
        )
        self._show()
        return result

    def _there(self) -> list[str]:
        """The agents that are in the game."""
        now = zip(self.possible_agents, self.batch.presence.now[0], strict=True)
        return [name for name, there in now if there]

    def _each(self, values: Any, chosen: list[str]) -> dict[str, Any]:
        every = zip(self.possible_agents, values, strict=True)
        return {name: value for name, value in every if name in chosen}

    def _infos(self, chosen: list[str]) -> dict[str, dict[str, Any]]:
        terms, costs = self.batch.terms[0].tolist(), self.batch.costs[0].tolist()  # [N, K], [N, C]
        every = {
            name: {
                "terms": dict(zip(self.world.terms, terms[n], strict=True)),
                "costs": dict(zip(self.world.costs, costs[n], strict=True)),
                "cost": float(sum(costs[n])),
            }
            for n, name in enumerate(self.possible_agents)
        }
        return {name: every[name] for name in chosen}

    def render(self) -> np.ndarray | None:
        """The game as a picture: uint8 [H, W, 3], if the render mode is "rgb_array"."""
        return self.batch.render(0) if self.render_mode == "rgb_array" else None

    def _show(self) -> None:
        if self.render_mode != "human":
            return
        if self._window is None:
            self._window = PygameWindow(self.world)
        self._window.show(self.batch.state[0], {})

    def close(self) -> None:
        """Close the window, if there is one, and the games."""
        if self._window is not None:
            self._window.close()
            self._window = None
        self.batch.close()


def parallel_env(world: str | World = "gpo/Kitchen-v0", **keywords: Any) -> PettingZooEnv:
    """A `PettingZooEnv` under the name that PettingZoo's modules use."""
    return PettingZooEnv(world, **keywords)
