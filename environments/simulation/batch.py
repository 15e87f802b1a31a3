"""`Batch`: B games of one world, stepped together in place.

B games, N agents, O numbers in an observation, K terms, C costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.simulation.kernels import first_outside
from environments.simulation.player import as_actions
from environments.simulation.presence import Presence
from environments.simulation.reward_source import TermReward, as_records, shaping_of
from environments.simulation.spec import horizon_of
from environments.simulation.variation import Variation
from environments.simulation.world import World
from environments.system.errors import UserError

Options = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
LINKED = ("_kernels", "_terms", "_costs")  # what `Batch._link` makes


class Batch:
    """Runs B games and owns every buffer; a game that ends begins anew in the same step.

    The arrays below are overwritten by the next `step`: copy what must last.

    Args:
        world: what to play.
        size: B.
        seed: game b is seeded with `seed + b`, so a game does not depend on the batch around it.
        weights: reward weights by term; the world's own if None.
        options: of every episode: `horizon` and what else is in `world.options`.
        restart: begin ended games anew in the same step (else they stay in their last state).
        discount: of potential terms, a step; a learner gives its own, so that they cannot change which policy
            is best. With 1 they sum to phi(end) - phi(start).
    """

    def __init__(
        self,
        world: World,
        size: int = 1,
        *,
        seed: int = 0,
        weights: Mapping[str, float] | None = None,
        options: Mapping[str, Any] | None = None,
        restart: bool = True,
        discount: float = 1.0,
    ) -> None:
        if size < 1:
            raise UserError(f"A batch needs at least one game, not {size}.")
        if not 0 <= discount <= 1:
            raise UserError(f"The discount is {discount}; give a number from 0 to 1.")
        self.world, self.size, self.restart = world, size, restart
        self.options = dict(options or {})
        agents = len(world.agents)
        seen, act = world.observation_space, world.action_space
        self.state = np.zeros(size, world.state_dtype)  # [B]
        self.observation = np.zeros((size, agents, *seen.shape), seen.dtype)  # [B, N, O]
        self.final_observation = np.zeros_like(self.observation)  # [B, N, O], of games that ended
        self.terms = np.zeros((size, agents, len(world.terms)), np.float32)  # [B, N, K]
        self.costs = np.zeros((size, agents, len(world.costs)), np.float32)  # [B, N, C]
        self.reward = np.zeros((size, agents), np.float32)  # [B, N]
        self.terminated = np.zeros(size, np.bool_)  # [B]
        self.truncated = np.zeros(size, np.bool_)  # [B]
        self.broken = np.zeros(size, np.bool_)  # [B], broken off: the last step did not happen
        self.skipped = np.zeros(
            size, np.bool_
        )  # [B], begun anew after the step: it need not play them
        self.actions = np.zeros((size, agents, *act.shape), act.dtype)  # [B, N], as last applied
        self.variation = Variation(world.vary, size)
        self._asked: list[dict[str, Any]] = [{} for _ in range(size)]  # options of each game
        # What the loops are handed beside the states: of all games one, or one for each where they vary.
        self.table = np.repeat(world.table, size) if world.varies_params else world.table
        self.presence = Presence(self.terminated, self.truncated, agents)
        self._shaping = shaping_of(world, float(discount))
        self.term_reward = TermReward(world.terms, world.weights if weights is None else weights)
        self._open()
        self.reset(seed=seed, options={})

    def _open(self) -> None:
        """Make ready what runs the games, before the first reset."""
        self._link()

    def _link(self) -> None:
        """Make what no copy can keep: the loops, and the terms and costs as the loops write them."""
        self._kernels = self.world.kernels
        self._terms = as_records(self.terms, self.world.terms)  # [B, N], of fields
        self._costs = as_records(self.costs, self.world.costs)  # [B, N], likewise

    def __getstate__(self) -> dict[str, Any]:
        """All that a pickle or a deep copy keeps: it goes on from the same step."""
        return {name: value for name, value in vars(self).items() if name not in LINKED}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self).update(kept)
        self._link()

    def reset(
        self,
        seed: int | Sequence[int] | None = None,
        options: Options = None,
        chosen: np.ndarray | None = None,
    ) -> np.ndarray:
        """Begin new episodes in the chosen games (all if None); returns the observation [B, N, O].

        Without a seed every game goes on with its next episode. Options, of all games or one mapping
        a game, are added to those the batch was made with and hold until others are given.

        Raises:
            UserError: an option the world does not know, a horizon below 1, a negative seed.
        """
        games = self._begin(seed, options, chosen)
        self._kernels.reset(self.table, self.state, games, self.observation)
        return self.observation

    def _begin(self, seed: Any, options: Options, chosen: np.ndarray | None) -> np.ndarray:
        """Write seeds, episode numbers and options into the states of the games that begin: [B]."""
        games = np.ones(self.size, np.bool_) if chosen is None else np.asarray(chosen, np.bool_)
        if options is not None:
            self._read_options(options, games)
        if seed is None:
            self.state["episode"][games] += np.uint64(1)
            self._vary(games)
            return games
        given = np.asarray(seed)
        if given.dtype.kind not in "iu" or given.shape not in ((), (self.size,)) or given.min() < 0:
            raise UserError(
                f"The seed is {seed}; give a whole number from 0 up, or one for each game."
            )
        seeds: np.ndarray = given.astype(np.uint64)
        if not given.shape:
            seeds = seeds + np.arange(self.size, dtype=np.uint64)
        self.state["seed"][games] = seeds[games]
        self.state["episode"][games] = 0
        self._vary(games)
        return games

    def _vary(self, games: np.ndarray) -> None:
        """Draw what varies for the episodes that begin in these games: [B]."""
        if not self.world.vary:
            return
        for b in np.flatnonzero(games).tolist():
            seed, episode = int(self.state["seed"][b]), int(self.state["episode"][b])
            self.variation.begin(b, seed, episode)
            self._put(b)

    def _put(self, game: int) -> None:
        """Put the values of a game's episode into its table and its state."""
        if params := self.variation.of(game, "param"):
            self.table[game] = self.world.table_of(params)
        if options := self.variation.of(game, "option"):
            self.world.read_options(self.state[game], {**self._asked[game], **options})

    def _read_options(self, options: Options, games: np.ndarray) -> None:
        each = list(options) if isinstance(options, Sequence) else [options or {}] * self.size
        if len(each) != self.size:
            raise UserError(f"There are options for {len(each)} games, but {self.size} games.")
        for b in np.flatnonzero(games).tolist():
            merged = {**self.world.episode_options, **self.options, **each[b]}
            for name in merged:
                self.world.check_option(name)
            self.state["horizon"][b] = horizon_of(merged.pop("horizon", self.world.horizon))
            self._asked[b] = self.variation.take(b, merged)
            self._write_options(b, self._asked[b])

    def _write_options(self, game: int, options: dict[str, Any]) -> None:
        """Write what one game's next episodes begin with, the horizon aside."""
        self.world.read_options(self.state[game], options)

    def step(self, actions: Any) -> np.ndarray:
        """Act in every game with `actions` [B, N]; returns the next observation [B, N, O].

        Raises:
            UserError: the actions have the wrong shape or type, or one of them does not exist.
        """
        self._take(actions)
        again = self.restart and not self.world.vary
        self.terms.fill(0)
        self.costs.fill(0)
        self._kernels.step(
            self.table,
            self.state,
            self.actions,
            self._terms,
            self._costs,
            self.terminated,
            self.truncated,
            self.observation,
            self.final_observation,
            again,
            *self._shaping,
        )
        if self.restart and not again and self.ended.any():  # the loops draw no parameters
            games = self.ended
            self.final_observation[games] = self.observation[games]
            Batch.reset(self, chosen=games)  # what a shield did in this step stays told
        self.term_reward.write(self.terms, self.reward)
        return self.observation

    @property
    def weights(self) -> np.ndarray:
        """The weights of the terms, which may be written into while games go on: float64 [K]."""
        return self.term_reward.weights

    def _take(self, actions: Any) -> None:
        """Copy the actions into our buffer; compiled loops check no bounds, so this does."""
        buffer = self.actions
        given = as_actions(actions, buffer.shape, buffer.dtype)
        buffer[...] = given
        space = self.world.action_space
        if isinstance(space, spaces.Discrete):
            game = first_outside(buffer, space.n)
        elif isinstance(space, spaces.Box):
            game = -1  # continuous actions may lie outside their bounds
        elif isinstance(space, spaces.MultiDiscrete) and not np.any(space.start):
            outside = (buffer < 0) | (buffer >= space.nvec)  # game by game is 100 times slower
            game = int(outside.any(tuple(range(1, buffer.ndim))).argmax()) if outside.any() else -1
        else:
            each = (all(map(space.contains, actions)) for actions in buffer)
            game = next((b for b, exist in enumerate(each) if not exist), -1)
        if game >= 0:
            what = given[game].tolist()
            raise UserError(f"Game {game} was given the actions {what}; they must be in {space}.")

    def observe(self) -> np.ndarray:
        """The observation of the states as they are now, for a caller that has set them: [B, N, O]."""
        self._kernels.observe(self.table, self.state, self.observation)
        return self.observation

    def render(self, game: int = 0, score: Mapping[str, Any] | None = None) -> np.ndarray:
        """One game as a picture: uint8 [H, W, 3]."""
        from environments.simulation.picture import picture  # here: drawing is no part of playing

        return picture(self.world, self.state[game], score=dict(score or {}))

    def close(self) -> None:
        """Release what the games hold open; a native world holds nothing."""

    @property
    def ended(self) -> np.ndarray:
        """Which games ended in the last step: [B]."""
        ended: np.ndarray = self.terminated | self.truncated
        return ended
