"""PartnerPool: the players of the other seats, whose members can change while training goes on.

Each game draws a member at the start of each episode, by weights that move over the training
(`agents.players.mixture`). Between two rollouts members can be added, removed and replaced, from any SB3
callback:

    def _on_rollout_start(self):
        if updates == 40:
            pool.add("former", {"player": "runs/duel/milestones/update-00020.safetensors"}, weight=1.0)

A member is described by plain values, so that a checkpoint can hold the pool: a run that goes on from there
makes the same players again and ends with the same bits. A pool that never changes leaves no trace in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from agents.networks.policy import AgentPolicy
from agents.players.mixture import Mixture, MixtureChange
from agents.players.player import Player

# Makes the players that a member stands for, from what describes it and the seed of the first.
PlayersOf = Callable[[Mapping[str, Any], int], Sequence[Player]]


class Played(Player, Protocol):
    """Where a pool's mixture plays: here, or in a process of its own."""

    def reseed(self, seed: int) -> None:
        """As `Mixture.reseed`."""

    def progress(self, done: float) -> None:
        """As `Mixture.progress`."""

    def change(self, change: MixtureChange) -> None:
        """As `Mixture.change`."""


@dataclass(frozen=True)
class Member:
    """One entry of a pool; it may stand for several players, which share its weight."""

    name: str
    weight: tuple[float, float]  # at the start and at the end of the training
    facts: Mapping[str, Any] = field(default_factory=dict)  # what it is made of: plain values
    seed: int = -1  # of its first player; -1: the pool gives it one


class PartnerPool:
    """Members, and the one player that is any of them. A `training.partners.partner.Partner`.

    Args:
        members: at the start of the training.
        players_of: makes a member's players.
        seed: of the players, counted on, and of the drawing.
        until: the share of the training by which the weights have moved to their ends.
    """

    def __init__(
        self, members: Sequence[Member], players_of: PlayersOf, seed: int = 0, until: float = 1.0
    ) -> None:
        self._players_of, self._seed = players_of, seed
        self._made = 0  # players so far, by which seeds are counted on
        self.members: list[Member] = []
        self._counts: list[int] = []  # players of each member
        players = [player for member in members for player in self._make(member)]
        self._first, self._first_made = tuple(self.members), self._made
        start, final = self._weights()
        self.mixture = Mixture(players, start, seed, final, until)
        self._played: Played = self.mixture
        self._learner: AgentPolicy | None = None
        self.changed = False  # whether it is another pool than at the start

    @classmethod
    def of(cls, player: Player) -> PartnerPool:
        """A pool of one player that never changes."""
        return cls([Member("partner", (1.0, 1.0))], lambda facts, seed: [player])

    # ------------------------------------------------------------------ a partner

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """As `Player.predict`."""
        return self.mixture.predict(observation, state, episode_start, deterministic)

    def reseed(self, seed: int) -> None:
        """As `Partner.reseed`."""
        self._played.reseed(seed)

    def bind(self, policy: AgentPolicy) -> None:
        """As `Partner.bind`; members that are the learner play here."""
        self._learner = policy
        self.mixture.bind(policy)

    def progress(self, done: float) -> None:
        """As `Partner.progress`."""
        self._played.progress(done)

    def play_in(self, played: Played) -> None:
        """Say where the mixture plays from now on: here, or in a process that was given it."""
        self._played = played

    # ------------------------------------------------------------------ members that change

    def add(
        self, name: str, facts: Mapping[str, Any], weight: float | tuple[float, float] = 1.0
    ) -> None:
        """Add a member, that is drawn from the next episodes on.

        Args:
            name: another than the members have.
            facts: what it is made of, for instance `{"player": "random"}` (`MemberSettings`).
            weight: beside the others', at the start and at the end of the training; one number for both.

        Raises:
            ValueError: there is such a member.
        """
        if any(member.name == name for member in self.members):
            raise ValueError(f"The pool has a member '{name}' already")
        self._change([*self.members, Member(name, _ends(weight), dict(facts))])

    def remove(self, name: str) -> None:
        """Remove a member; its games are drawn again.

        Raises:
            KeyError: there is none.
            ValueError: it is the last, or the last with a weight.
        """
        at = self._place(name)
        self._change([*self.members[:at], *self.members[at + 1 :]])

    def replace(
        self, name: str, facts: Mapping[str, Any], weight: float | tuple[float, float] | None = None
    ) -> None:
        """Put another player in a member's place, with its weight if none is given.

        Raises:
            KeyError: there is no such member.
        """
        at = self._place(name)
        ends = self.members[at].weight if weight is None else _ends(weight)
        there = Member(name, ends, dict(facts))
        self._change([*self.members[:at], there, *self.members[at + 1 :]])

    def facts(self) -> dict[str, Any]:
        """What a checkpoint must keep; nothing while the pool is as at the start."""
        if not self.changed:
            return {}
        told = [
            {"name": m.name, "weight": list(m.weight), "facts": dict(m.facts), "seed": m.seed}
            for m in self.members
        ]
        return {"partners": {"members": told, "made": self._made}}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Be the pool of a checkpoint's facts; of one without, the pool as it was at the start."""
        kept = facts.get("partners")
        if kept is None:
            if self.changed:
                self._change(self._first, afresh=True)
                self._made, self.changed = self._first_made, False
            return
        members = [
            Member(m["name"], (m["weight"][0], m["weight"][1]), m["facts"], m["seed"])
            for m in kept["members"]
        ]
        self._change(members, afresh=True)
        self._made = kept["made"]

    def _place(self, name: str) -> int:
        names = [member.name for member in self.members]
        if name not in names:
            raise KeyError(f"The pool has no member '{name}': {', '.join(names)}")
        return names.index(name)

    def _make(self, member: Member) -> Sequence[Player]:
        """Take a member in, and make its players."""
        seed = self._seed + self._made if member.seed < 0 else member.seed
        players = self._players_of(member.facts, seed)
        self.members.append(replace(member, seed=seed))
        self._counts.append(len(players))
        self._made += len(players)
        return players

    def _change(self, members: Sequence[Member], afresh: bool = False) -> None:
        """Have these members; those that there are already go on with their games, unless begun afresh."""
        before, counts, made = self.members, self._counts, self._made
        places = {} if afresh else {id(m): k for k, m in enumerate(before)}
        self.members, self._counts = [], []
        given: list[int | Player] = []
        try:
            for member in members:
                at = places.get(id(member))
                if at is None:
                    given += self._make(member)
                else:
                    self.members.append(member)
                    self._counts.append(counts[at])
                    given += range(sum(counts[:at]), sum(counts[: at + 1]))
            start, final = self._weights()
            self._played.change(MixtureChange(tuple(given), start, final))
        except BaseException:  # nothing is half changed
            self.members, self._counts, self._made = before, counts, made
            raise
        self.changed = True
        if self._learner is not None:
            self.mixture.bind(self._learner)

    def _weights(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Of each player, at the start and at the end."""
        pairs = [
            (member.weight[0] / count, member.weight[1] / count)
            for member, count in zip(self.members, self._counts, strict=True)
            for _ in range(count)
        ]
        start, final = zip(*pairs, strict=True) if pairs else ((), ())
        return start, final


def _ends(weight: float | tuple[float, float]) -> tuple[float, float]:
    return weight if isinstance(weight, tuple) else (weight, weight)
