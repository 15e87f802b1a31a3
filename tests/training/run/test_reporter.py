"""Whom training tells: bars for people, whole lines for logs, and a stop that loses nothing."""

import io
import re
import threading
import time
from typing import Any, cast

import pytest
from rich.console import Console

from training.run.metrics import MetricsRow
from training.run.reporter import (
    PlainReporter,
    ProgressReport,
    RichReporter,
    SilentReporter,
    reporter_for,
    told_if_long,
)

ROW = MetricsRow(3, 30, 1.5, 1.0, 2.0, 0.5)


def test_a_log_gets_whole_lines_without_control_characters():
    out = io.StringIO()
    reporter = PlainReporter(out, every=0.0)
    reporter.say("A sentence.")
    with reporter.bar("refining", 2_400_000, "steps") as tick:
        tick(960_000)
        tick(9_999_999)
    reporter.row(ROW)
    lines = out.getvalue().splitlines()
    assert lines[0] == "A sentence."
    shares = [re.fullmatch(r"refining: (\d+) % of 2,400,000 steps, \d+ s", x) for x in lines[1:4]]
    assert [found and found[1] for found in shares] == ["40", "100", "100"]
    assert lines[4] == "update 3: north star 1.50 [1.00, 2.00], before refining 0.50"
    assert out.getvalue().replace("\n", "").isprintable()


def test_a_log_is_not_filled():
    out = io.StringIO()
    with PlainReporter(out, every=60.0).bar("cloning", 1000, "epochs") as tick:
        for done in range(1000):
            tick(done)
    assert out.getvalue() == "cloning: 100 % of 1,000 epochs, 0 s\n"


def test_a_stage_that_fails_is_not_said_to_be_done():
    out = io.StringIO()
    with pytest.raises(KeyError), PlainReporter(out).bar("cloning", 10, "epochs"):
        raise KeyError
    assert out.getvalue() == ""


def test_a_stage_of_nothing_is_done():
    out = io.StringIO()
    with PlainReporter(out).bar("refining", 0, "steps"):
        pass
    assert out.getvalue().startswith("refining: 100 % of 0 steps")


@pytest.mark.parametrize(
    ("looks_on", "kind"),
    [({"force_terminal": True}, RichReporter), ({"force_jupyter": True}, RichReporter),
     ({"force_terminal": False}, PlainReporter)],
)  # fmt: skip
def test_bars_are_for_people(looks_on, kind):
    console = Console(file=io.StringIO(), **looks_on)
    assert type(reporter_for(console)) is kind


def test_a_terminal_gets_a_bar_and_sentences():
    out = io.StringIO()
    reporter = RichReporter(Console(file=out, force_terminal=True, width=100))
    with reporter.bar("refining", 10, "steps") as tick:
        tick(5)
        reporter.say("A sentence.")
    reporter.row(ROW)
    assert "refining" in out.getvalue()
    assert "A sentence." in out.getvalue()


def test_a_bar_shows_its_text_as_it_is():
    out = io.StringIO()
    reporter = RichReporter(Console(file=out, force_terminal=True, width=100, color_system=None))
    with reporter.bar("judging [least, most] of my_game:door:", 10, "games"):
        pass
    assert "judging [least, most] of my_game:door:" in out.getvalue()


def test_silence_takes_everything_and_never_stops(capsys):
    reporter = SilentReporter()
    reporter.say("A sentence.")
    with reporter.bar("refining", 10, "steps") as tick:
        tick(5)
    reporter.row(ROW)
    assert not reporter.stop_requested()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("after", "told"), [(60.0, []), (0.0, ["Timing."])])
def test_what_takes_long_has_a_line(after, told):
    said, done = [], threading.Event()

    class Listener(SilentReporter):
        def say(self, sentence):
            said.append(sentence)
            done.set()

    with told_if_long(Listener(), "Timing.", after):
        done.wait(5 if told else 0)
    assert said == told


class Learner:
    """What a callback sees of a model."""

    num_timesteps = 0
    logger = None


def test_a_bar_covers_the_updates_and_is_full_after_the_last(monkeypatch):
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    done: list[float] = []
    report, learner = ProgressReport(done.append, SilentReporter()), Learner()
    report.init_callback(cast(Any, learner))
    report.on_training_start({}, {})
    for played, learned in ((1.0, 3.0), (1.0, 3.0)):
        report.on_rollout_start()
        learner.num_timesteps += 50
        now += played
        report.on_step()
        learner.num_timesteps += 50
        report.on_step()  # too soon to be told
        report.on_rollout_end()
        now += learned
    report.on_training_end()
    assert done == [0, 25, 50, 100, 112.5, 125, 200], "a quarter of the time went into the rollout"
