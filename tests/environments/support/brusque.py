"""Environments that end, hang or meddle with what is global in their process, for the tests of the trial."""

import ctypes
import os
import random
import signal
import sys
import time
import warnings

import gymnasium
import numpy as np
from gymnasium import spaces


class Brusque(gymnasium.Env):
    """Does `how` in the phase `at`, in step `when`; an episode has ten steps."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": "fast"}

    def __init__(self, how="", at="", when=1, seed=None, render_mode=None):
        self.observation_space = spaces.Box(-1, 1, (2,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.how, self.at, self.when, self.only, self.render_mode = how, at, when, seed, render_mode
        self.seed, self.count = -1, 0
        self._do("init")

    def _do(self, at):
        if at != self.at or (self.only is not None and self.only != self.seed):
            return
        match self.how:
            case "_exit":
                os._exit(9)
            case "exit":
                sys.exit("bye")
            case "segfault":
                ctypes.string_at(0)
            case "hang":
                time.sleep(1000)
            case "interrupt":
                raise KeyboardInterrupt
            case "generator exit":
                raise GeneratorExit
            case "raise":
                raise ValueError("no licence")
            case "ask":
                input("name? ")
            case "print":
                os.write(1, b'["facts", "{}"]\n')
            case "ctrl-c":
                os.kill(os.getpid(), signal.SIGINT)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.seed, self.count = self.seed if seed is None else seed, 0
        self._do("reset")
        return np.zeros(2, np.float32), None

    def step(self, action):
        self.count += 1
        if self.count == self.when:
            self._do("step")
            if self.how == "blind":
                return None, 1.0, False, False, {}
        return np.zeros(2, np.float32), 1.0, False, self.count >= 10, None

    def render(self):
        self._do("render")
        kind = np.float64 if self.how == "odd picture" else np.uint8
        return np.zeros((8, 8, 3), kind)

    def close(self):
        self._do("close")


class Meddler(gymnasium.Env):
    """Shows what it draws from the global generators, and meddles with all that is global, if asked."""

    def __init__(self, meddles=False):
        self.observation_space = spaces.Box(-9, 9, (2,), np.float32)
        self.action_space, self.meddles = spaces.Discrete(2), meddles

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return self.np_random.normal(size=2).clip(-9, 9).astype(np.float32), {}

    def step(self, action):
        if self.meddles:
            meddle()
        self.count += 1
        seen = self.np_random.normal(size=2).clip(-9, 9).astype(np.float32)
        return seen, float(action), self.count == 7, False, {}


class Drawer(gymnasium.Env):
    """Sees numbers from Python's, NumPy's and torch's global generators."""

    def __init__(self):
        self.observation_space = spaces.Box(-9, 9, (3,), np.float32)
        self.action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._drawn(), {}

    def step(self, action):
        return self._drawn(), 0.0, False, False, {}

    def _drawn(self):
        import torch

        drawn = np.random.random()  # noqa: NPY002  what is tested
        return np.array([random.random(), drawn, float(torch.rand(()))], np.float32)


def meddle():
    """What an environment should not do."""
    import torch

    random.seed(0)
    random.gauss(0, 1)
    np.random.seed(0)  # noqa: NPY002  what is tested
    np.random.normal()  # noqa: NPY002  what is tested
    torch.manual_seed(0)
    os.chdir("/")
    np.seterr(all="raise")
    warnings.simplefilter("error")
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(True)


class Hanging(Brusque):
    """Hangs once, in step 4 of the game with seed 1."""

    def __init__(self, render_mode=None):
        super().__init__("hang", "step", 4, 1, render_mode)
