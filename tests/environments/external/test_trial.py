"""The trial of a foreign environment: whatever it does there is one sentence, and nothing of ours ends."""

import sys
import time
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from environments.catalog import make_batch, make_world
from environments.external.games.games import EnvironmentSpec
from environments.external.trial import isolated as foreign_apart
from environments.external.trial.facts import Facts, read_facts
from environments.external.trial.isolated import patient, try_isolated
from environments.external.trial.trial import try_here
from environments.simulation.observation_parts import Part
from environments.system.errors import UserError

pytestmark = pytest.mark.battery("environments: hang, exit, die, raise when tried")

BRUSQUE = "tests.environments.support.brusque:Brusque"


@pytest.mark.parametrize(
    ("how", "at", "says"),
    [
        ("_exit", "init", r"ended its process \(exit code 9\), when it was made"),
        ("exit", "init", r"raised SystemExit in brusque.py, line \d+: bye, when it was made"),
        ("interrupt", "init", r"raised KeyboardInterrupt .* when it was made"),
        ("ask", "reset", r"raised EOFError .* in its first reset"),
        ("segfault", "reset", r"ended its process \(SIGSEGV\), in its first reset"),
        ("raise", "step", r"raised ValueError .*: no licence, in its first step"),
        ("generator exit", "step", r"raised GeneratorExit .* in its first step"),
        ("blind", "", r"gave no observation, in its first step"),
    ],
)
def test_what_it_does_at_the_beginning_is_one_sentence(how, at, says):
    with pytest.raises(UserError, match=f"The environment '{BRUSQUE}' {says}") as caught:
        make_world(BRUSQUE, how=how, at=at)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("at", "when"), [("init", "made"), ("reset", "reset"), ("step", "step")])
def test_one_that_hangs_is_ended_when_patience_is(at, when):
    began = time.monotonic()
    with patient(0.4), pytest.raises(UserError, match=rf"did not answer for 0\.4 s, .*{when}\."):
        make_world(BRUSQUE, how="hang", at=at)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def f(:", r"raised SyntaxError: invalid syntax \(a_module_0.py, line 1\)"),
        ("import os; os._exit(4)", r"ended its process \(exit code 4\)"),
        ("raise SystemExit(3)", r"raised SystemExit in a_module_2.py, line 1: 3"),
        ("import time; time.sleep(1000)", r"did not answer for 1 s"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named(tmp_path, monkeypatch, request, text, says):
    number = request.node.callspec.indices["text"]
    (tmp_path / f"a_module_{number}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(foreign_apart, "IMPORTING", 1.0)
    name = f"a_module_{number}:E"
    allowed = 1.0 if "sleep" in text else 30.0
    if "sleep" not in text:
        monkeypatch.setattr(foreign_apart, "IMPORTING", 60.0)
    with patient(allowed), pytest.raises(UserError, match=f"{says}, when its module was imported"):
        make_world(name)
    assert f"a_module_{number}" not in sys.modules, "it was imported there, not here"


def test_what_it_prints_is_not_taken_for_what_we_tell():
    assert make_world(BRUSQUE, how="print", at="step").agents == ("agent",)


def test_one_that_cannot_be_closed_is_left_open(monkeypatch, caplog):
    monkeypatch.setattr(foreign_apart, "ENDING", 0.3)
    world: Any = make_world(BRUSQUE, how="hang", at="close")
    assert not world.closes
    assert "does not close" in caplog.text
    batch = make_batch(world, 2)
    batch.close()  # comes back


@pytest.mark.parametrize("how", ["raise", "exit", "interrupt"])
def test_what_goes_wrong_in_closing_matters_to_nobody(how):
    batch = make_batch(make_world(BRUSQUE, how=how, at="close"))
    batch.close()


def test_both_trials_tell_the_same():
    opening = EnvironmentSpec("tests.environments.support.foreign_toys:Corridor", {"length": 4})
    there = try_isolated(opening, __import__("pickle").dumps(opening))
    assert there is not None
    assert there.as_json() == try_here(opening).as_json()


@pytest.mark.parametrize(
    "done",
    [
        spaces.Discrete(3),
        spaces.MultiDiscrete(np.array([[2, 3], [4, 2]])),
        spaces.MultiBinary(4),
        spaces.MultiBinary([2, 2]),
        spaces.Box(np.array([0.1, -np.inf], np.float32), np.array([1 / 3, np.inf], np.float32)),
        spaces.Box(-1, 1, (), np.float32),
    ],
    ids=str,
)
def test_facts_come_back_as_they_were_sent(done):
    seen = spaces.Box(0, 255, (4, 4, 3), np.uint8)
    part = Part("a", "image", (4, 4, 3))
    facts = Facts(("agent",), "2", 0.1, None, ("t",), (), seen, done, (part,))
    assert read_facts(facts.as_json()) == facts


def test_it_is_not_tried_twice(monkeypatch):
    make_world(BRUSQUE, when=3)
    monkeypatch.setattr(foreign_apart, "try_isolated", lambda *_: pytest.fail("again"))
    assert make_world(BRUSQUE, when=3).agents == ("agent",)


def test_what_only_this_process_can_make_is_tried_here():
    from tests.environments.support.brusque import Brusque

    gymnasium.register("OnlyHere-v0", lambda **given: Brusque(**given))
    gymnasium.register("OnlyHere-v1", "tests.environments.support.brusque:Brusque")
    try:
        assert make_world("OnlyHere-v0").agents == ("agent",)
        assert make_world("OnlyHere-v1").agents == ("agent",)
        assert make_world(BRUSQUE, how=lambda: None).agents == ("agent",)
    finally:
        for name in ("OnlyHere-v0", "OnlyHere-v1"):
            del gymnasium.registry[name]


def test_a_picture_that_is_none_is_refused_before_anybody_plays():
    with pytest.raises(UserError, match=r"drew a picture of float64 \[8, 8, 3\]"):
        make_world(BRUSQUE, how="odd picture", render_mode="rgb_array")


# ------------------------------------------------------------------ in play, in this process


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("exit", "raised SystemExit"),
        ("interrupt", "raised KeyboardInterrupt"),
        ("generator exit", "raised GeneratorExit"),
        ("blind", "gave no observation"),
    ],
)
def test_what_it_does_later_is_an_incident(how, says):
    batch: Any = make_batch(BRUSQUE, how=how, at="step", when=3)
    for _ in range(4):
        batch.step(np.zeros((1, 1), int))
    assert says in batch.incidents[0].what
    assert batch.incidents[0].step == 3


def test_ctrl_c_is_no_incident():
    batch: Any = make_batch(BRUSQUE, how="ctrl-c", at="step", when=3)
    batch.step(np.zeros((1, 1), int))
    batch.step(np.zeros((1, 1), int))
    with pytest.raises(KeyboardInterrupt):
        batch.step(np.zeros((1, 1), int))
    assert not batch.incidents


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("how", ["raise", "exit", "interrupt"])
def test_one_that_fails_to_draw_is_a_sentence(how, workers):
    world: Any = make_world(BRUSQUE, how=how, at="render")
    batch = make_batch(world.with_workers(workers), 1)
    with pytest.raises(UserError, match=r"raised .*, when it was to draw\."):
        batch.render()
    batch.close()


def test_one_that_hangs_or_dies_as_it_draws_is_a_sentence():
    for how, says in (("hang", "did not answer for 0.5 s"), ("_exit", r"\(exit code 9\)")):
        world: Any = make_world(BRUSQUE, how=how, at="render")
        batch = make_batch(world.with_workers(1, 0.5), 1)
        with pytest.raises(UserError, match=f"{says}, when it was to draw"):
            batch.render()
        batch.step(np.zeros((1, 1), int))  # a new process plays on
        batch.close()
