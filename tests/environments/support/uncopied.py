"""Environments that cannot be copied in the middle of a game, each for a reason of its own."""

import threading

from gymnasium.utils import EzPickle

from tests.environments.support.foreign_toys import Corridor


class Locked(Corridor):
    """Holds what nothing can copy."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


class Forgetful(Corridor, EzPickle):
    """A copy of it is made anew."""

    def __init__(self, render_mode=None):
        Corridor.__init__(self, render_mode=render_mode)
        EzPickle.__init__(self, render_mode=render_mode)


class Local(Corridor):
    """Holds a function that can be copied and not pickled."""

    def __init__(self):
        super().__init__()
        self.rule = lambda: 0


class Quitting(Corridor):
    """Exits when it is pickled."""

    def __reduce_ex__(self, protocol):
        raise SystemExit(3)
