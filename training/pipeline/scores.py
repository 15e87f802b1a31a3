"""The last judgement of a run: clone and refined agent in every pairing, on held-out seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch

from agents.files.agent_file import Agent
from agents.networks.policy import AgentPolicy
from agents.players.from_agent import make_player
from agents.players.player import Player
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.provenance import Provenance, provenance_of
from environments.simulation.world import World
from training.evaluation.head_to_head import against_all, opponents
from training.evaluation.protocol import Protocol, evaluate, recorded_scores, summary
from training.evaluation.results import (
    OTHERWISE,
    PEOPLE,
    RECORDED,
    Pairing,
    PairingScores,
    Scores,
    pairings,
)
from training.evaluation.robustness import robustness
from training.gate.judged_by import JudgedBy, judged_by
from training.pipeline.refine_stage import demonstrations_of
from training.ppo.rollouts.network_outputs import CHUNK
from training.run.recipe import Recipe
from training.run.reporter import Reporter, told_if_long


@dataclass(frozen=True)
class JudgeInputs:
    """Who is judged, and beside which recordings."""

    recipe: Recipe
    world: World
    agents: Mapping[str, Agent]  # by role: who learned, in that order; then "human_model", if any
    recordings: Mapping[str, Dataset]  # "clone", and "human_model" if there are some

    @property
    def learned(self) -> dict[str, Agent]:
        """Who learned, by role, in the order of learning."""
        return {role: agent for role, agent in self.agents.items() if role != "human_model"}

    @property
    def source(self) -> Dataset | None:
        """The recordings whose scores stand beside the agents': those held out, if there are some."""
        return self.recordings.get("human_model", self.recordings.get("clone"))

    @property
    def horizon(self) -> int:
        """Steps of a game."""
        return self.recipe.world.horizon or self.world.horizon

    @property
    def figure(self) -> JudgedBy | None:
        """What the refining judged by, where that is not the world's north star."""
        figure = judged_by(self.recipe, self.world)
        return figure if figure.told(self.world) else None

    @property
    def partner_maker(self) -> Callable[[int], Player] | None:
        """Who has the other seats in the curves: people's model, or None where all seats are one's own."""
        other = self.agents.get("human_model")
        alone = len(self.world.agents) == 1 or self.recipe.partner.judged_with == "self"
        return None if other is None or alone else _maker(self.world, other)

    @property
    def protocol(self) -> Protocol:
        """How all of them are judged."""
        how = self.recipe.evaluate
        return Protocol(
            how.games,
            self.horizon,
            how.greedy,
            shield=self.recipe.world.shielded,
            options=self.world.episode_options,
        )


def final_scores(inputs: JudgeInputs, reporter: Reporter) -> Scores:
    """Every pairing's scores under the recipe's protocol, and each scripted opponent's."""
    world, agents, protocol = inputs.world, inputs.agents, inputs.protocol
    learned = inputs.learned
    alone = inputs.recipe.partner.judged_with == "self"
    chosen = pairings(len(world.agents), list(learned), "human_model" in agents, alone)
    chosen += () if protocol.greedy else _otherwise(inputs, chosen)
    source, rows = inputs.source, dict[str, PairingScores]()
    if source is not None:
        with told_if_long(reporter, "Counting what the recordings reached."):
            rows[_recorded_row(source, world)] = _recorded(source, inputs)
    with reporter.bar("judging", len(chosen), "pairings") as bar:
        for number, pairing in enumerate(chosen, 1):
            found = _score(inputs, pairing)
            if found not in rows.values() or not pairing.otherwise:  # only where it differs
                rows[pairing.name] = found
            bar(number)
    with told_if_long(reporter, "Asking those who learned how likely the recorded actions are."):
        likeness = {
            role: _likeness(inputs.recipe, agent.policy, source)
            for role, agent in learned.items()
            if source is not None
        }
    names = opponents(inputs.recipe.partner, world)
    matches = against_all(world, learned, names, protocol, reporter) if names else {}
    curves = robustness(
        world,
        {role: _maker(world, one) for role, one in learned.items()},
        inputs.partner_maker,
        protocol,
        reporter,
    )
    figure = inputs.figure
    decided = None if figure is None else figure.name
    return Scores(world.id, _told(inputs, rows), rows, likeness, matches, decided, curves)


def _maker(world: World, agent: Agent) -> Callable[[int], Player]:
    """Makes a player of an agent from a seed."""
    return lambda seed: make_player(agent, world, seed)


def protocol_text(protocol: Protocol, rows: Mapping[str, PairingScores]) -> str:
    """How these were judged, with the steps that their games took."""
    steps = [row.steps for row in rows.values() if row.steps is not None]
    if not steps:
        return str(protocol)
    lasted = min(least for least, _ in steps), max(most for _, most in steps)
    return protocol.told(lasted, sum(row.broken for row in rows.values()))


def _otherwise(inputs: JudgeInputs, chosen: tuple[Pairing, ...]) -> tuple[Pairing, ...]:
    """The last pairing of everybody who learned, played otherwise than its file says."""
    last = {one.player: one for one in chosen if one.player in inputs.learned}
    found = []
    for role, one in last.items():
        how = OTHERWISE[bool(inputs.agents[role].facts.get("greedy", False))]
        found.append(replace(one, name=f"{one.name}, {how}", otherwise=True))
    return tuple(found)


def _told(inputs: JudgeInputs, rows: Mapping[str, PairingScores]) -> str:
    """The protocol in words, and who of those who learned is played greedily all the same."""
    text = protocol_text(inputs.protocol, rows)
    if inputs.figure is not None:
        text = inputs.figure.said(text)
    greedy = [role for role, agent in inputs.learned.items() if agent.facts.get("greedy", False)]
    if inputs.protocol.greedy or not greedy:
        return text
    return f"{text}; likeliest actions: {', '.join(greedy)}"


def _score(inputs: JudgeInputs, pairing: Pairing) -> PairingScores:
    """One pairing's scores."""
    world, me = inputs.world, inputs.agents[pairing.player]
    other = None if pairing.partner is None else inputs.agents[pairing.partner]
    if pairing.otherwise:
        me = replace(me, facts={**me.facts, "greedy": not me.facts.get("greedy", False)})
    if inputs.recipe.partner.judged_with == "self" and pairing.partner == pairing.player:
        other = None
    played = evaluate(
        world,
        lambda seed: make_player(me, world, seed),
        None if other is None else (lambda seed: make_player(other, world, seed)),
        inputs.protocol,
    )
    return PairingScores.from_json(summary(played, inputs.figure))


def _recorded(source: Dataset, inputs: JudgeInputs) -> PairingScores:
    """The recordings' scores."""
    return PairingScores.from_json(
        recorded_scores(source, inputs.world, inputs.horizon, inputs.figure)
    )


def _recorded_row(source: Dataset, world: World) -> str:
    """What the recordings' row is called: people with people where people played together."""
    alone = len(world.agents) == 1
    people = provenance_of(source) is Provenance.PEOPLE
    return PEOPLE if people and not alone else RECORDED


def _likeness(recipe: Recipe, policy: AgentPolicy, recordings: Dataset) -> float:
    """How like people a policy acts: the mean log-likelihood of recorded actions, in nats a step."""
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
