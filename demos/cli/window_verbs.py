"""The verbs that open a window: their options, and the function that does it, imported only then."""

from __future__ import annotations

from environments.terminal.command_line import read_options


def record(arguments: list[str]) -> int:
    """Play a world yourself and keep what you do; the keys are on the first card."""
    from demos.sessions.record.options import RecordOptions

    given = read_options(RecordOptions, record, arguments, trust=True)
    from demos.sessions.record.command import record_command

    return record_command(given)


def controls(arguments: list[str]) -> int:
    """Show, edit or try the keys and pad buttons of a world."""
    from demos.sessions.input_test.options import ControlsOptions

    given = read_options(ControlsOptions, controls, arguments, trust=True)
    from demos.sessions.input_test.command import controls_command

    return controls_command(given)


def watch(arguments: list[str]) -> int:
    """Watch an agent, a run or a world, and what stands behind each step; H shows the keys."""
    from demos.sessions.watch.options import WatchOptions

    given = read_options(WatchOptions, watch, arguments, trust=True)
    from demos.sessions.watch.command import watch_command

    return watch_command(given)


def run(arguments: list[str]) -> int:
    """Let an agent drive at a fixed rate, a robot of yours too; a key or a pad takes over."""
    from demos.sessions.run.options import RunOptions

    given = read_options(RunOptions, run, arguments, trust=True)
    from demos.sessions.run.command import run_command

    return run_command(given)


def play(arguments: list[str]) -> int:
    """Play with or against agents, or coach one and take over; every game is kept and counted."""
    from demos.sessions.play.options import PlayOptions

    given = read_options(PlayOptions, play, arguments, trust=True)
    from demos.sessions.play.command import play_command

    return play_command(given)


def demos_replay(arguments: list[str]) -> int:
    """Watch a recorded episode; the arrow keys search in it."""
    from demos.sessions.replay.options import ReplayOptions

    given = read_options(ReplayOptions, demos_replay, arguments, trust=True)
    from demos.sessions.replay.command import replay_command

    return replay_command(**vars(given))
