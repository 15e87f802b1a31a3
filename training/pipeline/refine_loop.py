"""Refining: a `Refiner` plays and learns, the keeper of the best agent judges, and both can be resumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from torch import Tensor

from agents.networks.policy import AgentPolicy
from agents.players.player import Player
from agents.players.remote_player import PlayerLost, RemotePlayer, remote_if_possible
from environments.catalog import make_batch
from environments.simulation.seating import EverySeat, Seating
from environments.simulation.world import World
from environments.wrappers.frame_stack_vec_env import FrameStackVecEnv
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.compute.hardware import PLAIN, ComputeChoice
from training.gate.best_agent import BestAgentKeeper
from training.gate.confirmation import Conclusion, conclude
from training.partners.partner import PartnerSchedule
from training.partners.pool import PartnerPool
from training.pipeline.resume import Company, learn
from training.pipeline.starts import MoveStarts
from training.ppo.build import build_refiner
from training.ppo.controllers.lagrange import CostSettings, finite
from training.ppo.plan import RefinePlan, plan_of
from training.ppo.settings import RefineSettings
from training.run.reporter import Reporter, SilentReporter
from training.settings import discount


@dataclass(frozen=True)
class RewardSchedule:
    """Weights by term, and those that fall to nothing by a share of the steps."""

    weights: Mapping[str, float]
    faded: tuple[str, ...] = ()
    fade_until: float = 1.0


@dataclass(frozen=True)
class RefineInputs:
    """What is refined, and in which games."""

    world: World
    clone: AgentPolicy
    reward: RewardSchedule
    folder: Path  # of the run: rows, checkpoints and the events of TensorBoard
    seed: int
    partner: PartnerPool | None = None  # who plays the other seats; None: the learner has them all
    costs: Mapping[str, CostSettings] = field(default_factory=dict)  # by name
    # Recorded observations, as the policy sees them, and actions: [S, ...], [S, ...].
    demonstrations: tuple[Tensor, Tensor] | None = None
    options: Mapping[str, Any] | None = None  # of the games, for instance their horizon
    shield: bool = False  # play behind the world's: the policy learns what to ask for
    engine: ComputeChoice = PLAIN
    starts: MoveStarts | None = None  # where games begin, if not where the world says


@dataclass(frozen=True)
class Refined:
    """What refining has come to."""

    conclusion: Conclusion  # the best that was seen, at worst the clone
    spent: str  # where the time went, in words; nothing if no step was left to do


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


def refine(
    inputs: RefineInputs,
    settings: RefineSettings,
    keeper: BestAgentKeeper,
    callbacks: Sequence[BaseCallback] = (),
    reporter: Reporter | None = None,
) -> Refined:
    """Refine a clone; what comes out is the best agent that the keeper has seen, at worst the clone.

    If the folder holds a checkpoint the run goes on from there, and ends with the same weights as if it had
    never been interrupted: at every checkpoint all generators and games start afresh from
    hash(seed, update), so that nothing but the weights and the optimiser need to be kept. The same is done if
    a partner is lost with its process.

    Args:
        inputs: what is refined.
        settings: how.
        keeper: judges, and keeps the best.
        callbacks: of Stable-Baselines3, called after our own.
        reporter: is told what happens; nobody if left out.

    Raises:
        TrainingStopped: by a callback, because the reporter asked for it.
        UserError: the newest checkpoint is of another run, or a setting does not fit the world.
    """
    reporter = reporter or SilentReporter()
    try:
        spent = _attempt(inputs, settings, keeper, callbacks, reporter, inputs.engine.cores > 1)
    except PlayerLost as lost:
        reporter.say(
            f"{lost.what}: it plays in this process from here on. What was learned since the last "
            "checkpoint is learned again; the agent is the same."
        )
        spent = _attempt(inputs, settings, keeper, callbacks, reporter, False)
    if not keeper.chosen:
        return Refined(conclude(keeper), spent)
    with reporter.bar("confirming on fresh games", len(keeper.chosen), "agents") as bar:
        return Refined(conclude(keeper, bar), spent)


def _attempt(
    inputs: RefineInputs,
    settings: RefineSettings,
    keeper: BestAgentKeeper,
    callbacks: Sequence[BaseCallback],
    reporter: Reporter,
    apart: bool,
) -> str:
    """Learn in fresh games, with the partner in a process of its own if `apart`; where the time went."""
    pool, costs, plan = inputs.partner, finite(inputs.costs), plan_of(settings)
    batch = _games(inputs, plan)
    played: Any = None if pool is None else pool.mixture
    if pool is not None:
        played = remote_if_possible(pool.mixture, batch) if apart else pool.mixture
        pool.play_in(played)
    try:
        env = _environment(batch, played, inputs.clone, costs)
        model = build_refiner(
            env,
            inputs.clone,
            settings,
            costs,
            inputs.demonstrations,
            inputs.world.tick,
            inputs.seed,
            inputs.engine,
        )
        moved = [] if inputs.starts is None else [inputs.starts]
        beside = [FadeReward(batch, inputs.reward), PartnerSchedule(pool), *moved, *callbacks]
        company = Company(keeper, inputs.reward.weights, pool, reporter)
        spent = learn(model, settings.steps, company, beside, inputs.folder)
    except PlayerLost:
        batch.close()
        raise
    finally:
        if isinstance(played, RemotePlayer):
            played.end()
    batch.close()
    return spent


def _games(inputs: RefineInputs, plan: RefinePlan) -> Any:
    """The batch that is learned in, whose games begin where the inputs say."""
    batch: Any = make_batch(
        inputs.world,
        plan.games,
        weights=dict(inputs.reward.weights),
        options=inputs.options,
        discount=discount(plan.half_life, inputs.world.tick),  # of potential terms
        shield=inputs.shield,
    )
    if inputs.starts is not None:
        batch.starts = inputs.starts.starts
    return batch


def _environment(
    batch: Any, partner: Player | None, clone: AgentPolicy, costs: Mapping[str, CostSettings]
) -> Any:
    """The games as Stable-Baselines3 sees them, with a window over the last steps for a memory."""
    budgets = {name: cost.limit for name, cost in costs.items() if cost.stop_when_spent}
    seating = EverySeat(batch) if partner is None else Seating(batch, "alternate", partner)
    env: Any = Sb3VecEnv(seating, budgets=budgets)
    return FrameStackVecEnv(env, clone.memory) if clone.memory else env
