"""Small environments that name terms, costs and success in other ways, and answer steps in other shapes."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Namer(gymnasium.Env):
    """Ten steps of nothing; `step` says what they bring beside that."""

    observation_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = spaces.Discrete(2)
    length = 10

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self._seen(), {}

    def step(self, action):
        self.t += 1
        return self._seen(), 1.0, self.t >= self.length, False, self.named()

    def named(self):
        return {}

    def _seen(self):
        return np.full(2, self.t / 100, np.float32)


class Resting(Namer):
    """Says which keys do what, and, if it `rests`, what none does; its actions are counted from 5."""

    def __init__(self, kind="discrete", rests=True):
        several = kind == "multi-discrete"
        self.action_space: Any = spaces.Discrete(6, start=5)
        if several:
            self.action_space = spaces.MultiDiscrete([3, 4], start=[5, 5])
        self.keys: dict[Any, Any] = {("w",): np.array([7, 5]) if several else 7}
        if rests:
            self.keys[()] = np.array([6, 7]) if several else 6

    def get_keys_to_action(self):
        return self.keys


class Collides(Namer):
    """Names a cost of speed in each step, and others only when they happen, `at` which step of a game."""

    def __init__(self, at=4, game=1):
        self.at, self.game, self.games = at, game, 0

    def reset(self, **given):
        self.games += 1
        return super().reset(**given)

    def named(self):
        costs = {"speed": 0.5}
        if self.t == self.at and self.games >= self.game:
            return {"costs": costs | {"collision": 1.0}, "terms": {"bonus": 2.0}}
        return {"costs": costs}


class Declares(Collides):
    """Says beforehand what it will name; nobody need play it."""

    terms = {"bonus": "a reward for nothing"}
    costs = ("collision", "crash")
    north_star = "bonus"


class Misleads(Namer):
    """Has attributes of these names that declare nothing."""

    terms = [1.0, 2.0]
    costs = {"now": 3.0}
    north_star = 7
    success = True


class Solves(Namer):
    """Is solved, loses it again, and is solved in the end; says so under a key."""

    def __init__(self, key="is_success", solved=(3, 4, 8, 9, 10)):
        self.key, self.solved = key, solved

    def named(self):
        return {self.key: self.t in self.solved}


class Answers(Namer):
    """Answers in another shape than five plain values."""

    def __init__(self, how):
        self.how = how
        if how == "nothing to see":
            self.observation_space = spaces.Box(-1.0, 1.0, (0,), np.float32)

    def reset(self, *, seed=None, options=None):
        seen, info = super().reset(seed=seed)
        return {"no pair": seen, "no info": (seen, None)}.get(self.how, (seen, info))

    def step(self, action):
        seen, reward, over, cut, info = super().step(action)
        return {
            "six": (seen, reward, 0.25, over, cut, info),
            "six with names": (seen, reward, {"heat": 0.25}, over, cut, info),
            "six and its own": (seen, reward, 9.0, over, cut, {"cost": 0.25}),
            "arrays of one": (seen, np.ones(1), np.array([over]), np.array([cut]), info),
            "no info": (seen, reward, over, cut, None),
            "four": (seen, reward, over, info),
            "nothing": None,
            "no reward": (seen, None, over, cut, info),
            "two rewards": (seen, np.ones(2), over, cut, info),
            "a cost of words": (seen, reward, over, cut, {"cost": "none"}),
            "no cost": (seen, reward, over, cut, {"cost": None}),
            "less than nothing": (seen, reward, over, cut, {"cost": -0.5}),
        }.get(self.how, (seen, reward, over, cut, info))


class Unseeded(Namer):
    """Takes no seed."""

    def reset(self):  # type: ignore[override]
        return super().reset()


class Ends(Namer):
    """Ends after `length` steps by itself, as its `how` says; no limit is registered anywhere."""

    def __init__(self, length=10, how="truncated"):
        self.length, self.how = length, how

    def step(self, action):
        seen, reward, over, _, info = super().step(action)
        return (
            seen,
            reward,
            over and self.how == "terminated",
            over and self.how == "truncated",
            info,
        )


class Breaks(Namer):
    """Raises in step `at` of the games with some seeds; a whole one returns 10."""

    def __init__(self, seeds=(1, 2), at=3):
        self.seeds, self.at = seeds, at

    def reset(self, *, seed=None, options=None):
        self.bad = seed in self.seeds
        return super().reset(seed=seed)

    def step(self, action):
        if self.bad and self.t + 1 == self.at:
            raise OSError("simulator lost")
        return super().step(action)


class Levels(Namer):
    """Pays the level that a game is begun with in each step; its pace and what it says of itself vary."""

    def __init__(self, pace=1, chance=False, version=None, noted=None):
        self.pace, self.chance, self.version = pace, chance, version
        self.metadata = {} if noted is None else {"version": noted}

    def reset(self, *, seed=None, options=None):
        self.level = (options or {}).get("level", 0)
        return super().reset(seed=seed)

    def step(self, action):
        seen, _, over, cut, info = super().step(action)
        noise = np.random.default_rng().uniform() if self.chance else 0.0
        return (
            np.clip(seen * self.pace + noise, -1, 1, dtype=np.float32),
            self.level,
            over,
            cut,
            info,
        )
