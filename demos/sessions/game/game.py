"""The game that is played: people in some seats, players in the others.

N seats, K terms, C costs, O numbers in an observation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.players.player import Player
from environments.catalog import make_batch, make_known
from environments.shields.shield import ShieldedBatch
from environments.simulation.batch import Batch
from environments.simulation.observation_parts import legal_actions
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.system.waiting import announce
from environments.warmup import warm_up


class Game:
    """A world's game: who sits where, what a step brought, and the sums so far.

    Args:
        world: what is played, as recordings name it.
        seats: the seats that people have.
        others: who plays every other seat; the world's `IDLE` action if None.
        options: of every episode, as `Batch`.
        shield: play behind the world's shield.
    """

    def __init__(
        self,
        world: World,
        seats: Sequence[int] = (0,),
        others: Player | None = None,
        options: Mapping[str, Any] | None = None,
        shield: bool = False,
    ) -> None:
        self.world, self.seats, self.others = world, tuple(seats), others
        self.options = {**world.episode_options, **(options or {})}
        self.batch = open_batch(world, self.options, shield)
        self.seed: int | None = None
        self.steps = 0  # of this episode
        self.moment = 0  # counts everything that changes the picture
        self.asked = self.batch.actions[0].copy()  # [N, ...], before clipping
        self._memory: dict[int, Any] = {}
        self._clear()

    def _clear(self) -> None:
        agents = len(self.world.agents)
        self.terms = np.zeros((agents, len(self.world.terms)))  # [N, K], sums of the episode
        self.costs = np.zeros((agents, len(self.world.costs)))  # [N, C]
        self.score = np.zeros(agents)  # [N], sums of the reward
        self.refused = np.zeros(agents, np.bool_)  # [N], whose last action the mask forbade
        self.refusals = np.zeros(agents, np.int64)  # [N], of the episode
        self._memory = dict.fromkeys(self.vacant)
        self.steps = 0

    @property
    def vacant(self) -> list[int]:
        """The seats that no person has."""
        return [n for n in range(len(self.world.agents)) if n not in self.seats]

    @property
    def over(self) -> bool:
        """Whether the last step ended the episode."""
        return bool(self.steps and (self.batch.terminated[0] or self.batch.truncated[0]))

    @property
    def broken_off(self) -> str:
        """What its environment did that broke it off in the last step, which did not happen; or empty."""
        faults: dict[int, str] = getattr(self.batch, "faults", {})
        return faults.get(0, "")

    @property
    def ending(self) -> str:
        """How the episode ended, as the screens say it; empty before."""
        if not self.over:
            return ""
        if self.broken_off:
            return "the environment broke it off"
        return "the time is up" if self.batch.truncated[0] else "the game is over"

    @property
    def episode_options(self) -> dict[str, Any]:
        """The options of this episode, with what was drawn for it where the world varies."""
        return {**self.options, **self.batch.variation.values[0]}

    @property
    def limited(self) -> bool:
        """Whether it is known how long a game may last: the environment says so, or an option."""
        return not self.world.horizon_assumed or self.horizon != self.world.horizon

    @property
    def horizon(self) -> int:
        """Steps after which this episode is truncated."""
        return int(self.batch.state["horizon"][0])

    def shield_acted(self, n: int) -> bool:
        """Whether the shield, or the action mask, stepped in for a seat in the last step."""
        overruled = isinstance(self.batch, ShieldedBatch) and bool(self.batch.intervened[0, n])
        return overruled or bool(self.refused[n])

    def overruling(self, n: int) -> tuple[str, int] | None:
        """What may overrule a seat, in words, and how often it did in this episode; None if nothing."""
        if isinstance(self.batch, ShieldedBatch):
            return "shield stepped in", int(self.batch.interventions[0, n])
        return ("not allowed, replaced", int(self.refusals[n])) if self.world.mask_size else None

    def begin(self, seed: int) -> None:
        """Begin an episode that its seed, options and actions alone repeat."""
        self.batch.reset(seed=seed)
        self.batch.terms.fill(0)
        self.batch.costs.fill(0)
        reseed = getattr(self.others, "reseed", None)
        if reseed is not None:
            reseed(seed)
        self.seed = seed
        self._clear()
        self.moment += 1

    def step(self, actions: Mapping[int, Any]) -> None:
        """Act with the people's actions by seat, and with the others' own.

        What lies outside a continuous action's bounds is clipped, and what the action mask forbids replaced;
        `asked` keeps it as it was.
        """
        for n in self.vacant:
            self.asked[n] = self._choose(n, self.starts(n))
        for n in self.seats:
            self.asked[n] = actions[n]
        possible = self.possible(self.asked)
        self.refused = self._differ(possible) if self.world.mask_size else self.refused
        self.refusals += self.refused
        self.batch.step(possible[None])
        self.terms += self.batch.terms[0]
        self.costs += self.batch.costs[0]
        self.score += self.batch.reward[0]
        self.steps += 1
        self.moment += 1

    def starts(self, n: int) -> np.ndarray:
        """Whether what a seat sees is the first of its game: [1]."""
        return np.array([self.steps == 0 or bool(self.batch.presence.begins[0, n])])

    def _choose(self, n: int, starts: np.ndarray) -> Any:
        if self.others is None:
            return self.world.idle
        seen = self.batch.observation[:, n]
        chosen, self._memory[n] = self.others.predict(seen, self._memory[n], starts)
        return chosen[0]

    def possible(self, asked: np.ndarray) -> np.ndarray:
        """What every seat can do of what was asked for now: [N, ...]."""
        space, mask = self.world.action_space, self.world.mask_size
        if mask:
            allowed = self.batch.observation[0, :, -mask:]
            return legal_actions(space, asked, allowed, self.world.idle)[0]
        if not isinstance(space, spaces.Box):
            return asked
        possible: np.ndarray = np.clip(asked, space.low, space.high)
        return possible

    def _differ(self, possible: np.ndarray) -> np.ndarray:
        """Which seats cannot do what they asked for: [N]."""
        differs: np.ndarray = (possible != self.asked).reshape(len(possible), -1).any(1)
        return differs

    def observation(self, n: int) -> np.ndarray:
        """What a seat sees: a copy, [O]."""
        seen: np.ndarray = self.batch.observation[0, n].copy()
        return seen

    def total(self, name: str, n: int) -> float:
        """The sum of a term or a cost in this episode, for a seat."""
        for names, sums in ((self.world.terms, self.terms), (self.world.costs, self.costs)):
            if name in names:
                return float(sums[n, list(names).index(name)])
        raise KeyError(name)

    def close(self) -> None:
        """Close the environment."""
        self.batch.close()


def open_batch(world: World, options: Mapping[str, Any], shield: bool = False) -> Batch:
    """A batch of one game that stays in its last state; an external one is asked for pictures.

    Recordings are of the world as it is named, without the `render_mode`, so that what is trained without
    pictures can use them.
    """
    from environments.external.trial.isolated import patient
    from environments.external.world import ExternalWorld, in_processes

    if isinstance(world, ExternalWorld):
        params = {**world.params, "render_mode": "rgb_array"}
        try:
            with patient(world.patience):
                seen: World = make_known(world.id, params)  # this one was made
        except UserError:  # it takes no such keyword: it is shown by its observations
            seen = world
        if (seen.observation_space, seen.action_space) == (
            world.observation_space,
            world.action_space,
        ):
            assert isinstance(seen, ExternalWorld)
            apart = in_processes(seen.named_as(world), world.workers, world.patience)
            return make_batch(apart, 1, options=options, restart=False, shield=shield)
    warm_up(world, announce, shield)  # its step too: else the first one of a game would wait for it
    return make_batch(world, 1, options=options, restart=False, shield=shield)
