"""The refining stage: builds a `Refiner` from a recipe, guards it with the floor, and can resume."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from agents.networks.policy import AgentPolicy
from agents.players.player import Player
from agents.players.remote_player import PlayerLost, RemotePlayer, remote_if_possible
from environments.catalog import make_batch
from environments.simulation.seating import Seating
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.wrappers.frame_stack_vec_env import FrameStackVecEnv
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.compute.hardware import PLAIN, ComputeChoice
from training.gate.best_agent import BestAgentKeeper
from training.partners.partners import PartnerSchedule
from training.pipeline.resume import learn
from training.ppo.lagrange import CostSettings, finite
from training.ppo.refiner import Refiner
from training.ppo.settings import RefineSettings
from training.settings import discount


@dataclass(frozen=True)
class RewardSchedule:
    """Weights by term, and those that fall to nothing by a share of the steps."""

    weights: Mapping[str, float]
    faded: tuple[str, ...]
    fade_until: float


class FadeReward(BaseCallback):
    """Sets the weights of the faded terms at the start of each rollout."""

    def __init__(self, batch: Any, reward: RewardSchedule) -> None:
        super().__init__()
        self.batch, self.reward = batch, reward
        self.full = batch.weights.copy()
        terms = list(batch.world.terms)
        self.faded = [terms.index(name) for name in reward.faded]

    def _on_rollout_start(self) -> None:
        done = 1 - self.model._current_progress_remaining
        share = max(0.0, 1 - done / self.reward.fade_until)
        self.batch.weights[self.faded] = share * self.full[self.faded]

    def _on_step(self) -> bool:
        return True


class ProgressReport(BaseCallback):
    """Tells a progress bar after each rollout how many steps are done."""

    def __init__(self, tick: Callable[[int], None]) -> None:
        super().__init__()
        self.tick = tick

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.tick(self.num_timesteps)


def refine(
    world: World,
    clone: AgentPolicy,
    partner: Player | None,
    settings: RefineSettings,
    reward: RewardSchedule,
    floor: BestAgentKeeper,
    *,
    seed: int,
    folder: Path,
    costs: Mapping[str, CostSettings] | None = None,
    demonstrations: tuple[Tensor, Tensor] | None = None,
    options: Mapping[str, Any] | None = None,
    shield: bool = False,
    engine: ComputeChoice = PLAIN,
    tick: Callable[[int], None] = lambda steps: None,
    keep: BaseCallback | None = None,
    say: Callable[[str], None] = print,
) -> AgentPolicy:
    """Refine a clone and return the best agent that the floor has seen, at worst the clone.

    If `folder` holds a checkpoint the run goes on from there, and ends with the same weights as if it had
    never been interrupted: at every checkpoint all generators and games start afresh from
    hash(seed, update), so that nothing but the weights and the optimiser need to be kept. The same is done if
    a partner is lost with its process.

    Behind a `shield` the policy learns what to ask for: the shield is part of the world it acts in.
    """
    limited = finite(costs or {})

    def attempt(apart: bool) -> AgentPolicy:
        batch = make_batch(
            world,
            settings.games,
            weights=dict(reward.weights),
            options=options,
            discount=discount(
                settings.rollout.half_life, world.tick
            ),  # potential terms need the learner's
            shield=shield,
        )
        where = remote_if_possible(partner, batch) if apart and partner is not None else partner
        try:
            face = _face(batch, where, clone, limited)
            model = _build(face, clone, settings, limited, demonstrations, world.tick, seed, engine)
            beside = [FadeReward(batch, reward), PartnerSchedule(where), ProgressReport(tick)]
            beside += [keep] if keep is not None else []
            learn(model, settings.steps, floor, beside, folder, say)
        except PlayerLost:
            batch.close()
            raise
        finally:
            if isinstance(where, RemotePlayer):
                where.end()
        batch.close()
        return floor.best

    try:
        return attempt(engine.cores > 1)
    except PlayerLost as lost:
        say(
            f"{lost.what}: it plays in this process from here on. What was learned since the last "
            "checkpoint is learned again; the agent is the same."
        )
    return attempt(False)


def _face(
    batch: Any, partner: Player | None, clone: AgentPolicy, costs: Mapping[str, CostSettings]
) -> Any:
    """The games as the learner sees them."""
    budgets = {name: cost.limit for name, cost in costs.items() if cost.stop_when_spent}
    face: Any = Sb3VecEnv(Seating(batch, "alternate", partner), budgets=budgets)
    return FrameStackVecEnv(face, clone.memory) if clone.memory else face


def _build(
    face: VecEnv,
    clone: AgentPolicy,
    settings: RefineSettings,
    costs: Mapping[str, CostSettings],
    demonstrations: tuple[Tensor, Tensor] | None,
    tick: float,
    seed: int,
    engine: ComputeChoice,
) -> Refiner:
    frozen = copy.deepcopy(clone)
    wanted = (
        *settings.loss.kl_clone,
        *settings.loss.kl_clone_reverse,
        settings.kl.target,
        settings.kl.budget,
    )
    network = clone.settings()
    activation = getattr(torch.nn, network.pop("activation"))
    model = Refiner(
        AgentPolicy,
        face,
        clone=frozen if any(wanted) else None,
        anchor=settings.kl,
        imitation=_falling(settings.loss.imitation),
        demonstrations=demonstrations if any(settings.loss.imitation) else None,
        costs=costs,
        kl_clone=_falling(settings.loss.kl_clone),
        kl_clone_reverse=_falling(settings.loss.kl_clone_reverse),
        entropy=_falling(settings.loss.entropy),
        warm_up=settings.warm_up if settings.start == "clone" else 0,
        reward_scale=settings.rollout.reward_scale,
        reseed_every=settings.judge.every,
        precision=engine.precision,
        cores=engine.cores,
        n_steps=settings.rollout.steps,
        batch_size=settings.batch_size,
        n_epochs=settings.epochs,
        learning_rate=_falling((settings.learning_rate, 0.0)),
        gamma=discount(settings.rollout.half_life, tick),
        gae_lambda=settings.rollout.gae_lambda,
        clip_range=settings.loss.clip,
        vf_coef=settings.loss.value_weight,
        max_grad_norm=settings.max_gradient,
        seed=seed,
        device="cpu",
        policy_kwargs={
            **network,
            "activation_fn": activation,
            "optimizer_kwargs": {"eps": 1e-5, "fused": True},  # SB3's epsilon, one kernel a step
        },
    )
    if settings.start == "clone":
        model.policy.load_state_dict(clone.state_dict())
    else:  # the scale of what it sees is no skill
        policy: Any = model.policy
        policy.take_scales(clone)
        model.policy.load_state_dict({"return_scale": clone.return_scale}, strict=False)
    if settings.noise is not None:
        set_noise(model.policy, settings.noise)
    return model


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
