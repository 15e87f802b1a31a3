"""Writes an agent as a zip of Stable-Baselines3, which its `PPO.load` opens.

An agent that sees numbers becomes SB3's own `MlpPolicy`, or `MultiInputPolicy` where they come in a dict: its
normaliser is folded into the first layers, so the zip needs nothing of ours. Pictures, masks and memory need
our network, and so a checkout of GPO where the zip is loaded; so do observations and actions that SB3 cannot
take or give as the environment counts them. Its spaces are the environment's own, with the channels of
pictures first, as SB3 itself keeps them. Such zips hold pickles: they are written here, and never read.

B observations.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from torch import Tensor, nn

from agents.export.probe_inputs import probe_inputs
from agents.export.sb3_sight import OwnSight, own_sight, refused
from agents.files.agent_file import Agent
from agents.networks.own_numbers import OwnNumbersPolicy
from agents.networks.own_sight import OwnSightPolicy
from agents.networks.policy import AgentPolicy
from agents.networks.scales import ActionHead, Normaliser
from environments.external.games.own_actions import is_counted
from environments.files.atomic import replace
from environments.system.errors import UserError

MOST = 1e-4  # that a score may differ from the agent's
OBSERVATIONS = 1000  # that are compared
_ROLLOUT = (
    64  # steps that the model would collect, were it trained on; SB3 makes room for them at once
)


@dataclass(frozen=True)
class Zipped:
    """A zip that was written."""

    plain: bool  # whether its policy is SB3's own
    kind: str  # what SB3 calls a policy that is shown the like
    difference: float  # the largest from the agent, over `OBSERVATIONS`


def export_sb3(agent: Agent, path: Path) -> Zipped:
    """Write an agent as a zip, in one step.

    Raises:
        UserError: what the zip would hold does not act as the agent does, or there is no such folder.
    """
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {path.parent}: make it, or choose another --sb3.")
    policy = agent.policy
    own = policy.action_space if agent.own_action_space is None else agent.own_action_space
    if isinstance(own, spaces.MultiBinary) and np.ndim(own.n):
        raise refused(path, f"Stable-Baselines3 has no tables of switches ({own})")
    sight = own_sight(agent, path)
    plain = type(policy.pi_features_extractor) is Normaliser and not policy.mask and is_counted(own)
    plain = plain and (sight is None or sight.plain)
    model = _plain(policy, own, sight) if plain else _ours(policy, own, sight)
    model.gpo = {"world": agent.world, "facts": agent.facts, "agent": agent.sha256}  # type: ignore[attr-defined]
    difference = _compared(model, policy, sight)
    if not difference <= MOST:
        raise UserError(
            f"{path} was not written: its actions would differ from the agent's by {difference:.1e}, "
            f"where {MOST:.0e} is allowed."
        )
    packed = io.BytesIO()
    model.save(packed)
    replace(path, packed.getvalue())
    several = isinstance(model.observation_space, spaces.Dict)
    return Zipped(plain, "MultiInputPolicy" if several else "MlpPolicy", difference)


def _plain(policy: AgentPolicy, own: Any, sight: OwnSight | None) -> PPO:
    """SB3's `MlpPolicy` or `MultiInputPolicy` that acts and values as ours does."""
    several = sight is not None and isinstance(sight.space, spaces.Dict)
    keywords = {"net_arch": policy.net_arch, "activation_fn": policy.activation_fn}
    seen = policy.observation_space if sight is None else sight.space
    model = _model((seen, own), "MultiInputPolicy" if several else "MlpPolicy", keywords)
    theirs: Any = model.policy
    with torch.no_grad():
        for tower, head, own in (
            ("policy_net", "action_net", policy.action_net),
            ("value_net", "value_net", policy.value_net),
        ):
            last = own.linear if isinstance(own, ActionHead) else own
            here = [*_linear(getattr(policy.mlp_extractor, tower)), last]
            there = [*_linear(getattr(theirs.mlp_extractor, tower)), getattr(theirs, head)]
            for mine, its in zip(here, there, strict=True):
                its.weight.copy_(mine.weight)
                its.bias.copy_(mine.bias)
            _fold(there[0], policy.pi_features_extractor)
            if isinstance(own, ActionHead):
                there[-1].weight.mul_(own.unit[:, None])
                there[-1].bias.mul_(own.unit).add_(own.center)
        if policy.knows_values:  # which were fitted to returns times their scale
            first = policy.return_scale[0]
            theirs.value_net.weight.div_(first)
            theirs.value_net.bias.div_(first)
        if hasattr(policy, "log_std"):
            theirs.log_std.copy_(policy.log_std)
    return model


def _ours(policy: AgentPolicy, own: Any, sight: OwnSight | None) -> PPO:
    """A model around our own network, which sees and acts as the environment has it."""
    made = policy._get_constructor_parameters()
    left_out = ("observation_space", "action_space", "lr_schedule", "use_sde")
    keywords = {k: v for k, v in made.items() if k not in left_out}
    kind: Any = AgentPolicy if is_counted(own) else OwnNumbersPolicy
    seen: Any = policy.observation_space
    if sight is not None:
        keywords |= {"rows": seen, "layout": sight.layout}
        kind, seen = OwnSightPolicy, sight.space
    model = _model((seen, own), kind, keywords)
    model.policy.load_state_dict(policy.state_dict())
    return model


def _model(own: tuple[Any, Any], kind: Any, keywords: dict[str, Any]) -> PPO:
    """A PPO for these spaces, of observations and actions, that was never in an environment."""
    model = PPO(
        kind,
        None,  # type: ignore[arg-type]
        n_steps=_ROLLOUT,
        batch_size=_ROLLOUT,
        policy_kwargs=keywords,
        device="cpu",
        _init_setup_model=False,
    )
    model.observation_space, model.action_space = own
    model.n_envs = 1
    model._setup_model()
    model.policy.set_training_mode(False)
    return model


def _linear(tower: nn.Module) -> list[Any]:
    return [layer for layer in tower.children() if isinstance(layer, nn.Linear)]


def _fold(layer: Any, scales: Any) -> None:
    """W ((x - mean) scale) + b as one layer of x."""
    layer.weight.mul_(scales.scale)
    shift: Tensor = layer.weight @ scales.mean
    layer.bias.sub_(shift)


def _compared(model: PPO, policy: AgentPolicy, sight: OwnSight | None) -> float:
    """The largest difference of what actions are made of, over observations of single steps."""
    theirs: Any = model.policy
    most = 0.0
    for step in probe_inputs(policy, OBSERVATIONS):
        seen: Any = torch.from_numpy(step.shown)
        scores = torch.from_numpy(step.scores)
        with torch.inference_mode():
            if sight is not None:  # what could be shown, and what we see of that
                shown = sight.shown(step.shown)
                scores = policy.logits(torch.from_numpy(sight.rows(shown)))
                seen = theirs.obs_to_tensor(shown)[0]
            if isinstance(theirs, AgentPolicy):
                found = theirs.logits(seen)
            else:
                features = theirs.extract_features(seen)
                found = theirs.action_net(theirs.mlp_extractor.forward_actor(features))
        most = max(most, float((found - scores).abs().max()))
    return most
