"""Any foreign environment as a `World` and a `Batch`, so that a trainer need not know whose it is.

Its reward is the term `return`, the north star; `info["terms"]` adds terms of weight 0, and `info["costs"]`,
or else `info["cost"]`, are its costs. Which names there are is read off one trial step.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.batch import Batch
from environments.foreign_opening import Alone, Together, deed, open_game, sight
from environments.kernels import HEADER, Kernels
from environments.problem import Problem
from environments.world import World

HORIZON = 1000  # steps, for an environment that names no limit of its own
TICK = 0.05  # s, for one that names no `render_fps`


@dataclass(frozen=True)
class Facts:
    """What one trial of a foreign environment told."""

    agents: tuple[str, ...]
    terms: tuple[str, ...]  # besides `return`
    costs: tuple[str, ...]
    observation_space: spaces.Box
    action_space: Any
    tick: float
    horizon: int
    version: int


@dataclass(frozen=True)
class ForeignWorld(World):
    """A foreign environment described as ours are; `params` are the keywords it is made with."""

    facts: Facts

    def open(self) -> Alone | Together:
        """One more game of it."""
        return open_game(self.id, self.params)

    @property
    def table(self) -> np.ndarray:  # type: ignore[override]
        """Nothing: its rules are not ours."""
        return np.zeros(1)

    @property
    def kernels(self) -> Kernels:  # type: ignore[override]
        """None.

        Raises:
            Problem: always.
        """
        raise Problem(f"'{self.id}' is a foreign environment; play it by `environments.foreign`.")

    @property
    def agents(self) -> tuple[str, ...]:
        """Names of the agents, one per seat."""
        return self.facts.agents

    @property
    def terms(self) -> dict[str, str]:
        """Reward terms: name and meaning."""
        ours = {"return": "what the environment itself gives"}
        return ours | {name: "a part it names in its info" for name in self.facts.terms}

    @property
    def costs(self) -> dict[str, str]:
        """Costs: name and meaning."""
        return dict.fromkeys(self.facts.costs, "a cost it names in its info")

    @property
    def north_star(self) -> str:
        """The environment's own reward."""
        return "return"

    @property
    def weights(self) -> dict[str, float]:
        """The environment's own reward, as it is."""
        return {"return": 1.0}

    @property
    def tick(self) -> float:
        """Seconds a step takes when people play."""
        return self.facts.tick

    @property
    def horizon(self) -> int:
        """Steps after which an episode is truncated, unless its options say otherwise."""
        return self.facts.horizon

    @property
    def options(self) -> dict[str, str] | None:  # type: ignore[override]
        """Unknown: what is not `horizon` is handed on as it is."""
        return None

    @property
    def idle(self) -> Any:
        """Zero, or what is nearest to it."""
        space = self.facts.action_space
        return np.clip(0, space.low, space.high) if isinstance(space, spaces.Box) else 0

    @property
    def state_dtype(self) -> np.dtype[Any]:
        """What we can say of a game whose state is not ours."""
        return np.dtype(HEADER)

    @property
    def body(self) -> None:  # type: ignore[override]
        """Unknown."""

    @property
    def observation_space(self) -> spaces.Box:  # type: ignore[override]
        """What one agent sees, as one array."""
        return self.facts.observation_space

    @property
    def action_space(self) -> Any:  # type: ignore[override]
        """What one agent can do, counted from 0."""
        return self.facts.action_space

    @property
    def version(self) -> int:
        """Its attribute `VERSION`, if it has one; else the version is in its id."""
        return self.facts.version

    def described_params(self) -> dict[str, Any]:
        """The keywords it is made with."""
        return {name: repr(value) for name, value in self.params.items()}


class ForeignBatch(Batch):
    """B games of a foreign environment, stepped one after the other, with the arrays of a `Batch`.

    Actions are [B, N] or [B, N, A]. An agent that has left the game sees zeros and gets none.
    """

    world: ForeignWorld

    def _open(self) -> None:
        self._games = [self.world.open() for _ in range(self.size)]
        self._asked: list[dict[str, Any]] = [{} for _ in range(self.size)]
        self._seen = sight(self._games[0].observation_space, self.world.id)[1]
        self._done = deed(self._games[0].action_space, self.world.id)[1]

    def _write_options(self, game: int, options: dict[str, Any]) -> None:
        self._asked[game] = options

    def reset(
        self, seed: Any = None, options: Any = None, chosen: np.ndarray | None = None
    ) -> np.ndarray:
        """Begin new episodes: as `Batch.reset`."""
        for b in np.flatnonzero(self._begin(seed, options, chosen)):
            self._restart(b, None if seed is None else int(self.state["seed"][b]))
        return self.observation

    def _restart(self, b: int, seed: int | None) -> None:
        turn = self._games[b].reset(seed, self._asked[b] or None)
        self.state["tick"][b] = 0
        self._look(b, turn.observations)

    def _look(self, b: int, observations: list[Any]) -> None:
        for n, seen in enumerate(observations):
            self.observation[b, n] = 0 if seen is None else self._seen(seen)

    def step(self, actions: Any) -> np.ndarray:
        """Act in every game: as `Batch.step`."""
        self._take(actions)
        self.terms.fill(0)
        self.costs.fill(0)
        for b, game in enumerate(self._games):
            turn = game.step([self._done(action) for action in self.actions[b]])
            self.state["tick"][b] += 1
            late = self.state["tick"][b] >= self.state["horizon"][b]
            self.terminated[b] = turn.terminated
            self.truncated[b] = not turn.terminated and (turn.truncated or late)
            self._look(b, turn.observations)
            for n, info in enumerate(turn.infos):
                self.terms[b, n, 0] = turn.rewards[n]
                _fill(self.terms[b, n, 1:], self.world.facts.terms, info.get("terms") or {})
                _fill(self.costs[b, n], self.world.facts.costs, _costs(info))
            if self.restart and (self.terminated[b] or self.truncated[b]):
                self.final_observation[b] = self.observation[b]
                self.state["episode"][b] += np.uint64(1)
                self._restart(b, None)
        self._weigh()
        return self.observation

    def observe(self) -> np.ndarray:
        """The last observation; a foreign game's state cannot be set."""
        return self.observation

    def render(self, game: int = 0, score: Mapping[str, float] | None = None) -> np.ndarray:
        """One game as a picture: uint8 [H, W, 3].

        Raises:
            Problem: it was not made with `render_mode="rgb_array"`.
        """
        drawn = self._games[game].env.render()
        if not isinstance(drawn, np.ndarray) or drawn.ndim != 3:
            raise Problem(f"Make '{self.world.id}' with render_mode=\"rgb_array\" to see pictures.")
        return drawn

    def close(self) -> None:
        """Close every game."""
        for game in self._games:
            game.env.close()


def _costs(info: Mapping[str, Any]) -> Mapping[str, Any]:
    named = info.get("costs")
    if isinstance(named, Mapping):
        return named
    return {"cost": info["cost"]} if "cost" in info else {}


def _fill(row: np.ndarray, names: tuple[str, ...], values: Mapping[str, Any]) -> None:
    for k, name in enumerate(names):
        row[k] = values.get(name, 0.0)


def foreign_world(name: str, **params: Any) -> ForeignWorld:
    """Describe a foreign environment after one trial step: `foreign_world("CartPole-v1")`.

    Raises:
        Problem: see `open_game`; or it sees or acts in a way that we cannot handle.
    """
    game = open_game(name, params)
    seen, done = sight(game.observation_space, name)[0], deed(game.action_space, name)[0]
    first = game.reset(0, None).infos[0]
    game.action_space.seed(0)
    last = game.step([game.action_space.sample() for _ in game.agents]).infos[0]
    parts = [info["terms"] for info in (first, last) if isinstance(info.get("terms"), Mapping)]
    facts = Facts(
        agents=game.agents,
        terms=tuple(dict.fromkeys(str(key) for part in parts for key in part if key != "return")),
        costs=tuple(dict.fromkeys(str(key) for info in (first, last) for key in _costs(info))),
        observation_space=seen,
        action_space=done,
        tick=1.0 / ((getattr(game.env, "metadata", None) or {}).get("render_fps") or 1 / TICK),
        horizon=int(game.horizon or HORIZON),
        version=int(getattr(game.env.unwrapped, "VERSION", 0)),
    )
    game.env.close()
    return ForeignWorld(name, sys.modules[__name__], params, facts)


def foreign_batch(
    name: str,
    size: int = 1,
    *,
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    options: Mapping[str, Any] | None = None,
    restart: bool = True,
    **params: Any,
) -> ForeignBatch:
    """A batch of a foreign environment: arguments as `Batch`, then the keywords it is made with."""
    world = foreign_world(name, **params)
    return ForeignBatch(world, size, seed=seed, weights=weights, options=options, restart=restart)
