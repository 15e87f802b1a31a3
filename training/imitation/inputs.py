"""The inputs of a cloned network: its encoder by the recipe, and recordings as that encoder sees them.

S recorded steps, k steps of a window, W numbers each, M samples of a minibatch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from gymnasium import spaces
from pydantic import Field
from torch import Tensor

from agents.networks.encoder import EncoderWeights, require_same_encoder
from agents.networks.policy import AgentPolicy, build_policy
from demos.data.episodes.arrays import Arrays
from environments.simulation.frame_stack import recorded_rows, stacked_rows, stacked_space
from environments.simulation.observation_parts import is_picture
from environments.simulation.world import World
from environments.system.errors import UserError
from training.settings import Settings, Units


class NetworkSettings(Settings):
    """What policy and values are made of. The observation decides the rest: numbers, pictures, masks."""

    kind: Literal["layers", "memory"] = "layers"
    """Plain layers, or a memory: a transformer over the last steps."""
    hidden: Annotated[list[Units], Field(max_length=100)] | None = None
    """Size of each layer; clone.hidden if left out. [units]"""
    image: Literal["auto", "nature", "impala"] = "auto"
    """Encoder of pictures; "auto" goes by their size."""
    steps: int = Field(8, ge=1, le=10**6)
    """How far a memory reaches back, k. [steps]"""
    width: Units = 64
    """Width of a memory's tokens. [units]"""
    heads: Units = 4
    """Heads that a memory attends with; they share the width."""
    layers: int = Field(1, ge=1, le=1000)
    """Layers of a memory's attention."""


def encoder_settings(world: World, settings: NetworkSettings) -> dict[str, Any] | None:
    """Keywords of `ObservationEncoder` for a world; None where plain layers on numbers will do.

    Raises:
        UserError: settings that do not fit each other or the world's pictures.
    """
    parts = [part.as_json() for part in world.parts]
    shown = world.observation_space
    network: dict[str, Any] = {"parts": parts, "image": settings.image}
    if settings.kind == "memory":
        if not parts:
            shape = list(shown.shape)
            whole = ["", "image", shape] if is_picture(shown) else ["", "vector", shape]
            network["parts"] = [whole]
        network |= settings.model_dump(include={"steps", "width", "heads", "layers"})
    elif not parts and not is_picture(shown):
        return None
    _try(world, network)
    return network


def _try(world: World, network: dict[str, Any]) -> None:
    tiny = {"net_arch": {"pi": [1], "vf": [1]}, "sight": network}
    try:
        space = policy_space(world.observation_space, world.action_space, network)
        build_policy(space, world.action_space, tiny)
    except ValueError as error:
        raise UserError(f"The network cannot be built as [network] says: {error}.") from None


def policy_space(shown: Any, acted: Any, network: dict[str, Any] | None) -> Any:
    """The space of what such a policy is handed: what the world shows, or a window over it."""
    steps = (network or {}).get("steps", 0)
    return stacked_space(shown, acted, steps) if steps else shown


@dataclass(frozen=True)
class RecordedSteps:
    """Recorded steps to learn from, and the spaces that they are of."""

    arrays: Arrays
    groups: np.ndarray  # [S], what is held back together: steps of one match have one number
    observation_space: spaces.Space[Any]
    action_space: spaces.Space[Any]
    returns: np.ndarray | None = None  # [S, 1 + C], NaN where unknown; None fits no values
    action_names: Sequence[str] = ()  # for `CloneSettings.action_weights`
    rows: np.ndarray | None = None  # [S] bool, which to learn from; all if None

    @property
    def chosen(self) -> np.ndarray:
        """The numbers of the steps to learn from."""
        return np.arange(len(self.groups)) if self.rows is None else np.flatnonzero(self.rows)

    def actions_for(self, policy: AgentPolicy) -> Tensor:
        """The actions as the loss takes them: [S, ...]."""
        discrete = isinstance(policy.action_space, spaces.Discrete)
        return torch.from_numpy(self.arrays.actions.astype(np.int64 if discrete else np.float32))

    def returns_for(self, policy: AgentPolicy) -> Tensor:
        """The returns in the scale that the policy's values have: [S, 1 + C]."""
        assert self.returns is not None
        return torch.from_numpy(self.returns.astype(np.float32)) * policy.return_scale


class RecordedInputs:
    """Recorded observations as a policy sees them; windows are put together only when they are asked for.

    Args:
        arrays: the recordings.
        policy: who is to see them.
    """

    def __init__(self, arrays: Arrays, policy: AgentPolicy) -> None:
        given = arrays.observations
        kept = given if given.dtype == np.uint8 else given.astype(np.float32)
        self.shown = torch.from_numpy(np.ascontiguousarray(kept))  # [S, ...]
        self.rows: Tensor | None = None
        if policy.memory:
            rows = recorded_rows(kept, arrays.actions, arrays.starts, policy.action_space)
            self.shown = torch.from_numpy(stacked_rows(arrays.starts, policy.memory))  # [S, k]
            self.rows = torch.from_numpy(rows)  # [S + 1, W]

    def see(self, shown: Tensor) -> Tensor:
        """What the policy is handed for some of `shown`: [M, ...]."""
        if self.rows is None:
            return shown
        return self.rows[shown].flatten(1)  # [M, k x W]

    def __len__(self) -> int:
        return len(self.shown)

    def __getitem__(self, chosen: Any) -> Tensor:
        return self.see(self.shown[chosen])


def require_encoder(encoder: EncoderWeights, shown: Any, network: dict[str, Any] | None) -> None:
    """Refuse an encoder of another network than a recipe asks for.

    Args:
        encoder: that policy and values are to begin with.
        shown: the space of what the policy is handed, as `policy_space`.
        network: as `encoder_settings`.

    Raises:
        UserError: it says how they differ.
    """
    try:
        require_same_encoder(encoder, shown, network)
    except ValueError as problem:
        raise UserError(
            f"The encoder of clone.encoder {problem}: choose one made for this world and [network]."
        ) from None


def require_allowed(arrays: Arrays, world_mask: int, space: Any) -> None:
    """Refuse recordings of actions that the world's own mask forbade: no policy could have taken them.

    Raises:
        UserError: it says how many, and the first.
    """
    if not world_mask:
        return
    masks = torch.from_numpy(arrays.observations[:, -world_mask:] <= 0)
    masks = masks & ~masks.all(1, keepdim=True)  # one that forbids everything says nothing
    flat = torch.from_numpy(arrays.actions.reshape(len(masks), -1).astype(np.int64))
    if hasattr(space, "nvec"):  # a choice of each part
        flat = flat + torch.from_numpy(np.cumsum([0, *space.nvec[:-1]]))
        wrong = masks.gather(1, flat).any(1)
    elif hasattr(space, "start"):  # a single choice
        wrong = masks.gather(1, flat).any(1)
    else:  # switches
        wrong = (masks & (flat > 0)).any(1)
    if wrong.any():
        raise UserError(
            f"{int(wrong.sum())} recorded actions are forbidden by the action mask beside them, the first at "
            f"step {int(wrong.nonzero()[0, 0])}: leave their episodes out."
        )
