"""Judge: plays an agent in every seat in turn, on the same seeds each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.evaluation.games import EpisodeTotals, play_games
from agents.players.player import Player
from training.partners.partner import Partner

JUDGE_SEEDS = 500_000  # apart from the training's, and from those of the last judgement


class Judge:
    """Plays an agent in every seat in turn, on the same seeds each time.

    Args:
        make_batch: makes B fresh games from (B, seed).
        partner: who plays the other seats.
        games: how many altogether.
        seats: N.
    """

    def __init__(
        self, make_batch: Callable[[int, int], Any], partner: Partner | None, games: int, seats: int
    ) -> None:
        self.make_batch, self.partner = make_batch, partner
        self.games, self.seats = games, seats

    def __call__(self, player: Player) -> list[EpisodeTotals]:
        """The games of each seat."""
        played = []
        for seat in range(self.seats):
            if self.partner is not None:
                self.partner.reseed(JUDGE_SEEDS + seat)
            players: list[Any] = [self.partner] * self.seats
            players[seat] = player
            batch = self.make_batch(max(1, self.games // self.seats), JUDGE_SEEDS)
            played.append(play_games(batch, players, again=True))
        return played


def judged_totals(played: list[EpisodeTotals], name: str) -> np.ndarray:
    """A term's or cost's totals of the judged agent, seat after seat: [E]."""
    found = [(g.terms | g.costs | g.shield)[name][g.whole, seat] for seat, g in enumerate(played)]
    return np.concatenate(found)
