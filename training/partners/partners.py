"""The recipe's `[partner]`: who plays the other seats while refining, from settings to a pool of players.

    [partner]
    clones = 3                       # "clone" stands for that many, cloned from different seeds
    until = 0.8                      # share of the steps by which the weights have moved to their ends

    [[partner.mixture]]
    player = "clone"
    weight = [1.0, 0.0]              # how often it is drawn for an episode, at the start and at the end

    [[partner.mixture]]
    player = "self"                  # the learner as it is at that moment
    weight = [0.0, 1.0]

That mixture is the schedule of Carroll et al. (2019): the clone's share falls, that of self-play rises. With
`share = 0.4` each further clone knows only some of the people: clones of all of them are all alike, and an
agent that was refined with one of them plays worse with other people than one that has met several.

Who plays where a recipe says neither `player` nor `mixture`, and whom an agent is judged with, follows from
the world and the recordings (`training.pipeline.default_partner`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from agents.files.agent_file import Agent
from agents.lookup import find
from agents.lookup_names import AGENTS, PLAYERS
from agents.players.dropout_player import DropoutPlayer
from agents.players.from_agent import make_player, make_players
from agents.players.mixture import SelfPlayer
from agents.players.player import NetworkPlayer, Player
from agents.players.unstuck import Unstuck
from environments.simulation.world import World
from environments.system.errors import UserError
from training.partners.pool import Member, PartnerPool
from training.settings import COUNT, Settings

Ends = Annotated[
    tuple[NonNegativeFloat, NonNegativeFloat],
    BeforeValidator(lambda given: (given, given) if isinstance(given, (int, float)) else given),
]


class MemberSettings(Settings):
    """One of several partners."""

    player: str = "clone"
    """Who it is: "clone", "self", "random", "still", or the path of an agent file."""
    weight: Ends = (1.0, 1.0)
    """How often it is drawn, at the start and at the end; a single number for both."""
    temperature: float = Field(1.0, gt=0)
    """Temperature of a network's choices: lower is more decided."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Units of a network that are left out in each step. [share]"""


class PartnerSettings(Settings):
    """Who plays the other seats while refining, in worlds that have others."""

    player: str | None = None
    """Who it is, as of a member of the mixture; with a mixture neither this nor the temperature
    is read. If left out: "clone" in our own worlds; in others' "self" where the recordings' seats
    win together, and clone and self where they win against one another."""
    temperature: float = Field(1.0, gt=0)
    """Temperature of its choices: lower is more decided."""
    stuck_steps: int = Field(3, ge=0, le=COUNT)
    """How long a clone may stand still before it does something else; 0 switches that off.
    [steps]"""
    clones: int = Field(1, ge=1, le=1000)
    """How many clones "clone" stands for; the first is the one that is refined."""
    share: float | None = Field(None, gt=0, lt=1)
    """Matches that each further clone learns from. [share]"""
    start: Literal["nothing", "clone"] = "nothing"
    """Whose weights a clone of a share begins with."""
    mixture: tuple[MemberSettings, ...] = ()
    """Members, drawn for each game at the start of each episode."""
    until: float = Field(1.0, gt=0, le=1)
    """Point of the training at which the members' weights are at their ends. [share of the
    steps]"""
    judged_with: Literal["clone", "self"] | None = None
    """Who has the other seats in judgements; "self" where that follows from the recordings, else
    "clone" for all of the partners but itself."""
    every_seat: bool | None = None
    """Whether the learner's steps in every seat are learned from, where "self" alone plays; so it is
    in others' games."""

    @field_validator("mixture")
    @classmethod
    def _someone(cls, members: tuple[MemberSettings, ...]) -> tuple[MemberSettings, ...]:
        if members and not all(sum(member.weight[end] for member in members) for end in (0, 1)):
            raise ValueError("give at least one member a weight at the start, and one at the end")
        return members

    @property
    def members(self) -> tuple[MemberSettings, ...]:
        """The mixture, or the one player as a mixture: a clone if nobody has said."""
        one = self.player or "clone"
        return self.mixture or (MemberSettings(player=one, temperature=self.temperature),)

    @property
    def is_left_out(self) -> bool:
        """Whether nothing says who plays: several clones are there to be met."""
        told = self.player is not None or self.mixture or self.share is not None
        return not told and self.clones == 1

    @property
    def is_self(self) -> bool:
        """Whether the learner alone plays, as it is."""
        return self.members == (MemberSettings(player="self"),)

    @property
    def has_every_seat(self) -> bool:
        """Whether the learner plays, and learns, in all seats of a game."""
        return bool(self.every_seat) and self.is_self

    @model_serializer(mode="wrap")
    def _told(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What came later is kept only where it says something: an older recipe keeps its hash."""
        told: dict[str, Any] = plain(self)
        later = ("judged_with", "every_seat")
        return {key: value for key, value in told.items() if key not in later or value is not None}


def check_partners(settings: PartnerSettings, world: World) -> None:
    """Refuse partners that do not exist.

    Raises:
        UserError: no such player, an agent of another world, dropout where nothing can be left out.
    """
    for member in settings.members:
        if member.player not in ("clone", "self"):
            _player(member, world, None, 0)
        if member.dropout and member.player == "self":
            raise UserError(
                "The learner plays with itself as it is: leave out the dropout of 'self'."
            )
    if settings.every_seat and not settings.is_self:
        raise UserError(
            "Every seat is the learner's only where it plays with itself alone: with every_seat = true under "
            '[partner] give player = "self" too, and no temperature.'
        )


def make_partner(
    settings: PartnerSettings,
    world: World,
    clones: Sequence[Agent],
    seed: int,
    judging: bool = False,
) -> PartnerPool | None:
    """The partner, or None where there is no other seat or the agent itself has all of them.

    Args:
        settings: the recipe's.
        world: that is played.
        clones: what "clone" stands for.
        seed: of the players and of the drawing.
        judging: for judgements, which must stay the same: without the learner itself, and with the mean of
            the weights at the start and at the end; with the clones if nobody else is left.
    """
    alone = settings.judged_with == "self" if judging else settings.has_every_seat
    if len(world.agents) == 1 or alone:
        return None
    members = settings.members
    if judging:
        others = [member for member in members if member.player != "self"]
        weighed = any(
            sum(member.weight) for member in others
        )  # else all of the weight is the learner's
        members = tuple(_settled(member, weighed) for member in others) or (MemberSettings(),)

    def players(facts: Mapping[str, Any], at: int) -> list[Player]:
        return _players(MemberSettings.model_validate(facts), world, clones, at)

    pool = [Member(m.player, m.weight, m.model_dump(mode="json")) for m in members]
    return PartnerPool(pool, players, seed, settings.until)


def _players(
    member: MemberSettings, world: World, clones: Sequence[Agent], seed: int
) -> list[Player]:
    """The players that a member stands for: several only for the clones with dropout."""
    if member.player == "clone" and not member.dropout:
        return list(make_players(clones, world, seed, member.temperature))
    named = clones if member.player == "clone" else [None]
    return [_player(member, world, agent, seed + n) for n, agent in enumerate(named)]


def _settled(member: MemberSettings, weighed: bool) -> MemberSettings:
    """A member whose weight does not change any more; 1 for all if none has one."""
    mean = sum(member.weight) / 2 if weighed else 1.0
    return member.model_copy(update={"weight": (mean, mean)})


def _player(member: MemberSettings, world: World, agent: Agent | None, seed: int) -> Player:
    """One member, ready to play; `agent` is the clone if it is to be one."""
    if member.player == "self":
        return SelfPlayer(seed, member.temperature)
    if agent is None:
        found = find(member.player, PLAYERS, world)
        if found.kind not in AGENTS:
            return found.player(world, seed)
        agent = found.agent
        agent.require_world(world, member.player)
    player = make_player(agent, world, seed, member.temperature)
    return _thinned(player, member, seed) if member.dropout else player


def _thinned(player: Any, member: MemberSettings, seed: int) -> Player:
    """The same player with units left out.

    Raises:
        UserError: nothing can be left out of its network.
    """
    network: NetworkPlayer = player.player if isinstance(player, Unstuck) else player
    try:
        thinned = DropoutPlayer(network.policy, member.dropout, seed, member.temperature)
    except ValueError as error:
        raise UserError(f"The partner '{member.player}' cannot have dropout: {error}.") from None
    return Unstuck(thinned, player.body, player.steps) if isinstance(player, Unstuck) else thinned
