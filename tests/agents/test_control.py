"""The control loop: deadlines that do not drift, and what is sent when something comes too late."""

import threading
import time
from typing import Any

import numpy as np
import pytest

from agents.control import ControlLoop, ControlSettings
from agents.deciding import InlineDecider, ThreadedDecider
from demos.window.pacing import SimulatedClock
from environments.system.errors import UserError

TEN = 0.1  # s a tick, at 10 Hz


class Machine:
    """Shows how often it was read, and keeps what is written and when."""

    def __init__(self, clock, silent=range(0), fails_at=None):
        self.clock, self.silent, self.fails_at = clock, silent, fails_at
        self.reads, self.stops = 0, 0
        self.written: list[tuple[float, Any]] = []

    def read(self):
        self.reads += 1
        return None if self.reads - 1 in self.silent else np.array([[self.reads - 1.0]])

    def write(self, action):
        if self.fails_at == len(self.written):
            raise OSError("no contact")
        self.written.append((round(self.clock.now(), 6), float(action)))

    def stop(self):
        self.stops += 1


class Thinker:
    """Answers what it saw, after so many s of the clock by number of the question."""

    def __init__(self, clock, takes=lambda k: 0.0):
        self.clock, self.takes, self.begins = clock, takes, []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.begins.append((bool(episode_start[0]), state))
        self.clock.wait(self.clock.now() + self.takes(len(self.begins) - 1))
        return observation[:, 0], len(self.begins)


def driven(takes=lambda k: 0.0, seconds=1.0, machine=None, hz=10.0, **about):
    """A loop in simulated time: the machine, the loop and what it noted."""
    clock = SimulatedClock()
    made: Any = Machine(clock) if machine is None else machine(clock)
    thinker = Thinker(clock, takes)
    ticks: list[Any] = []
    more = {k: about.pop(k) for k in ("takeover", "between") if k in about}
    settings = ControlSettings(hz=hz, **about)
    loop = ControlLoop(
        made, InlineDecider(thinker, clock), settings, clock=clock, note=ticks.append, **more
    )
    loop.run(seconds)
    return made, loop.summary, ticks, thinker


def values(machine):
    return [value for _, value in machine.written]


def test_ticks_lie_on_a_grid_whatever_decisions_take():
    random = np.random.default_rng(0)
    machine, summary, ticks, _ = driven(lambda k: random.uniform(0, 0.07), seconds=100.0)
    assert summary.ticks == 1000
    assert sum(summary.misses.values()) == 0
    assert [tick.due for tick in ticks] == pytest.approx(np.arange(1000) * TEN, abs=1e-9)
    assert values(machine) == list(range(1000))
    assert machine.stops == 1


def test_a_decision_that_comes_too_late_is_not_sent():
    machine, summary, ticks, _ = driven(lambda k: 0.09 if k in (3, 4) else 0.0)
    assert values(machine) == [0, 1, 2, 2, 2, 5, 6, 7, 8, 9]
    assert summary.misses == {"late": 2, "stale": 0, "slow": 0, "skipped": 0}
    assert [tick.miss for tick in ticks[2:6]] == ["", "late", "late", ""]
    assert "10 ticks, 2 missed (2 late)" in str(summary)


def test_ticks_that_were_slept_through_are_left_out_and_the_grid_stays():
    _, summary, ticks, _ = driven(lambda k: 0.35 if k == 2 else 0.0)
    assert summary.misses["late"] == 1
    assert summary.misses["skipped"] == 2, (
        "those of 0.3 s and 0.4 s, at 0.55 s that of 0.5 s is due"
    )
    assert summary.ticks + summary.misses["skipped"] == 10
    assert [tick.due for tick in ticks[3:]] == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9])


def test_an_action_is_held_for_a_while_and_then_the_safe_one_is_sent():
    machine, summary, _, _ = driven(lambda k: 0.09 if k > 1 else 0.0, holds=0.35, safe=-1.0)
    # The last answer was of 0.1 s; it is sent again at 0.29 s and 0.39 s, and at 0.49 s no more.
    assert values(machine) == [0, 1, 1, 1, -1, -1, -1, -1, -1, -1]
    assert summary.misses["late"] == 8
    at_once, _, _, _ = driven(lambda k: 0.09 if k == 1 else 0.0, on_miss="safe", safe=-1.0)
    assert values(at_once)[:4] == [0, -1, 2, 3]


def test_what_was_seen_too_long_ago_is_not_acted_by():
    machine, summary, _, thinker = driven(machine=lambda clock: Machine(clock, range(3, 8)))
    # Of 0.2 s; three ticks later it still counts, then it is too old.
    assert values(machine) == [0, 1, 2, 2, 2, 2, 2, 2, 8, 9]
    assert summary.misses["stale"] == 2
    assert len(thinker.begins) == 8
    _, strict, _, _ = driven(machine=lambda clock: Machine(clock, range(3, 8)), stale=0.05)
    assert strict.misses["stale"] == 5


def test_a_robot_may_say_itself_how_old_it_is():
    class Old(Machine):
        @property
        def stamp(self):
            return self.clock.now() - (1.0 if 2 < self.reads < 5 else 0.01)

    _, summary, _, _ = driven(machine=Old)
    assert summary.misses["stale"] == 2


def test_where_nothing_was_seen_yet_nothing_is_sent_but_what_is_safe():
    blind = lambda clock: Machine(clock, range(100))  # noqa: E731
    machine, summary, ticks, _ = driven(machine=blind)
    assert machine.written == []
    assert ticks == []
    assert summary.misses["stale"] == 10
    safe, _, _, _ = driven(machine=blind, safe=0.5)
    assert set(values(safe)) == {0.5}


def test_a_person_drives_as_long_as_they_say_and_the_player_goes_on_seeing():
    asked = iter([None, None, 7.0, 7.0, None, *[None] * 5])
    machine, summary, ticks, thinker = driven(
        lambda k: 0.09 if k == 2 else 0.0, takeover=lambda: next(asked)
    )
    assert values(machine) == [0, 1, 7, 7, 4, 5, 6, 7, 8, 9]
    assert summary.driven == 2
    assert summary.misses["late"] == 0, "nothing waited for the player"
    assert [tick.person for tick in ticks[1:5]] == [False, True, True, False]
    assert len(thinker.begins) == 10


def test_an_episode_begins_anew_and_what_that_takes_is_no_miss():
    class Short(Machine):
        over, resets = False, 0

        def write(self, action):
            super().write(action)
            self.over = len(self.written) % 3 == 0

        def reset(self):
            self.over, self.resets = False, self.resets + 1
            self.clock.wait(self.clock.now() + 2.0)

    machine, summary, _, thinker = driven(machine=Short, seconds=5.0)
    assert machine.resets == 3
    assert summary.episodes == 4
    assert sum(summary.misses.values()) == 0
    assert [begins for begins, _ in thinker.begins[:7]] == [True, False, False] * 2 + [True]
    assert [state for _, state in thinker.begins[:4]] == [None, 1, 2, None], (
        "it forgets the last one"
    )


def test_it_is_stopped_whatever_happens():
    made: list[Machine] = []

    def failing(clock):
        made.append(Machine(clock, fails_at=4))
        return made[0]

    with pytest.raises(OSError, match="no contact"):
        driven(machine=failing)
    assert made[0].stops == 1
    bare = type("Bare", (), {"read": lambda self: None, "write": lambda self, a: sent.append(a)})()
    sent: list[Any] = []
    clock = SimulatedClock()
    settings = ControlSettings(safe=3.0)
    loop = ControlLoop(bare, InlineDecider(Thinker(clock), clock), settings, clock=clock)
    loop.run(stop=lambda: True)
    assert sent == [3.0], "who has no stop is sent the safe action"


def test_there_is_time_to_draw_until_the_next_tick():
    free: list[float] = []
    driven(lambda k: 0.03, between=free.append)
    assert free == pytest.approx(np.arange(1, 11) * TEN)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hz": 0}, "hz is 0"),
        ({"hz": 20_000}, "hz is 20000"),
        ({"hz": float("nan")}, "hz is nan"),
        ({"budget": 1.5}, "budget is 1.5"),
        ({"stale": 0}, "stale is 0"),
        ({"on_miss": "pray"}, "on_miss is 'pray'"),
        ({"on_miss": "safe"}, "say which, as `safe`"),
    ],
)
def test_settings_that_cannot_be_meant(settings, said):
    with pytest.raises(UserError) as found:
        ControlSettings(**settings)
    assert said in str(found.value)


# ------------------------------------------------------------------ in real time


class Hangs:
    """Hangs in one question until it is let go."""

    def __init__(self, at=10):
        self.at, self.count, self.go = at, 0, threading.Event()

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.count += 1
        if self.count == self.at:
            self.go.wait(5.0)
        return np.array([float(self.count)]), None


def test_a_player_that_hangs_is_left_behind_and_its_old_answer_is_dropped():
    player, clock = Hangs(), SimulatedClock()
    machine = Machine(clock)
    machine.clock = type("Real", (), {"now": staticmethod(time.monotonic)})()
    loop = ControlLoop(
        machine, ThreadedDecider(player), ControlSettings(hz=50, safe=-1.0, holds=0.1)
    )
    threading.Timer(0.6, player.go.set).start()
    summary = loop.run(1.0)
    assert summary.ticks + summary.misses["skipped"] == pytest.approx(50, abs=1)
    assert summary.misses["late"] >= 15
    sent = values(machine)
    assert sent[sent.index(9.0) + 1] == 9.0, "it is held"
    assert -1.0 in sent, "and then safe"
    assert 10.0 not in sent, "the answer of long ago is sent"
    assert sent[-1] > 10, "it goes on when the player does"


def test_what_the_player_raises_is_raised_by_the_loop_and_the_robot_is_stopped():
    class Broken:
        def predict(self, *given):
            raise RuntimeError("no weights")

    machine = Machine(SimulatedClock())
    loop = ControlLoop(machine, ThreadedDecider(Broken()), ControlSettings(hz=100))
    with pytest.raises(RuntimeError, match="no weights"):
        loop.run(1.0)
    assert machine.stops == 1


def test_the_first_tick_of_an_episode_comes_a_whole_tick_after_the_last_one():
    class Quick(Machine):
        over = False

        def write(self, action):
            super().write(action)
            self.over = len(self.written) % 4 == 0

        def reset(self):
            self.over = False

    machine, summary, _, _ = driven(machine=Quick)
    assert [at for at, _ in machine.written] == pytest.approx(np.arange(10) * TEN)
    assert summary.episodes == 3
