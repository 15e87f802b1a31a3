"""Worlds of every kind of action, tables for them, and events as people cause them, for the tests."""

import gymnasium
import numpy as np
import pygame
from gymnasium import spaces

from demos.window.controls.controls import load_controls
from demos.window.controls.input_names import key_codes
from environments.external.description import external_world

SPACES = {
    "discrete": spaces.Discrete(6),
    "multi-discrete": spaces.MultiDiscrete([3, 2]),
    "multi-binary": spaces.MultiBinary(3),
    "box": spaces.Box(np.array([-1, 0, -np.inf], np.float32), np.array([1, 1, np.inf], np.float32)),
}


class Toy(gymnasium.Env):
    """Does nothing, with one kind of action."""

    metadata = {"render_fps": 10}

    def __init__(self, kind="discrete"):
        self.action_space = SPACES[kind]
        self.observation_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), 0.0, False, False, {}


NAME = "tests.demos.support.hands:Toy"
COMPASS = f"""
world = "{NAME}"
names = ["none", "up", "left", "up-left", "jump", "right"]
[[action]]
do = "up"
keys = ["up"]
[[action]]
do = "left"
keys = ["left"]
[[action]]
do = "right"
keys = ["right"]
[[action]]
do = "jump"
keys = ["space"]
once = true
"""


def toy(kind="discrete"):
    return external_world(NAME, kind=kind)


def controls(tmp_path, text, kind="discrete", **hands):
    path = tmp_path / "table.toml"
    path.write_text(text if "world =" in text else f'world = "{NAME}"\n{text}')
    return load_controls(toy(kind), path=path, **hands)


def key(name, down=True):
    kind = pygame.KEYDOWN if down else pygame.KEYUP
    return pygame.event.Event(kind, key=key_codes()[name], mod=0, unicode="", scancode=0)


def press(devices, *names):
    for name in names:
        devices.take(key(name))


def let_go(devices, *names):
    for name in names:
        devices.take(key(name, down=False))


def tap(devices, *names):
    for name in names:
        press(devices, name)
        let_go(devices, name)


def pad_event(kind, instance=7, **told):
    return pygame.event.Event(kind, instance_id=instance, **told)


def plug(devices, instance=7, guid="g7", name="pad"):
    devices.take(pad_event(pygame.JOYDEVICEADDED, instance, device_index=0, guid=guid, name=name))


def unplug(devices, instance=7):
    devices.take(pad_event(pygame.JOYDEVICEREMOVED, instance))


def push(devices, axis, value, instance=7):
    devices.take(pad_event(pygame.JOYAXISMOTION, instance, axis=axis, value=value))


def button(devices, number, down=True, instance=7):
    kind = pygame.JOYBUTTONDOWN if down else pygame.JOYBUTTONUP
    devices.take(pad_event(kind, instance, button=number))


def hat(devices, value, instance=7):
    devices.take(pad_event(pygame.JOYHATMOTION, instance, hat=0, value=value))
