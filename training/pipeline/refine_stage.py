"""The refining stage of a run: the clone refined with PPO, or what of that is in the run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from gymnasium.spaces import Discrete

from agents.files.agent_file import HANDED_ON, Agent, make_player, save_agent
from agents.networks.policy import AgentPolicy
from demos.data.dataset.dataset import Dataset
from environments.catalog import make_batch
from environments.simulation.world import World
from environments.terminal.progress import Bars
from training.compute.hardware import ComputeChoice, choose_compute
from training.gate.best_agent import BestAgentKeeper
from training.gate.judge import Judge
from training.imitation.inputs import RecordedInputs
from training.partners.partners import make_partner
from training.pipeline.clone_stage import steps_of
from training.pipeline.prepare import world_options
from training.pipeline.refine_loop import RewardSchedule, refine
from training.run.folder import RunFolder
from training.run.milestones import Milestones
from training.run.recipe import Recipe

PARTNER_SEED, JUDGE_PARTNER_SEED = 1, 2  # added to the run's


def refined(
    run: RunFolder, world: World, clones: list[Agent], recordings: Dataset, bars: Bars
) -> tuple[Agent, str]:
    """The refined agent and the floor's verdict, from the run folder if they are there."""
    recipe, cloned = run.recipe, clones[0]
    if not run.has(HANDED_ON):
        settings, reward = recipe.refine, recipe.reward
        floor, engine = _floor(run, world, clones), _engine(run, cloned)
        torch.set_num_threads(engine.threads)
        with bars.bar("refining", settings.steps, "steps") as bar:
            policy = refine(
                world,
                cloned.policy,
                make_partner(recipe.partner, world, clones, recipe.seed + PARTNER_SEED),
                settings,
                RewardSchedule(
                    reward.weights or world.weights, tuple(reward.faded), reward.fade_until
                ),
                floor,
                costs=recipe.costs,
                demonstrations=demonstrations_of(recipe, recordings, cloned.policy),
                seed=recipe.seed,
                engine=engine,
                folder=run.folder,
                options=world_options(recipe),
                shield=recipe.world.shield,
                tick=bar,
                keep=_milestones(run, world),
                say=bars.say,
            )
        torch.set_num_threads(1)
        if floor.spent:
            bars.say(f"Time went to: {floor.spent}.")
        is_refined = floor.best_update >= 0
        facts = {
            "role": "refined" if is_refined else "clone",
            "stuck_steps": 0 if is_refined else recipe.partner.stuck_steps,
            "seed": recipe.seed,
            "recipe": run.recipe_hash,
            "verdict": floor.verdict,
            "shield": recipe.world.shield,
        }
        save_agent(run.path(HANDED_ON), policy, world, facts)
    agent = run.load_agent(HANDED_ON)
    return agent, str(agent.facts["verdict"])


def _milestones(run: RunFolder, world: World) -> Milestones:
    """What is kept of the way."""
    about = {"seed": run.recipe.seed, "recipe": run.recipe_hash}
    shield = run.recipe.world.shield
    return Milestones(
        run.folder, world, {"role": "refined", "stuck_steps": 0, "shield": shield, **about}
    )


def _floor(run: RunFolder, world: World, clones: list[Agent]) -> BestAgentKeeper:
    """The floor of a run, which first plays the clone."""
    recipe, cloned, options = run.recipe, clones[0], world_options(run.recipe)
    shield = recipe.world.shield
    partner = make_partner(
        recipe.partner, world, clones, recipe.seed + JUDGE_PARTNER_SEED, judging=True
    )
    judge_again = Judge(
        lambda games, seed: make_batch(world, games, seed=seed, options=options, shield=shield),
        partner,
        recipe.refine.judge.games,
        len(world.agents),
    )
    return BestAgentKeeper(
        judge_again,
        world.north_star,
        cloned.policy,
        make_player(cloned, world, recipe.seed),
        recipe.refine.judge.every,
        run.folder,
        weights=recipe.reward.weights or world.weights,
        limits=recipe.limits,
        budget=recipe.refine.kl.budget,
        guard=recipe.refine.start == "clone",
    )


def _engine(run: RunFolder, cloned: Agent) -> ComputeChoice:
    """Precision, threads and cores of this run's updates, from the run folder if they were chosen before."""
    settings = run.recipe.refine
    if not run.has("engine.json"):
        engine = choose_compute(
            cloned.policy,
            settings.batch_size,
            None if settings.precision == "auto" else settings.precision,
            None if settings.threads == "auto" else settings.threads,
            None if settings.cores == "auto" else settings.cores,
        )
        run.write_json("engine.json", asdict(engine))
    kept = run.read_json("engine.json")
    return ComputeChoice(kept["precision"], kept["threads"], kept.get("cores", 1))


def demonstrations_of(
    recipe: Recipe, recordings: Dataset, policy: AgentPolicy
) -> tuple[Any, torch.Tensor]:
    """Recorded observations, as the policy sees them, and actions: [S, ...], [S, ...]."""
    arrays = steps_of(recipe, recordings)
    seen = (
        RecordedInputs(arrays, policy) if policy.memory else torch.from_numpy(arrays.observations)
    )
    actions = torch.from_numpy(arrays.actions)
    return seen, actions.long() if isinstance(policy.action_space, Discrete) else actions.float()
