"""A `Refiner` as a recipe's `[refine]` asks for it, with a clone's network and weights."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from agents.networks.layers import activation
from agents.networks.policy import AgentPolicy
from agents.networks.scales import spread_actions
from environments.system.errors import UserError
from training.compute.hardware import ComputeChoice
from training.ppo.controllers.lagrange import CostSettings
from training.ppo.losses import scheduled_parts
from training.ppo.plan import RefinePlan, plan_of
from training.ppo.refiner import Refiner
from training.ppo.settings import RefinerInputs, RefineSettings
from training.settings import discount


def build_refiner(
    env: VecEnv,
    clone: AgentPolicy,
    settings: RefineSettings,
    costs: Mapping[str, CostSettings],
    demonstrations: tuple[Tensor, Tensor] | None,
    tick: float,
    seed: int,
    compute: ComputeChoice,
) -> Refiner:
    """A `Refiner` that has learned nothing yet beyond what the clone knows.

    Args:
        env: the games.
        clone: whose network, scales and, unless settings say otherwise, weights it begins with.
        settings: how to refine.
        costs: the limits, by cost.
        demonstrations: observations and actions, if the loss is to have them.
        tick: s a step.
        seed: of games and generators.
        compute: precision and cores.

    Raises:
        UserError: a noise for actions that are not continuous.
    """
    plan = plan_of(settings)
    with _smaller_minibatches():
        model = Refiner(
            AgentPolicy,
            env,
            _inputs(clone, settings, plan, costs, demonstrations, compute),
            **_ppo_keywords(settings, plan, discount(plan.half_life, tick)),
            seed=seed,
            device="cpu",
            policy_kwargs=_policy_keywords(clone),
        )
    _begin(model.policy, clone, settings)
    return model


def _begin(policy: Any, clone: AgentPolicy, settings: RefineSettings) -> None:
    """Give a policy what it begins with: the clone's weights, or its scales alone; and its noise."""
    if settings.start == "clone":
        policy.load_state_dict(clone.state_dict())
    else:  # the scale of what it sees is no skill
        policy.take_scales(clone)
        policy.load_state_dict({"return_scale": clone.return_scale}, strict=False)
    if settings.noise is not None:
        set_noise(policy, settings.noise)


@contextmanager
def _smaller_minibatches() -> Iterator[None]:
    """Within the block SB3 does not warn of a last minibatch that is smaller: it is learned from as it is."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You have specified a mini-batch size", UserWarning)
        yield


def _inputs(
    clone: AgentPolicy,
    settings: RefineSettings,
    plan: RefinePlan,
    costs: Mapping[str, CostSettings],
    demonstrations: tuple[Tensor, Tensor] | None,
    compute: ComputeChoice,
) -> RefinerInputs:
    loss = settings.loss
    return RefinerInputs(
        clone=copy.deepcopy(clone) if settings.is_held else None,
        weights={name: falling(getattr(loss, name)) for name in scheduled_parts()},
        anchor=settings.kl,
        demonstrations=demonstrations if any(loss.imitation) else None,
        costs=costs,
        warm_up=plan.warm_up if settings.start == "clone" else 0,
        reward_scale=settings.rollout.reward_scale,
        clip_apart=True,
        step_kl=plan.step_kl,
        reseed_every=plan.judge_every,
        precision=compute.precision,
        cores=compute.cores,
    )


def _ppo_keywords(settings: RefineSettings, plan: RefinePlan, gamma: float) -> dict[str, Any]:
    """PPO's own settings, under SB3's names."""
    return {
        "n_steps": plan.rollout,
        "batch_size": plan.batch_size,
        "n_epochs": plan.epochs,
        "learning_rate": falling((plan.learning_rate, 0.0)),
        "gamma": gamma,
        "gae_lambda": settings.rollout.gae_lambda,
        "clip_range": settings.loss.clip,
        "vf_coef": settings.loss.value_weight,
        "max_grad_norm": settings.max_gradient,
    }


def _policy_keywords(clone: AgentPolicy) -> dict[str, Any]:
    network = clone.settings()
    between = activation(network.pop("activation"))
    return {
        **network,
        "activation_fn": between,
        "optimizer_kwargs": {"eps": 1e-5, "fused": True},  # SB3's epsilon, one kernel a step
    }


def set_noise(policy: Any, noise: float) -> None:
    """Let continuous actions vary by this share of half their range, or of their unit.

    Raises:
        UserError: the actions are not continuous.
    """
    space = policy.action_space
    if not isinstance(space, Box):
        raise UserError("refine.noise is for continuous actions; this world's are not: remove it.")
    if getattr(policy, "own_units", False):
        spread_actions(policy, noise)
        return
    half = np.nan_to_num((space.high - space.low) / 2, posinf=1.0).reshape(-1)
    with torch.no_grad():
        policy.log_std.copy_(torch.from_numpy(np.log(noise * half)))


def falling(ends: tuple[float, float]) -> Callable[[float], float]:
    """A straight line over the progress that remains, from 1 (the start) to 0 (the end).

    The last rollout may go beyond the steps that were asked for: the line then stays at its end.
    """
    start, end = ends
    return lambda remaining: end + (start - end) * max(remaining, 0.0)
