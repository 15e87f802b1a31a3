"""The pace of a game: steps of one length, late ones counted, and no burst after a stall."""

import pytest

from demos.window.pacing import LATE, Pacer, SimulatedClock


def test_a_step_is_due_each_tick():
    pacer = Pacer(0.25)
    pacer.start(10.0)
    taken = [list(pacer.due(10.0 + k / 16)) for k in range(17)]
    assert [len(steps) for steps in taken] == [0, 0, 0, 0, 1] + [0, 0, 0, 1] * 3
    assert not any(late for steps in taken for late in steps)
    assert pacer.late == pacer.skipped == 0


def test_nothing_is_due_before_the_start_or_after_a_stop():
    pacer = Pacer(0.1)
    assert list(pacer.due(100.0)) == []
    pacer.start(100.0)
    pacer.stop()
    assert list(pacer.due(200.0)) == []


def test_a_stop_within_the_loop_ends_it():
    pacer = Pacer(0.01)
    pacer.start(0.0)
    taken = 0
    for _ in pacer.due(0.09):
        taken += 1
        pacer.stop()
    assert taken == 1


def test_a_step_that_begins_late_says_so():
    pacer = Pacer(0.1)
    pacer.start(0.0)
    assert list(pacer.due(0.11)) == [False]
    assert list(pacer.due(0.26)) == [True]
    assert pacer.late == 1


def test_a_hiccup_is_made_up_for_so_that_the_pace_is_kept():
    pacer = Pacer(1 / 64)
    pacer.start(0.0)
    assert list(pacer.due(3 / 64)) == [True, True, False]
    assert pacer.skipped == 0
    assert pacer.next_due == pytest.approx(4 / 64)


def test_after_a_stall_there_is_no_burst_and_what_was_left_out_is_counted():
    pacer = Pacer(1 / 64)
    pacer.start(0.0)
    taken = list(pacer.due(2.0))  # 128 steps were due
    assert len(taken) == pacer.catch_up == 6
    assert all(taken)
    assert pacer.late + pacer.skipped == 128
    assert pacer.next_due == pytest.approx(2.0 + 1 / 64)
    assert list(pacer.due(2.0)) == []


def test_a_slow_game_never_takes_two_steps_at_once():
    pacer = Pacer(0.15)
    pacer.start(0.0)
    assert len(list(pacer.due(5.0))) == 1


def test_the_pace_is_measured_over_what_really_happened():
    pacer = Pacer(0.1)
    assert pacer.rate == 0.0
    pacer.start(0.0)
    for k in range(1, 60):
        list(pacer.due(k * 0.1 + 1e-9))
    assert pacer.rate == pytest.approx(10.0)
    for k in range(60, 140, 2):  # every second moment is missed
        list(pacer.due(k * 0.1))
    assert pacer.rate == pytest.approx(5.0, rel=0.05)


def test_simulated_time_passes_only_by_waiting():
    clock = SimulatedClock()
    clock.wait(1.5)
    clock.wait(1.0)
    assert clock.now() == 1.5
    assert clock.ns() == 1_500_000_000


@pytest.mark.parametrize(("after", "late"), [(-1, False), (0, False), (1, True)])
def test_a_step_is_late_from_just_over_a_quarter_of_a_tick_on(after, late):
    pacer = Pacer(0.25)
    pacer.start(0.0)
    assert list(pacer.due(0.25 + LATE * 0.25 + after * 2**-20)) == [late]
    assert pacer.late == late


def test_exactly_a_tick_late_there_are_two_steps_of_which_one_is_late():
    pacer = Pacer(0.03125)
    pacer.start(0.0)
    assert pacer.catch_up == 3
    assert list(pacer.due(2 * 0.03125)) == [True, False]
    assert (pacer.late, pacer.skipped, pacer.next_due) == (1, 0, 3 * 0.03125)


@pytest.mark.parametrize(
    ("now", "skipped", "due"), [(3, 0, 4), (4 - 2**-20, 0, 4), (4, 1, 5), (5 - 2**-20, 1, 6)]
)
def test_what_cannot_be_made_up_for_is_left_out_and_the_pace_begins_anew(now, skipped, due):
    tick = 0.03125
    pacer = Pacer(tick)
    pacer.start(0.0)
    assert len(list(pacer.due(now * tick))) == pacer.catch_up == 3
    assert pacer.skipped == skipped
    assert pacer.next_due == pytest.approx(due * tick, abs=1e-6)
