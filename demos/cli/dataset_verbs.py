"""The verbs of `gpo demos`: what each takes, and the function that does it, imported only then."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from demos.cli.window_verbs import replay
from environments.terminal.command_line import (
    Parser,
    a_seed,
    add_workers,
    amount,
    at_least,
    joined,
    numbers,
    pair,
    setting,
)

if TYPE_CHECKING:
    from demos.data.dataset.store import Store

Verb = Callable[[list[str]], int]


def parser_of(verb: str, about: str | None, dataset: bool = True) -> Parser:
    """A parser with what all verbs have in common."""
    parser = Parser(f"demos {verb}", about)
    if dataset:
        parser.add_argument("name", metavar="NAME", help="a dataset, as `gpo demos list` calls it")
    parser.add_argument(
        "--root", type=Path, default=Path("datasets"), help="where datasets are kept (datasets)"
    )
    parser.add_trust()
    return parser


def done(given: Namespace, edit: Callable[..., str]) -> int:
    """Call an edit with what was given, and say what it did."""
    from demos.cli.dataset_commands import say
    from demos.data.dataset.store import Store

    options = vars(given)
    store: Store = Store(options.pop("root"))
    say(edit(store, **options))
    return 0


def demos_list(arguments: list[str]) -> int:
    """List the datasets on this disk."""
    given = parser_of("list", demos_list.__doc__, dataset=False).parse_args(arguments)
    from demos.cli.dataset_commands import list_datasets

    list_datasets(given.root)
    return 0


def demos_info(arguments: list[str]) -> int:
    """Show what one dataset holds and where it comes from."""
    parser = parser_of("info", demos_info.__doc__)
    parser.add_argument("--pictures", metavar="FOLDER", type=Path, help="draw it into this folder")
    given = parser.parse_args(arguments)
    from demos.data.inspection.report import show_dataset

    show_dataset(**vars(given))
    return 0


def demos_log(arguments: list[str]) -> int:
    """Show the history of a dataset: every edit, and which revision counts."""
    given = parser_of("log", demos_log.__doc__).parse_args(arguments)
    from demos.cli.dataset_commands import show_history

    show_history(given.root, given.name)
    return 0


def demos_verify(arguments: list[str]) -> int:
    """Play every game again from its seed and actions, and compare: 0 same, 3 unknown, 1 differs."""
    parser = parser_of("verify", demos_verify.__doc__)
    parser.add_argument(
        "--episodes", metavar="N", type=numbers, nargs="+", help="only these: 3 7-9"
    )
    given = parser.parse_args(arguments)
    from demos.cli.dataset_commands import verify_dataset

    chosen = joined(given.episodes) if "episodes" in given else None
    return verify_dataset(given.root, given.name, chosen)


def demos_delete(arguments: list[str]) -> int:
    """Leave episodes out; `undelete` and `undo` bring them back."""
    parser = parser_of("delete", demos_delete.__doc__)
    parser.add_argument("numbers", metavar="N", type=numbers, nargs="+", help="episodes: 3 7-9")
    given = parser.parse_args(arguments)
    given.numbers = joined(given.numbers)
    from demos.data.editing.delete import delete

    return done(given, delete)


def demos_undelete(arguments: list[str]) -> int:
    """Bring back what the latest delete or filter left out."""
    parser = parser_of("undelete", demos_undelete.__doc__)
    parser.add_argument(
        "numbers", metavar="N", type=numbers, nargs="*", help="only these, as they were numbered"
    )
    given = parser.parse_args(arguments)
    given.numbers = joined(vars(given).get("numbers", [])) or None
    from demos.data.editing.delete import undelete

    return done(given, undelete)


def demos_undo(arguments: list[str]) -> int:
    """Go back to before the latest edit; what was recorded since stays."""
    given = parser_of("undo", demos_undo.__doc__).parse_args(arguments)
    from demos.data.editing.delete import undo

    return done(given, undo)


def demos_trim(arguments: list[str]) -> int:
    """Cut idle starts and ends off."""
    parser = parser_of("trim", demos_trim.__doc__)
    parser.add_argument("--shortest", metavar="STEPS", type=at_least(1), help="to keep (10)")
    parser.add_argument("--idle", metavar="ACTION", type=at_least(0), help="if no world says it")
    parser.add_argument(
        "--near-zero",
        metavar="SHARE",
        type=amount(0, 1),
        help="of a stick's way that is none (0.05)",
    )
    given = parser.parse_args(arguments)
    from demos.data.editing.trim import trim

    return done(given, trim)


def demos_filter(arguments: list[str]) -> int:
    """Keep only the episodes that are all that is asked."""
    parser = parser_of("filter", demos_filter.__doc__)
    parser.add_argument("--rating", metavar="N", type=at_least(1), help="rated N or better")
    parser.add_argument("--player", metavar="NAME", action="append", help="by one of these players")
    for what, meaning in (("return", "the return"), ("star", "what the world is judged by")):
        parser.add_argument(f"--min-{what}", metavar="X", type=amount(), help=f"{meaning} at least")
        parser.add_argument(f"--max-{what}", metavar="X", type=amount(), help=f"{meaning} at most")
    parser.add_argument(
        "--max-cost", metavar="COST=X", type=pair, action="append", help="its sum at most"
    )
    parser.add_argument("--min-steps", metavar="N", type=at_least(1), help="steps at least")
    parser.add_argument(
        "--max-late", metavar="SHARE", type=amount(0, 1), help="of late steps: 0.05"
    )
    parser.add_argument("--finished", action="store_true", help="not broken off")
    given = vars(parser.parse_args(arguments))
    from demos.data.editing.filter import EpisodeFilter, filter_episodes

    known = {key: given.pop(key) for key in ("root", "name")}
    wanted = EpisodeFilter(**{**given, "max_cost": dict(given.get("max_cost", []))})
    return done(Namespace(**known, wanted=wanted), filter_episodes)


def demos_merge(arguments: list[str]) -> int:
    """Make one new dataset of several of one world."""
    parser = parser_of("merge", demos_merge.__doc__, dataset=False)
    parser.add_argument("names", metavar="NAME", nargs="+", help="the datasets")
    parser.add_argument("--into", metavar="NAME", required=True, help="the new one")
    given = parser.parse_args(arguments)
    from demos.data.editing.merge_split import merge

    return done(given, merge)


def demos_split(arguments: list[str]) -> int:
    """Part a dataset into two new ones, drawn by match."""
    parser = parser_of("split", demos_split.__doc__)
    parser.add_argument("--share", metavar="X", type=amount(0, 1), required=True,
                        help="of the first: 0.8")  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=a_seed, help="of the draw (0)")
    parser.add_argument("--into", metavar="NAME", nargs=2, help="the two (NAME-a NAME-b)")
    given = parser.parse_args(arguments)
    from demos.data.editing.merge_split import split

    return done(given, split)


def demos_relabel(arguments: list[str]) -> int:
    """Recompute observations, rewards, terms and costs with today's world."""
    parser = parser_of("relabel", demos_relabel.__doc__)
    parser.add_argument(
        "--changed-view", action="store_true", help="observations mean something else by now"
    )
    given = parser.parse_args(arguments)
    from demos.data.editing.relabel import relabel

    return done(given, relabel)


def demos_export(arguments: list[str]) -> int:
    """Write a dataset for another tool: minari, imitation or npz."""
    parser = parser_of("export", demos_export.__doc__)
    parser.add_argument(
        "--to", dest="kind", required=True, choices=["minari", "imitation", "npz"], help="for whom"
    )
    parser.add_argument("--out", metavar="PLACE", type=Path, help="folder or file (NAME-KIND)")
    given = parser.parse_args(arguments)
    from demos.data.exchange.formats import export

    return done(given, export)


def demos_import(arguments: list[str]) -> int:
    """Fetch published play (overcooked), or read what another tool wrote."""
    parser = parser_of("import", demos_import.__doc__, dataset=False)
    parser.add_argument(
        "kind",
        metavar="overcooked|minari|imitation|npz",
        choices=["overcooked", "minari", "imitation", "npz"],
    )
    parser.add_argument(
        "path",
        metavar="PLACE",
        nargs="?",
        type=Path,
        default=None,  # argparse would make a Path of its own mark for "not given"
        help="folder or file to read",
    )
    parser.add_argument("--name", metavar="NAME", help="of the new dataset (the file's)")
    parser.add_argument("--world", metavar="ID", help="played in, where the file does not say")
    parser.add_argument("--seat", metavar="AGENT", help="who played, where the file does not say")
    parser.add_argument("--zeros", action="store_true", help="take values that are missing as 0")
    parser.add_argument("--layout", action="append", help="overcooked: only this one (repeatable)")
    given = parser.parse_args(arguments)
    from demos.cli.dataset_commands import import_command

    import_command(**vars(given))
    return 0


def demos_collect(arguments: list[str]) -> int:
    """Make demonstrations: scripts or agents play, and it is kept as a new dataset."""
    parser = parser_of("collect", demos_collect.__doc__, dataset=False)
    parser.add_argument("name", metavar="NAME", help="of the new dataset")
    parser.add_argument("world", metavar="WORLD", help="any world or environment id")
    parser.add_argument("--player", metavar="PLAYER", required=True,
                        help="random, still, a script (sharpshooter-3), an agent file, a run")  # fmt: skip
    parser.add_argument("--against", metavar="PLAYER", nargs="+",
                        help="in the other seats; each game draws one (the player itself)")  # fmt: skip
    parser.add_argument("--episodes", metavar="N", type=at_least(1), help="games to play (200)")
    parser.add_argument("--seed", metavar="N", type=a_seed, help="of the first game (0)")
    parser.add_argument(
        "--horizon", metavar="STEPS", type=at_least(1), help="of a game (the world's own)"
    )
    parser.add_argument(
        "--shield",
        action="store_true",
        help="play behind the world's shield (what was trained so always does)",
    )
    parser.add_argument(
        "--keep", choices=["player", "all"], help="the streams of --player, or all of them (player)"
    )
    parser.add_argument("--param", action="append", type=setting, metavar="NAME=VALUE",
                        help="of the world, such as layout=counter_circuit (repeatable)")  # fmt: skip
    parser.add_argument("--option", action="append", type=setting, metavar="NAME=VALUE",
                        help="of every episode (repeatable)")  # fmt: skip
    add_workers(parser)
    given = vars(parser.parse_args(arguments))
    for word in ("param", "option"):
        given[f"{word}s"] = dict(given.pop(word, []))
    from demos.collect.command import collect_command
    from demos.collect.options import CollectOptions

    return collect_command(CollectOptions(**given))


def demos_repair(arguments: list[str]) -> int:
    """Get back what a crash left: 0 all of it, 3 with a loss, 1 nothing can be read."""
    given = parser_of("repair", demos_repair.__doc__).parse_args(arguments)
    from demos.data.journal.repair import repair_command

    return repair_command(**vars(given))


DEMOS: Mapping[str, Verb] = {
    "list": demos_list,
    "collect": demos_collect,
    "info": demos_info,
    "verify": demos_verify,
    "repair": demos_repair,
    "replay": replay,
    "log": demos_log,
    "delete": demos_delete,
    "undelete": demos_undelete,
    "undo": demos_undo,
    "trim": demos_trim,
    "filter": demos_filter,
    "merge": demos_merge,
    "split": demos_split,
    "relabel": demos_relabel,
    "export": demos_export,
    "import": demos_import,
}
