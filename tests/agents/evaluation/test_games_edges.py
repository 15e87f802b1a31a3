"""Games at their edges: of one step, of different lengths, with seats that turn, behind a shield."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents.evaluation.games import GAMES, HELD_OUT, SHIELDED, GamesStep, play_games
from environments.simulation.presence import Presence


class Table:
    """B games that end after so many steps; what is done is what is earned."""

    def __init__(self, lengths: list[int], shielded: bool = False, seats: int = 2) -> None:
        size = len(lengths)
        self.lengths, self.played = np.array(lengths), np.zeros(size, int)
        self.world = SimpleNamespace(terms={"a": "", "b": ""}, costs={"c": ""})
        self.observation = np.arange(1.0 * size * seats).reshape(size, seats, 1)
        self.actions = np.zeros((size, seats))
        self.terms, self.costs = np.zeros((size, seats, 2)), np.zeros((size, seats, 1))
        self.reward, self.ended = np.zeros((size, seats)), np.zeros(size, bool)
        self.presence = Presence(self.ended, self.ended, seats)
        self.broken, self.state = np.zeros(size, bool), {"seed": np.arange(size)}
        if shielded:
            self.intervened = np.zeros((size, seats), bool)
        self.stepped: list[np.ndarray] = []

    def step(self, actions: np.ndarray) -> None:
        self.stepped.append(actions.copy())
        self.played += 1
        self.terms[:, :, 0], self.terms[:, :, 1] = actions, 1.0
        self.costs[:, :, 0] = 10 * actions
        self.reward[:] = 100 * actions
        if hasattr(self, "intervened"):
            self.intervened[:] = actions > 1
        self.ended = self.played == self.lengths  # once: then the next game begins


class Seated:
    """Always does the same, and notes what it is told."""

    def __init__(self, action: float) -> None:
        self.action, self.told = action, list[Any]()

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.told.append((observation.copy(), state, episode_start.copy(), deterministic))
        return np.full(len(observation), self.action), (state or 0) + 1


def test_the_seeds_and_the_number_of_games():
    assert (HELD_OUT, GAMES, SHIELDED) == (1_000_000, 100, "shielded")


def test_a_game_counts_until_its_first_end():
    found = play_games(Table([1, 3, 2]), [Seated(1.0), Seated(2.0)])
    assert found.steps.tolist() == [1, 3, 2]
    assert found.terms["a"].tolist() == [[1, 2], [3, 6], [2, 4]]
    assert found.terms["b"].tolist() == [[1, 1], [3, 3], [2, 2]]
    assert found.costs["c"].tolist() == [[10, 20], [30, 60], [20, 40]]
    assert found.returns.tolist() == [[100, 200], [300, 600], [200, 400]]
    assert found.shield == {}


def test_it_ends_with_the_last_game():
    table = Table([1, 4])
    play_games(table, [Seated(0.0), Seated(0.0)])
    assert len(table.stepped) == 4


def test_where_the_shield_stepped_in_is_counted():
    found = play_games(Table([2, 3], shielded=True), [Seated(1.0), Seated(2.0)])
    assert found.shield["shielded"].tolist() == [[0, 2], [0, 3]]


@pytest.mark.parametrize("deterministic", [False, True])
def test_players_are_told_what_they_see_and_where_games_begin(deterministic):
    first, second = Seated(0.0), Seated(0.0)
    play_games(Table([1, 3]), [first, second], deterministic)
    assert [starts.tolist() for _, _, starts, _ in first.told] == [
        [True, True], [True, False], [False, False],
    ]  # fmt: skip
    assert [state for _, state, _, _ in second.told] == [None, 1, 2]
    assert first.told[0][0].ravel().tolist() == [0, 2]
    assert second.told[0][0].ravel().tolist() == [1, 3]
    assert {told[3] for told in first.told} == {deterministic}


def test_by_itself_it_samples():
    player = Seated(0.0)
    play_games(Table([1]), [player, Seated(0.0)])
    assert player.told[0][3] is False


def test_seats_may_turn_from_game_to_game():
    table, first, second = Table([1, 1]), Seated(1.0), Seated(2.0)
    found = play_games(table, [first, second], seats=np.array([0, 1]))
    assert table.stepped[0].tolist() == [[1, 2], [2, 1]]
    assert first.told[0][0].ravel().tolist() == [0, 3]
    assert second.told[0][0].ravel().tolist() == [1, 2]
    assert found.terms["a"].tolist() == [[1, 2], [2, 1]]


def test_the_others_sit_in_the_seats_after_the_first():
    table = Table([1, 1, 1], seats=3)
    players = [Seated(1.0), Seated(2.0), Seated(3.0)]
    play_games(table, players, seats=np.array([0, 1, 2]))
    assert table.stepped[0].tolist() == [[1, 2, 3], [3, 1, 2], [2, 3, 1]]
    assert players[1].told[0][0].ravel().tolist() == [1, 5, 6]


def test_each_step_is_told_after_it_was_taken():
    table, told = Table([1, 2]), list[Any]()

    def note(step: GamesStep) -> None:
        told.append(
            (step.requested.tolist(), step.running.tolist(), list(step.memory), table.played[0])
        )

    play_games(table, [Seated(1.0), Seated(2.0)], note=note)
    assert told == [
        ([[1, 2], [1, 2]], [True, True], [1, 1], 1),
        ([[1, 2], [1, 2]], [False, True], [2, 2], 2),
    ]
