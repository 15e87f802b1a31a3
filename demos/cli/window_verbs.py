"""The verbs that open a window: what each takes, and the function that does it, imported only then."""

from __future__ import annotations

from argparse import BooleanOptionalAction, Namespace
from pathlib import Path
from typing import Any

from environments.terminal.command_line import (
    Parser,
    a_seed,
    add_workers,
    amount,
    at_least,
    pair,
    setting,
)


def record(arguments: list[str]) -> int:
    """Play a world yourself and keep what you do; the keys are on the first card."""
    parser = Parser("record", record.__doc__)
    parser.add_argument("world", metavar="WORLD", help="any world or environment id")
    parser.add_argument("--dataset", metavar="NAME", help="where games go (named after the world)")
    parser.add_argument("--player", metavar="NAME", help="who plays; of two people: anna,ben")
    parser.add_argument("--people", type=at_least(1), choices=(1, 2), help="at this machine (1)")
    parser.add_argument("--seat", type=at_least(0), help="of the one person (0)")
    for name in ("partner", "opponent"):
        text = "who has the other seats: random, still, a script or an agent file"
        parser.add_argument(f"--{name}", metavar="PLAYER", help=text)
    parser.add_argument("--device", help="keyboard, gamepad, or one each: keyboard,gamepad")
    parser.add_argument("--controls", metavar="FILE", type=Path, help="a table of keys")
    parser.add_argument("--fps", type=amount(0.01, 1000), help="steps a second (the world's own)")
    parser.add_argument("--seed", type=a_seed, help="of the first game (any)")
    parser.add_argument("--episodes", type=at_least(1), help="games to keep, then end")
    _add_world(parser)
    parser.add_argument("--option", action="append", type=setting, metavar="NAME=VALUE",
                        help="of every episode, such as horizon=400 (repeatable)")  # fmt: skip
    parser.add_argument("--limit", action="append", type=pair, metavar="COST=MOST",
                        help="shown beside the cost (repeatable)")  # fmt: skip
    _add_shield(parser)
    parser.add_argument("--headless", action="store_true", help="no window; needs --script")
    parser.add_argument("--script", metavar="FILE", type=Path, help="timed keys, as TOML")
    parser.add_argument("--root", type=Path, help="where datasets are kept (datasets)")
    add_workers(parser)
    given = _read(parser, arguments, {"param": "params", "option": "options", "limit": "limits"})
    from demos.sessions.record.command import record_command
    from demos.sessions.record.options import RecordOptions

    return record_command(RecordOptions(**given))


def controls(arguments: list[str]) -> int:
    """Show, edit or try the keys and pad buttons of a world."""
    parser = Parser("controls", controls.__doc__)
    parser.add_argument("name", metavar="WORLD", help="any world or environment id")
    parser.add_argument("--device", choices=["keyboard", "gamepad"], help="only this one")
    parser.add_argument("--player", type=at_least(1), choices=(1, 2), help="of two people")
    parser.add_argument("--controls", dest="path", metavar="FILE", type=Path, help="another table")
    parser.add_argument("--edit", action="store_true", help="write a table of your own to change")
    parser.add_argument("--test", action="store_true", help="a window that shows what is pressed")
    _add_world(parser)
    given = _read(parser, arguments, {"param": "params"})
    from demos.sessions.input_test.command import controls_command

    return controls_command(**given)


def watch(arguments: list[str]) -> int:
    """Watch an agent, a run or a world, and what stands behind each step; H shows the keys."""
    parser = Parser("watch", watch.__doc__)
    parser.add_argument("name", metavar="AGENT|RUN|WORLD",
                        help="an agent file, a run folder (its best agent) or a world")  # fmt: skip
    for name, what in (("against", "to be beaten"), ("partner", "to be played with")):
        text = f"who has the other seats, {what}: random, still, human, a script, a file or a run (itself)"
        parser.add_argument(f"--{name}", metavar="PLAYER", help=text)
    parser.add_argument("--seat", type=at_least(0), help="of the one that is watched (0)")
    parser.add_argument("--seed", type=a_seed, help="of the first game (any)")
    parser.add_argument("--games", metavar="N", type=at_least(1),
                        help="after how many it ends (without a window 1)")  # fmt: skip
    parser.add_argument("--greedy", action="store_true", help="likeliest actions, not samples")
    parser.add_argument("--evaluated", metavar="FIRST:GAMES",
                        help="whose seeds are the games of that gpo evaluate (1000000:100)")  # fmt: skip
    parser.add_argument("--player", metavar="PLAYER",
                        help="who is watched where a world is named: as above (random)")  # fmt: skip
    parser.add_argument("--device", choices=["keyboard", "gamepad"], help="to take over with")
    parser.add_argument("--dataset", metavar="NAME",
                        help="where games go in which you took over (named after the world)")  # fmt: skip
    parser.add_argument("--root", type=Path, help="where datasets are kept (datasets)")
    parser.add_argument("--live", action="store_true",
                        help="always the newest checkpoint of a run that is training")  # fmt: skip
    parser.add_argument("--panels", action=BooleanOptionalAction, help="show the panels (yes)")
    parser.add_argument("--record", metavar="FILE", type=Path, help="a video of it, .mp4 or .gif")
    parser.add_argument("--headless", action="store_true", help="no window, as fast as it goes")
    parser.add_argument("--script", metavar="FILE", type=Path, help="timed keys, as TOML")
    _add_world(parser)
    parser.add_argument("--option", action="append", type=setting, metavar="NAME=VALUE",
                        help="of every episode, such as horizon=400 (repeatable)")  # fmt: skip
    _add_shield(parser)
    add_workers(parser)
    given = _read(parser, arguments, {"param": "params", "option": "options"})
    from demos.sessions.watch.command import watch_command
    from demos.sessions.watch.options import WatchOptions

    return watch_command(WatchOptions(**given))


def play(arguments: list[str]) -> int:
    """Play with or against agents, or coach one and take over; every game is kept and counted."""
    parser = Parser("play", play.__doc__)
    parser.add_argument("name", metavar="AGENT|RUN", help="an agent file or a run folder")
    parser.add_argument("--level", help="easy, normal or hard, as measured (the agent as it is)")
    parser.add_argument("--levels", action="store_true", help="measure the levels, print them, end")
    parser.add_argument("--against", action="append", metavar="PLAYER",
                        help="whom levels are measured against, repeatable (the human model)")  # fmt: skip
    parser.add_argument("--coach", action="store_true",
                        help="watch the agent in your seat: your keys, or T held, take over")  # fmt: skip
    parser.add_argument("--partner", metavar="PLAYER",
                        help="who plays beside a coached agent (the run's human model)")  # fmt: skip
    parser.add_argument("--settle", type=amount(0, 10), metavar="SECONDS",
                        help="after which a coached agent drives on (0.3)")  # fmt: skip
    parser.add_argument("--seat", type=at_least(0), help="yours (0)")
    parser.add_argument("--player", metavar="NAME", help="who plays")
    parser.add_argument("--dataset", metavar="NAME", help="where games go (named after the world)")
    parser.add_argument("--games", metavar="N", type=at_least(1), help="to keep, then end")
    parser.add_argument("--seed", type=a_seed, help="of the first game (any)")
    parser.add_argument("--device", help="keyboard or gamepad")
    parser.add_argument("--controls", metavar="FILE", type=Path, help="a table of keys")
    _add_world(parser)
    parser.add_argument("--option", action="append", type=setting, metavar="NAME=VALUE",
                        help="of every episode, such as horizon=400 (repeatable)")  # fmt: skip
    parser.add_argument("--headless", action="store_true", help="no window; needs --script")
    parser.add_argument("--script", metavar="FILE", type=Path, help="timed keys, as TOML")
    parser.add_argument("--root", type=Path, help="where datasets are kept (datasets)")
    _add_shield(parser)
    add_workers(parser)
    given = _read(parser, arguments, {"param": "params", "option": "options"})
    if "against" in given:
        given["against"] = tuple(given["against"])
    from demos.sessions.play.command import play_command
    from demos.sessions.play.options import PlayOptions

    return play_command(PlayOptions(**given))


def replay(arguments: list[str]) -> int:
    """Watch a recorded episode; the arrow keys search in it."""
    parser = Parser("demos replay", replay.__doc__)
    parser.add_argument("name", metavar="NAME", help="a dataset, as `gpo demos list` calls it")
    parser.add_argument("episode", metavar="EPISODE", type=at_least(0), help="its number")
    parser.add_argument("--root", type=Path, default=Path("datasets"), help="where datasets are")
    parser.add_argument("--headless", action="store_true", help="play it through without a window")
    parser.add_argument("--script", metavar="FILE", type=Path, help="timed keys, as TOML")
    parser.add_trust()
    given: Namespace = parser.parse_args(arguments)
    from demos.sessions.replay.command import replay_command

    return replay_command(**vars(given))


def _add_world(parser: Parser) -> None:
    parser.add_argument("--param", action="append", type=setting, metavar="NAME=VALUE",
                        help="of the world, such as layout=counter_circuit (repeatable)")  # fmt: skip


def _add_shield(parser: Parser) -> None:
    parser.add_argument("--shield", action="store_true",
                        help="play behind the world's shield (what was trained so always does)")  # fmt: skip


def _read(parser: Parser, arguments: list[str], pairs: dict[str, str]) -> dict[str, Any]:
    """What was given, by the names of the command's arguments; repeated pairs as one mapping."""
    parser.add_trust()
    given = vars(parser.parse_args(arguments))
    return {pairs.get(k, k): dict(value) if k in pairs else value for k, value in given.items()}
