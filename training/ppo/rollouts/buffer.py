"""The rollout buffer: SB3's, with the costs of its steps and how its episodes ended.

T steps, B games, C costs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor, from_numpy

from environments.system.errors import UserError
from training.ppo.rollouts.observations import each


class ReusedBuffer(RolloutBuffer):
    """SB3's buffer, which is written over by the next rollout: new memory costs more than what is put in."""

    def reset(self) -> None:
        """Begin at the first step again."""
        if not hasattr(self, "advantages") or self.generator_ready:  # its batches change the shapes
            super().reset()
        self.pos, self.full = 0, False

    def add(
        self,
        obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        episode_start: np.ndarray,
        value: Tensor,
        log_prob: Tensor,
    ) -> None:
        """As SB3's, which copies each twice."""
        for kept, new in (
            (self.observations, obs),
            (self.actions, action),
            (self.rewards, reward),
            (self.episode_starts, episode_start),
            (self.values, value.cpu().numpy()),
            (self.log_probs, log_prob.cpu().numpy()),
        ):
            kept[self.pos] = new.reshape(kept.shape[1:])
        self.pos += 1
        self.full = self.pos == self.buffer_size


class CostMeter:
    """Reads the costs of our seats and adds them up by episode.

    Args:
        names: the costs, in the order of the columns.
        games: B.
    """

    def __init__(self, names: Sequence[str], games: int) -> None:
        self.names = list(names)
        self.running = np.zeros((games, len(self.names)))  # [B, C], of the episodes under way
        self.finished: list[np.ndarray] = []  # [C] each, of the episodes that ended in this rollout
        # Spent in all games of this rollout, and its steps in which the learner was there, a game.
        self.spent, self.steps = np.zeros(len(self.names)), 0.0
        self.since, self.acted, self.ends = 0, 0.0, 0  # the same, and ends, since all began anew
        self.horizon = math.inf  # steps of the longest episode, where that is known

    def begin(self) -> None:
        """Forget the episodes that ended."""
        self.finished = []
        self.spent, self.steps = np.zeros(len(self.names)), 0.0

    def restart(self) -> None:
        """All episodes begin anew."""
        self.running[:] = 0
        self.since, self.acted, self.ends = 0, 0.0, 0

    def read(self, env: VecEnv, infos: list[dict[str, Any]], dones: np.ndarray) -> np.ndarray:
        """The costs of the last step, [B, C]."""
        if not self.names:
            return self.running
        seating = getattr(env, "seating", None)
        if seating is not None:
            columns = [list(seating.batch.world.costs).index(name) for name in self.names]
            costs: np.ndarray = seating.learner_slice(seating.batch.costs)[:, columns]
            state = getattr(seating.batch, "state", None)
            self.horizon = math.inf if state is None else float(state["horizon"].max())
        else:
            costs = np.array([[_named(info, name) for name in self.names] for info in infos])
        acted = np.broadcast_to(learner_acted(env), dones.shape)
        self.spent = self.spent + costs[acted].sum(0)
        self.steps += acted.mean()
        self.since, self.acted = self.since + 1, self.acted + acted.mean()
        self.ends += int((dones & acted).sum())
        self.running += costs
        self.finished += list(self.running[dones & acted])
        self.running[dones] = 0
        return costs

    def per_episode(self) -> dict[str, float]:
        """Mean cost of an episode, by name; empty if nothing is known of it.

        Of the episodes that ended, once every one that began with them has; before, those would be the short
        ones alone, or none at all where a rollout is shorter than a game: then what a step costs, times the
        steps of an episode (the ratio of means of renewal-reward processes; Ross, Stochastic Processes, 3.6).
        """
        known = self.since >= self.horizon or math.isinf(self.horizon)
        if self.finished and known:
            return dict(zip(self.names, np.mean(self.finished, axis=0).tolist(), strict=True))
        games = len(self.running)
        length = min(self.horizon, self.acted * games / self.ends if self.ends else math.inf)
        if math.isinf(length) or not self.steps:
            return {}
        return dict(
            zip(self.names, (self.spent / (self.steps * games) * length).tolist(), strict=True)
        )


def learner_acted(env: VecEnv) -> np.ndarray | bool:
    """In which games the learner was in the last step, [B]: in all but some of PettingZoo's."""
    acted: np.ndarray | bool = getattr(env, "acted", True)
    return acted


def learner_rows(data: dict[str, Tensor], acted: np.ndarray) -> dict[str, Tensor]:
    """The rows of steps in which the learner was in the game, `acted` [T, B].

    Raises:
        UserError: there are none.
    """
    rows = from_numpy(np.flatnonzero(acted)).to(data["returns"].device)
    if not len(rows):
        raise UserError(
            "The learner's seat was empty in all of a rollout: there is nothing to learn from. Give more "
            "refine.rollout.steps, or more games."
        )
    return {name: each(lambda part: part.index_select(0, rows), c) for name, c in data.items()}


def fitted_values(buffer: RolloutBuffer, acted: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Values and returns of the steps in which the learner was in the game: [S], [S].

    Args:
        buffer: SB3's, filled.
        acted: whether it was, [T, B]; everywhere if None.
    """
    values, returns = buffer.values.flatten(), buffer.returns.flatten()
    if acted is None or acted.all():
        return values, returns
    return values[acted.flatten()], returns[acted.flatten()]


def _named(info: dict[str, Any], name: str) -> float:
    costs = info.get("costs", {})
    return float(costs[name] if name in costs else info.get(name, 0.0))


class EpisodeEnds:
    """The ends of episodes in a rollout, and the costs of its steps."""

    def __init__(self, steps: int, games: int, costs: int) -> None:
        self.costs = np.zeros((steps, games, costs))
        self.dones = np.zeros((steps, games), np.bool_)
        self.acted = np.ones((steps, games), np.bool_)  # whether the learner was in the game
        self.cut_off: list[
            tuple[int, int, Any]
        ] = []  # step, game, final observation of a truncated one

    def write(
        self,
        t: int,
        dones: np.ndarray,
        infos: list[dict[str, Any]],
        costs: np.ndarray,
        acted: np.ndarray | bool = True,
    ) -> None:
        """Keep what step t brought."""
        self.dones[t], self.acted[t] = dones, acted
        if self.costs.shape[2]:
            self.costs[t] = costs
        for b in np.flatnonzero(dones).tolist():
            if infos[b].get("TimeLimit.truncated", False):
                self.cut_off.append((t, b, infos[b]["terminal_observation"]))

    def following(self, values: np.ndarray, last: np.ndarray, final: np.ndarray) -> np.ndarray:
        """The value of what each step led to, as `generalised_advantages` wants it.

        Args:
            values: of the observations acted on, [T, B, S].
            last: of the observation after the rollout, [B, S].
            final: of the final observations of what was cut off, [len(cut_off), S].
        """
        following = np.concatenate([values[1:], last[None]])
        following[self.dones] = 0.0
        for (t, b, _), value in zip(self.cut_off, final, strict=True):
            following[t, b] = value
        return following
