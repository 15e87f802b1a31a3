"""Agent files: one safetensors file with JSON beside the weights; reading it runs no code.

The metadata holds spaces, network settings, the world's description and fingerprint, where the agent comes
from (hashes of data and recipe), and a SHA-256 over all of it, which is checked on every load.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minari.serialization import serialize_space
from safetensors.torch import save

from agents.files.rebuild_network import read_own_space, rebuild_network
from agents.files.sealed_tensors import (
    digest as digest,  # the whole format of a file is at hand here
)
from agents.files.sealed_tensors import is_whole as is_whole
from agents.files.sealed_tensors import read_tensors
from agents.files.sealed_tensors import seal_tensors as seal_tensors
from agents.files.sealed_tensors import sealed_facts as sealed_facts
from agents.networks.policy import AgentPolicy
from agents.schema.agent_schema import read_facts, read_world
from environments.files.atomic import SEAL, replace
from environments.files.readers import Unreadable
from environments.simulation.frame_stack import stacked_space
from environments.simulation.world import SCORED, World, require
from environments.system.errors import UserError

FORMAT = "gpo-agent-1"
HANDED_ON = "agent.safetensors"  # the name in a run folder of what the run hands on


@dataclass(frozen=True)
class Agent:
    """A policy and what is known about it.

    Well-known keys of `facts`: `stuck_steps` (play it with the rule of `agents.players.unstuck`),
    `greedy` (play it with its likeliest actions: so it was judged and is better), `unsafe` (it breaks a
    limit of its recipe), `judged` (the figures of its verdict), `judged_by` (what they are of, if it is not
    the north star: its name, and the weights of the terms that it sums), `seed`, `recipe` and `data`
    (hashes), `role` ("clone", "refined"), `shield` (it was trained behind the world's shield, and is played
    behind it).
    """

    policy: AgentPolicy
    world: dict[str, Any]  # World.describe() of the world it was made for
    facts: dict[str, Any]
    sha256: str
    own_action_space: Any = (
        None  # the environment's, where it has its own numbers: exports speak in them
    )

    @property
    def shielded(self) -> bool:
        """Whether it is to be played behind the world's shield."""
        return bool(self.facts.get("shield", False))

    def require_world(self, world: World, called: str = "The agent", learning: bool = False) -> str:
        """Refuse, with what differs, a world that is another one to the agent; what else changed, in words.

        Terms are counted of its games, and it sees none of them. To go on learning, its values of the costs
        must be of the world's.
        """
        cure = "Choose an agent of this world or train a new one."
        unseen = tuple(key for key in SCORED if key != "costs" or not learning)
        changed = require(world, self.world, called, cure, unseen)
        seen, acted, steps = world.observation_space, world.action_space, self.policy.memory
        shown = stacked_space(seen, acted, steps) if steps else seen
        own = self.policy.observation_space
        if own.shape != shown.shape or self.policy.action_space != acted:
            raise UserError(f"{called} sees or acts otherwise than {world.id} has it. {cure}")
        return changed


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
    own = world.own_action_space
    if own is not None and (own, own.dtype) != (policy.action_space, policy.action_space.dtype):
        about["own_action_space"] = json.loads(serialize_space(own))
    metadata, sha256 = seal_tensors(tensors, about)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, save(tensors, metadata))
    return sha256


def load_agent(path: Path) -> Agent:
    """Read an agent.

    Raises:
        UserError: no such file, not an agent, or damaged.
    """
    if not path.is_file():
        raise UserError(
            f"There is no agent at {path}: give the path of a .safetensors file of a run."
        )
    try:
        metadata, tensors = read_tensors(path)
    except Unreadable as error:
        raise UserError(
            f"{path} is not a whole agent file: it {error}; {advice_for(path)}."
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    about = sealed_facts(metadata)
    if about.get("format") != FORMAT:
        raise UserError(
            f"{path} is not an agent of this program: its format is not {FORMAT}; {advice_for(path)}."
        )
    if not is_whole(tensors, about):
        raise UserError(f"{path} was changed or damaged: its SHA-256 is wrong; {advice_for(path)}.")
    try:
        policy = rebuild_network(about, tensors)
        world, facts = read_world(about.get("world")), read_facts(about.get("facts"))
        own = about.get("own_action_space")
        own = None if own is None else read_own_space(own, policy.action_space)
    except Unreadable as error:
        raise UserError(f"{path} {error}; {advice_for(path)}.") from None
    return Agent(policy, world, facts, about[SEAL], own)


def advice_for(path: Path) -> str:
    """What to do about an agent file that is of no use, as the end of a sentence."""
    if (path.parent / "recipe.json").is_file():
        return "delete it and repeat `gpo train` with this run's folder, which makes it again"
    return "make it again, or get it again from where it came"
