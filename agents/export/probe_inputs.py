"""Probe observations, to compare exports with an agent: drawn as its recordings were spread.

B games, k steps of a window, W numbers of a step, L scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from agents.networks.encoders import ObservationEncoder
from agents.networks.policy import AgentPolicy
from environments.simulation.frame_stack import FrameStack, action_size
from environments.simulation.observation_parts import Part, is_picture

_GAMES = (1, 7, 42)  # at once: the first axis of a file is free
_WHITE = 255


@dataclass(frozen=True)
class ProbeStep:
    """One step of B games."""

    shown: np.ndarray  # [B, ...], what the policy is given
    feeds: dict[str, np.ndarray]  # what a file is given
    scores: np.ndarray  # [B, L], as torch has them
    memory: np.ndarray | None  # [B, k, W], after it

    @property
    def games(self) -> int:
        """B."""
        return len(self.scores)


def probe_inputs(policy: AgentPolicy, count: int, seed: int = 0) -> Iterator[ProbeStep]:
    """At least `count` observations, in games of several sizes; the actions in them are drawn at random."""
    random, steps = np.random.default_rng(seed), math.ceil(count / sum(_GAMES))
    for games in _GAMES:
        window, memory, action = None, None, None
        if policy.memory:
            shape: Any = policy.observation_space.shape
            size = shape[0] // policy.memory - action_size(policy.action_space) - 1
            window = FrameStack(games, policy.memory, policy.action_space, size)
            memory, action = (
                np.zeros_like(window.past),
                _actions(policy.action_space, games, random),
            )
        for _ in range(steps):
            seen = probe_observations(policy, games, random)
            shown, feeds = seen, {"observation": seen.astype(np.float32)}
            if window is not None:
                shown = window.look(seen)
                feeds |= {"last_action": action, "memory": memory}  # type: ignore[dict-item]
                memory = window.past.copy()
            with torch.inference_mode():
                scores: np.ndarray = policy.logits(torch.from_numpy(shown)).numpy()
            yield ProbeStep(shown, feeds, scores, memory)
            if window is not None:
                action = _actions(policy.action_space, games, random)
                window.act(action)


def probe_observations(policy: AgentPolicy, count: int, random: np.random.Generator) -> np.ndarray:
    """Observations of single steps: numbers about as the normaliser has met them, pictures and masks any."""
    space: Any = policy.observation_space
    if is_picture(space):
        return random.integers(_WHITE + 1, size=(count, *space.shape)).astype(np.uint8)
    eyes = policy.pi_features_extractor
    if not isinstance(eyes, ObservationEncoder):
        flat = _numbers(eyes, count, random)
        return flat.reshape(count, *space.shape)
    found = []
    columns = _numbers(eyes.parts.scales, count, random) if eyes.parts.vectors else None
    at = 0
    for part in _parts(eyes):
        if part.kind == "image":
            found.append(random.integers(_WHITE + 1, size=(count, part.size)).astype(np.float32))
        elif part.kind == "mask":
            found.append(_mask(policy.action_space, count, random))
        else:
            assert columns is not None
            found.append(columns[:, at : at + part.size])
            at += part.size
    return np.concatenate(found, axis=1)


def _parts(eyes: ObservationEncoder) -> list[Part]:
    """In the order in which they stand in an observation."""
    images = {place.start: Part("", "image", shape) for place, shape in eyes.parts.places}
    found, at, end = [], 0, eyes.size - eyes.mask
    while at < end:
        stop = min((start for start in images if start > at), default=end)
        part = images.get(at) or Part("", "vector", (stop - at,))
        found.append(part)
        at += part.size
    return [*found, *([Part("", "mask", (eyes.mask,))] if eyes.mask else [])]


def _numbers(scales: Any, count: int, random: np.random.Generator) -> np.ndarray:
    mean, scale = scales.mean.numpy(), scales.scale.numpy()
    drawn: np.ndarray = mean + random.normal(size=(count, len(mean))) / scale
    return drawn.astype(np.float32)


def _mask(space: Any, count: int, random: np.random.Generator) -> np.ndarray:
    """Any mask that leaves something to choose."""
    parts = space.nvec.tolist() if isinstance(space, spaces.MultiDiscrete) else [action_size(space)]
    made = []
    for size in parts:
        mask = random.random((count, size)) < 0.6
        mask[np.arange(count), random.integers(size, size=count)] = True
        made.append(mask)
    return np.concatenate(made, axis=1).astype(np.float32)


def _actions(space: Any, count: int, random: np.random.Generator) -> np.ndarray:
    """Any actions, in the types that a file has."""
    if isinstance(space, spaces.Box):
        return random.normal(size=(count, *space.shape)).astype(np.float32)
    most = space.n if isinstance(space, spaces.Discrete) else getattr(space, "nvec", 2)
    return random.integers(0, most, size=(count, *space.shape))
