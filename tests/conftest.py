"""Set before any library is imported: one thread, no screen, no sound, and Ctrl-C as at a terminal."""

import os
import signal
import tempfile

os.environ["OMP_NUM_THREADS"] = "1"  # read by torch and numba when they load
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
# What is trusted is kept in the user's configuration; tests have one of their own, shared by their commands.
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="gpo-tests-")

signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
