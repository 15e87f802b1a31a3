"""Reward sources: named columns of a whole rollout, each with a weight, that add up to the reward.

The first source is the world's own table of terms (`TermReward`), which a batch weighs in every
step. Further sources, such as a learned model, read the rollout once it has been played
(`RolloutRewards`), before advantages are computed from its rewards.

T steps of a rollout, B games, K columns of a source or terms of a world.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from environments.simulation.kernels import weigh
from environments.simulation.spec import WorldSpec
from environments.system.errors import UserError
from environments.system.suggestions import nearest


class Transitions(NamedTuple):
    """The steps of a rollout, as the learner's seats had them; a source must not write into them."""

    observations: np.ndarray  # [T, B, ...], acted on
    actions: np.ndarray  # [T, B, ...], as the world was given them
    next_observations: np.ndarray  # [T, B, ...]; the final observation where the episode ended
    terms: np.ndarray  # [T, B, K], of the world; K is 0 for environments that name none
    dones: np.ndarray  # [T, B] bool, whether the episode ended with the step


class RewardSource(Protocol):
    """Gives named columns, of which the reward is the weighted sum."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; no term and no other source has them."""

    @property
    def weights(self) -> np.ndarray:
        """The weight of each column: float64 [K]."""

    def columns(self, steps: Transitions) -> np.ndarray:
        """Its columns for a whole rollout: [T, B, K]."""


class TermReward:
    """The world's table of terms as a source.

    Args:
        terms: their names, in the world's order.
        weights: by name; 0 for a term without one.

    Raises:
        UserError: a weight of an unknown term, or one that is not finite.
    """

    def __init__(self, terms: Iterable[str], weights: Mapping[str, float]) -> None:
        self.names = tuple(terms)
        self.weights = weight_vector(self.names, weights)  # float64 [K]; may be written into

    def columns(self, steps: Transitions) -> np.ndarray:
        """The terms themselves: [T, B, K]."""
        return steps.terms

    def write(self, terms: np.ndarray, reward: np.ndarray) -> None:
        """Write the weighted sum of `terms` [B, N, K] into `reward` [B, N], compiled: for every step."""
        weigh(terms, self.weights, reward)


class RolloutRewards:
    """Adds what further sources give to the rewards of a rollout.

    Args:
        sources: each is asked once a rollout; without any, nothing is recorded and nothing is changed.

    Raises:
        UserError: two columns have the same name.
    """

    def __init__(self, sources: Sequence[RewardSource] = ()) -> None:
        self.sources = tuple(sources)
        self.means: dict[str, float] = {}  # of the last rollout, by column: a step, unweighted
        _require_distinct([name for source in self.sources for name in source.names])

    def begin(self, env: Any, steps: int) -> None:
        """A rollout of so many steps begins in SB3's vectorised environment `env`.

        Raises:
            UserError: a source has a column with the name of one of the world's terms.
        """
        if not self.sources:
            return
        self._seating = getattr(env, "seating", None)  # None: an environment of others
        world = None if self._seating is None else self._seating.batch.world
        terms = () if world is None else tuple(world.terms)
        _require_distinct([*terms, *(name for source in self.sources for name in source.names)])
        self._terms = np.zeros((steps, env.num_envs, len(terms)), np.float32)  # [T, B, K]
        self._dones = np.zeros((steps, env.num_envs), np.bool_)  # [T, B]
        self._final: list[tuple[int, int, Any]] = []  # step, game, final observation

    def write(self, t: int, dones: np.ndarray, infos: Sequence[Mapping[str, Any]]) -> None:
        """Keep what step t brought, as `env.step` returned it."""
        if not self.sources:
            return
        if self._seating is not None:
            self._terms[t] = self._seating.learner_slice(self._seating.batch.terms)
        self._dones[t] = dones
        ended = np.flatnonzero(dones).tolist()
        self._final += [(t, b, infos[b]["terminal_observation"]) for b in ended]

    def add_to(
        self,
        rewards: np.ndarray,
        observations: np.ndarray,
        actions: np.ndarray,
        last: Any,
        scale: float = 1.0,
    ) -> None:
        """Add the weighted columns of all sources, times `scale`, to `rewards` [T, B], in place.

        Args:
            rewards: of the world, times the same scale.
            observations: acted on, [T, B, ...].
            actions: as the world was given them, [T, B, ...].
            last: the observation after the rollout, [B, ...].
            scale: of rewards, before values are learned.

        Raises:
            ValueError: a source gives columns of another shape, or numbers that are not finite.
        """
        if not self.sources:
            return
        following = np.concatenate([observations[1:], np.asarray(last)[None]])
        for t, b, final in self._final:
            following[t, b] = final
        steps = Transitions(observations, actions, following, self._terms, self._dones)
        total = np.zeros(rewards.shape)  # [T, B], float64
        for source in self.sources:
            columns = _checked(source, source.columns(steps), rewards.shape)
            total += columns @ source.weights
            self.means.update(zip(source.names, columns.mean((0, 1)).tolist(), strict=True))
        rewards += total * scale


def _require_distinct(names: Sequence[str]) -> None:
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise UserError(
            f"Two parts of the reward are called '{twice}'; give each a name of its own."
        )


def _checked(source: RewardSource, columns: Any, shape: tuple[int, ...]) -> np.ndarray:
    """What a source gave as float64 [T, B, K]."""
    given = np.asarray(columns, np.float64)
    wanted = (*shape, len(source.names))
    if given.shape != wanted:
        raise ValueError(
            f"the reward source of {list(source.names)} gave {list(given.shape)}, not {list(wanted)}"
        )
    if not np.isfinite(given).all():
        raise ValueError(f"the reward source of {list(source.names)} gave what is not finite")
    return given


def weight_vector(terms: Iterable[str], weights: Mapping[str, float]) -> np.ndarray:
    """The weights in the order of the terms, zero where none is given: float64 [K].

    Raises:
        UserError: a weight for a term that the world does not have, or one that is not finite.
    """
    names = list(terms)
    for name, weight in weights.items():
        if name not in names:
            raise UserError(
                f"The reward gives a weight to '{name}', but the world has no such term: "
                f"{nearest(name, names)}"
            )
        if not np.isfinite(weight):
            raise UserError(f"The weight of '{name}' is {weight}; give a finite number.")
    return np.array([weights.get(name, 0.0) for name in names], np.float64)


def as_records(numbers: np.ndarray, names: Mapping[str, str]) -> np.ndarray:
    """The same memory, numbers [B, N, names], as records [B, N] with a field a name."""
    if not names:
        return numbers
    return numbers.view([(name, np.float32) for name in names])[..., 0]


def shaping_of(world: WorldSpec, discount: float) -> tuple[Any, ...]:
    """What the loops need for potential terms: room for those before and after a step, and the discount."""
    if not world.potentials:
        return ()
    phi = np.zeros((2, len(world.agents)), [(name, np.float64) for name in world.potentials])
    return phi[0], phi[1], discount
