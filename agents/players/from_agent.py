"""Players made of agents that were read from files, with the rules they were made to be played with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.files.agent_file import Agent
from agents.networks.policy import AgentPolicy
from agents.players.batched_population import BatchedPopulation, same_architecture
from agents.players.player import NetworkPlayer, Player
from agents.players.unstuck import Unstuck
from environments.simulation.world import World


def make_player(agent: Agent, world: World, seed: int = 0, temperature: float = 1.0) -> Player:
    """The agent ready to play as it was made to be: with the stuck rule, with its likeliest actions."""
    return player_in_manner(agent.policy, agent.facts, world.body, seed, temperature)


def make_players(
    agents: Sequence[Agent], world: World, seed: int = 0, temperature: float = 1.0
) -> list[Player]:
    """Agents that are drawn with equal chances, as players: one of them all where they are alike."""
    policies = [agent.policy for agent in agents]
    rules = {agent.facts.get("stuck_steps", 0) for agent in agents}
    sampled = not any(agent.facts.get("greedy", False) for agent in agents)
    if len(agents) > 1 and len(rules) == 1 and sampled and same_architecture(policies):
        player = BatchedPopulation(policies, seed, temperature)
        return [_with_rule(player, agents[0].facts, world.body)]
    return [make_player(agent, world, seed + n, temperature) for n, agent in enumerate(agents)]


def player_in_manner(
    policy: AgentPolicy,
    facts: Mapping[str, Any],
    body: slice | None,
    seed: int = 0,
    temperature: float = 1.0,
) -> Player:
    """A policy as a player.

    Args:
        policy: the network.
        facts: of an agent file: whether it takes its likeliest actions, and its stuck rule.
        body: the part of an observation that is the agent's own body (`World.body`).
        seed: of the sampling.
        temperature: of sampling; one that is not 1 asks for samples, so nothing is greedy then.
    """
    greedy = bool(facts.get("greedy", False)) and temperature == 1.0
    return _with_rule(NetworkPlayer(policy, seed, temperature, greedy), facts, body)


def _with_rule(player: NetworkPlayer, facts: Mapping[str, Any], body: slice | None) -> Player:
    steps = int(facts.get("stuck_steps", 0))
    # the rule is for a single choice
    return (
        Unstuck(player, body, steps) if steps and player.discrete and body is not None else player
    )
