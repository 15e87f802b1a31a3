"""Any foreign environment as a `World` and a `Batch`, so that a trainer need not know whose it is.

Its reward is the term `return`, the north star; `info["terms"]` adds terms of weight 0, and `info["costs"]`,
or else `info["cost"]`, are its costs. Which names there are is read off one trial step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
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
class ForeignWorld(World):
    """A foreign environment described as ours are; `params` are the keywords it is made with.

    Its module is no file: it holds what one trial step told, under the names that a world's file uses.
    """

    def open(self) -> Alone | Together:
        """One more game of it."""
        return open_game(self.id, self.params)

    def check_option(self, name: str) -> None:
        """Accept it: what is not `horizon` is handed on as it is."""

    @property
    def kernels(self) -> Kernels:
        """None: it is played by `ForeignBatch`.

        Raises:
            Problem: always.
        """
        raise Problem(f"'{self.id}' is a foreign environment; `catalog.make_batch` plays it.")


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
        self._terms_named = tuple(self.world.terms)[1:]  # the first is `return`
        self._costs_named = tuple(self.world.costs)

    def _write_options(self, game: int, options: dict[str, Any]) -> None:
        self._asked[game] = options

    def reset(
        self, seed: Any = None, options: Any = None, chosen: np.ndarray | None = None
    ) -> np.ndarray:
        """Begin new episodes: as `Batch.reset`."""
        for b in np.flatnonzero(self._begin(seed, options, chosen)).tolist():
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
                _fill(self.terms[b, n, 1:], self._terms_named, _terms(info))
                _fill(self.costs[b, n], self._costs_named, _costs(info))
            if self.restart and (self.terminated[b] or self.truncated[b]):
                self.final_observation[b] = self.observation[b]
                self.state["episode"][b] += np.uint64(1)
                self._restart(b, None)
        self._weigh()
        return self.observation

    def observe(self) -> np.ndarray:
        """The last observation; a foreign game's state cannot be set."""
        return self.observation

    def render(self, game: int = 0, score: Mapping[str, Any] | None = None) -> np.ndarray:
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


def _terms(info: Mapping[str, Any]) -> Mapping[str, Any]:
    named = info.get("terms")
    return (
        {key: named[key] for key in named if key != "return"} if isinstance(named, Mapping) else {}
    )


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
    told = [(_terms(info), _costs(info)) for info in (first, last)]
    module = ModuleType(name)
    module.__dict__.update(
        VERSION=getattr(game.env.unwrapped, "VERSION", 0),
        AGENTS=game.agents,
        TICK=1.0 / ((getattr(game.env, "metadata", None) or {}).get("render_fps") or 1 / TICK),
        HORIZON=int(game.horizon or HORIZON),
        TERMS={"return": "what the environment itself gives"}
        | {key: "a part that it names in its info" for terms, _ in told for key in terms},
        COSTS={key: "a cost that it names in its info" for _, costs in told for key in costs},
        NORTH_STAR="return",
        WEIGHTS={"return": 1.0},
        STATE=np.dtype(HEADER),
        IDLE=np.clip(0, done.low, done.high) if isinstance(done, spaces.Box) else 0,
        OBSERVATION_SPACE=seen,
        ACTION_SPACE=done,
    )
    game.env.close()
    return ForeignWorld(name, module, params)


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
