"""Adapters that make one game of a Gymnasium and of a PettingZoo environment look alike.

N agents; a Gymnasium environment has one, named "agent".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import gymnasium
import numpy as np

from environments.external.games.step_values import five_values, flag, number, two_values
from environments.system.errors import UserError


class StepResult(NamedTuple):
    """What a step of one game brought."""

    observations: list[Any]  # [N], None for an agent that has left
    rewards: list[float]  # [N]
    terminated: bool
    truncated: bool
    infos: list[dict[str, Any]]  # [N]
    live: Sequence[bool] = (True,)  # [N], who acts in the next step if the game goes on
    agent_terminated: Sequence[bool] | None = None  # [N]; as the game where it does not say
    agent_truncated: Sequence[bool] | None = None  # [N]; likewise


class GymGame:
    """A `gymnasium.Env` as a game of one agent."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.agents: tuple[str, ...] = ("agent",)
        self.observation_space, self.action_space = env.observation_space, env.action_space
        spec = getattr(env, "spec", None)
        self.horizon = getattr(spec, "max_episode_steps", None)

    def reset(self, seed: int | None, options: dict[str, Any] | None) -> StepResult:
        """Begin an episode."""
        seen, info = two_values(self.env.reset(seed=seed, options=options))
        return StepResult([seen], [0.0], False, False, [_as_dict(info)])

    def step(self, actions: Sequence[Any]) -> StepResult:
        """Act once."""
        seen, reward, terminated, truncated, info, cost = five_values(self.env.step(actions[0]))
        over, cut = flag(terminated, "terminated"), flag(truncated, "truncated")
        return StepResult([seen], [number(reward, "reward")], over, cut, [_with_cost(info, cost)])


class PettingZooGame:
    """A `pettingzoo.ParallelEnv` as a game of all its possible agents; it ends when none is left.

    An agent may join late and leave early, once: its own game is then over, terminated or truncated as the
    environment says, and terminated if it is gone without a word. It does not come back in the same game.
    """

    def __init__(self, env: Any, name: str) -> None:
        self.env = env
        self.agents = tuple(str(agent) for agent in env.possible_agents)
        self._agents = list(env.possible_agents)
        self._gone: set[Any] = set()  # that have left
        self._live: list[bool] = []  # [N], who acts in the next step
        spaces = [(env.observation_space(a), env.action_space(a)) for a in self._agents]
        if any(pair != spaces[0] for pair in spaces):
            raise UserError(
                f"The agents of '{name}' differ in what they see or do; we need them alike."
            )
        self.observation_space, self.action_space = spaces[0]
        self.horizon = getattr(env.unwrapped, "max_cycles", None)

    def reset(self, seed: int | None, options: dict[str, Any] | None) -> StepResult:
        """Begin an episode."""
        seen, infos = self.env.reset(seed=seed, options=options)
        self._gone = set()
        self._live = [agent in self.env.agents for agent in self._agents]
        return StepResult(*self._listed(seen, {}), False, False, self._infos(infos), self._live)

    def step(self, actions: Sequence[Any]) -> StepResult:
        """Act once with every agent that is still there."""
        there, before = set(self.env.agents), self._live
        chosen = {a: actions[n] for n, a in enumerate(self._agents) if a in there}
        seen, rewards, terminated, truncated, infos, costs = five_values(self.env.step(chosen))
        there = set(self.env.agents)
        ended = {a for a in self._agents if terminated.get(a) or truncated.get(a)}
        self._gone |= ended | {
            a for a, lived in zip(self._agents, before, strict=True) if lived and a not in there
        }
        self._live = [a in there and a not in self._gone for a in self._agents]
        cut = [bool(truncated.get(a)) and not terminated.get(a) for a in self._agents]
        left = [was and not stays for was, stays in zip(before, self._live, strict=True)]
        over, any_cut = there <= self._gone, any(truncated.values())
        acted = {a for a, lived in zip(self._agents, before, strict=True) if lived}
        return StepResult(
            *self._listed(seen, {a: rewards[a] for a in rewards if a in acted}),
            over and not any_cut,
            over and any_cut,
            self._infos({a: infos[a] for a in infos if a in acted} if infos else {}, costs),
            self._live,
            [gone and not short for gone, short in zip(left, cut, strict=True)],
            [gone and short for gone, short in zip(left, cut, strict=True)],
        )

    def _listed(self, seen: Any, rewards: Any) -> tuple[list[Any], list[float]]:
        return (
            [seen.get(agent) for agent in self._agents],
            [number(rewards.get(agent, 0.0), "reward") for agent in self._agents],
        )

    def _infos(self, infos: Any, costs: Any = None) -> list[dict[str, Any]]:
        by_agent, cost_of = _as_dict(infos), _as_dict(costs)
        return [_with_cost(by_agent.get(agent), cost_of.get(agent)) for agent in self._agents]


def _as_dict(info: Any) -> dict[str, Any]:
    """An info as a dict; empty where it is none."""
    return dict(info) if isinstance(info, Mapping) else {}


def _with_cost(info: Any, cost: Any) -> dict[str, Any]:
    """An info with the cost, or the named costs, that stood beside it, unless it names its own."""
    named = {} if cost is None else {"costs" if isinstance(cost, Mapping) else "cost": cost}
    return {**named, **_as_dict(info)}


def offered_mask(env: Any, info: Mapping[str, Any]) -> Any:
    """Which choices an environment allows now, in its info or by the method that sb3-contrib asks for.

    None where it offers no mask. It is 1 or 0 a choice, of all parts of an action end to end.
    """
    if "action_mask" in info:
        return info["action_mask"]
    method = getattr(env.unwrapped, "action_masks", None)
    return None if method is None else method()


def flatten_observation(space: Any, name: str) -> tuple[gymnasium.spaces.Box, Any]:
    """How an observation becomes one array: its space, and the function that makes it.

    Pictures (uint8) stay as they are, other boxes become float32, everything else a float32 vector, whose
    parts `environments.simulation.observation_parts` names.

    Raises:
        UserError: it has no fixed size, or none at all.
    """
    boxes = gymnasium.spaces
    flat: Any = space if isinstance(space, boxes.Box) else boxes.utils.flatten_space(space)
    if not isinstance(flat, boxes.Box):
        raise UserError(f"What agents see in '{name}' has no fixed size: {space}.")
    if not np.prod(flat.shape):
        raise UserError(
            f"In '{name}' there is nothing to see: its observations, {space}, hold no number."
        )
    flatten: Any = np.asarray if flat is space else partial(boxes.utils.flatten, space)
    if flat.dtype == np.uint8:
        return flat, flatten
    with np.errstate(over="ignore"):  # a bound beyond float32 is none
        low, high = flat.low.astype(np.float32), flat.high.astype(np.float32)
    return boxes.Box(low, high, dtype=np.float32), flatten


def flatten_action(space: Any, name: str) -> tuple[Any, Any]:
    """How an action is counted from 0: its space, and the function that converts to the environment's own.

    Raises:
        UserError: actions of that kind are not supported.
    """
    boxes = gymnasium.spaces
    if isinstance(space, boxes.Discrete):
        return boxes.Discrete(int(space.n)), lambda given: space.dtype.type(given + space.start)
    if isinstance(space, boxes.MultiDiscrete):
        counted = boxes.MultiDiscrete(space.nvec)
        return counted, lambda given: (given + space.start).astype(space.dtype)
    if isinstance(space, boxes.MultiBinary):
        return boxes.MultiBinary(space.n), lambda given: given.astype(space.dtype)
    if isinstance(space, boxes.Box):
        low, high = space.low.astype(np.float32), space.high.astype(np.float32)
        counted_box = boxes.Box(low, high, dtype=np.float32)
        return counted_box, lambda given: given.astype(space.dtype)
    raise UserError(f"Actions of '{name}' are of a kind that we do not have: {space}.")
