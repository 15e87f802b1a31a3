"""Taking over in `gpo watch`: who drives, what is kept of it, going back over it, and people in seats."""

from typing import Any

import numpy as np
import pygame
import pytest

import gpo
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.sessions.match.cast_by_name import cast_for
from demos.sessions.watch.command import farewell, watch_command
from demos.sessions.watch.options import WatchOptions
from demos.sessions.watch.seat_person import SeatedPerson, seat_person
from demos.sessions.watch.viewer import Viewer
from demos.window.loop import run as run_loop
from demos.window.pacing import SimulatedClock
from demos.window.script import Script
from demos.window.script_events import ScriptedEvent
from demos.window.signals import Stop
from demos.window.window import AppWindow
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.support.hands import key
from tests.demos.support.runs import small_run
from training.imitation.corrected_steps import read_corrections

KITCHEN = make_world("gpo/Kitchen-v0")
STAY, EAST = KITCHEN.action_names.index("stay"), KITCHEN.action_names.index("east")
NAME = "kitchen-cramped_room-coach"
A, H = Actor.AGENT, Actor.HUMAN


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("runs") / "cooks", "gpo/Kitchen-v0")


class Watcher:
    """Somebody at a viewer whose time they pass themselves, step by step."""

    def __init__(self, name, root, **others):
        pygame.display.init()
        self.root, self.now = root, 0.0
        self.viewer = Viewer(cast_for(str(name), **others), 3)
        self.refused = seat_person(self.viewer, SeatedPerson(root=root))
        self.viewer.start(0.0)

    def down(self, name):
        self.viewer.take(key(name), self.now)

    def up(self, name):
        self.viewer.take(key(name, down=False), self.now)

    def tap(self, name):
        self.down(name)
        self.up(name)

    def steps(self, count):
        """Who drove in each of the next steps."""
        drivers = []
        for _ in range(count):
            self.now += KITCHEN.tick
            self.viewer.step(self.now)
            drivers.append(self.viewer.driver)
        return drivers

    def kept(self):
        self.viewer.close()
        store = Store(self.root)
        return store.open(NAME).load_all() if NAME in store.names() else []


@pytest.fixture
def watcher(run, tmp_path):
    made = Watcher(run, tmp_path)
    yield made
    pygame.display.quit()


def test_a_key_of_the_game_takes_over_and_letting_go_hands_back(watcher):
    assert watcher.steps(2) == [A, A]
    watcher.down("right")
    assert watcher.steps(3) == [H, H, H]
    assert watcher.viewer.main.match.asked[0] == EAST
    assert watcher.viewer.pace.playing, "the arrow is the game's while time runs"
    watcher.up("right")
    assert watcher.steps(4) == [H, H, A, A]
    seat, other = watcher.kept()
    assert seat.actors.tolist() == [A, A, H, H, H, H, H, A, A]
    assert seat.actions[2:7].tolist() == [EAST] * 3 + [STAY] * 2
    assert (other.actors == A).all()
    assert seat.truncated, "it is cut where it was left"
    assert seat.meta["play"]["agent"] == "cooks best"
    assert len(seat.meta["play"]["sha256"]) == 64


def test_t_is_nothing_but_taking_over(watcher):
    shown = set(watcher.viewer.display.panels)
    watcher.down("t")
    assert watcher.steps(2) == [H, H]
    watcher.tap("space")  # the game's, with T held
    assert watcher.viewer.pace.playing
    watcher.up("t")
    assert watcher.steps(4) == [H, H, H, A], "that press, and the settling time"
    watcher.tap("space")
    assert not watcher.viewer.pace.playing
    assert watcher.viewer.display.panels == shown
    assert watcher.viewer.display.message is None


def test_standing_still_the_arrows_are_the_viewers_and_with_t_held_the_games(watcher):
    watcher.steps(2)
    watcher.tap("space")
    watcher.tap("right")
    assert watcher.viewer.main.match.steps == 3
    watcher.down("t")
    watcher.down("right")
    assert watcher.viewer.main.match.steps == 3
    watcher.tap(".")
    assert watcher.viewer.main.match.asked[0] == EAST


def test_going_back_over_a_takeover_strikes_it_out_and_the_other_way_is_kept(watcher):
    watcher.steps(2)
    watcher.down("right")
    watcher.steps(3)
    assert watcher.root.joinpath(NAME).is_dir(), "the journal has it"
    watcher.up("right")
    for _ in range(2):
        watcher.viewer.step_back(watcher.now)
    assert watcher.viewer.driver is A
    watcher.down("t")
    watcher.steps(1)
    watcher.up("t")
    watcher.steps(4)
    seat, _ = watcher.kept()
    assert seat.actors.tolist() == [A, A, H, H, H, H, A, A]
    assert seat.actions[2:6].tolist() == [EAST, STAY, STAY, STAY]


def test_a_takeover_that_was_struck_out_leaves_no_episode(watcher):
    watcher.steps(2)
    watcher.tap("right")
    watcher.steps(1)
    for _ in range(2):
        watcher.viewer.step_back(watcher.now)
    watcher.steps(3)
    assert not watcher.kept()


def test_what_was_kept_is_a_game_that_its_actions_repeat_and_corrections(watcher, tmp_path):
    watcher.steps(2)
    watcher.down("right")
    watcher.steps(4)
    watcher.viewer.step_back(watcher.now)
    watcher.steps(2)
    watcher.up("right")
    watcher.steps(40)
    assert watcher.viewer.ended
    watcher.viewer.next_game(watcher.now)
    watcher.steps(2)
    assert "6 steps driven by you" not in farewell(watcher.viewer)
    seat, _ = watcher.kept()
    assert len(seat) == 40
    assert "in dataset kitchen-cramped_room-coach. Learn from them" in farewell(watcher.viewer)
    dataset = Store(tmp_path).open(NAME)
    assert read_corrections(dataset, 0.0).corrected.sum() == 5
    assert gpo.main(["demos", "verify", NAME, "--root", str(tmp_path)]) == 0
    assert not len(watcher.viewer.tally), "the agent did not play it alone"


def test_games_that_nobody_took_over_are_not_kept(watcher):
    watcher.steps(50)
    assert not watcher.kept()
    assert not (watcher.root / NAME).exists()


def test_a_dataset_in_use_is_said_and_the_game_goes_on(run, tmp_path):
    first, second = Watcher(run, tmp_path), Watcher(run, tmp_path)
    for watcher in (first, second):
        watcher.down("right")
        watcher.steps(2)
    assert "being written by another process" in str(second.viewer.display.message)
    assert second.viewer.driver is H
    assert len(first.kept()) == 2
    second.viewer.close()
    assert len(Store(tmp_path).open(NAME)) == 2


@pytest.mark.parametrize(("off", "first"), [(-1e-6, 2), (1e-6, 3)])
def test_a_press_is_in_the_step_that_is_due_after_it_and_so_is_letting_go(watcher, off, first):
    """Through the loop, with time that only the loop passes: step k is taken at (k + 1) ticks."""
    viewer, tick = watcher.viewer, KITCHEN.tick
    script = Script(
        [
            ScriptedEvent(3 * tick + off, key("right")),
            ScriptedEvent(6 * tick + off, key("right", down=False)),
            ScriptedEvent(12.5 * tick, pygame.event.Event(pygame.QUIT)),
        ]
    )
    with AppWindow("test", (640, 480), headless=True) as window:
        run_loop(window, viewer, SimulatedClock(), Stop(), script)
    seat, _ = watcher.kept()
    settle = viewer.human.takeover.settle
    drivers = [A] * first + [H] * (3 + settle) + [A] * (12 - first - 3 - settle)
    assert seat.actors.tolist() == drivers
    assert seat.actions[first : first + 3].tolist() == [EAST] * 3
    assert seat.actions[first + 3 : first + 3 + settle].tolist() == [STAY] * settle


def test_whoever_takes_over_drives_at_the_pace_of_people(watcher):
    watcher.viewer.pace.speed = 16.0
    watcher.steps(1)
    assert watcher.viewer.pace.speed == 16.0
    watcher.down("right")
    watcher.steps(1)
    assert watcher.viewer.pace.speed == 1.0


# ------------------------------------------------------------------ people and scripts in seats


def test_a_person_has_the_other_seat(run, tmp_path):
    watcher = Watcher(run, tmp_path, against="human")
    assert watcher.viewer.cast.names(watcher.viewer.main.entrant) == {
        "cook_0": "best",
        "cook_1": "you",
    }
    watcher.down("right")
    assert watcher.steps(1) == [None]
    assert watcher.viewer.main.match.asked[1] == EAST
    watcher.up("right")
    watcher.steps(1)
    assert watcher.viewer.main.match.asked[1] == STAY
    assert not watcher.kept(), "gpo play keeps games; this one was only watched"


@pytest.mark.parametrize("names", [("rusher-3", "rusher-1"), ("human", "rusher-1")])
def test_scripts_have_seats_by_name(names, tmp_path):
    player, against = names
    watcher = Watcher("gpo/Duel-v0", tmp_path, player=player, against=against)
    watcher.steps(5)
    called = list(watcher.viewer.cast.names(watcher.viewer.main.entrant).values())
    assert called == [{"human": "you"}.get(player, player), against]
    watcher.viewer.close()


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("gpo/Duel-v0", {"against": "rusher-33"}, "did you mean 'rusher-3'"),
        ("gpo/Duel-v0", {"player": "nobody"}, "'nobody' is no player"),
        ("gpo/Duel-v0", {"player": "human"}, "give --against or --partner"),
        ("gpo/Balance-v0", {"against": "human"}, "no seat is left for 'human'"),
        ("RUN", {"player": "random"}, "--player says who is watched in a world"),
    ],
)
def test_a_mistake_is_one_sentence(run, name, asked, said):
    with pytest.raises(UserError, match=said):
        cast_for(str(run) if name == "RUN" else name, **asked)


def test_without_a_window_no_person_plays(run):
    with pytest.raises(UserError, match="nobody is at the keys"):
        watch_command(WatchOptions(str(run), headless=True, against="human"))


def test_a_script_takes_over_from_end_to_end(run, tmp_path, capsys):
    script = tmp_path / "script.toml"
    events = ("at = 1.0, key = 'right', down = true", "at = 2.0, key = 'right', down = false")
    last = "at = 3.0, press = 'escape'"
    script.write_text("event = [" + ", ".join(f"{{{e}}}" for e in (*events, last)) + "]")
    given = {"headless": True, "script": script, "seed": 3, "root": tmp_path / "d"}
    assert watch_command(WatchOptions(str(run), **given)) == 0
    assert f"gpo train RECIPE --corrections {NAME}" in capsys.readouterr().out
    seat, _ = Store(tmp_path / "d").open(NAME).load_all()
    assert 7 <= (seat.actors == H).sum() <= 10
    assert np.diff(seat.capture_times).min() >= 0


def test_going_back_takes_back_what_the_shield_did(tmp_path):
    viewer = Viewer(cast_for("gpo/Courier-v0", player="chaser", shield=True), 3)
    batch: Any = viewer.main.match.batch
    counts = []
    for _ in range(150):
        counts.append(batch.interventions.copy())
        viewer.step_on(0.0)
    assert batch.interventions.sum() > 0
    while counts:
        viewer.step_back(0.0)
        assert np.array_equal(batch.interventions, counts.pop())
    viewer.close()
