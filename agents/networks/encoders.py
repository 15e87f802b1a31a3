"""Feature extractors: each part of an observation encoded by its kind, then a memory of the last steps.

Numbers are scaled, pictures go through a convolutional network, the action mask through nothing. With
memory the observation is a window (`environments.simulation.frame_stack`), encoded step by step and read
by a causal transformer.

B observations, k steps of a window, O numbers of a step, F features of a step, M numbers of the mask.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn
from torch.nn import functional

from agents.networks.image_encoders import channels_first, picture_network
from agents.networks.scales import Normaliser
from agents.schema.agent_schema import STEPS
from environments.simulation.observation_parts import Part, is_picture, read_parts

_WHITE = 255.0


class ObservationEncoder(BaseFeaturesExtractor):
    """Features of an observation, [B, ...] -> [B, F + M], or with memory [B, width + F + M].

    Args:
        observation_space: of the observation, or of the window.
        parts: what one step is made of, as `Part.as_json`; the space itself if there are none.
        image: "nature" (Mnih et al. 2015), "impala" (Espeholt et al. 2018) or "auto", by size.
        steps: k; 0 remembers nothing.
        width: of the memory's tokens.
        heads: that it attends with.
        layers: of attention.

    Raises:
        ValueError: parts, space and settings that do not fit each other.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        parts: Iterable[Any] = (),
        image: str = "auto",
        steps: int = 0,
        width: int = 64,
        heads: int = 4,
        layers: int = 1,
    ) -> None:
        made = read_parts(parts) or (_whole(observation_space),)
        mask = made[-1].size if made[-1].kind == "mask" else 0
        super().__init__(observation_space, features_dim=1)  # corrected below
        self.mask, self.steps = mask, steps
        self.size = sum(part.size for part in made)  # O
        self.parts = PartsEncoder([part for part in made if part.kind != "mask"], image)
        features = self.parts.features + mask
        row, rest = divmod(math.prod(observation_space.shape or ()), max(steps, 1))
        if rest or (row <= self.size if steps else row != self.size):
            raise ValueError(
                f"parts of {self.size} numbers do not make up {observation_space.shape}"
            )
        if steps:
            inputs = self.parts.features + row - self.size - 1
            self.memory = MemoryEncoder(inputs, steps, width, heads, layers)
            features += width
        self._features_dim = features

    def fit(self, observations: np.ndarray, floor: float | None) -> None:
        """Take the scales of the numbers among single steps' observations [S, ...]; pictures need none."""
        if self.parts.vectors:
            flat = observations.reshape(len(observations), -1)
            self.parts.scales.fit(flat[:, self.parts.vectors], floor)

    def forward(self, observations: Tensor) -> Tensor:
        """As the class says."""
        if not self.steps:
            flat = observations.flatten(1)
            seen = self.parts(flat)
            return torch.cat([seen, flat[:, -self.mask :]], dim=1) if self.mask else seen
        rows = observations.reshape(-1, self.steps, observations.shape[1] // self.steps)
        there = rows[:, :, -1] > 0
        encoded = self.parts(rows[:, :, : self.size].flatten(0, 1))
        encoded = encoded.reshape(-1, self.steps, encoded.shape[1])  # [B, k, F]
        tokens = torch.cat([encoded, rows[:, :, self.size : -1]], dim=2)
        found = [self.memory(tokens, there), encoded[:, -1]]
        if self.mask:
            found.append(rows[:, -1, self.size - self.mask : self.size])
        return torch.cat(found, dim=1)


class PartsEncoder(nn.Module):
    """Each part by its kind, features end to end: [B, O] -> [B, F]."""

    def __init__(self, parts: list[Part], image: str) -> None:
        super().__init__()
        if not parts:
            raise ValueError("an observation has at least one part beside the mask")
        self.vectors: list[int] = []  # columns that are plain numbers
        self.places: list[tuple[slice, tuple[int, ...]]] = []  # of the pictures
        pictures, at = [], 0
        for part in parts:
            if part.kind == "image":
                pictures.append(picture_network(part.shape, image))
                self.places.append((slice(at, at + part.size), part.shape))
            else:
                self.vectors += range(at, at + part.size)
            at += part.size
        self.plain = not pictures
        numbers = spaces.Box(-np.inf, np.inf, (len(self.vectors),), np.float32)
        self.scales: Any = Normaliser(numbers) if self.vectors else None
        self.pictures = nn.ModuleList(pictures)
        self.features = len(self.vectors) + sum(p.features for p in pictures)

    def forward(self, observations: Tensor) -> Tensor:
        """Scale the numbers, look at the pictures; what comes after the parts is left out."""
        if self.plain:
            return self.scales(observations[:, : len(self.vectors)])  # type: ignore[no-any-return]
        found = [self.scales(observations[:, self.vectors])] if self.vectors else []
        for network, (place, shape) in zip(self.pictures, self.places, strict=True):
            pixels = observations[:, place].reshape(-1, *shape) / _WHITE
            found.append(network(channels_first(pixels, shape)))
        return torch.cat(found, dim=1)


def _whole(space: spaces.Space[Any]) -> Part:
    """A space as a part of its own."""
    shape = tuple(space.shape or ())
    return (
        Part("", "image", shape) if is_picture(space) else Part("", "vector", (math.prod(shape),))
    )


class MemoryEncoder(nn.Module):
    """A causal transformer over a window; what it has made of the last step: [B, k, I] -> [B, width]."""

    def __init__(self, inputs: int, steps: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        if steps > STEPS:
            raise ValueError(f"a memory of {steps:,} steps is too long: give at most {STEPS:,}")
        if width % heads or layers < 1:
            raise ValueError(
                f"a width of {width} cannot be shared by {heads} heads in {layers} layers"
            )
        self.enter = nn.Linear(inputs, width)
        self.age = nn.Parameter(0.02 * torch.randn(steps, width))
        self.blocks = nn.ModuleList(TransformerBlock(width, heads) for _ in range(layers))
        self.leave = nn.LayerNorm(width)
        self.earlier: Tensor  # [k, k]
        self.itself: Tensor  # [k, k]
        self.register_buffer("earlier", torch.ones(steps, steps).tril().bool(), persistent=False)
        self.register_buffer("itself", torch.eye(steps).bool(), persistent=False)

    def forward(self, tokens: Tensor, there: Tensor) -> Tensor:
        """Steps that are not `there` [B, k] are seen by none but themselves."""
        seen = (there[:, None, :] & self.earlier) | self.itself  # [B, k, k]
        x = self.enter(tokens) + self.age
        for block in self.blocks[:-1]:
            x = block(x, x, seen)
        last: Tensor = self.leave(self.blocks[-1](x[:, -1:], x, seen[:, -1:]))  # only now counts
        return last.squeeze(1)


class TransformerBlock(nn.Module):
    """Attention, then two layers, each beside a shortcut (pre-norm)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.offer = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.join = nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, context: Tensor, seen: Tensor) -> Tensor:
        """x [B, q, width] attends to `context` [B, k, width] where `seen` [B, q, k]."""
        keys, values = self.offer(self.first(context)).chunk(2, dim=-1)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(
                1, 2
            )  # [B, heads, q or k, width / heads]
            for part in (self.ask(self.first(x)), keys, values)
        )
        found = functional.scaled_dot_product_attention(query, key, value, seen.unsqueeze(1))
        x = x + self.join(found.transpose(1, 2).flatten(2))
        added: Tensor = self.think(self.second(x))
        return x + added
