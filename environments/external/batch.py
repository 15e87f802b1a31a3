"""`ExternalBatch`: an environment of Gymnasium or PettingZoo as a `Batch`, for any trainer.

B games, N agents, K terms, C costs.

Its reward is the term `return`, the north star; `info["terms"]` adds terms of weight 0, `info["is_success"]`
or `info["success"]` the term `success`, and `info["costs"]`, or else `info["cost"]`, are its costs. Which
names there are is seen in a trial (`environments.external.trial`) or declared; others are reported.

A game that raises, or gives what is not finite, not declared or a cost below 0, is cut off: its episode is
truncated at the last good observation, with no reward in that step, and it is begun anew with the next seed
(`environments.external.guard`). So is one that hangs or dies, if it is played in a process of its own
(`ExternalWorld.with_workers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from environments.external.array_layout import arrays_layout
from environments.external.description import external_world
from environments.external.episode_order import episode_order
from environments.external.forbidden import obey_masks, tell_of_our_limit
from environments.external.games.executor import make_executor
from environments.external.games.games import EnvironmentSpec, GameFault, ResetOrder
from environments.external.games.own_observations import ShownRows, own_observations, shown_rows
from environments.external.guard import Bounds, Incident, invalid_values
from environments.external.states.state_access import Starts
from environments.external.world import ExternalWorld
from environments.simulation.batch import Batch
from environments.simulation.presence import Presence
from environments.system.errors import UserError

OTHERS = "was ended with another game of its process"


class ExternalBatch(Batch):
    """B games of an external environment, stepped one after the other, with the arrays of a `Batch`.

    Actions are [B, N] or [B, N, A]. An agent that is not in the game sees zeros and gets none.
    """

    world: ExternalWorld
    observation: ShownRows

    def _open(self) -> None:
        world = self.world
        self.incidents: list[Incident] = []
        self.faults: dict[int, str] = {}  # what the games that are `broken` did
        self._episode_options: list[dict[str, Any]] = [{} for _ in range(self.size)]
        self._lost = np.zeros(self.size, np.bool_)  # [B], whose process was ended between two steps
        self.starts: Starts | None = None  # where episodes begin, if not where the reset puts them
        self._names = tuple(world.terms), tuple(world.costs)
        self._bounds = Bounds(world.observation_space, world.guard.teller(world.id))
        agents = len(world.agents)
        # [B, N], by the mask, in the last step
        self.overruled = np.zeros((self.size, agents), np.bool_)
        self.presence = Presence(self.terminated, self.truncated, agents, changes=agents > 1)
        sizes = (self.size, agents, len(world.terms), len(world.costs))
        layout = arrays_layout(world.observation_space, world.action_space, *sizes)
        shown, own = own_observations(world), None
        if shown is not None:  # beside each row
            layout["own"] = (self.size, agents), shown.record
            own = np.zeros((self.size, agents), shown.record)
        names = self._names[0][1:], self._names[1], world.success
        spec = EnvironmentSpec(world.id, world.params, *names, world.closes)
        self._games = make_executor(spec, layout, world.workers, world.patience)
        self._arrays = self._games.arrays
        self._own = own
        self._link()

    def _link(self) -> None:
        """Put what the environment itself shows beside our rows of it, and take the games' arrays."""
        if not hasattr(self, "_games"):  # it is not open yet
            return
        self._arrays = self._games.arrays
        self.observation = shown_rows(np.asarray(self.observation), self._own)  # [B, N, O]
        self._shown = shown_rows(self._arrays["observation"], self._arrays.get("own"))

    def _write_options(self, game: int, options: dict[str, Any]) -> None:
        self._episode_options[game] = options

    def reset(
        self, seed: Any = None, options: Any = None, chosen: np.ndarray | None = None
    ) -> np.ndarray:
        """Begin new episodes: as `Batch.reset`."""
        games = self._begin(seed, options, chosen)
        self._lost[games] = self.broken[games] = False
        self.faults = {}
        seeds = [None if seed is None else int(seed) for seed in self.state["seed"]]
        self._begin_games([self._order(b, seeds[b]) for b in np.flatnonzero(games).tolist()])
        return self.observation

    def step(self, actions: Any) -> np.ndarray:
        """Act in every game: as `Batch.step`."""
        self._take(actions)
        obey_masks(self)
        arrays = self._arrays
        np.copyto(arrays["action"], self.actions)
        np.copyto(arrays["skipped"], self.skipped)
        faults = self._games.step()
        self.state["tick"] += 1
        if arrays["news"].any():
            self.world.guard.report_names(self.world.id, self._games.unknown_names())
        faults = {**self._invalid_values(), **faults}
        if self._lost.any():
            faults |= dict.fromkeys(np.flatnonzero(self._lost).tolist(), GameFault(""))
            self._lost[:] = False
        cut_off = sorted(faults)
        self.broken[:] = False
        self.broken[cut_off] = True
        self.faults = {b: fault.what or OTHERS for b, fault in faults.items()}
        last = self.observation[cut_off]  # a copy of what they saw before
        self.observation[...] = self._shown
        np.copyto(self.terms, arrays["terms"])
        np.copyto(self.costs, arrays["costs"])
        np.copyto(self.terminated, arrays["terminated"])
        late = self.state["tick"] >= self.state["horizon"]
        tell_of_our_limit(self, late & ~(arrays["truncated"] | arrays["terminated"]))
        np.logical_or(arrays["truncated"], late, out=self.truncated)
        if cut_off:
            self.observation[cut_off] = last
            self.terms[cut_off] = self.costs[cut_off] = 0
            self.terminated[cut_off], self.truncated[cut_off] = False, True
        self.truncated &= ~self.terminated
        if cut_off:  # with all who were in it
            arrays["agent_terminated"][cut_off] = False
        self.presence.write(arrays["live"], arrays["agent_terminated"], arrays["agent_truncated"])
        self.term_reward.write(self.terms, self.reward)
        self._begin_next(faults)
        return self.observation

    def _invalid_values(self) -> dict[int, GameFault]:
        """What is wrong with the values that the games gave in this step."""
        arrays = self._arrays
        found = invalid_values(arrays["terms"], arrays["costs"], self._names)
        found |= self._bounds.unusable(arrays["observation"], arrays["present"])
        return {b: GameFault(what) for b, what in found.items()}

    def _begin_next(self, faults: dict[int, GameFault]) -> None:
        """Begin the next episodes of games that ended, and anew those that were cut off."""
        ended = np.flatnonzero(self.ended)
        if not len(ended):
            return
        if self.restart:
            self.final_observation[ended] = self.observation[ended]
            going = [b for b in ended.tolist() if b not in faults]
            self.state["episode"][going] += np.uint64(1)
            self._vary(np.isin(np.arange(self.size), going))
            orders = [self._order(b, None) for b in going]
            self._begin_games(orders + self._restart_orders(faults))
        elif faults:
            shown = self.observation.kept()  # it stays until the next reset
            self._begin_games(self._restart_orders(faults))
            self.observation[...] = shown

    def _begin_games(self, orders: list[ResetOrder]) -> None:
        """Begin episodes as ordered, anew where that fails, until all have begun."""
        arrays = self._arrays
        while orders:
            games = [order.game for order in orders]
            self.state["tick"][games] = 0
            faults = self._games.begin(orders)
            self._lost[[b for b in faults if b not in games]] = True  # cut off in the next step
            seen = self._shown[games]
            outside = self._bounds.unusable(seen, arrays["present"][games])
            faults = {games[i]: GameFault(what) for i, what in outside.items()} | faults
            good = [k for k, b in enumerate(games) if b not in faults and not self._lost[b]]
            begun = np.array(games)[good]
            self.observation[begun] = seen[good]
            self.presence.now[begun] = arrays["live"][begun]
            orders = self._restart_orders(faults)

    def _restart_orders(self, faults: Mapping[int, GameFault]) -> list[ResetOrder]:
        """Write down what happened; then how these games begin, with fresh environments and new seeds.

        Raises:
            UserError: it happened too often.
        """
        for b, fault in sorted(faults.items()):
            if fault.what:
                incident = self._incident(b, fault)
                self.incidents.append(incident)
                self.world.guard.admit(incident)
        games = sorted(faults)
        self.state["seed"][games] += np.uint64(self.size)  # no other game has it
        self.state["episode"][games] = 0
        self._vary(np.isin(np.arange(self.size), games))
        return [self._order(b, int(self.state["seed"][b]), anew=True) for b in games]

    def _order(self, game: int, seed: int | None, anew: bool = False) -> ResetOrder:
        key = int(self.state["seed"][game]), int(self.state["episode"][game])
        options = self._episode_options[game]
        return episode_order(game, seed, key, options, self.variation, self.starts, anew)

    def _put(self, game: int) -> None:
        """What varies goes in with the order to begin."""

    def read_state(self, game: int = 0) -> dict[str, Any]:
        """The state that a game is in, which an option `start_state` begins in; as `GameExecutor.state`."""
        return self._games.state(game)

    def show_state(self, state: Mapping[str, Any], game: int = 0) -> np.ndarray:
        """What agents see in a state that a game is put into: [N, O]; UserError if it cannot be."""
        if faults := self._games.show(game, state):
            raise UserError(f"The environment '{self.world.id}' {faults[game].what}.")
        return np.array(self._shown[game])

    def _incident(self, b: int, fault: GameFault) -> Incident:
        seed, episode, tick = (int(self.state[name][b]) for name in ("seed", "episode", "tick"))
        lost = tuple(int(self.state["seed"][game]) for game in fault.lost)
        return Incident(self.world.id, b, seed, episode, tick, fault.what, fault.lost, lost)

    def observe(self) -> np.ndarray:
        """The last observation; an external game's state cannot be set."""
        return self.observation

    def render(self, game: int = 0, score: Mapping[str, Any] | None = None) -> np.ndarray:
        """One game as a picture: uint8 [H, W, 3].

        Raises:
            UserError: it was not made with `render_mode="rgb_array"`, or it fails to draw.
        """
        drawn = self._games.draw(game)
        if isinstance(drawn, str):
            raise UserError(f"The environment '{self.world.id}' {drawn}, when it was to draw.")
        if drawn is None:
            raise UserError(f"Make '{self.world.id}' with render_mode='rgb_array' to see pictures.")
        return np.asarray(drawn)

    def close(self) -> None:
        """Close every game, and end the processes that they ran in."""
        self._games.close()


def external_batch(
    name: str,
    size: int = 1,
    *,
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    options: Mapping[str, Any] | None = None,
    restart: bool = True,
    **params: Any,
) -> ExternalBatch:
    """A batch of an external environment: arguments as `Batch`, then the keywords it is made with."""
    rest: Any = {"weights": weights, "options": options, "restart": restart}
    return ExternalBatch(external_world(name, **params), size, seed=seed, **rest)
