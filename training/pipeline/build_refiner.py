"""The PPO of a run: a `Refiner` from a clone, the games and a recipe's settings."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from agents.networks.policy import AgentPolicy
from environments.system.errors import UserError
from training.compute.hardware import PLAIN, ComputeChoice
from training.ppo.lagrange import CostSettings
from training.ppo.refiner import Refiner
from training.ppo.settings import RefineSettings
from training.settings import discount


@dataclass(frozen=True)
class LearnerInputs:
    """What a learner begins from, beside the settings."""

    clone: AgentPolicy
    seed: int
    tick: float  # s a step of the world
    costs: Mapping[str, CostSettings] = field(default_factory=dict)  # those with a finite limit
    # Recorded observations, as the policy sees them, and actions: [S, ...], [S, ...].
    demonstrations: tuple[Tensor, Tensor] | None = None
    engine: ComputeChoice = PLAIN


def build_refiner(env: VecEnv, inputs: LearnerInputs, settings: RefineSettings) -> Refiner:
    """A learner that has not learned yet.

    Raises:
        UserError: `refine.noise` for actions that are not continuous.
    """
    network = inputs.clone.settings()
    activation = getattr(torch.nn, network.pop("activation"))
    model = Refiner(
        AgentPolicy,
        env,
        **_loss_keywords(inputs, settings),
        **_ppo_keywords(inputs, settings),
        policy_kwargs={
            **network,
            "activation_fn": activation,
            "optimizer_kwargs": {"eps": 1e-5, "fused": True},  # SB3's epsilon, one kernel a step
        },
    )
    if settings.start == "clone":
        model.policy.load_state_dict(inputs.clone.state_dict())
    else:  # the scale of what it sees is no skill
        policy: Any = model.policy
        policy.take_scales(inputs.clone)
        scale = {"return_scale": inputs.clone.return_scale}
        model.policy.load_state_dict(scale, strict=False)
    if settings.noise is not None:
        set_noise(model.policy, settings.noise)
    return model


def _loss_keywords(inputs: LearnerInputs, settings: RefineSettings) -> dict[str, Any]:
    """What PPO does not have: the anchor to the clone, demonstrations, limits of costs."""
    loss = settings.loss
    anchored = (*loss.kl_clone, *loss.kl_clone_reverse, settings.kl.target, settings.kl.budget)
    return {
        "clone": copy.deepcopy(inputs.clone) if any(anchored) else None,
        "anchor": settings.kl,
        "imitation": _falling(loss.imitation),
        "demonstrations": inputs.demonstrations if any(loss.imitation) else None,
        "costs": inputs.costs,
        "kl_clone": _falling(loss.kl_clone),
        "kl_clone_reverse": _falling(loss.kl_clone_reverse),
        "entropy": _falling(loss.entropy),
    }


def _ppo_keywords(inputs: LearnerInputs, settings: RefineSettings) -> dict[str, Any]:
    """PPO's own settings, and how the rollouts and updates are computed."""
    return {
        "warm_up": settings.warm_up if settings.start == "clone" else 0,
        "reward_scale": settings.rollout.reward_scale,
        "reseed_every": settings.judge.every,
        "precision": inputs.engine.precision,
        "cores": inputs.engine.cores,
        "n_steps": settings.rollout.steps,
        "batch_size": settings.batch_size,
        "n_epochs": settings.epochs,
        "learning_rate": _falling((settings.learning_rate, 0.0)),
        "gamma": discount(settings.rollout.half_life, inputs.tick),
        "gae_lambda": settings.rollout.gae_lambda,
        "clip_range": settings.loss.clip,
        "vf_coef": settings.loss.value_weight,
        "max_grad_norm": settings.max_gradient,
        "seed": inputs.seed,
        "device": "cpu",
    }


def set_noise(policy: Any, noise: float) -> None:
    """Let continuous actions vary by this share of half their range.

    Raises:
        UserError: the actions are not continuous.
    """
    space = policy.action_space
    if not isinstance(space, Box):
        raise UserError("refine.noise is for continuous actions; this world's are not: remove it.")
    half = np.nan_to_num((space.high - space.low) / 2, posinf=1.0).reshape(-1)
    with torch.no_grad():
        policy.log_std.copy_(torch.from_numpy(np.log(noise * half)))


def _falling(ends: tuple[float, float]) -> Callable[[float], float]:
    """A straight line over the progress that remains, from 1 (the start) to 0 (the end)."""
    start, end = ends
    return lambda remaining: end + (start - end) * remaining
