"""The refining stage of a run: the clone refined with PPO, or what of that is in the run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from gymnasium.spaces import Discrete

from agents.files.agent_file import HANDED_ON, Agent, save_agent
from agents.networks.policy import AgentPolicy
from demos.data.dataset.dataset import Dataset
from environments.catalog import make_batch
from environments.simulation.world import World
from training.advice.doubts import StandsStill, doubts_of_play
from training.compute.hardware import ComputeChoice, choose_compute
from training.gate.best_agent import BestAgentKeeper
from training.gate.judge import Judge
from training.gate.judged_by import judged_by
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.gate.verdict import Verdict
from training.imitation.inputs import RecordedInputs
from training.partners.partners import make_partner
from training.pipeline.beginning import beginning
from training.pipeline.clone_stage import FRESH, steps_of
from training.pipeline.prepare import world_options
from training.pipeline.refine_loop import Refined, RefineInputs, RewardSchedule, refine
from training.pipeline.starts import MoveStarts, demonstration_starts
from training.ppo.plan import plan_of
from training.run.checkpoint import read_checkpoint
from training.run.folder import RunFolder
from training.run.metrics import read_metrics
from training.run.milestones import Milestones
from training.run.recipe import Recipe
from training.run.reporter import ProgressReport, Reporter, told_if_long

PARTNER_SEED, JUDGE_PARTNER_SEED = 1, 2  # added to the run's


def refine_stage(
    run: RunFolder,
    world: World,
    clones: list[Agent],
    recordings: Dataset | None,
    reporter: Reporter,
    accept_unsafe: bool = False,
) -> tuple[Agent, Verdict]:
    """The agent that is handed on, and the verdict, from the run folder if they are there.

    Where no agent keeps every limit, the one that comes nearest is given and no file of it is written.

    Args:
        run: whose recipe says how.
        world: that is played.
        clones: what is refined, and after it the further clones that it plays with.
        recordings: what the first was cloned from; None if it was not.
        reporter: is told how far it is.
        accept_unsafe: hand on the nearest all the same.
    """
    if run.has(HANDED_ON):
        agent = run.load_agent(HANDED_ON)
        return agent, _verdict_of(run, world, agent)
    found = _refine(run, world, clones, recordings, reporter)
    if found.spent:
        reporter.say(f"Time went to: {found.spent}.")
    conclusion = found.conclusion.accepted if accept_unsafe else found.conclusion
    verdict, policy = conclusion.verdict, conclusion.policy
    facts = {
        "role": "clone" if verdict.update is None else "refined",
        **conclusion.manner.facts,
        "seed": run.recipe.seed,
        "recipe": run.recipe_hash,
        "verdict": verdict.sentence,
        "judged": verdict.figures,
        "shield": run.recipe.world.shielded,
        **judged_by(run.recipe, world).told(world),
    }
    if verdict.unsafe:
        facts["unsafe"] = True
    if verdict.handed_on == "nothing":
        return Agent(policy, world.describe(), facts, "", world.own_action_space), verdict
    save_agent(run.path(HANDED_ON), policy, world, facts)
    return run.load_agent(HANDED_ON), verdict


def _refine(
    run: RunFolder,
    world: World,
    clones: list[Agent],
    recordings: Dataset | None,
    reporter: Reporter,
) -> Refined:
    """Refine the first of the clones with all of them."""
    recipe, cloned, reward = run.recipe, clones[0], run.recipe.reward
    with told_if_long(reporter, "Playing the games that refined ones are compared with."):
        keeper = _keeper(run, world, clones)
    if recordings is not None and cloned.facts.get("role") != FRESH:
        _doubt(recipe, world, keeper, recordings, reporter)
    begun, settings = beginning(run, world, cloned, recordings, keeper, reporter)
    starts = _starts(recipe, world, recordings, reporter)
    with told_if_long(reporter, "Timing this machine: precision, threads and cores."):
        engine = _engine(run, cloned)
    torch.set_num_threads(engine.threads)
    inputs = RefineInputs(
        world,
        begun,
        RewardSchedule(reward.weights or world.weights, tuple(reward.faded), reward.fade_until),
        run.folder,
        recipe.seed,
        make_partner(recipe.partner, world, clones, recipe.seed + PARTNER_SEED),
        recipe.costs,
        None if recordings is None else demonstrations_of(recipe, recordings, cloned.policy),
        world_options(recipe),
        recipe.world.shielded,
        engine,
        starts,
    )
    with reporter.bar("refining", recipe.refine.steps, "steps") as bar:
        still = StandsStill(reporter.say)
        callbacks = [ProgressReport(bar, reporter), _milestones(run, world), still]
        found = refine(inputs, settings, keeper, callbacks, reporter)
    torch.set_num_threads(1)
    return found


def _starts(
    recipe: Recipe, world: World, recordings: Dataset | None, reporter: Reporter
) -> MoveStarts | None:
    """Where games begin, if the recipe wants that in states of the recordings."""
    if recipe.world.start == "world" or recordings is None:
        return None
    count = len(recordings.whole())
    with reporter.bar("reading states of the recordings", count, "games") as bar:
        starts = demonstration_starts(world, recordings, bar)
    reporter.say(
        f"Games begin in {sum(map(len, starts.states)):,} states of {len(starts.states)} of {count} "
        "recordings; agents are judged from the world's own starts."
    )
    return MoveStarts(starts, recipe.world.reverse_until)


def _doubt(
    recipe: Recipe, world: World, keeper: BestAgentKeeper, recordings: Dataset, reporter: Reporter
) -> None:
    """Say it if the clone plays far below what it was cloned from."""
    star, horizon = world.north_star, recipe.world.horizon or world.horizon
    played = keeper.selection.clone.totals[star]
    for doubt in doubts_of_play(played, steps_of(recipe, recordings), star, horizon):
        reporter.say(doubt)


def _verdict_of(run: RunFolder, world: World, agent: Agent) -> Verdict:
    """The verdict on an agent of the run folder.

    The figures of one that does not tell them are the last checkpoint's, if that is whole.
    """
    refined, told = agent.facts.get("role") == "refined", agent.facts.get("judged")
    if told is None:
        start, _ = read_checkpoint(run.path("checkpoints"))
        kept, rows = {} if start is None else start.facts, read_metrics(run.folder)
        told = {
            "clone": rows[-1].clone if rows else None,
            "mean": kept.get("best_mean"),
            "update": kept.get("best_update") if refined else None,
        }
    return Verdict(
        "refined" if refined else "clone",
        str(agent.facts["verdict"]),
        judged_by(run.recipe, world).name,
        told["clone"],
        told["mean"],
        told["update"],
        greedy=bool(agent.facts.get("greedy", False)),
        unsafe=bool(agent.facts.get("unsafe", False)),
    )


def _milestones(run: RunFolder, world: World) -> Milestones:
    """Keeps agents on the way."""
    about = {
        "role": "refined",
        "stuck_steps": 0,
        "shield": run.recipe.world.shielded,
        "seed": run.recipe.seed,
        "recipe": run.recipe_hash,
        **judged_by(run.recipe, world).told(world),
    }
    return Milestones(run.folder, world, about)


def _keeper(run: RunFolder, world: World, clones: list[Agent]) -> BestAgentKeeper:
    """The keeper of a run's best agent, which first plays the clone."""
    recipe, cloned, options = run.recipe, clones[0], world_options(run.recipe)
    plan = plan_of(recipe.refine)
    shield = recipe.world.shielded
    partner = make_partner(
        recipe.partner, world, clones, recipe.seed + JUDGE_PARTNER_SEED, judging=True
    )
    judge = Judge(
        lambda games, seed: make_batch(world, games, seed=seed, options=options, shield=shield),
        partner,
        plan.judge_games,
        len(world.agents),
    )
    figure = judged_by(recipe, world)
    settings = GateSettings(
        figure.name,
        plan.judge_every,
        guard=recipe.refine.start == "clone",
        limits=recipe.limits,
        budget=recipe.refine.kl.budget,
        only_greedy=recipe.evaluate.greedy,
        beside="a fresh network" if cloned.facts.get("role") == FRESH else "the clone",
        body=world.body if isinstance(world.action_space, Discrete) else None,
        weights=figure.weights,
        is_north_star=not figure.told(world),
    )
    return BestAgentKeeper(judge, cloned.policy, Manner.of(cloned.facts), settings)


def _engine(run: RunFolder, cloned: Agent) -> ComputeChoice:
    """Precision, threads and cores of this run's updates, from the run folder if they were chosen before."""
    settings = run.recipe.refine
    if not run.has("engine.json"):
        engine = choose_compute(
            cloned.policy,
            plan_of(settings).batch_size,
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
