"""What a recording makes of a step: what was asked and what was done, when it ended, and by whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from gymnasium import spaces

import demos.sessions.game.recording as recording_file
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.sessions.game.game import Game
from demos.sessions.game.recording import Person, Recording, action_columns, tools
from environments.catalog import make_world
from environments.shields.shield import ShieldedBatch
from environments.simulation.presence import Presence
from tests.demos.data.dataset.test_store import create

SEEN = np.arange(12, dtype=np.float32).reshape(2, 2, 3)  # by seat


class Hand:
    """Controls that press one thing."""

    raw_names = ("key a", "key b")

    def __init__(self, device: str = "keyboard", pad: int = 0, known: str = "") -> None:
        self.device, self.hands, self.known = device, SimpleNamespace(pad=pad), known
        self.watched: list[Any] = []

    def unknown(self, key: str) -> str | None:
        return None if key == self.known else f"{key} is not {self.known}"

    def watch(self, batch: Any, seat: int) -> None:
        self.watched.append((batch, seat))

    def action(self, held: Any, scene: Any) -> int:
        return int(held)

    def raw(self, held: Any) -> np.ndarray:
        return np.array([held, 0.5], np.float32)


class Table:
    """A game of two cooks in which everything is told by the test."""

    def __init__(self, people: tuple[int, ...], batch: Any = None) -> None:
        self.world = SimpleNamespace(agents=("cook_0", "cook_1"), action_space=spaces.Discrete(6))
        self.vacant = [n for n in range(2) if n not in people]
        self.options = self.episode_options = {"horizon": 9}
        self.over, self.broken_off = False, ""
        self.asked = np.array([1, 2])
        self.batch = batch or SimpleNamespace()
        self.batch.__dict__.update(
            # The second row is of no game that is recorded.
            actions=np.array([[3, 4], [9, 9]]),
            reward=np.array([[0.5, 1.5], [9.0, 9.0]]),
            terms=np.array([[[5.0], [6.0]], [[9.0], [9.0]]]),
            costs=np.array([[[7.0], [8.0]], [[9.0], [9.0]]]),
            terminated=np.array([False, True]),
            truncated=np.array([False, True]),
        )
        self.batch.presence = Presence(self.batch.terminated, self.batch.truncated, 2)
        self.shielded: set[int] = set()
        self.begun: list[int] = []
        self.stepped: list[Any] = []

    def begin(self, seed: int) -> None:
        self.begun.append(seed)

    def step(self, actions: Any) -> None:
        self.stepped.append(actions)

    def observation(self, n: int) -> np.ndarray:
        return np.array(SEEN[n])

    def shield_acted(self, n: int) -> bool:
        return n in self.shielded


def made(dataset: Any, people: tuple[int, ...] = (0,), batch: Any = None) -> tuple[Any, Any]:
    """A recording of a game at the table, and the game."""
    game = Table(people, batch)
    seated = [Person(n, f"player {n}", cast(Any, Hand()), "keyboard") for n in people]
    return Recording(cast(Any, game), seated, dataset, 0.25, "still"), game


@pytest.fixture
def dataset(tmp_path):
    found = create(tmp_path)
    with found.writing():
        yield found


@pytest.fixture
def unwritten():
    return cast(Any, SimpleNamespace())


# ------------------------------------------------------------------ a row


def row(recording: Any, n: int = 1, last: bool = False, **keywords: Any) -> Any:
    return recording._row(n, np.zeros(2), 77, True, last, **keywords)


def test_a_row_is_of_its_seat(unwritten):
    recording, game = made(unwritten)
    found = row(recording)
    np.testing.assert_array_equal(found.observation, SEEN[1])
    assert (found.requested, found.applied) == (2, 4)
    assert (found.reward, found.terms.tolist(), found.costs.tolist()) == (1.5, [6.0], [8.0])
    assert (found.time, found.late, found.actor) == (77, True, Actor.HUMAN)
    game.asked[1] = game.batch.actions[0, 1] = 0
    game.batch.terms[:] = game.batch.costs[:] = 0
    assert (found.requested, found.applied) == (2, 4), "a copy: the next step writes over it"
    assert (found.terms.tolist(), found.costs.tolist()) == ([6.0], [8.0])


@pytest.mark.parametrize(
    ("terminated", "truncated", "last", "expected"),
    [
        (False, False, False, (False, False)),
        (False, False, True, (False, True)),  # ended by its player: truncated
        (True, False, False, (True, False)),
        (True, False, True, (True, False)),  # never both
        (False, True, False, (False, True)),
        (False, True, True, (False, True)),
    ],
)
def test_how_a_step_ends_the_game(unwritten, terminated, truncated, last, expected):
    recording, game = made(unwritten)
    game.batch.terminated[0], game.batch.truncated[0] = terminated, truncated
    found = row(recording, last=last)
    assert (found.terminated, found.truncated) == expected


def test_the_shield_is_named_where_it_acted_and_else_whoever_did(unwritten):
    recording, game = made(unwritten)
    assert row(recording, actor=Actor.AGENT).actor is Actor.AGENT
    game.shielded.add(1)
    assert row(recording, actor=Actor.AGENT).actor is Actor.SHIELD
    assert row(recording, n=0).actor is Actor.HUMAN


# ------------------------------------------------------------------ a game


def test_a_game_goes_into_a_take_and_becomes_an_episode(dataset):
    recording, game = made(dataset)
    ((watched, seat),) = recording.people[0].controls.watched
    assert (watched is game.batch, seat) == (True, 0)
    assert not recording.open
    recording.begin(11)
    assert recording.open
    assert game.begun == [11]
    recording.mark()
    recording.tick(cast(Any, 5), None, 1000, False)
    recording.tick(cast(Any, 3), None, 2000, True, last=True)
    assert game.stepped == [{0: 5}, {0: 3}]
    assert recording.keep(4) == [0]
    assert not recording.open
    episode = dataset.load(0)
    assert (episode.seed, episode.options, episode.agent) == (11, {"horizon": 9}, "cook_0")
    assert (episode.player, episode.truncated, episode.terminated) == ("player 0", True, False)
    assert episode.capture_times.tolist() == [1000, 2000]
    assert episode.late.tolist() == [False, True]
    assert (episode.actions.tolist(), episode.requested_actions.tolist()) == ([3, 3], [1, 1])
    assert episode.raw.tolist() == [[5.0, 0.5, 4.0], [3.0, 0.5, 4.0]], (
        "and what the vacant seat did"
    )
    assert episode.match is not None
    assert len(episode.match) == 12
    meta = episode.meta
    assert meta["raw_names"] == ["key a", "key b", "action cook_1 0"]
    assert (meta["tick"], meta["rating"], meta["marks"]) == (0.25, 4, [0])
    assert (meta["device"], meta["partner"]) == ("keyboard", "still")
    assert "shield" not in meta


def test_two_who_play_have_a_stream_each_and_no_partner(dataset):
    recording, game = made(dataset, people=(0, 1))
    recording.begin(1)
    recording.tick(cast(Any, 2), None, 0, False, last=True)
    assert game.stepped == [{0: 2, 1: 2}]
    assert recording.keep(None) == [0, 1]
    first, second = dataset.load(0), dataset.load(1)
    assert [e.agent for e in (first, second)] == ["cook_0", "cook_1"]
    assert first.match == second.match
    assert (first.rewards[0], second.rewards[0]) == (0.5, 1.5)
    assert "partner" not in first.meta
    assert first.meta["raw_names"] == ["key a", "key b"]
    assert first.raw.tolist() == [[2.0, 0.5]]


def test_behind_a_shield_it_says_so(dataset):
    recording, _ = made(dataset, batch=ShieldedBatch.__new__(ShieldedBatch))
    recording.begin(1)
    recording.tick(cast(Any, 2), None, 0, False, last=True)
    recording.keep(None)
    assert dataset.load(0).meta["shield"] is True


def test_what_is_left_lies_in_its_journal_and_what_is_discarded_does_not(dataset):
    recording, _ = made(dataset)
    assert recording.leave() == 0, "nothing is open"
    recording.mark()
    recording.discard()
    recording.begin(1)
    recording.tick(cast(Any, 2), None, 0, False)
    assert recording.leave() == 0, "no step is lost"
    assert not recording.open
    recording.begin(2)
    assert len(dataset) == 1, "the next finds it"
    assert dataset.load(0).aborted
    recording.tick(cast(Any, 2), None, 0, False)
    recording.discard()
    assert not recording.open
    recording.begin(3)
    recording.discard()
    assert len(dataset) == 1


def test_how_many_steps_the_disk_refused_is_said(unwritten):
    recording, _ = made(unwritten)
    recording.take = SimpleNamespace(close=lambda: 3)
    assert recording.leave() == 3


def test_without_a_game_there_is_nothing_to_record(unwritten):
    recording, game = made(unwritten)
    with pytest.raises(AssertionError):
        recording.tick(cast(Any, 2), None, 0, False)
    assert game.stepped == []
    with pytest.raises(AssertionError):
        recording.keep(None)


# ------------------------------------------------------------------ who holds what


def held_by(*hands: Hand) -> Recording:
    people = [Person(n, None, cast(Any, hand), "keyboard") for n, hand in enumerate(hands)]
    return Recording(cast(Any, Table((0, 1))), people, cast(Any, SimpleNamespace()), 0.25)


def test_the_pads_are_of_those_who_play_with_one():
    assert held_by(Hand("gamepad", 3), Hand("keyboard", 4)).pads == {3}
    assert held_by(Hand("gamepad", 3), Hand("gamepad", 4)).pads == {3, 4}
    assert held_by(Hand()).pads == set()


def test_a_key_is_unknown_where_it_does_nothing_for_anyone():
    both = held_by(Hand(known="a"), Hand(known="b"))
    assert both.unknown("c") == "c is not a"
    assert both.unknown("a") is both.unknown("b") is None


# ------------------------------------------------------------------ names and versions


@pytest.mark.parametrize(
    ("space", "columns"),
    [
        (spaces.Discrete(4), ["action x 0"]),
        (spaces.Box(-1, 1, (2,)), ["action x 0", "action x 1"]),
        (spaces.Box(-1, 1, (2, 2)), [f"action x {k}" for k in range(4)]),
    ],
)
def test_a_vacant_seats_action_has_a_name_a_number(space, columns):
    game = cast(Any, SimpleNamespace(world=SimpleNamespace(action_space=space)))
    assert action_columns("x", game) == columns


def test_a_package_that_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(recording_file, "_TOOLS", ("numpy", "no-such-package"))
    found = tools()
    assert (found["numpy"], found["no-such-package"]) == (np.__version__, "unknown")
    assert found["python"].startswith("3.")


# ------------------------------------------------------------------ what breaks off

BREAKS = "tests.environments.support.namers:Breaks"


def recorded(tmp_path, steps: int, at: int, last: bool = False, seed: int = 1) -> list[Any]:
    """The episodes of one game of an environment that breaks off games of seed 1 in step `at`."""
    world = make_world(BREAKS, seeds=(1,), at=at)
    with Store(tmp_path).building_for(world, "games") as dataset, dataset.writing():
        game = Game(world)
        recording = Recording(
            game, [Person(0, None, cast("Any", Hand()), "keyboard")], dataset, 0.05
        )
        recording.begin(seed)
        for t in range(steps):
            recording.tick(cast("Any", 1), None, t, False, last and t == steps - 1)
        ending, numbers = game.ending, recording.keep(None)
        game.close()
        return [ending, *(dataset.load(number) for number in numbers)]


def test_a_game_that_the_environment_breaks_off_ends_before_the_step_that_was_not_taken(tmp_path):
    ending, episode = recorded(tmp_path, 3, at=3)
    assert ending == "the environment broke it off"
    assert len(episode) == 2
    assert episode.aborted
    assert episode.meta["broken_off"].startswith("raised OSError")


def test_nothing_is_left_of_one_that_it_breaks_off_at_once(tmp_path):
    assert recorded(tmp_path, 1, at=1) == ["the environment broke it off"]


@pytest.mark.parametrize(("steps", "left"), [(4, True), (10, False)])
def test_a_game_that_its_person_ends_says_so(tmp_path, steps, left):
    _, episode = recorded(tmp_path, steps, at=3, last=True, seed=0)
    assert episode.meta["left"] is left
    assert "broken_off" not in episode.meta
    assert (episode.truncated, episode.terminated) == (left, not left)
