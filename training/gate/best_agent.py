"""BestAgentKeeper: keeps the best agent so far, so that nothing worse than the clone is ever handed on.

At a fixed rhythm the policy plays the same seeds that the clone has played. The latest is kept whose 95 %
interval of the north star begins above the clone's mean and reaches up to the highest mean so far: among
agents that the games cannot tell apart, the one trained longest, not the one with the luckiest average. The
same moments are the run's rows of metrics and its checkpoints (`training.gate.writers`).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from agents.evaluation.statistics import Interval, bootstrap_mean
from agents.networks.policy import AgentPolicy
from agents.players.player import NetworkPlayer, Player
from training.gate.judge import JUDGE_SEEDS, Judge, judged_totals
from training.gate.verdict import Refusal, Verdict, refining_verdict
from training.run.checkpoint import Checkpoint

Model = Any  # a `training.ppo.refiner.Refiner`; SB3 types a callback's model as its base class


@dataclass(frozen=True)
class GateSettings:
    """What an agent must do to be handed on."""

    north_star: str  # the term that counts
    every: int  # updates between two judgements
    # Hand on the clone rather than something worse. Without it the best is simply the best, which is for
    # comparisons with runs that do not start from the clone.
    guard: bool = True
    # By cost, what an agent that is handed on may cost per episode: the upper end of its interval.
    limits: Mapping[str, float] = field(default_factory=dict)
    budget: float | None = None  # nats per state that it may be away from the clone


@dataclass(frozen=True)
class Judgement:
    """How the policy played once."""

    update: int  # updates done
    steps: int
    north_star: Interval
    limited: Mapping[str, Interval]  # by limited cost
    totals: Mapping[str, float]  # mean per game, by term and cost
    shield: Mapping[str, float]  # how often it stepped in per game, where there is one


class BestAgentKeeper(BaseCallback):
    """Judges the policy every few updates and keeps the best.

    Args:
        judge: plays the agent.
        clone: what the result must not fall below.
        clone_player: the clone as it is meant to be played.
        settings: what counts, how often, and within which limits.
    """

    def __init__(
        self, judge: Judge, clone: AgentPolicy, clone_player: Player, settings: GateSettings
    ) -> None:
        super().__init__()
        self.judge, self.settings = judge, settings
        totals = judged_totals(judge(clone_player), settings.north_star)
        self.clone_mean = float(totals.mean())
        self.best: AgentPolicy = copy.deepcopy(clone)
        self.least = self.clone_mean if settings.guard else -math.inf
        self.best_mean, self.best_update = self.clone_mean, -1  # -1: the clone itself
        self.highest = self.least  # mean of an agent that may be handed on
        self.refused = ""  # why the last that may not be is refused, in a sentence
        self.trouble = ""  # why refining stopped early, in a sentence
        self.judgement: Judgement | None = None  # of this moment, for the callbacks that follow

    def resume(self, start: Checkpoint) -> None:
        """Take up where a checkpoint left off."""
        self.best.load_tensors(start.part("best"))
        self.best_mean, self.best_update = start.facts["best_mean"], start.facts["best_update"]
        if start.facts["highest"] is not None:
            self.highest = start.facts["highest"]
        self.refused = start.facts.get("refused", "")

    def facts(self) -> dict[str, Any]:
        """What a checkpoint keeps beside the weights of the best."""
        return {
            "best_mean": self.best_mean,
            "highest": self.highest if math.isfinite(self.highest) else None,
            "best_update": self.best_update,
            "refused": self.refused,
        }

    @property
    def verdict(self) -> Verdict:
        """What is handed on if refining ends here."""
        star, best, update = self.settings.north_star, self.best_mean, self.best_update
        return refining_verdict(star, self.clone_mean, best, update, self.refused, self.trouble)

    def _on_rollout_start(self) -> None:
        self.judgement = None
        if updates_of(self.model, self.num_timesteps) % self.settings.every == 0:
            self._judge()

    def _on_training_end(self) -> None:
        self._judge()

    def _on_step(self) -> bool:
        return True

    def _judge(self) -> None:
        model: Model = self.model
        with model.clock.part("evaluation"):
            self.judgement = self.assess(model.policy)

    def assess(self, policy: AgentPolicy) -> Judgement:
        """Play the policy, and keep it if it is the best."""
        played = self.judge(NetworkPlayer(policy, JUDGE_SEEDS))
        found = bootstrap_mean(judged_totals(played, self.settings.north_star))
        limited = {
            name: bootstrap_mean(judged_totals(played, name)) for name in self.settings.limits
        }
        update = updates_of(self.model, self.num_timesteps)
        refusal = self._refusal(limited)
        if refusal is not None:
            self.refused = str(refusal)
        elif found.high >= self.highest and found.low > self.least:
            self.best.load_state_dict(policy.state_dict())
            self.best_mean, self.best_update = found.mean, update
        if refusal is None:
            self.highest = max(self.highest, found.mean)

        def mean(name: str) -> float:
            return float(judged_totals(played, name).mean())

        return Judgement(
            update,
            self.num_timesteps,
            found,
            limited,
            {name: mean(name) for name in (*played[0].terms, *played[0].costs)},
            {name: mean(name) for name in played[0].shield},
        )

    def _refusal(self, limited: Mapping[str, Interval]) -> Refusal | None:
        """Why the policy that has just been played may not be handed on."""
        for name, limit in self.settings.limits.items():
            if limited[name].high > limit:
                return Refusal("limit", limited[name].high, limit, name)
        budget = self.settings.budget
        distance = getattr(getattr(self.model, "anchor", None), "distance", 0.0)
        if budget is not None and distance > budget:
            return Refusal("budget", distance, budget)
        return None


def updates_of(model: Model, steps: int) -> int:
    """Updates done after so many steps."""
    return int(steps // (model.n_steps * model.n_envs))
