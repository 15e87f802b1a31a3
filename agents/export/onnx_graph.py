"""An agent's policy as the graph of an ONNX file, with chance and memory as tensors that go in and out.

Inputs, in order (B games; a float32 tensor unless said otherwise):
    observation   [B, ...], the normaliser is inside; pictures from 0 to 255
    last_action   [B, ...], as `action` came or as it was applied instead; only with memory
    memory        [B, k, W], zeros where an episode begins; only with memory
    chance        [B, R], drawn evenly from 0 to 1, or 0.5 for the likeliest action; not in a greedy file
Outputs:
    action        [B, ...], int64 for choices and whole numbers, float32 within the bounds for the rest, as
                  the environment itself takes them: counted from its own start, in its own shape
    scores        [B, L], logits of the choices after the mask, or the mean of a continuous action
    next_memory   [B, k, W], to be handed in with the next observation; only with memory
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.nn import functional

from agents.networks.policy import AgentPolicy
from environments.external.games.own_actions import is_counted
from environments.simulation.frame_stack import action_size

_LEAST = 1e-7  # of a chance: its logarithm stays a number in float32
LIKELIEST = 0.5  # a chance that decides nothing


class Graph(nn.Module):
    """The policy of an agent, ready to be traced.

    Args:
        policy: of the agent; left in evaluation.
        greedy: leave `chance` out: the likeliest action always.
        own: the environment's own action space; as the policy's if None.
    """

    def __init__(self, policy: AgentPolicy, greedy: bool, own: Any = None) -> None:
        super().__init__()
        policy.set_training_mode(False)
        self.greedy = greedy
        self.space: Any = policy.action_space
        self.own: Any = self.space if own is None else own
        self.eyes, self.memory = policy.pi_features_extractor, policy.memory
        self.tower, self.head = policy.mlp_extractor, policy.action_net
        if isinstance(self.space, spaces.Box):
            self.spread: Tensor
            self.low: Tensor
            self.high: Tensor
            self.register_buffer("spread", policy.log_std.detach().exp())
            low, high = bounds_within(self.own)
            self.register_buffer("low", torch.from_numpy(low))
            self.register_buffer("high", torch.from_numpy(high))
        self.start: Tensor | None
        shifted = not isinstance(self.space, spaces.Box) and not is_counted(self.own)
        start = np.zeros(self.own.shape or (), np.int64) + getattr(self.own, "start", 0)
        self.register_buffer("start", torch.from_numpy(np.asarray(start)) if shifted else None)

    @property
    def chances(self) -> int:
        """R: one a choice or switch; a normal number is made of two."""
        size = action_size(self.space)
        return 2 * size if isinstance(self.space, spaces.Box) else size

    @property
    def inputs(self) -> tuple[str, ...]:
        """Their names, in order."""
        remembered = ("last_action", "memory") if self.memory else ()
        return ("observation", *remembered, *(() if self.greedy else ("chance",)))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Their names, in order."""
        return ("action", "scores", *(("next_memory",) if self.memory else ()))

    def forward(self, observation: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """As the module says."""
        chance = None if self.greedy else rest[-1]
        if not self.memory:
            scores = self.head(self.tower.forward_actor(self.eyes(observation)))
            return self.act(scores, chance), scores
        window = self._remember(observation, rest[0], rest[1])
        scores = self.head(self.tower.forward_actor(self.eyes(window.flatten(1))))
        return self.act(scores, chance), scores, window

    def _remember(self, observation: Tensor, last_action: Tensor, memory: Tensor) -> Tensor:
        """The window with this step at its end, as `environments.simulation.frame_stack.FrameStack.look`."""
        told = self._tell(last_action) * memory[:, -1, -1:]  # nothing was done before a start
        now = torch.cat([observation.flatten(1), told, torch.ones_like(told[:, :1])], dim=1)
        return torch.cat([memory[:, 1:], now.unsqueeze(1)], dim=1)

    def act(self, scores: Tensor, chance: Tensor | None) -> Tensor:
        """The action that scores [B, L] and chances [B, R] make, in the environment's numbers: [B, ...]."""
        if isinstance(self.space, spaces.Box):
            return self._move(scores, chance)
        chosen = self._choose(scores, chance)
        if self.start is None:
            return chosen
        return chosen.reshape(-1, *self.start.shape) + self.start

    def _choose(self, scores: Tensor, chance: Tensor | None) -> Tensor:
        """The choices, counted from 0, or the switches."""
        if isinstance(self.space, spaces.MultiBinary):  # on with the chance of its logit
            edge = LIKELIEST if chance is None else chance
            return (torch.sigmoid(scores) > edge).to(torch.int64)
        if chance is not None:  # the Gumbel-max trick (Gumbel 1954)
            scores = scores - torch.log(-torch.log(chance.clamp(_LEAST, 1 - _LEAST)))
        if isinstance(self.space, spaces.Discrete):
            return scores.argmax(dim=1)
        parts = torch.split(scores, self.space.nvec.tolist(), dim=1)
        return torch.stack([part.argmax(dim=1) for part in parts], dim=1)

    def _move(self, mean: Tensor, chance: Tensor | None) -> Tensor:
        """A sample of the normal distribution (Box and Muller 1958), within the bounds."""
        if chance is not None:
            length, angle = chance.chunk(2, dim=1)
            away = torch.sqrt(-2 * torch.log(length.clamp(_LEAST, 1.0)))
            mean = mean + self.spread * away * torch.sin(2 * math.pi * angle)
        shaped = mean.reshape(-1, *self.low.shape)
        if self.own.dtype.kind == "f":
            return torch.minimum(torch.maximum(shaped, self.low), self.high)
        whole = torch.minimum(torch.maximum(torch.round(shaped), self.low), self.high)
        return whole.to(torch.int64)

    def _tell(self, action: Tensor) -> Tensor:
        """Actions as numbers, as `environments.simulation.frame_stack.encode_actions`: [B, ...] -> [B, A]."""
        if isinstance(self.space, spaces.Box):
            return action.flatten(1).float() if action.dim() > 1 else action.unsqueeze(1).float()
        counted = action if self.start is None else action - self.start
        if isinstance(self.space, spaces.Discrete):
            return self._one_hot(counted, int(self.space.n))
        counted = counted.flatten(1)
        if isinstance(self.space, spaces.MultiDiscrete):
            columns = zip(self.space.nvec.tolist(), counted.unbind(1), strict=True)
            return torch.cat([self._one_hot(column, n) for n, column in columns], dim=1)
        return counted.float()

    def _one_hot(self, counted: Tensor, choices: int) -> Tensor:
        if self.start is not None:  # before the first action there is a 0, which may be none
            counted = counted.clamp(0, choices - 1)
        return functional.one_hot(counted, choices).float()


def bounds_within(space: Any) -> tuple[np.ndarray, np.ndarray]:
    """The bounds of a Box as float32 numbers that lie within them."""
    with np.errstate(over="ignore"):
        low, high = space.low.astype(np.float32), space.high.astype(np.float32)
    low = np.where(low < space.low, np.nextafter(low, np.float32(np.inf)), low)
    high = np.where(high > space.high, np.nextafter(high, np.float32(-np.inf)), high)
    return low.astype(np.float32), high.astype(np.float32)


def example(graph: Graph, policy: AgentPolicy, games: int) -> tuple[Tensor, ...]:
    """Inputs of the right shapes for so many games, all at the beginning of an episode."""
    space = policy.action_space
    shape, found = policy.observation_space.shape or (), []
    if graph.memory:
        width = math.prod(shape) // graph.memory
        size = width - action_size(space) - 1
        kind = torch.float32 if isinstance(space, spaces.Box) else torch.int64
        found = [
            torch.zeros(games, size),
            torch.zeros(games, *(graph.own.shape or ()), dtype=kind),
            torch.zeros(games, graph.memory, width),
        ]
    else:
        found = [torch.zeros(games, *shape)]
    return tuple(found) if graph.greedy else (*found, torch.full((games, graph.chances), LIKELIEST))
