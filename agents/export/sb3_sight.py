"""What a zip of Stable-Baselines3 is shown: the environment's own observation, as SB3 keeps its space.

B observations, O numbers of a row.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from stable_baselines3.common.vec_env import VecTransposeImage
from torch import nn

from agents.files.agent_file import Agent
from agents.schema.own_observation import OwnPart, read_layout
from environments.files.readers import Unreadable
from environments.simulation.frame_stack import action_size
from environments.simulation.observation_parts import layout_of
from environments.system.errors import UserError


@dataclass(frozen=True)
class OwnSight:
    """An environment's own observation."""

    space: Any  # as SB3 keeps it: a dict, or a single space
    layout: list[dict[str, Any]]
    parts: tuple[OwnPart, ...]
    shape: tuple[int, ...]  # of a row

    @property
    def plain(self) -> bool:
        """Whether SB3 makes the same numbers of it in the same order as we do."""
        return all(map(_plain, self.parts))

    def shown(self, rows: np.ndarray) -> Any:
        """What might be shown where rows are about such [B, O]: arrays [B, ...]."""
        flat = rows.reshape(len(rows), -1)
        found = [_decoded(part, flat[:, part.at : part.at + part.numbers]) for part in self.parts]
        if not isinstance(self.space, spaces.Dict):
            return found[0]
        return {part.name: values for part, values in zip(self.parts, found, strict=True)}

    def rows(self, shown: Any) -> np.ndarray:
        """The rows of what is shown [B, ...]."""
        found = [
            part.encode(shown[part.name] if isinstance(shown, Mapping) else shown)
            for part in self.parts
        ]
        return np.concatenate(found, axis=1).reshape(-1, *self.shape)


def own_sight(agent: Agent, path: Path) -> OwnSight | None:
    """What the zip of an agent is shown; None where that is what the agent itself sees.

    Raises:
        UserError: SB3 has no such observations.
    """
    policy, described = agent.policy, agent.world.get("layout")
    shape: tuple[int, ...] = policy.observation_space.shape or ()
    if described is None:  # a picture alone is turned, too
        if policy.memory or not _is_turned(policy.observation_space):
            return None
        described = layout_of(policy.observation_space)
    if policy.memory:
        shape = (shape[0] // policy.memory - action_size(policy.action_space) - 1,)
    try:
        parts = read_layout(described, math.prod(shape))
    except Unreadable as error:
        raise refused(path, f"the agent {error}") from None
    alone = parts[0].path == ()
    beside = parts[-1].is_mask and parts[-1].path is None
    if alone and (policy.memory or beside):  # a window, or a row with the mask at its end
        return None
    if policy.memory:
        raise refused(
            path, "a model of Stable-Baselines3 has no window of dicts, which its memory needs"
        )
    if beside:
        raise refused(
            path, "PPO of Stable-Baselines3 is shown no mask that stands beside a dict, as here"
        )
    return OwnSight(_space(parts, path), described, parts, shape)


def refused(path: Path, why: str) -> UserError:
    """The sentence about a zip that cannot be."""
    return UserError(f"{path} was not written: {why}; ONNX can: gpo export AGENT --to FILE.onnx.")


def _space(parts: Sequence[OwnPart], path: Path) -> Any:
    found: OrderedDict[str, Any] = OrderedDict()
    for part in parts:
        keys = part.path
        if keys is None or len(keys) > 1 or part.space is None or int in map(type, keys):
            raise refused(
                path,
                f"Stable-Baselines3 has no dicts in dicts and no tuples, where '{part.name}' is",
            )
        if isinstance(part.space, spaces.MultiDiscrete) and part.space.nvec.ndim > 1:
            raise refused(path, f"Stable-Baselines3 sees no tables of choices ('{part.name}')")
        turned = _is_turned(part.space)
        found[part.name] = VecTransposeImage.transpose_space(part.space) if turned else part.space
    return found[""] if parts[0].path == () else spaces.Dict(found)


def _is_turned(space: Any) -> bool:
    """Whether SB3 puts the channels of such pictures first, before a model sees them."""
    return is_image_space(space) and not is_image_space_channels_first(space)


def _plain(part: OwnPart) -> bool:
    space: Any = part.space
    if (
        part.is_mask
        or is_image_space(space)
        or "." in part.name
        or hasattr(nn.ModuleDict, part.name)
    ):
        return False
    return not np.any(getattr(space, "start", 0))


def _decoded(part: OwnPart, numbers: np.ndarray) -> np.ndarray:
    """Values that the numbers of a row might stand for: [B, numbers] -> [B, ...]."""
    space: Any = part.space
    if isinstance(space, (spaces.Discrete, spaces.MultiDiscrete)):
        counts = np.ravel(space.n if isinstance(space, spaces.Discrete) else space.nvec)
        pieces = np.split(numbers, np.cumsum(counts)[:-1], axis=1)
        places: np.ndarray = np.stack([piece.argmax(1) for piece in pieces], axis=1)
        chosen: np.ndarray = (places + np.ravel(space.start)).astype(space.dtype)
        return chosen.reshape(-1, *(part.space.shape or ()))
    if part.is_mask or isinstance(space, spaces.MultiBinary):
        return (numbers > 0).reshape(-1, *space.shape).astype(space.dtype)
    values = np.clip(numbers.astype(np.float64).reshape(-1, *space.shape), space.low, space.high)
    return (values if space.dtype.kind == "f" else np.rint(values)).astype(space.dtype)
