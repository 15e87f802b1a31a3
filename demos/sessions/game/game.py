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
from environments.simulation.batch import Batch
from environments.simulation.shield import ShieldedBatch
from environments.simulation.world import World
from environments.system.errors import UserError
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
        return getattr(self.batch, "faults", {}).get(0, "")

    @property
    def ending(self) -> str:
        """How the episode ended, as the screens say it; empty before."""
        if not self.over:
            return ""
        if self.broken_off:
            return "the environment broke it off"
        return "the time is up" if self.batch.truncated[0] else "the game is over"

    @property
    def horizon(self) -> int:
        """Steps after which this episode is truncated."""
        return int(self.batch.state["horizon"][0])

    def shield_acted(self, n: int) -> bool:
        """Whether the shield stepped in for a seat in the last step."""
        return isinstance(self.batch, ShieldedBatch) and bool(self.batch.intervened[0, n])

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

        What lies outside a continuous action's bounds is clipped; `asked` keeps it as it was.
        """
        starts = np.array([self.steps == 0])
        for n in self.vacant:
            self.asked[n] = self._choose(n, starts)
        for n in self.seats:
            self.asked[n] = actions[n]
        self.batch.step(self._possible(self.asked)[None])
        self.terms += self.batch.terms[0]
        self.costs += self.batch.costs[0]
        self.score += self.batch.reward[0]
        self.steps += 1
        self.moment += 1

    def _choose(self, n: int, starts: np.ndarray) -> Any:
        if self.others is None:
            return self.world.idle
        seen = self.batch.observation[:, n]
        chosen, self._memory[n] = self.others.predict(seen, self._memory[n], starts)
        return chosen[0]

    def _possible(self, asked: np.ndarray) -> np.ndarray:
        space = self.world.action_space
        if not isinstance(space, spaces.Box):
            return asked
        possible: np.ndarray = np.clip(asked, space.low, space.high)
        return possible

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

    if isinstance(world, ExternalWorld) and not shield:  # which none of them has
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
            return make_batch(apart, 1, options=options, restart=False)
    warm_up(
        world, lambda words: None, shield
    )  # its step too: else the first one of a game would wait for it
    return make_batch(world, 1, options=options, restart=False, shield=shield)
