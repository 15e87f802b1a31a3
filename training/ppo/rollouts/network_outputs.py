"""Forward passes of policy, values and frozen clone: of a minibatch, or of a whole rollout in the background.

During a rollout the weights rest, so it does not matter when a step is passed forward; and in large pieces
that costs a fraction of what it costs a step at a time.

T steps, B games, M observations, A logits, C costs with a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import Distribution
from stable_baselines3.common.utils import obs_as_tensor
from torch import Tensor

from training.compute.second_core import SecondCore, Task
from training.ppo.rollouts.observations import each, first, in_rows, sizes

Outputs = dict[str, Tensor]  # [M, ...] each, or [T x B, ...]
CHUNK = 8192  # observations a forward pass, at most; larger passes fall out of the cache
PIECE = 2048  # likewise while a rollout goes on: the last piece can only be read when it is over
LARGE = 256  # numbers of an observation above which a pass takes fewer


@dataclass(frozen=True)
class ForwardPasses:
    """The forward passes of an actor-critic policy, ours or one of SB3's, and of the clone it is anchored to.

    Ours are computed in brain floats where that is faster: the layers in updates, and then the policy's
    log-probabilities of a rollout too, or the ratio would not begin at 1.
    """

    policy: Any
    clone: Any  # frozen; None without an anchor
    heads: tuple[int, ...]  # of the policy's values, those of the reward and the limited costs
    half: bool  # whether updates are computed in brain floats
    device: torch.device

    @property
    def scales_once(self) -> bool:
        """Whether observations are scaled once a rollout: where nothing of that is learned."""
        return bool(getattr(self.policy, "scales_only", False))

    @property
    def is_ours(self) -> bool:
        """Whether it is an `AgentPolicy`, which makes distributions of logits."""
        return hasattr(self.policy, "distribution_of")

    @property
    def sides_are_separate(self) -> bool:
        """Whether policy and values share no layers, so that neither's gradient waits for the other's."""
        policy = self.policy
        if not self.is_ours:
            return False  # one of SB3's may share anything
        weights = list(policy.features_extractor.parameters())
        return not (policy.share_features_extractor and weights)

    @property
    def return_scales(self) -> np.ndarray:
        """What the policy's own returns of the reward and each limited cost are multiplied by: [1 + C]."""
        own: Any = getattr(self.policy, "return_scale", torch.ones(1))
        scales: np.ndarray = own[list(self.heads)].cpu().numpy().astype(np.float64)
        return scales

    def act(self, observations: Any) -> tuple[np.ndarray, Tensor]:
        """Sample an action a game and its log-probability: [B, ...] -> [B, ...], [B]."""
        with torch.inference_mode():
            policy = self.policy
            shown = obs_as_tensor(observations, self.device)
            if hasattr(policy, "logits") and isinstance(policy.action_space, spaces.Discrete):
                log_probs = torch.log_softmax(policy.logits(shown), dim=1)
                noise = torch.empty_like(log_probs).exponential_()
                chosen = (log_probs - noise.log_()).argmax(1, keepdim=True)  # Gumbel-max
                return chosen.squeeze(1).cpu().numpy(), log_probs.gather(1, chosen).squeeze(1)
            distribution = policy.get_distribution(shown)
            actions = distribution.get_actions()
            log_prob = distribution.log_prob(actions)
            return actions.reshape(
                len(log_prob), *policy.action_space.shape
            ).cpu().numpy(), log_prob

    def raw(self, observations: Any) -> Any:
        """Observations [M, ...] as tensors."""
        return each(lambda part: torch.from_numpy(part).to(self.device), observations)

    def inputs(self, observations: Any) -> Any:
        """What the layers are handed of observations [M, ...]: these, or scaled if it `scales_once`."""
        raw = self.raw(observations)
        return self.policy.scaled(raw) if self.scales_once else raw

    def evaluated(self, inputs: Any, actions: Tensor) -> tuple[Tensor, Tensor, Distribution]:
        """Values [M, 1], log-probabilities [M] and distribution by one pass, of a policy of SB3's.

        It may share layers between the two sides, which then count a minibatch once, as PPO's do.
        """
        values, log_prob, _ = self.policy.evaluate_actions(inputs, actions)
        return values.reshape(-1, 1), log_prob, self.policy.action_dist

    def values(self, inputs: Any) -> Tensor:
        """Values of the reward and of the limited costs, of what `inputs` gave: [M, 1 + C]."""
        values: Tensor
        if self.scales_once:
            values = self.policy.values_of(inputs, costs=len(self.heads) > 1)
        elif len(self.heads) == 1:
            values = self.policy.predict_values(inputs)
        else:
            values = self.policy.predict_all_values(inputs)
        return values if len(self.heads) == 1 else values[:, list(self.heads)]

    def values_to_learn(self, inputs: Any) -> Tensor:
        """As `values`, in the precision of updates."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            values = self.values(inputs)
        return values.float()

    def values_of(self, observations: Any) -> np.ndarray:
        """Values of observations [M, ...], in even parts: [M, 1 + C]."""
        with torch.no_grad():
            parts = [self.values(self.inputs(part)) for part in even_parts(observations)]
        found: np.ndarray = torch.cat(parts).cpu().numpy()
        return found

    def distribution(self, inputs: Any) -> Distribution:
        """Of the actions, [M], for what `inputs` gave, in the precision of updates."""
        policy = self.policy
        if not self.is_ours:
            of_sb3: Distribution = policy.get_distribution(inputs)
            return of_sb3
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            logits = policy.logits_of(inputs) if self.scales_once else policy.logits(inputs)
        ours: Distribution = policy.distribution_of(logits.float())
        return ours

    def actions(self, stored: np.ndarray) -> Tensor:
        """A buffer's actions [M, ...] as distributions take them."""
        found = torch.from_numpy(stored).to(self.device)
        discrete = isinstance(self.policy.action_space, spaces.Discrete)
        return found.long().flatten() if discrete else found.float()

    def of_steps(self, observations: Any, actions: np.ndarray) -> Outputs:
        """What does not change while a rollout is learned from, of its steps [M, ...].

        `values` [M, 1 + C]; `inputs` where it `scales_once`; `log_prob` [M] where updates are computed in
        brain floats; the logits of the `clone` [M, A], if there is one.
        """
        with torch.no_grad():  # a thread of its own has modes of its own
            raw, inputs = self.raw(observations), self.inputs(observations)
            found = {"values": self.values(inputs)}
            if self.scales_once:  # in brain floats as the first layers would make them
                inputs = found["inputs"] = inputs.bfloat16() if self.half else inputs
            if self.half:
                found["log_prob"] = self.distribution(inputs).log_prob(self.actions(actions))
            if self.clone is not None:
                with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
                    found["clone"] = self.clone.logits(raw).float()
        return found


def value_heads(env: Any, costs: Sequence[str]) -> tuple[int, ...]:
    """Which of a policy's values are those of the reward and of the limited costs: 0, then by their place."""
    if not costs:
        return (0,)
    names = list(getattr(env, "cost_names", costs))
    return (0, *(1 + names.index(name) for name in costs))


class BackgroundForward:
    """Passes a rollout's steps forward, those that `played` tells of while the others are played.

    Args:
        second_core: that does it.
        of_steps: observations [M, ...] and actions [M, ...] to what the networks say of them.
        observations: [T, B, ...], filled as the rollout goes on.
        actions: [T, B, ...], likewise.
    """

    def __init__(
        self,
        second_core: SecondCore,
        of_steps: Callable[[Any, np.ndarray], Outputs],
        observations: Any,
        actions: np.ndarray,
    ) -> None:
        self._second_core, self._of_steps = second_core, of_steps
        self._steps, self.games = actions.shape[:2]
        self._observations, self._actions = in_rows(observations), in_rows(actions)  # views
        # The last bits of a value depend on where its part ends, on where it is cut in pieces they do not.
        parts = [len(first(part)) for part in even_parts(self._observations)]
        pieces = [min(PIECE, size - at) for size in parts for at in range(0, size, PIECE)]
        self._ends = np.cumsum(pieces).tolist()
        self._tasks: list[Task[Outputs]] = []
        self._begun = 0  # rows

    def played(self, steps: int) -> None:
        """So many steps are filled: pass forward what is complete."""
        while len(self._tasks) < len(self._ends):
            rows = slice(self._begun, self._ends[len(self._tasks)])
            if rows.stop > steps * self.games:
                return
            here, taken = each(itemgetter(rows), self._observations), self._actions[rows]
            task = self._second_core.begin(partial(self._of_steps, here, taken))
            self._tasks.append(task)
            self._begun = rows.stop

    def outputs(self) -> Outputs:
        """Of all steps, [T x B, ...], once every one is filled."""
        self.played(self._steps)
        backwards = [task.result() for task in reversed(self._tasks)]  # the last ones wait longest
        pieces = backwards[::-1]
        return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}


def even_parts(observations: Any) -> list[Any]:
    """The same observations in even parts, none much larger than a forward pass should take."""
    count = max(1, len(first(observations)) // chunk(observations))
    if not isinstance(observations, dict):
        return np.array_split(observations, count)
    split = each(lambda part: np.array_split(part, count), observations)
    return [{name: parts[n] for name, parts in split.items()} for n in range(count)]


def chunk(observations: Any) -> int:
    """How many observations [M, ...] a forward pass takes: fewer of pictures and of windows."""
    return max(1, min(CHUNK, CHUNK * LARGE // max(sum(sizes(observations)), 1)))
