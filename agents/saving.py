"""An agent on disk: one safetensors file with JSON beside the weights; reading it runs no code.

The metadata holds spaces, network settings, the world's description and fingerprint, where the agent comes
from (hashes of data and recipe), and a SHA-256 over all of it, which is checked on every load.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from minari.serialization import deserialize_space, serialize_space
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from agents.player import NetworkPlayer, Player, RandomPlayer, StillPlayer
from agents.policy import AgentPolicy, build_policy
from agents.unstuck import Unstuck
from environments.durable import replace
from environments.problem import Problem
from environments.world import World, differences

FORMAT = "gpo-agent-1"


@dataclass(frozen=True)
class Agent:
    """A policy and what is known about it.

    Well-known keys of `facts`: `stuck_steps` (play it with the rule of `agents.unstuck`), `seed`, `recipe`
    and `data` (hashes), `role` ("clone", "refined").
    """

    policy: AgentPolicy
    world: dict[str, Any]  # World.describe() of the world it was made for
    facts: dict[str, Any]
    sha256: str

    def require_world(self, world: World, called: str = "The agent") -> None:
        """Refuse, with what differs, a world other than the one the agent was made for."""
        lines = differences(world.describe(), self.world)
        if lines:
            raise Problem(
                f"{called} was made for another world than {world.id}: {'; '.join(lines)}. "
                "Choose an agent of this world or train a new one."
            )


def save_agent(
    path: Path, policy: AgentPolicy, world: World, facts: Mapping[str, Any] | None = None
) -> str:
    """Write an agent in one step; returns its SHA-256."""
    tensors = policy.tensors()
    about = {
        "format": FORMAT,
        "network": policy.settings(),
        "observation_space": json.loads(serialize_space(policy.observation_space)),
        "action_space": json.loads(serialize_space(policy.action_space)),
        "world": world.describe(),
        "fingerprint": world.fingerprint,
        "facts": dict(facts or {}),
    }
    text = json.dumps(about, sort_keys=True)
    sha256 = digest(tensors, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, save(tensors, {"agent": text, "sha256": sha256}))
    return sha256


def load_agent(path: Path) -> Agent:
    """Read an agent.

    Raises:
        Problem: no such file, not an agent, or damaged.
    """
    if not path.is_file():
        raise Problem(
            f"There is no agent at {path}: give the path of a .safetensors file of a run."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise Problem(f"{path} is not a whole agent file ({error}); make it again.") from None
    if json.loads(metadata.get("agent", "{}")).get("format") != FORMAT:
        raise Problem(f"{path} is not an agent of this program: its format is not {FORMAT}.")
    if metadata.get("sha256") != digest(tensors, metadata["agent"]):
        raise Problem(f"{path} was changed or damaged: its SHA-256 is wrong; make it again.")
    about = json.loads(metadata["agent"])
    policy = build_policy(
        _space(about["observation_space"]), _space(about["action_space"]), about["network"]
    )
    policy.load_tensors(tensors)
    policy.set_training_mode(False)
    return Agent(policy, about["world"], about["facts"], metadata["sha256"])


def as_player(agent: Agent, world: World, seed: int = 0, temperature: float = 1.0) -> Player:
    """The agent ready to play, with the stuck rule if it was made to be played with it."""
    player = NetworkPlayer(agent.policy, seed, temperature)
    steps = int(agent.facts.get("stuck_steps", 0))
    return Unstuck(player, world.body, steps) if steps and world.body is not None else player


def named_player(name: str, world: World, seed: int = 0) -> Player:
    """Whoever `name` stands for: "random", "still", or the path of an agent file.

    Raises:
        Problem: none of them, or an agent made for another world.
    """
    if name == "random":
        return RandomPlayer(world.action_space, seed)
    if name == "still":
        return StillPlayer(world.action_space, world.idle)
    if not name.endswith(".safetensors"):
        raise Problem(
            f"'{name}' is no player: give 'random', 'still' or the path of a .safetensors file."
        )
    agent = load_agent(Path(name))
    agent.require_world(world, name)
    return as_player(agent, world, seed)


def digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """SHA-256 over names, types, shapes and bytes of the tensors in order of their names, then the text."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    sha.update(text.encode())
    return sha.hexdigest()


def _space(described: dict[str, Any]) -> spaces.Space[Any]:
    space: spaces.Space[Any] = deserialize_space(json.dumps(described))
    return space
