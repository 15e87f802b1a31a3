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
from environments.external.states.registry import reset_to
from environments.external.states.state_access import START, InvalidState
from environments.simulation.observation_parts import MASK, choices, holds_mask, without_mask
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
        self.action_space = env.action_space
        self.own_observation_space = env.observation_space
        self.observation_space, self._masked = split_mask(env.observation_space, env.action_space)
        spec = getattr(env, "spec", None)
        self.horizon = getattr(spec, "max_episode_steps", None)

    def reset(self, seed: int | None, options: dict[str, Any] | None) -> StepResult:
        """Begin an episode, in a state of its own if the options name one."""
        if options is not None and START in options:
            rest = {name: value for name, value in options.items() if name != START}
            answer = reset_to(self.env, options[START], seed, rest or None)
        else:
            answer = self.env.reset(seed=seed, options=options)
        seen, info = self._told(*two_values(answer))
        return StepResult([seen], [0.0], False, False, [info])

    def step(self, actions: Sequence[Any]) -> StepResult:
        """Act once."""
        seen, reward, terminated, truncated, info, cost = five_values(self.env.step(actions[0]))
        seen, info = self._told(seen, _with_cost(info, cost))
        over, cut = flag(terminated, "terminated"), flag(truncated, "truncated")
        return StepResult([seen], [number(reward, "reward")], over, cut, [info])

    def _told(self, seen: Any, info: Any) -> tuple[Any, dict[str, Any]]:
        found = _as_dict(info)
        return take_mask(seen, found) if self._masked else (seen, found)


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
        self.action_space = spaces[0][1]
        self.own_observation_space = spaces[0][0]
        self.observation_space, self._masked = split_mask(*spaces[0])
        self.horizon = getattr(env.unwrapped, "max_cycles", None)

    def reset(self, seed: int | None, options: dict[str, Any] | None) -> StepResult:
        """Begin an episode."""
        if options is not None and START in options:
            raise InvalidState("it is one of several agents, whose states are not set here")
        seen, infos = self.env.reset(seed=seed, options=options)
        self._gone = set()
        self._live = [agent in self.env.agents for agent in self._agents]
        nobody = [False] * len(self._agents)
        shown, told = self._shown(seen, infos, nobody)
        return StepResult(shown, [0.0] * len(shown), False, False, told, self._live)

    def step(self, actions: Sequence[Any]) -> StepResult:
        """Act once with every agent that is still there."""
        acted, there = self._live, set(self.env.agents)
        chosen = {a: actions[n] for n, a in enumerate(self._agents) if a in there}
        seen, rewards, terminated, truncated, infos, costs = five_values(self.env.step(chosen))
        there = set(self.env.agents)
        lived = {a for a, did in zip(self._agents, acted, strict=True) if did}
        self._gone |= {a for a in self._agents if terminated.get(a) or truncated.get(a)}
        self._gone |= lived - there
        self._live = [a in there and a not in self._gone for a in self._agents]
        left = [was and not stays for was, stays in zip(acted, self._live, strict=True)]
        cut = [bool(truncated.get(a)) and not terminated.get(a) for a in self._agents]
        over, any_cut = there <= self._gone, any(truncated.values())
        shown, told = self._shown(seen, infos, acted, costs)
        return StepResult(
            shown,
            [number(rewards.get(a, 0.0), "reward") if a in lived else 0.0 for a in self._agents],
            over and not any_cut,
            over and any_cut,
            told,
            self._live,
            [gone and not short for gone, short in zip(left, cut, strict=True)],
            [gone and short for gone, short in zip(left, cut, strict=True)],
        )

    def _shown(
        self, seen: Any, infos: Any, acted: Sequence[bool], costs: Any = None
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        """What each agent sees and is told; of one that did not act, its mask alone."""
        shown, told, by_agent, cost_of = [], [], _as_dict(infos), _as_dict(costs)
        for agent, did in zip(self._agents, acted, strict=True):
            sight = seen.get(agent)
            info = _with_cost(by_agent.get(agent), cost_of.get(agent))
            if self._masked:
                sight, info = take_mask(sight, info)
            info = self._with_mask(agent, info)
            shown.append(sight)
            told.append(info if did else {MASK: info[MASK]} if MASK in info else {})
        return shown, told

    def _with_mask(self, agent: Any, info: dict[str, Any]) -> dict[str, Any]:
        """The info with the agent's action mask, where it has one."""
        return info


class TurnBasedGame(PettingZooGame):
    """A `pettingzoo.AECEnv` whose agents take turns, by `turn_based_aec_to_parallel`.

    All act in every step, and what those do whose turn it is not is nothing: their mask forbids everything.

    Raises:
        UserError: nothing of its actions can be forbidden.
    """

    def __init__(self, env: Any, name: str) -> None:
        super().__init__(env, name)
        try:
            self._choices = choices(self.action_space)
        except UserError:
            raise UserError(
                f"In the environment '{name}' agents take turns with actions {self.action_space}; here only "
                "discrete choices can wait for their turn."
            ) from None

    def _with_mask(self, agent: Any, info: dict[str, Any]) -> dict[str, Any]:
        turn = agent == self.env.aec_env.agent_selection
        if turn and info.get(MASK) is not None:
            return info
        return {**info, MASK: np.full(self._choices, turn)}


def _as_dict(info: Any) -> dict[str, Any]:
    """An info as a dict; empty where it is none."""
    return dict(info) if isinstance(info, Mapping) else {}


def _with_cost(info: Any, cost: Any) -> dict[str, Any]:
    """An info with the cost, or the named costs, that stood beside it, unless it names its own."""
    named = {} if cost is None else {"costs" if isinstance(cost, Mapping) else "cost": cost}
    return {**named, **_as_dict(info)}


def split_mask(seen: Any, acted: Any) -> tuple[Any, bool]:
    """The space of what is seen without an action mask among its parts, and whether there was one.

    A part of that name is a mask if it has a number a choice; else it is seen like any other.
    """
    try:
        masked = holds_mask(seen, choices(acted))
    except UserError:  # nothing of such an action can be forbidden
        masked = False
    return (without_mask(seen), True) if masked else (seen, False)


def take_mask(seen: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What was seen without its action mask, and the info with it."""
    if not isinstance(seen, Mapping) or MASK not in seen:
        return seen, info
    return {k: v for k, v in seen.items() if k != MASK}, {**info, MASK: seen[MASK]}


def offered_mask(env: Any, info: Mapping[str, Any]) -> Any:
    """Which choices an environment allows now, in its info or by the method that sb3-contrib asks for.

    None where it offers no mask. It is 1 or 0 a choice, of all parts of an action end to end.
    """
    if MASK in info:
        return info[MASK]
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
