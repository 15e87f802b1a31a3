"""A network built again from what a file says of it, and given the file's weights if they are its own."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor

from agents.files.sealed_tensors import not_finite
from agents.networks.policy import UNKNOWN, AgentPolicy, build_policy
from agents.schema.agent_schema import check_network
from agents.schema.space_schema import printable, read_action_space, read_observation_space
from environments.external.games.own_actions import counted_space
from environments.files.readers import Unreadable
from environments.system.errors import UserError

_LARGE = 2**24  # bytes of weights, beyond which drawing them first, orthogonal, takes seconds


def rebuild_network(about: dict[str, Any], tensors: dict[str, Tensor]) -> AgentPolicy:
    """The network that a file describes, with the file's weights.

    It is built twice: first without memory for its weights, to compare their names and shapes with the
    file's; so what is built to be kept is no larger than the file.

    Raises:
        Unreadable: there is no such network, or these are not its weights.
    """
    described = about.get("observation_space"), about.get("action_space")
    seen, acted = read_observation_space(described[0]), read_action_space(described[1])
    settings: Any = about.get("network")
    check_network(settings, seen)
    try:
        with torch.device("meta"):
            wanted = build_policy(seen, acted, settings).stored()
        _compare(wanted, tensors)
        slow = sum(tensor.nbytes for tensor in tensors.values()) > _LARGE
        policy = build_policy(
            read_observation_space(described[0]),
            read_action_space(described[1]),
            {**settings, "ortho_init": False} if slow else settings,
        )
        policy.ortho_init = True  # as it was when it was made
        policy.load_tensors(tensors)
    except Unreadable:
        raise
    except (
        ArithmeticError,
        AssertionError,
        LookupError,
        TypeError,
        ValueError,
        RuntimeError,
    ) as why:
        raise Unreadable(
            f"holds no network that this program can build ({printable(why, 200)})"
        ) from None
    policy.set_training_mode(False)
    return policy


def read_own_space(described: Any, counted: spaces.Space[Any]) -> spaces.Space[Any]:
    """An environment's own action space, whose actions are counted so.

    Raises:
        Unreadable: it describes none, or one of other actions.
    """
    found = read_action_space(described)
    try:
        same = counted_space(found, "") == counted
    except UserError:
        same = False
    if not same:
        raise Unreadable("says of the environment's actions something else than of its own")
    return found


def _compare(wanted: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    """Refuse tensors that are not those of a network, or hold what are no numbers."""
    for name in sorted({*wanted, *given}):
        if name not in given or name not in wanted:
            what = "lacks" if name in wanted else "has, beyond those of its network,"
            raise Unreadable(
                f"holds no network that this program can build: it {what} the tensor '{printable(name)}'"
            )
        here, there = wanted[name], given[name]
        if here.shape != there.shape or here.dtype != there.dtype:
            raise Unreadable(
                f"holds no network that this program can build: its tensor '{name}' is "
                f"{there.dtype} {list(there.shape)}, not {here.dtype} {list(here.shape)}"
            )
    unknown = given[UNKNOWN]  # NaN where values were fitted to nothing
    wrong = not_finite({**given, UNKNOWN: unknown[~unknown.isnan()]})
    if wrong is not None:
        raise Unreadable(f"has numbers in its tensor '{wrong}' that are not finite")
