"""BestAgentKeeper: keeps the best agent so far, so that nothing worse than the clone is ever handed on.

At a fixed rhythm the policy plays the same seeds that the clone has played, with the same noise and by the
same rules, sampled and with its likeliest actions; `training.gate.selection` says which agent is kept, and
`training.gate.confirmation` whether it is handed on in the end. The same moments are the run's rows of
metrics and its checkpoints (`training.gate.writers`).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from stable_baselines3.common.callbacks import BaseCallback

from agents.evaluation.games import SHIELDED
from agents.evaluation.statistics import mean_interval
from agents.networks.policy import AgentPolicy
from training.gate.judge import Judge, Judgement
from training.gate.manner import Manner
from training.gate.selection import (
    Candidate,
    CostBounds,
    GateSettings,
    Selection,
    candidate_of,
    facts_of,
)
from training.gate.trials import Trials
from training.gate.verdict import Refusal
from training.ppo.update import of_the_policy
from training.run.checkpoint import Checkpoint

Model = Any  # a `training.ppo.refiner.Refiner`; SB3 types a callback's model as its base class


class BestAgentKeeper(BaseCallback):
    """Judges the policy every few updates and keeps the best.

    Args:
        judge: plays the agent.
        clone: what the result must not fall below.
        own: how the clone is meant to be played.
        settings: what counts, how often, and within which limits.
    """

    def __init__(
        self, judge: Judge, clone: AgentPolicy, own: Manner, settings: GateSettings
    ) -> None:
        super().__init__()
        self.settings, self.clone = settings, clone
        self.best, self.safest = copy.deepcopy(clone), copy.deepcopy(clone)
        self.bounds = CostBounds(settings.limits)
        self.trials = Trials(judge, settings, self.bounds)
        clones = self.trials.of_clone(clone, own)
        for one in clones:
            self.bounds.see(one.totals)
        self.selection = Selection(settings, self.trials.best(clones), clones, self.bounds)
        self.refused = ""  # why the last that may not be is refused, in a sentence
        self.trouble = ""  # why refining stopped early, in a sentence
        self.judged = False  # whether any agent was
        self.identical = True  # whether all of them had the clone's weights
        self.judgement: Judgement | None = None  # of this moment, for the callbacks that follow

    @property
    def clone_mean(self) -> float:
        """The figure of the clone, as it would be handed on."""
        return self.selection.clone.mean(self.settings.judged_by)

    @property
    def best_mean(self) -> float:
        """The figure of the agent that is kept, on the judge's seeds."""
        return (self.selection.kept or self.selection.clone).mean(self.settings.judged_by)

    @property
    def best_update(self) -> int:
        """After which the agent that is kept was judged; -1 is the clone."""
        return -1 if self.selection.kept is None else self.selection.kept.update

    @property
    def chosen(self) -> list[tuple[Candidate, AgentPolicy]]:
        """Who is to play fresh games: the one kept, and where the clone breaks a limit, the safest."""
        kept, safest = self.selection.kept, self.selection.safest
        found = [] if kept is None else [(kept, self.best)]
        if self.selection.clone_is_feasible or safest is None or self.bounds.broken(safest.totals):
            return found
        return found if kept and kept.update == safest.update else [*found, (safest, self.safest)]

    @property
    def warnings(self) -> list[str]:
        """What the multipliers of the limited costs did in vain, a sentence each."""
        multipliers = getattr(getattr(self, "model", None), "multipliers", {})
        return [one.trouble(name) for name, one in multipliers.items()]

    def resume(self, start: Checkpoint) -> None:
        """Take up where a checkpoint left off; one of before this gate has its best judged again."""
        self.best.load_tensors(start.part("best"))
        facts = start.facts
        self.refused = facts.get("refused", "")
        told = facts.get("gate")
        if told is None:
            if facts["best_update"] >= 0:
                manner = Manner(self.settings.only_greedy)
                kept = Candidate(facts["best_update"], manner, self.trials.play(self.best, manner))
                self.selection.kept = self.selection.highest = kept
                self.identical = False
            return
        self.trials.rest, self.identical = told["rest"], told["identical"]
        self.judged = told["judged"]
        self.bounds.judged.update(told["costs"][0])
        self.bounds.trained.update(told["costs"][1])
        for name in ("kept", "highest", "safest"):
            setattr(self.selection, name, candidate_of(told[name]))
        if self.selection.safest is not None:
            self.safest.load_tensors(start.part("safest"))

    def facts(self) -> dict[str, Any]:
        """What a checkpoint keeps beside the weights of the best and of the safest."""
        names = (self.settings.judged_by, *self.settings.limits)
        chosen = {
            name: facts_of(getattr(self.selection, name), names)
            for name in ("kept", "highest", "safest")
        }
        gate = {
            "judged": self.judged,
            "rest": self.trials.rest,
            "identical": self.identical,
            **chosen,
        }
        return {
            "best_mean": self.best_mean,
            "best_update": self.best_update,
            "best_manner": (self.selection.kept or self.selection.clone).manner.facts,
            "refused": self.refused,
            "gate": {**gate, "costs": [dict(self.bounds.judged), dict(self.bounds.trained)]},
        }

    def parts(self) -> dict[str, dict[str, torch.Tensor]]:
        """The weights that a checkpoint keeps."""
        found = {"best": self.best.tensors()}
        if self.selection.safest is not None:
            found["safest"] = self.safest.tensors()
        return found

    def _on_rollout_start(self) -> None:
        self.judgement = None
        if updates_of(self.model, self.num_timesteps) % self.settings.every == 0:
            self._judge()

    def _on_rollout_end(self) -> None:
        model: Model = self.model
        for costs in model.meter.finished:
            for name, cost in zip(model.meter.names, costs.tolist(), strict=True):
                self.bounds.see_training(name, cost)

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
        update = updates_of(self.model, self.num_timesteps)
        same = is_identical(policy, self.clone)
        played = (
            self.trials.of_twin(self.selection.clones, update)
            if same
            else self.trials.of_policy(policy, update)
        )
        self.judged = True
        if not same:
            self.identical = False
            self._consider(self.trials.best(played), policy)
        shown = played[0].totals
        return Judgement(
            update,
            self.num_timesteps,
            mean_interval(shown[self.settings.judged_by]),
            {name: self.bounds.interval(name, shown) for name in self.settings.limits},
            {name: float(values.mean()) for name, values in shown.items() if name != SHIELDED},
            {name: float(values.mean()) for name, values in shown.items() if name == SHIELDED},
        )

    def _consider(self, candidate: Candidate, policy: AgentPolicy) -> None:
        """Keep an agent, or say why it may not be."""
        distance = getattr(getattr(self.model, "anchor", None), "distance", 0.0)
        budget = self.settings.budget
        if budget is not None and distance > budget:
            self.refused = str(Refusal("budget", distance, budget))
            return
        if self.selection.consider(candidate):
            self.best.load_state_dict(policy.state_dict())
        if self.selection.is_safer(candidate):
            self.safest.load_state_dict(policy.state_dict())
        for name, high in self.bounds.broken(candidate.totals).items():
            self.refused = str(Refusal("limit", high, self.settings.limits[name], name))


def is_identical(policy: Any, clone: Any) -> bool:
    """Whether two agents act with the same weights, to the bit; values may differ."""
    pairs = zip(of_the_policy(policy), of_the_policy(clone), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in pairs)


def updates_of(model: Model, steps: int) -> int:
    """Updates done after so many steps."""
    return int(steps // (model.n_steps * model.n_envs))
