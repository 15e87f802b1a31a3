"""From recordings to an agent: clone, refine, judge; each stage leaves its result in the run folder.

Repeating the command goes on where the run stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from gymnasium.spaces import Discrete
from rich.console import Console

from agents.files.agent_file import HANDED_ON, Agent, save_agent
from agents.networks.policy import AgentPolicy
from agents.players.from_agent import make_player
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.provenance import Provenance, provenance_of
from demos.data.dataset.store import Store
from environments.catalog import make_batch, make_world
from environments.external.trial.isolated import patient
from environments.external.world import in_processes
from environments.files.trusted_code import remember
from environments.simulation.reward import weight_vector
from environments.simulation.shield import Shield
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.terminal.progress import Bars
from environments.warmup import warm_up
from training.compute.hardware import ComputeChoice, choose_compute
from training.evaluation.head_to_head import against_all, opponents, show_all
from training.evaluation.plots import draw_curve
from training.evaluation.protocol import Protocol, evaluate, recorded_scores, summary
from training.evaluation.tables import limited, show_limits, show_scores
from training.gate.best_agent import BestAgentKeeper, Judge
from training.imitation.clone import (
    action_weights,
    require_matches,
)
from training.imitation.inputs import RecordedInputs, encoder_settings
from training.partners.partners import check_partners, make_partner
from training.pipeline.clone_population import clone_population
from training.pipeline.clone_stage import clone_stage, matches, steps_of
from training.pipeline.refine_loop import RewardSchedule, refine
from training.ppo.network_outputs import CHUNK
from training.run.folder import RunFolder
from training.run.incidents import keep_incidents
from training.run.memory_needs import check_sizes
from training.run.milestones import Milestones
from training.run.recipe import Recipe, read_recipe

PARTNER_SEED, JUDGE_PARTNER_SEED = 1, 2  # added to the run's


def train_from_file(name: str, folder: str | None = None, overrides: Sequence[str] = ()) -> None:
    """Run a recipe and print what came out.

    Raises:
        UserError: anything about the recipe, the data or the folder that cannot work.
    """
    recipe = read_recipe(name, overrides)
    place = Path(folder) if folder else Path("runs") / Path(name).stem
    if recipe.data.corrections is not None:
        from training.pipeline.correction_round import correct_from_recipe  # it stands on this file

        correct_from_recipe(recipe, place)
        return
    prepare(recipe)  # before the run folder: a mistake leaves nothing behind
    run = RunFolder(place, recipe)
    console = Console()
    with run.alone():
        verdict = train(run, Bars(console))
    scores = run.read_json("scores.json")
    show_scores(console, scores)
    limits = recipe.limits
    if "matches" in scores:
        show_all(console, scores["matches"], limits)
    elif found := limited(scores, limits):
        show_limits(console, found)
    console.print(verdict, soft_wrap=True)
    console.print(f"Everything is in {run.folder}.", soft_wrap=True)
    console.print(f"Play it again: gpo evaluate {run.path('agent.safetensors')}", soft_wrap=True)


def prepare(recipe: Recipe) -> tuple[World, dict[str, Dataset]]:
    """The world and the recordings of a recipe, checked as far as can be without training.

    Raises:
        UserError: the recipe names something that does not exist or does not fit.
    """
    with patient(recipe.world.patience):
        world = make_world(recipe.world.id, **recipe.world.params)  # of a recipe that was named
    remember(world.id)
    world = in_processes(world, recipe.world.workers, recipe.world.patience)
    if recipe.world.shield:
        Shield(world)  # refuses a world that has none
    weight_vector(world.terms, recipe.reward.weights or {})
    weight_vector(world.terms, dict.fromkeys(recipe.reward.faded, 0.0))
    for name in recipe.costs:
        if name not in world.costs:
            raise UserError(
                f"The recipe limits the cost '{name}', but {world.id} has "
                f"{', '.join(world.costs) or 'none'}."
            )
    action_weights(recipe.clone, world.action_names, world.action_space)
    check_sizes(recipe, world)
    encoder_settings(world, recipe.network)
    check_partners(recipe.partner, world)
    store = Store(recipe.data.root)
    recordings = {"clone": store.open(recipe.data.train)}
    if recipe.data.held_out is not None and len(world.agents) > 1:
        recordings["human_model"] = store.open(recipe.data.held_out)
    for dataset in recordings.values():
        dataset.require_world(world)
        for complaint in dataset.check()[:1]:
            raise UserError(complaint)
        require_matches(len(set(matches(dataset))))
    return world, recordings


def train(run: RunFolder, bars: Bars) -> str:
    """Do what is still to do; returns the floor's verdict in one sentence."""
    recipe = run.recipe
    torch.set_num_threads(1)
    for note in run.notes:
        bars.say(note)
    if run.changed:
        bars.say(
            f"Going on with this run is not exact, for since it began: {'; '.join(run.changed)}."
        )
    world, recordings = prepare(recipe)
    warm_up(world, bars.say, recipe.world.shield)
    keep_incidents(world, run.folder)
    made = {role: clone_stage(run, role, world, data, bars) for role, data in recordings.items()}
    clones = [made["clone"], *clone_population(run, world, recordings["clone"], bars)]
    agent, verdict = refined(run, world, clones, recordings["clone"], bars)
    if not run.has("scores.json"):
        run.write_json("scores.json", judged(recipe, world, made, agent, recordings, bars))
    draw_curve(run.folder, world)
    return verdict


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
                demonstrations=_demonstrations(recipe, recordings, cloned.policy),
                seed=recipe.seed,
                engine=engine,
                folder=run.folder,
                options=_options(recipe),
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
    recipe, cloned, options = run.recipe, clones[0], _options(run.recipe)
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


def _demonstrations(
    recipe: Recipe, recordings: Dataset, policy: AgentPolicy
) -> tuple[Any, torch.Tensor]:
    """Recorded observations, as the policy sees them, and actions: [S, ...], [S, ...]."""
    arrays = steps_of(recipe, recordings)
    seen = (
        RecordedInputs(arrays, policy) if policy.memory else torch.from_numpy(arrays.observations)
    )
    actions = torch.from_numpy(arrays.actions)
    return seen, actions.long() if isinstance(policy.action_space, Discrete) else actions.float()


def _options(recipe: Recipe) -> dict[str, Any]:
    return {} if recipe.world.horizon is None else {"horizon": recipe.world.horizon}


def judged(
    recipe: Recipe,
    world: World,
    made: dict[str, Agent],
    agent: Agent,
    recordings: dict[str, Dataset],
    bars: Bars,
) -> dict[str, Any]:
    """Everybody's scores under the recipe's protocol, as JSON."""
    horizon = recipe.world.horizon or world.horizon
    how = recipe.evaluate
    protocol = Protocol(how.games, horizon, how.greedy, shield=recipe.world.shield)
    alone = len(world.agents) == 1
    pairings: dict[str, tuple[Agent, Agent | None]] = {"clone": (made["clone"], None)}
    if alone:
        pairings["refined"] = (agent, None)
    else:
        pairings = {
            "clone with clone": (made["clone"], made["clone"]),
            "refined with clone": (agent, made["clone"]),
        }
    if "human_model" in made:
        human = made["human_model"]
        pairings |= {
            "human model with human model": (human, human),
            "clone with human model": (made["clone"], human),
            "refined with human model": (agent, human),
        }
    rows = {}
    source = recordings.get("human_model", recordings["clone"])
    people = not alone and provenance_of(source) is Provenance.PEOPLE
    rows["people with people" if people else "recorded play"] = recorded_scores(
        source, world, horizon
    )
    with bars.bar("judging", len(pairings), "pairings") as bar:
        for number, (name, (me, other)) in enumerate(pairings.items(), 1):
            rows[name] = summary(
                evaluate(
                    world,
                    lambda seed, me=me: make_player(me, world, seed),  # type: ignore[misc]
                    None if other is None else (lambda seed, o=other: make_player(o, world, seed)),  # type: ignore[misc]
                    protocol,
                )
            )
            bar(number)
    likeness = {
        name: _likeness(recipe, who.policy, source)
        for name, who in (("clone", made["clone"]), ("refined", agent))
    }
    told = {"world": world.id, "protocol": str(protocol), "rows": rows, "likeness": likeness}
    if names := opponents(recipe.partner, world):
        agents = {"clone": made["clone"], "refined": agent}
        told["matches"] = against_all(world, agents, names, protocol, bars)
    return told


def _likeness(recipe: Recipe, policy: AgentPolicy, recordings: Dataset) -> float:
    """How like people a policy acts: the mean log-likelihood of recorded actions, in nats."""
    observations, actions = _demonstrations(recipe, recordings, policy)
    with torch.inference_mode():
        chunks = torch.split(torch.arange(len(actions)), CHUNK)
        found = torch.cat(
            [
                policy.distribution_of(policy.logits(observations[rows])).log_prob(actions[rows])
                for rows in chunks
            ]
        )
    return float(found.mean())
