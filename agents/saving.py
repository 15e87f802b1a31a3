"""An agent on disk: one safetensors file with JSON beside the weights; reading it runs no code.

The metadata holds spaces, network settings, the world's description and fingerprint, where the agent comes
from (hashes of data and recipe), and a SHA-256 over all of it, which is checked on every load.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from minari.serialization import deserialize_space, serialize_space
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from agents.chorus import Chorus, alike
from agents.experts.registry import expert_names, make_expert
from agents.player import NetworkPlayer, Player, RandomPlayer, StillPlayer
from agents.policy import AgentPolicy, build_policy
from agents.unstuck import Unstuck
from environments.durable import SEAL, replace
from environments.problem import Problem
from environments.world import World, require

FORMAT = "gpo-agent-1"
HANDED_ON = "agent.safetensors"  # the name in a run folder of what the run hands on
_ENTRY = "gpo"  # of a safetensors file's metadata


@dataclass(frozen=True)
class Agent:
    """A policy and what is known about it.

    Well-known keys of `facts`: `stuck_steps` (play it with the rule of `agents.unstuck`), `seed`, `recipe`
    and `data` (hashes), `role` ("clone", "refined"), `shield` (it was trained behind the world's shield, and
    whoever plays it switches that on).
    """

    policy: AgentPolicy
    world: dict[str, Any]  # World.describe() of the world it was made for
    facts: dict[str, Any]
    sha256: str

    @property
    def shielded(self) -> bool:
        """Whether it is to be played behind the world's shield."""
        return bool(self.facts.get("shield", False))

    def require_world(self, world: World, called: str = "The agent") -> None:
        """Refuse, with what differs, a world other than the one the agent was made for."""
        require(world, self.world, called, "Choose an agent of this world or train a new one.")


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
    metadata, sha256 = seal_tensors(tensors, about)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, save(tensors, metadata))
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
    about = sealed_facts(metadata)
    if about.get("format") != FORMAT:
        raise Problem(f"{path} is not an agent of this program: its format is not {FORMAT}.")
    if not is_whole(tensors, about):
        raise Problem(f"{path} was changed or damaged: its SHA-256 is wrong; make it again.")
    try:
        policy = build_policy(
            _space(about["observation_space"]), _space(about["action_space"]), about["network"]
        )
        policy.load_tensors(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError):  # whole, but not as we write it
        raise Problem(f"{path} holds no network that this program can build.") from None
    policy.set_training_mode(False)
    return Agent(policy, about["world"], about["facts"], about[SEAL])


def trained_behind_shield(name: str | None) -> bool:
    """Whether a name is that of an agent file or a run whose agent is to be played behind the shield."""
    if name is None:
        return False
    if name.endswith(".onnx") and Path(name).is_file():
        from agents.onnx_file import read_onnx

        return bool(read_onnx(Path(name)).about.get("shield", False))
    path = agent_file(name)
    return path is not None and path.is_file() and load_agent(path).shielded


def as_player(agent: Agent, world: World, seed: int = 0, temperature: float = 1.0) -> Player:
    """The agent ready to play, with the stuck rule if it was made to be played with it."""
    return _with_rule(NetworkPlayer(agent.policy, seed, temperature), agent, world)


def as_players(
    agents: Sequence[Agent], world: World, seed: int = 0, temperature: float = 1.0
) -> list[Player]:
    """Agents that are drawn with equal chances, as players: one of them all where they are alike."""
    policies = [agent.policy for agent in agents]
    rules = {agent.facts.get("stuck_steps", 0) for agent in agents}
    if len(agents) > 1 and len(rules) == 1 and alike(policies):
        return [_with_rule(Chorus(policies, seed, temperature), agents[0], world)]
    return [as_player(agent, world, seed + n, temperature) for n, agent in enumerate(agents)]


def _with_rule(player: NetworkPlayer, agent: Agent, world: World) -> Player:
    steps = int(agent.facts.get("stuck_steps", 0))
    body = world.body if player.discrete else None  # the rule is for a single choice
    return Unstuck(player, body, steps) if steps and body is not None else player


def named_player(name: str, world: World, seed: int = 0) -> Player:
    """Whoever `name` stands for: "random", "still", a script, or a path: of an agent, a run, an ONNX file.

    Raises:
        Problem: none of them, or an agent made for another world.
    """
    if name == "random":
        return RandomPlayer(world.action_space, seed, world.mask_size)
    if name == "still":
        return StillPlayer(world.action_space, world.idle)
    scripted = make_expert(name, world, seed)
    if scripted is not None:
        return scripted
    if name.endswith(".onnx"):
        from agents.onnx_player import onnx_player

        return onnx_player(Path(name), world, seed)
    path = agent_file(name)
    if path is None:
        raise Problem(f"'{name}' is no player: {_who_plays(name, world)}")
    agent = load_agent(path)
    agent.require_world(world, name)
    return as_player(agent, world, seed)


def agent_file(name: str) -> Path | None:
    """The agent file that a path names: its own, or what a run hands on; None if it can be neither."""
    path = Path(name)
    if path.is_dir():
        return path / HANDED_ON
    return path if name.endswith(".safetensors") else None


def _who_plays(name: str, world: World) -> str:
    """How a message about an unknown player ends."""
    scripts = expert_names(world)
    near = difflib.get_close_matches(name, ["random", "still", *scripts], n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    script = f"a script such as '{scripts[0]}', " if scripts else ""
    return (
        f"give 'random', 'still', {script}or the path of a .safetensors or .onnx file, or of a run."
    )


def seal_tensors(
    tensors: Mapping[str, Tensor], facts: dict[str, Any]
) -> tuple[dict[str, str], str]:
    """Metadata for a safetensors file: `facts` with a SHA-256 over them and the tensors, and that alone.

    It has one entry: safetensors writes several in a random order, and equal content is to be equal bytes.
    """
    sha256 = digest(tensors, json.dumps(facts, sort_keys=True))
    return {_ENTRY: json.dumps({**facts, SEAL: sha256}, sort_keys=True)}, sha256


def sealed_facts(metadata: Mapping[str, str]) -> dict[str, Any]:
    """What `seal_tensors` wrote, its hash not yet verified; nothing if it was not written by that."""
    text = metadata.get(_ENTRY, "")
    try:
        facts = json.loads(text)
    except json.JSONDecodeError:
        return {}
    as_written = isinstance(facts, dict) and json.dumps(facts, sort_keys=True) == text
    return facts if as_written else {}


def is_whole(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> bool:
    """Whether the SHA-256 among the facts is that of the tensors and the other facts."""
    others = {name: value for name, value in facts.items() if name != SEAL}
    return bool(facts.get(SEAL) == digest(tensors, json.dumps(others, sort_keys=True)))


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
