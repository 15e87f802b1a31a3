"""The data of a round of corrections: the corrections, and beside them what the agent knew before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from agents.files.agent_file import Agent
from agents.networks.policy import AgentPolicy
from demos.data.dataset.dataset import Dataset
from demos.data.episodes.arrays import Arrays
from environments.simulation.world import World
from training.imitation.corrected_steps import Corrections, hold_back, people_only
from training.imitation.corrections import WeightedRows, concatenate, finetune, weight_of, weighted
from training.imitation.holdout import action_weights, split
from training.imitation.inputs import RecordedSteps
from training.imitation.returns import recorded_returns
from training.pipeline.clone_stage import cloning_settings, matches, steps_of
from training.ppo.plan import PlanFacts, plan_of
from training.run.folder import RunFolder
from training.run.reporter import Reporter
from training.settings import discount


@dataclass(frozen=True)
class CorrectionData:
    """A round's recordings and corrections."""

    run: RunFolder
    world: World
    recordings: Mapping[str, Dataset]
    corrections: Corrections

    def learn(self, start: Agent, reporter: Reporter) -> AgentPolicy:
        recipe, corrections = self.run.recipe, self.corrections
        settings, cloning = recipe.corrections, cloning_settings(recipe)
        held = hold_back(corrections, cloning.validation, recipe.seed)
        corrected = np.flatnonzero(corrections.corrected & ~held)
        arrays, beside, offset = self._beside(start)
        weight = weight_of(settings, len(beside), len(corrected))
        rows = weighted(beside, corrected + offset, weight, recipe.seed)
        terms = recipe.reward.weights or self.world.weights
        plan = plan_of(recipe.refine, PlanFacts(tick=self.world.tick))
        gamma = discount(plan.half_life, self.world.tick)
        world = self.world
        steps = RecordedSteps(
            arrays,
            arrays.episode,
            world.observation_space,
            world.action_space,
            returns=recorded_returns(arrays, terms, gamma, list(world.costs)),
        )
        acted = action_weights(recipe.clone, world.action_names, world.action_space)
        reporter.say(
            f"{len(corrected):,} corrected steps, each counting as {weight:.3g}, "
            f"beside {len(beside):,} {'recorded' if offset else 'trusted'} ones."
        )
        with reporter.bar("learning from corrections", settings.epochs, "epochs") as bar:
            return finetune(
                start.policy,
                WeightedRows(steps, rows, acted),
                settings,
                cloning,
                dropout=0.0 if _is_refined(start) else cloning.dropout,
                seed=recipe.seed,
                tick=bar,
            )

    def _beside(self, start: Agent) -> tuple[Arrays, np.ndarray, int]:
        """What is learned from beside the corrections: steps, rows of them, and where corrections begin.

        For a clone that is what it was cloned from. A refined agent would unlearn by that what it has
        learned since: it keeps its own steps instead, those that the person left to it.
        """
        corrections = self.corrections
        if _is_refined(start):
            return corrections.arrays, np.flatnonzero(corrections.trusted), 0
        recorded = steps_of(self.run.recipe, self.recordings["clone"])
        train, _ = self.parted(recorded)
        return concatenate(recorded, corrections.arrays), train, len(recorded.actions)

    def parted(self, recorded: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Recorded rows learned from and held back, as the clone's were."""
        groups = np.unique(matches(self.recordings["clone"]), return_inverse=True)[1]
        people = people_only(recorded)
        chosen = np.arange(len(recorded.actions)) if people is None else np.flatnonzero(people)
        settings, seed = cloning_settings(self.run.recipe), self.run.recipe.seed
        train, held = split(groups[recorded.episode][chosen], settings.validation, seed)
        return chosen[train], chosen[held]


def _is_refined(agent: Agent) -> bool:
    return agent.facts.get("role") == "refined"
