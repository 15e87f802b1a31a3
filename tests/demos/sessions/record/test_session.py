"""A session, key by key: what is recorded, kept, thrown away, taken back, and when the game stands still."""

import numpy as np
import pygame
import pytest

from demos.data.episodes.episode import Actor
from demos.data.journal.journal import DiskFull
from demos.sessions.game.phases import RESERVED, RESUME, UNFOCUSED, UNPLUGGED, Phase
from demos.sessions.record.hud import clock_of
from demos.sessions.record.title_card import about
from environments.worlds.kitchen.constants import INTERACT, NORTH, STAY
from tests.demos.support.sessions import Session

TICK = 0.15  # s, of the kitchen


def test_a_game_is_recorded_as_it_was_played(tmp_path):
    with Session(tmp_path, player="someone", options={"horizon": 20}) as session:
        session.begin()
        session.down("up")
        session.play(10 * TICK)
        session.up("up")
        session.play(11 * TICK)
        assert session.at(Phase.CARD)
        session.tap("4")
        session.tap("return")
        (episode,) = session.dataset.load_all()
    assert len(episode) == 20
    assert episode.truncated
    assert not episode.terminated
    assert episode.actions.tolist() == [NORTH] * 10 + [STAY] * 10
    assert (episode.requested_actions == episode.actions).all()
    assert (episode.actors == Actor.HUMAN).all()
    assert np.diff(episode.capture_times).tolist() == [150_000_000] * 19
    assert not episode.late.any()
    assert (episode.seed, episode.options) == (7, {"horizon": 20})
    assert (episode.player, episode.agent) == ("someone", "cook_0")
    assert episode.meta["rating"] == 4
    assert episode.meta["tick"] == TICK
    assert episode.meta["device"] == "keyboard"
    assert episode.meta["partner"] == "still"
    assert {"python", "gymnasium", "pygame", "numpy", "gpo"} <= set(episode.meta["tools"])


def test_what_was_held_is_recorded_beside_what_it_did(tmp_path):
    with Session(tmp_path, options={"horizon": 6}) as session:
        session.begin()
        session.down("up")
        session.play(3 * TICK)
        session.up("up")
        session.play(4 * TICK)
        session.tap("return")
        (episode,) = session.dataset.load_all()
    names = list(episode.meta["raw_names"])
    assert episode.raw[:, names.index("key up")].tolist() == [1, 1, 1, 0, 0, 0]
    assert episode.raw[:, names.index("action cook_1 0")].tolist() == [STAY] * 6


def test_a_tap_between_two_steps_counts_for_one_of_them(tmp_path):
    with Session(tmp_path, options={"horizon": 4}) as session:
        session.begin()
        session.play(TICK * 1.2)
        session.tap("space")
        session.play(TICK * 4)
        session.tap("return")
        (episode,) = session.dataset.load_all()
    assert episode.actions.tolist() == [STAY, INTERACT, STAY, STAY]


def test_what_was_pressed_before_the_game_is_no_action(tmp_path):
    with Session(tmp_path, options={"horizon": 2}) as session:
        session.tap("return")
        session.tap("space")
        session.play(3 + 3 * TICK)
        session.tap("return")
        (episode,) = session.dataset.load_all()
    assert episode.actions.tolist() == [STAY, STAY]


def test_enter_finishes_with_one_more_step_and_keeps(tmp_path):
    with Session(tmp_path) as session:
        session.begin()
        session.play(5.5 * TICK)
        session.tap("return")
        session.play(TICK)
        assert session.at(Phase.CARD)
        session.tap("return")
        assert session.at(Phase.COUNTDOWN)
        (episode,) = session.dataset.load_all()
        assert session.recorder.keeper.kept == [[0]]
    assert len(episode) == 6
    assert episode.truncated
    assert not episode.aborted


def test_r_throws_away_and_begins_another_on_the_next_seed(tmp_path):
    with Session(tmp_path) as session:
        session.begin()
        session.play(5 * TICK)
        session.tap("r")
        assert session.at(Phase.COUNTDOWN)
        session.play(3 + 4 * TICK)
        session.tap("return")
        session.play(TICK)
        session.tap("r")  # on the card it means the same
        session.play(3 + 2 * TICK)
        session.tap("escape")
        (episode,) = session.dataset.load_all()
        assert session.recorder.keeper.discarded == 2
    assert episode.seed == 9
    assert episode.aborted


def test_backspace_takes_back_the_last_that_was_kept_and_only_that(tmp_path):
    with Session(tmp_path) as session:
        for _ in range(2):
            if session.at(Phase.TITLE):
                session.tap("return")
            session.play(3 + 4 * TICK)
            session.tap("return")
            session.play(TICK)
            session.tap("return")
        assert len(session.dataset) == 2
        session.tap("backspace")
        assert "Took back episode 1" in session.said
        assert [episode.seed for episode in session.dataset.load_all()] == [7]
        session.tap("backspace")
        assert len(session.dataset) == 0
        session.tap("backspace")
        assert "Nothing was kept" in session.said


def test_taking_back_leaves_the_open_game_alone_and_its_number_is_given_again(tmp_path):
    with Session(tmp_path) as session:
        session.begin()
        session.play(4 * TICK)
        session.tap("return")
        session.play(TICK)
        session.tap("return")
        assert session.at(Phase.COUNTDOWN), "the next game is open"
        session.tap("backspace")
        assert session.recorder.keeper.kept == []
        assert len(session.dataset) == 0
        session.tap("backspace")
        assert not session.recorder.message.warning, "there is nothing more, which is no mishap"
        session.play(3 + 4 * TICK)
        session.tap("return")
        session.play(TICK)
        session.tap("escape")
        assert session.recorder.keeper.kept == [[0]]
        assert session.recorder.keeper.broken_off == []
        assert [episode.seed for episode in session.dataset.load_all()] == [8]


def test_marks_are_of_the_step_to_come(tmp_path):
    with Session(tmp_path, options={"horizon": 8}) as session:
        session.begin()
        session.play(2 * TICK)
        session.tap("m")
        session.play(3 * TICK)
        session.tap("m")
        session.play(4 * TICK)
        session.tap("return")
        (episode,) = session.dataset.load_all()
    assert episode.meta["marks"] == [2, 5]


def test_p_stands_still_and_goes_on_where_it_was(tmp_path):
    with Session(tmp_path, options={"horizon": 6}) as session:
        session.begin()
        session.down("up")
        session.play(3 * TICK)
        session.tap("p")
        session.play(10)
        assert session.ready.game.steps == 3
        session.tap("p")
        session.play(RESUME + 4 * TICK)
        session.tap("return")
        (episode,) = session.dataset.load_all()
    assert episode.actions.tolist() == [NORTH] * 3 + [STAY] * 3  # it must be pressed anew
    assert not episode.late.any()


def test_enter_in_the_pause_finishes_with_a_neutral_step(tmp_path):
    with Session(tmp_path) as session:
        session.begin()
        session.down("up")
        session.play(3 * TICK)
        session.tap("p")
        session.tap("return")
        assert session.at(Phase.CARD)
        session.tap("return")
        (episode,) = session.dataset.load_all()
    assert episode.actions.tolist() == [NORTH] * 3 + [STAY]
    assert episode.truncated


def test_losing_the_focus_lets_go_of_all_keys_and_pauses_at_once(tmp_path):
    with Session(tmp_path, options={"horizon": 5}) as session:
        session.begin()
        session.down("up")
        session.play(2 * TICK)
        session.event(pygame.WINDOWFOCUSLOST)
        assert session.at(Phase.PAUSE)
        assert session.recorder.reason == UNFOCUSED
        assert not session.devices.held.keys
        session.play(5)
        assert session.ready.game.steps == 2
        session.tap("p")
        session.play(RESUME + 4 * TICK)
        session.tap("return")
        (episode,) = session.dataset.load_all()
    assert episode.actions.tolist() == [NORTH] * 2 + [STAY] * 3


def test_a_key_that_does_nothing_is_explained(tmp_path):
    with Session(tmp_path) as session:
        session.begin()
        session.tap("k")
        assert "'k' does nothing" in session.said
        session.play(4)
        assert not session.said
        session.tap("up")
        assert not session.said


def test_escape_ends_and_what_was_played_is_kept_as_broken_off(tmp_path):
    with Session(tmp_path) as session:
        session.begin()
        session.play(4 * TICK)
        session.tap("escape")
        assert session.at(Phase.OVER)
        (episode,) = session.dataset.load_all()
        assert session.recorder.keeper.broken_off == [0]
    assert episode.aborted
    assert len(episode) == 4


def test_closing_the_window_before_a_step_keeps_nothing(tmp_path):
    with Session(tmp_path) as session:
        session.tap("return")
        session.event(pygame.QUIT)
        assert session.at(Phase.OVER)
        assert len(session.dataset) == 0
        assert session.recorder.keeper.kept == []


def test_the_session_ends_when_enough_was_kept(tmp_path):
    with Session(tmp_path, episodes=1, options={"horizon": 3}) as session:
        session.begin()
        session.play(4 * TICK)
        session.tap("return")
        assert session.at(Phase.OVER)


def test_a_stall_is_counted_and_noted_and_never_made_up_for_in_a_burst(tmp_path):
    with Session(tmp_path, "gpo/Balance-v0", options={"horizon": 500}) as session:
        session.begin()
        session.play(3 * 0.02)
        session.clock.wait(session.clock.now() + 1.0)  # the machine hung
        session.recorder.advance(session.clock.now())
        assert session.ready.game.steps <= 3 + session.recorder.pacer.catch_up
        late = session.recorder.pacer
        assert late.late + late.skipped == 50
        if session.at(Phase.PLAY):
            session.tap("escape")
        else:
            session.tap("return")
        (episode,) = session.dataset.load_all()
    assert episode.late.tolist()[:3] == [False] * 3
    assert episode.late[3:].all()


def test_two_people_are_both_recorded(tmp_path):
    with Session(tmp_path, people=2, player="one,two", options={"horizon": 5}) as session:
        session.begin()
        keys = [dict(person.controls.rows()) for person in session.ready.people]
        assert keys[0] != keys[1]
        session.play(6 * TICK)
        session.tap("return")
        assert session.recorder.keeper.kept == [[0, 1]]
        first, second = session.dataset.load_all()
        session.tap("backspace")
        assert len(session.dataset) == 0
    assert first.match == second.match
    assert [(e.agent, e.player) for e in (first, second)] == [("cook_0", "one"), ("cook_1", "two")]
    assert (first.actors == Actor.HUMAN).all()
    assert (second.actors == Actor.HUMAN).all()


def test_continuous_actions_are_clipped_and_what_was_asked_is_kept_too(tmp_path):
    with Session(tmp_path, "Pendulum-v1", options={"horizon": 3}) as session:
        controls = session.ready.people[0].controls
        asked = [np.array([9.0], np.float32), np.array([0.5], np.float32), np.array([-9], "f4")]
        queue = iter(asked)
        controls.action = lambda held, scene=None: next(queue)
        session.begin()
        session.play(4 / 30)
        session.tap("return")
        (episode,) = session.dataset.load_all()
    assert episode.requested_actions.ravel().tolist() == [9.0, 0.5, -9.0]
    assert episode.actions.ravel().tolist() == [2.0, 0.5, -2.0]


class FullDisk:
    """A take whose disk is full for a while."""

    def __init__(self, take, times):
        self._take, self.times = take, times

    def __getattr__(self, name):
        return getattr(self._take, name)

    def _full(self):
        self.times -= 1
        if self.times >= 0:
            raise DiskFull("The disk is full: make space, the game is in memory.")

    def step(self, rows):
        self._take.step(rows)
        self._full()

    def keep(self, rating=None, ending=None):
        self._full()
        return self._take.keep(rating, ending)


def test_a_full_disk_pauses_says_so_and_loses_nothing(tmp_path):
    with Session(tmp_path, options={"horizon": 6}) as session:
        session.begin()
        session.play(2 * TICK)
        take = FullDisk(session.recorder.recording.take, 1)
        session.recorder.recording.take = take
        session.play(2 * TICK)
        assert session.at(Phase.PAUSE)
        assert "The disk is full" in session.recorder.reason
        session.tap("p")
        session.play(RESUME + 4 * TICK)
        assert session.at(Phase.CARD)
        take.times = 1
        session.tap("return")
        assert session.at(Phase.CARD)
        assert "The disk is full" in session.said
        session.tap("return")
        assert session.at(Phase.COUNTDOWN)
        (episode,) = session.dataset.load_all()
    assert len(episode) == 6


def test_ending_on_a_full_disk_asks_once_and_then_leaves_it_in_the_journal(tmp_path):
    with Session(tmp_path) as session:
        session.begin()
        session.play(3 * TICK)
        take = FullDisk(session.recorder.recording.take, 100)
        session.recorder.recording.take = take
        session.tap("escape")
        assert session.at(Phase.PAUSE)
        assert "Esc again" in session.said
        session.tap("escape")
        assert session.at(Phase.OVER)
        assert session.recorder.keeper.left_open
        assert not session.recorder.recording.open
        assert len(session.dataset) == 0
    with Session(tmp_path) as session:  # the next session finds it
        session.begin()
        (episode,) = session.dataset.load_all()
    assert episode.aborted
    assert len(episode) == 3


def test_an_unplugged_gamepad_pauses_until_it_is_back(tmp_path):
    with Session(tmp_path, device="gamepad", options={"horizon": 30}) as session:

        class Here:
            missing: tuple[int, ...] = ()

            def __getattr__(self, name):
                return getattr(session.devices, name)

        here = session.recorder.devices = Here()
        session.begin()
        session.play(3 * TICK)
        here.missing = (0,)
        session.event(pygame.JOYDEVICEREMOVED, instance_id=5)
        assert session.at(Phase.PAUSE)
        assert session.recorder.reason == UNPLUGGED
        session.play(5)
        session.tap("p")
        assert session.at(Phase.PAUSE)
        assert session.ready.game.steps == 3
        here.missing = ()
        session.event(pygame.ACTIVEEVENT)
        assert session.at(Phase.COUNTDOWN)
        session.play(RESUME + 2 * TICK)
        assert session.at(Phase.PLAY)
        assert session.ready.game.steps > 3


@pytest.mark.parametrize("world", ["gpo/Kitchen-v0", "gpo/Balance-v0"])
def test_no_command_of_the_window_is_a_key_of_the_game(tmp_path, world):
    with Session(tmp_path, world) as session:
        raw = session.ready.people[0].controls.raw_names
        assert not {f"key {key}" for key in RESERVED} & set(raw)


KEYED = "tests.demos.window.controls.test_environment_keys:Offering"  # without a limit of its own


@pytest.mark.parametrize(
    ("world", "options", "said"),
    [
        ("CartPole-v1", {}, "a game lasts up to 10 s"),
        (KEYED, {"horizon": 60}, "a game lasts up to 6 s"),
        (KEYED, {}, ""),
    ],
)
def test_a_limit_is_shown_only_where_somebody_set_one(tmp_path, world, options, said):
    with Session(tmp_path, world, options=options) as session:
        assert about(session.recorder).startswith(said or "kept games go to")
        session.begin()
        before, part = clock_of(session.recorder)
        session.play(0.2)
        after, later = clock_of(session.recorder)
        if said:
            assert after < before
            assert 0 < later < part <= 1
        else:
            assert after > before, "gone by"
            assert part == later == 0
