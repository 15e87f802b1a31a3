"""Any table that is accepted binds, and whatever is then pressed composes an action of the world's space."""

import json

import numpy as np
import pygame
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demos.window.controls.devices import Devices
from demos.window.controls.input_names import RESERVED
from environments.system.errors import UserError
from tests.demos.support.hands import SPACES, button, controls, hat, let_go, plug, press, push

KEYS = ["a", "b", "left", "right", "up", "space", "tab", "left shift"]
PARTS = ["button 0", "button 3", "dpad left", "stick up", "hat 0 right", "axis 2 +", "axis 2 -"]

some_keys = st.lists(st.sampled_from(KEYS), max_size=3, unique=True)
keys = some_keys | st.fixed_dictionaries({"first": some_keys, "second": some_keys})
parts = st.lists(st.sampled_from(PARTS), max_size=2, unique=True)
action_row = st.fixed_dictionaries(
    {"keys": keys, "pad": parts},
    optional={
        "do": st.integers(-1, 6) | st.sampled_from(["0", "1", "5", "up"]),
        "component": st.integers(0, 2),
        "bit": st.integers(0, 3),
        "once": st.booleans(),
        "label": st.sampled_from(["", "go"]),
    },
)
axis_row = st.fixed_dictionaries(
    {"component": st.integers(0, 3)},
    optional={
        "negative": some_keys,
        "positive": some_keys,
        "pad_negative": parts,
        "pad_positive": parts,
        "stick": st.sampled_from(["x", "y", "axis 3"]),
        "across": st.integers(0, 3),
        "trigger": st.integers(0, 5),
        "pointer": st.sampled_from(["x", "y"]),
        "dead": st.floats(0, 0.99),
        "ramp": st.floats(0, 2),
        "scale": st.floats(0.01, 1e6),
        "invert": st.booleans(),
    },
)
idle = st.integers(-1, 6) | st.lists(st.integers(-2, 6), max_size=3)

# What a person does between two ticks, one thing after another; ticks among them.
events = st.lists(
    st.one_of(
        st.just(("tick",)),
        st.tuples(st.sampled_from(["press", "let go"]), st.sampled_from(KEYS)),
        st.tuples(st.just("button"), st.integers(0, 4), st.booleans()),
        st.tuples(st.just("axis"), st.integers(0, 5), st.floats(-1, 1)),
        st.tuples(st.just("hat"), st.tuples(st.integers(-1, 1), st.integers(-1, 1))),
        st.tuples(st.just("mouse"), st.integers(-20, 220), st.integers(-20, 220)),
        st.just(("lost",)),
        st.just(("settle",)),
    ),
    max_size=25,
)


def text_of(kind, rows, rest):
    lines = [] if rest is None else [f"idle = {json.dumps(rest)}"]
    for row in rows:
        lines.append(f"[[{'axis' if kind == 'box' else 'action'}]]")
        for name, value in row.items():
            if isinstance(value, dict):
                inner = ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items())
                lines.append(f"{name} = {{{inner}}}")
            else:
                lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def act(devices, event):
    what, *told = event
    if what == "press":
        press(devices, *told)
    elif what == "let go":
        let_go(devices, *told)
    elif what == "button":
        button(devices, told[0], down=told[1])
    elif what == "axis":
        push(devices, *told)
    elif what == "hat":
        hat(devices, told[0])
    elif what == "mouse":
        devices.take(pygame.event.Event(pygame.MOUSEMOTION, pos=tuple(told)))
    elif what == "lost":
        devices.take(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    else:
        devices.settle()


@pytest.mark.parametrize("device", ["keyboard", "gamepad"])
@pytest.mark.parametrize("kind", SPACES)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_any_accepted_table_composes_is_an_action(kind, device, data, tmp_path):
    rows = data.draw(st.lists(axis_row if kind == "box" else action_row, min_size=1, max_size=4))
    text = text_of(kind, rows, data.draw(st.none() | idle))
    person, refused = None, ""
    try:
        person = controls(tmp_path, text, kind, device=device)
    except UserError as problem:
        refused = str(problem)
    if person is None:  # in one line that says where
        assert "table.toml" in refused
        assert "\n" not in refused
        return
    assert not {f"key {name}" for name in RESERVED} & set(person.raw_names)
    devices, space = Devices(lambda number: None), person.world.action_space
    area = pygame.Rect(0, 0, 200, 200)
    plug(devices)
    for event in [*data.draw(events), ("tick",)]:
        if event != ("tick",):
            act(devices, event)
            continue
        scene = devices.aim(area)
        action, raw = person.action(devices.held, scene), person.raw(devices.held)
        assert space.contains(np.asarray(action, space.dtype)), (action, text)
        assert raw.shape == (len(person.raw_names),)
        assert np.isfinite(raw).all()
        assert np.abs(raw).max(initial=0) <= 1
        assert person.name_of(action)
