"""What a person asks for and the action mask forbids is replaced, kept as requested, and said."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pygame
import pytest
from gymnasium import spaces

from demos.data.episodes.episode import Actor
from demos.sessions.game.game import Game
from demos.sessions.game.recording import Recording
from demos.sessions.game.takeover_frame import draw_frame
from demos.sessions.match.match import Match
from environments.catalog import make_world
from environments.simulation.observation_parts import legal_actions
from tests.demos.sessions.game.test_recording_edges import Hand

TAKING = "tests.environments.support.kind_toys:Taking"  # in step t the choice t mod 3 is shut


@pytest.mark.parametrize(
    ("space", "asked", "mask", "idle", "possible"),
    [
        (spaces.Discrete(3), 1, [1, 0, 1], 0, 0),  # idle, where it is allowed
        (spaces.Discrete(3), 0, [0, 0, 1], 0, 2),  # else the first that is
        (spaces.Discrete(3), 2, [1, 0, 1], 0, 2),
        (spaces.Discrete(3), 1, [0, 0, 0], 0, 1),  # a mask that allows nothing says nothing
        (spaces.MultiDiscrete([2, 3]), [1, 0], [1, 0, 0, 1, 1], [0, 2], [0, 2]),
        (spaces.MultiDiscrete([2, 3]), [1, 1], [0, 0, 1, 0, 0], [0, 2], [1, 0]),
        (spaces.MultiBinary(3), [1, 1, 0], [1, 0, 0], 0, [1, 0, 0]),
        (spaces.MultiBinary(3), [1, 0, 0], [0, 0, 0], 0, [0, 0, 0]),
    ],
)
def test_what_is_forbidden_is_replaced(space, asked, mask, idle, possible):
    given = np.array([[asked, asked]], space.dtype)
    masks = np.array([[mask, [1] * len(mask)]], np.float32)
    found, differs = legal_actions(space, given, masks, idle)
    assert found.dtype == given.dtype
    assert found[0].tolist() == [possible, asked]
    assert differs[0].tolist() == [possible != asked, False]


def test_a_game_does_what_is_allowed_and_keeps_what_was_asked():
    game = Game(make_world(TAKING))
    game.begin(1)
    done, told = [], []
    for action in (0, 1, 0):
        game.step({0: action})
        done.append((int(game.asked[0]), int(game.batch.actions[0, 0])))
        told.append((game.shield_acted(0), game.overruling(0)))
    assert done == [(0, 1), (1, 0), (0, 0)]
    words = "not allowed, replaced"
    assert told == [(True, (words, 1)), (True, (words, 2)), (False, (words, 2))]
    assert not cast(Any, game.batch).incidents, "the environment was never given an illegal one"
    game.begin(2)
    assert game.overruling(0) == (words, 0)


def test_a_recording_tells_them_apart():
    game = Game(make_world(TAKING))
    person = SimpleNamespace(seat=0, controls=Hand())
    recording = Recording(game, [cast(Any, person)], cast(Any, None), 0.1)
    game.begin(1)
    game.step({0: 0})
    row = recording._row(0, np.zeros(2), 1, False, False)
    assert (int(row.requested), int(row.applied), row.actor) == (0, 1, Actor.SHIELD)
    game.step({0: 2})
    assert recording._row(0, np.zeros(2), 2, False, False).actor is Actor.HUMAN


class Told:
    """A memory that notes what was done instead."""

    def __init__(self):
        self.done = []

    def act(self, action):
        """Note it."""
        self.done.append(np.asarray(action).tolist())


class Remembering:
    """A player with such a memory."""

    def __init__(self):
        self.memory = Told()

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        """The last choice."""
        return np.full(len(observation), 2), self.memory


def test_who_is_taken_over_from_is_told_what_was_done():
    player = Remembering()
    match = Match(make_world(TAKING), [player])
    match.begin(1)
    match.step({0: 0})
    assert match.batch.actions[0, 0] == 1
    assert player.memory.done == [[1]]


def test_the_frame_says_it():
    pygame.init()
    pictures = []
    for refused in (False, True):
        surface = pygame.Surface((400, 300))
        draw_frame(surface, surface.get_rect(), Actor.HUMAN, refused=refused)
        pictures.append(pygame.surfarray.array3d(surface))
    assert not np.array_equal(pictures[0], pictures[1])
