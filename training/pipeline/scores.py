"""The last judgement of a run: clone and refined agent in every pairing, on held-out seeds."""

from __future__ import annotations

from typing import Any

import torch

from agents.files.agent_file import Agent, make_player
from agents.networks.policy import AgentPolicy
from demos.data.dataset.dataset import Dataset
from environments.simulation.world import World
from environments.terminal.progress import Bars
from training.evaluation.head_to_head import against_all, opponents
from training.evaluation.protocol import Protocol, evaluate, recorded_scores, summary
from training.pipeline.refine_stage import demonstrations_of
from training.ppo.network_outputs import CHUNK
from training.run.recipe import Recipe


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
    scripted = source.facts["description"].startswith("scripted:")
    rows["recorded play" if alone or scripted else "people with people"] = recorded_scores(
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
    observations, actions = demonstrations_of(recipe, recordings, policy)
    with torch.inference_mode():
        chunks = torch.split(torch.arange(len(actions)), CHUNK)
        found = torch.cat(
            [
                policy.distribution_of(policy.logits(observations[rows])).log_prob(actions[rows])
                for rows in chunks
            ]
        )
    return float(found.mean())
