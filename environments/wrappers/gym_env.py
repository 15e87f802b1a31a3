"""`GymEnv`: one learner in one game, as a `gymnasium.Env`."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec

from environments.catalog import make_batch
from environments.simulation.picture import PygameWindow
from environments.simulation.player import Player
from environments.simulation.seating import Seating
from environments.simulation.world import World
from environments.system.errors import UserError

RENDER_MODES = ("rgb_array", "human")


class SpecOfHorizon:
    """A `spec` that says after how many steps an episode is truncated.

    It is not registered: Gymnasium's own `TimeLimit` would then cut off episodes of a longer horizon.
    """

    _horizon: int  # of every episode that is not given another
    _spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """What Gymnasium made it of; its `max_episode_steps` is the horizon."""
        return self._spec

    @spec.setter
    def spec(self, made_of: EnvSpec | None) -> None:
        steps = self._horizon
        self._spec = made_of and dataclasses.replace(made_of, max_episode_steps=steps)


class GymEnv(SpecOfHorizon, gymnasium.Env[np.ndarray, Any]):
    """One seat of one game; every info holds `terms`, `costs` and `cost`, their sum.

    The names of all seats are in `agents`; `spec.max_episode_steps` is the horizon.


    Args:
        world: an id of the catalog, any external environment's, or a `World`.
        seat: where the learner sits.
        partner: who plays the other seats (anything with `predict`); None leaves them still.
        weights: reward weights by term; the world's own if None.
        horizon: steps after which an episode is truncated; the world's own if None.
        render_mode: "rgb_array", "human" (a window, at the pace at which people play), or None.
        params: the world's own, such as `layout="counter_circuit"`.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 30}

    def __init__(
        self,
        world: str | World,
        seat: int = 0,
        partner: Player | None = None,
        weights: Mapping[str, float] | None = None,
        horizon: int | None = None,
        render_mode: str | None = None,
        **params: Any,
    ) -> None:
        check_render_mode(render_mode, RENDER_MODES)
        options = {} if horizon is None else {"horizon": horizon}
        batch = make_batch(world, 1, weights=weights, options=options, restart=False, **params)
        self.seating = Seating(batch, seat, partner)
        self.world = batch.world
        self.agents = batch.world.agents
        self._horizon = int(batch.state["horizon"][0])  # of every episode that is not given another
        self.render_mode = render_mode
        pace = {"render_fps": max(1, round(1 / self.world.tick))}
        self.metadata = {**self.metadata, **pace}
        self.observation_space = copy.deepcopy(self.world.observation_space)
        self.action_space = copy.deepcopy(self.world.action_space)
        self._score = self._no_score()
        self._window: PygameWindow | None = None
        self._seeded = False

    def __getstate__(self) -> dict[str, Any]:
        """All that a pickle or a deep copy keeps; it opens a window of its own."""
        return {**vars(self), "_window": None}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode; options are the world's own and hold for this episode.

        Without a seed the first episode's is drawn by chance, and later ones follow from it.
        """
        super().reset(seed=seed)
        if seed is None and not self._seeded:
            seed = int(self.np_random.integers(2**32))
        self._seeded = True
        batch = self.seating.batch
        seen = self._await_learner(self.seating.reset(seed=seed, options=options or {}))
        batch.terms.fill(0)
        batch.costs.fill(0)
        self._score = self._no_score()
        self._show()
        return seen[0], self._info()

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act once.

        Raises:
            UserError: there is no such action.
        """
        batch, seat = self.seating.batch, self.seating.seats[0]
        seen = self.seating.step(np.asarray(action)[None])
        reward = float(batch.reward[0, seat])
        info = self._info()
        for name, value in info["terms"].items():
            self._score[name] += value
            self._score["score"] += value * self.world.weights.get(name, 0.0)
        self._show()
        presence = batch.presence
        over = bool(presence.terminated[0, seat]), bool(presence.truncated[0, seat])
        return seen[0], reward, *over, info

    def _await_learner(self, seen: np.ndarray) -> np.ndarray:
        """Let the game go on until a learner that joins late is there; what it sees, [1, O]."""
        batch = self.seating.batch
        while not (self.seating.present[0] or batch.ended[0]):
            seen = self.seating.step(self.seating.idle)
        return seen

    def _no_score(self) -> dict[str, float]:
        """What is drawn of the episode so far: its terms, and `score`, by the world's own weights."""
        return dict.fromkeys(("score", *self.world.terms), 0.0)

    def _info(self) -> dict[str, Any]:
        batch, seat = self.seating.batch, self.seating.seats[0]
        costs = batch.costs[0, seat].tolist()
        return {
            "terms": dict(zip(self.world.terms, batch.terms[0, seat].tolist(), strict=True)),
            "costs": dict(zip(self.world.costs, costs, strict=True)),
            "cost": float(sum(costs)),
        }

    def render(self) -> np.ndarray | None:
        """The game as a picture: uint8 [H, W, 3], if the render mode is "rgb_array"."""
        if self.render_mode != "rgb_array":
            return None
        return self.seating.batch.render(0, score=self._score)

    def _show(self) -> None:
        if self.render_mode != "human":
            return
        if self._window is None:
            self._window = PygameWindow(self.world)
        self._window.show(self.seating.batch.state[0], self._score)

    def close(self) -> None:
        """Close the window, if there is one, and the games."""
        if self._window is not None:
            self._window.close()
            self._window = None
        self.seating.batch.close()


def check_render_mode(mode: str | None, known: tuple[str, ...]) -> None:
    """Refuse a render mode that a wrapper does not have.

    Raises:
        UserError: it does not have it.
    """
    if mode is not None and mode not in known:
        raise UserError(f"The render mode is {mode!r}; choose one of {', '.join(known)}, or None.")
