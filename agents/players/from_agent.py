"""Players made of agents that were read from files, with the rules they were made to be played with."""

from __future__ import annotations

from collections.abc import Sequence

from agents.files.agent_file import Agent
from agents.players.batched_population import BatchedPopulation, same_architecture
from agents.players.player import NetworkPlayer, Player
from agents.players.unstuck import Unstuck
from environments.simulation.world import World


def make_player(agent: Agent, world: World, seed: int = 0, temperature: float = 1.0) -> Player:
    """The agent ready to play, with the stuck rule if it was made to be played with it."""
    return _with_rule(NetworkPlayer(agent.policy, seed, temperature), agent, world)


def make_players(
    agents: Sequence[Agent], world: World, seed: int = 0, temperature: float = 1.0
) -> list[Player]:
    """Agents that are drawn with equal chances, as players: one of them all where they are alike."""
    policies = [agent.policy for agent in agents]
    rules = {agent.facts.get("stuck_steps", 0) for agent in agents}
    if len(agents) > 1 and len(rules) == 1 and same_architecture(policies):
        return [_with_rule(BatchedPopulation(policies, seed, temperature), agents[0], world)]
    return [make_player(agent, world, seed + n, temperature) for n, agent in enumerate(agents)]


def _with_rule(player: NetworkPlayer, agent: Agent, world: World) -> Player:
    steps = int(agent.facts.get("stuck_steps", 0))
    body = world.body if player.discrete else None  # the rule is for a single choice
    return Unstuck(player, body, steps) if steps and body is not None else player
