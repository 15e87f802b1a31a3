"""Inspection of a network's decision: chances, values, and how far it is from its clone.

B observations (here 1), A actions or numbers of an action, C costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import Distribution, kl_divergence

from agents.networks.policy import AgentPolicy
from agents.players.player import NetworkPlayer, Player
from agents.players.unstuck import Unstuck


@dataclass(frozen=True)
class Decision:
    """What stood behind one decision; what a kind of action does not have is None."""

    chances: tuple[np.ndarray, ...] = ()  # of one choice [A], or of each of several; a switch: [1]
    mean: np.ndarray | None = None  # [A], of a continuous action
    spread: np.ndarray | None = None  # [A], its standard deviation
    values: np.ndarray | None = None  # [1 + C], of the reward and of each cost
    distance: float | None = None  # nats, KL(policy from clone)


class IntrospectivePlayer(NetworkPlayer):
    """Plays as a `NetworkPlayer` does, and keeps what it saw and weighed last."""

    def __init__(
        self, policy: AgentPolicy, seed: int = 0, temperature: float = 1.0, greedy: bool = False
    ) -> None:
        super().__init__(policy, seed, temperature, greedy)
        self.seen: Any = None  # as the policy is given it, [1, ...]
        self.weighed: np.ndarray | None = None  # [1, A], after every rule

    def look(self, observation: Any, state: Any, episode_start: Any) -> tuple[Any, Any]:
        """As `NetworkPlayer.look`."""
        self.seen, state = super().look(observation, state, episode_start)
        return self.seen, state

    def choose(self, scores: np.ndarray, deterministic: bool) -> np.ndarray:
        """As `NetworkPlayer.choose`."""
        self.weighed = scores
        return super().choose(scores, deterministic)

    def keep_row(self, row: int) -> None:
        """Of several games that were decided at once, keep what belongs to one."""
        self.seen = self.seen[row : row + 1]
        if self.weighed is not None:
            self.weighed = self.weighed[row : row + 1]


def make_introspective(player: Player) -> Player:
    """The same player, but one that can be looked into, if it is a network with or without a rule."""
    if type(player) is NetworkPlayer:
        return IntrospectivePlayer(player.policy, 0, player.temperature, player.greedy)
    if isinstance(player, Unstuck) and type(player.player) is NetworkPlayer:
        network = player.player
        return Unstuck(
            IntrospectivePlayer(network.policy, 0, network.temperature, network.greedy),
            player.body,
            player.steps,
        )
    return player


def inspect_decision(player: Player | None, clone: AgentPolicy | None = None) -> Decision | None:
    """What stood behind a player's last decision; None if it cannot be looked into.

    Args:
        player: it has just decided for one game.
        clone: whom to measure the distance from.
    """
    network = player.player if isinstance(player, Unstuck) else player
    if not isinstance(network, IntrospectivePlayer) or network.seen is None:
        return None
    policy = network.policy
    with torch.inference_mode():
        seen = torch.as_tensor(np.asarray(network.seen))
        values = None
        if policy.knows_values:
            values = (policy.predict_all_values(seen)[0] / policy.return_scale).numpy()
        logits = policy.logits(seen)
        made = policy.distribution_of(logits)
        distance = None
        if clone is not None and comparable(policy, clone):
            theirs = clone.distribution_of(clone.logits(seen))
            distance = max(float(kl_divergence(made, theirs).sum()), 0.0)
        chances, mean, spread = _taken_apart(policy, made, network.weighed)
    return Decision(chances, mean, spread, values, distance)


def comparable(policy: AgentPolicy, clone: AgentPolicy) -> bool:
    """Whether both see and act alike, so that a distance between them means something."""
    return bool(
        policy.observation_space == clone.observation_space
        and policy.action_space == clone.action_space
    )


def _taken_apart(
    policy: AgentPolicy, made: Distribution, weighed: np.ndarray | None
) -> tuple[tuple[np.ndarray, ...], np.ndarray | None, np.ndarray | None]:
    """Chances, mean and spread, as `Decision` has them."""
    space, inner = policy.action_space, made.distribution
    if isinstance(space, spaces.Discrete):
        scores = made.distribution.logits[0].numpy() if weighed is None else weighed[0]  # type: ignore[union-attr]
        odds = np.exp(scores.astype(np.float64) - scores.max())
        return (odds / odds.sum(),), None, None
    if isinstance(space, spaces.MultiDiscrete):
        return tuple(part.probs[0].numpy() for part in inner), None, None  # type: ignore[union-attr]
    if isinstance(space, spaces.MultiBinary):
        return tuple(inner.probs[0].numpy()[:, None]), None, None  # type: ignore[union-attr]
    return (), inner.mean[0].numpy(), inner.stddev[0].numpy()  # type: ignore[union-attr]
