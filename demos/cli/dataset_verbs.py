"""The verbs of `gpo demos`: their options, and the function that does it, imported only then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from demos.cli.window_verbs import demos_replay
from environments.terminal.command_line import read_options

Verb = Callable[[list[str]], int]
OptionsT = TypeVar("OptionsT")


def _given(kind: type[OptionsT], verb: Verb, arguments: list[str]) -> OptionsT:
    return read_options(kind, verb, arguments, trust=True)


def _edit(given: Any, edit: Callable[..., str]) -> int:
    """Call an edit with what was given, and say what it did."""
    from demos.cli.dataset_commands import say
    from demos.data.dataset.store import Store

    options = dict(vars(given))
    say(edit(Store(options.pop("root")), **options))
    return 0


def demos_list(arguments: list[str]) -> int:
    """List the datasets on this disk."""
    from demos.data.options import StoreOptions

    given = _given(StoreOptions, demos_list, arguments)
    from demos.cli.dataset_commands import list_datasets

    list_datasets(given.root)
    return 0


def demos_info(arguments: list[str]) -> int:
    """Show what one dataset holds and where it comes from."""
    from demos.cli.options import InfoOptions

    given = _given(InfoOptions, demos_info, arguments)
    from demos.data.inspection.report import show_dataset

    show_dataset(**vars(given))
    return 0


def demos_log(arguments: list[str]) -> int:
    """Show the history of a dataset: every edit, and which revision counts."""
    from demos.data.options import DatasetOptions

    given = _given(DatasetOptions, demos_log, arguments)
    from demos.cli.dataset_commands import show_history

    show_history(given.root, given.name)
    return 0


def demos_verify(arguments: list[str]) -> int:
    """Play every game again from its seed and actions, and compare: 0 same, 3 unknown, 1 differs."""
    from demos.cli.options import VerifyOptions

    given = _given(VerifyOptions, demos_verify, arguments)
    from demos.cli.dataset_commands import verify_dataset

    return verify_dataset(given.root, given.name, given.episodes)


def demos_delete(arguments: list[str]) -> int:
    """Leave episodes out; `undelete` and `undo` bring them back."""
    from demos.cli.options import DeleteOptions

    given = _given(DeleteOptions, demos_delete, arguments)
    from demos.data.editing.delete import delete

    return _edit(given, delete)


def demos_undelete(arguments: list[str]) -> int:
    """Bring back what the latest delete or filter left out."""
    from demos.cli.options import UndeleteOptions

    given = _given(UndeleteOptions, demos_undelete, arguments)
    from demos.data.editing.delete import undelete

    return _edit(given, undelete)


def demos_undo(arguments: list[str]) -> int:
    """Go back to before the latest edit; what was recorded since stays."""
    from demos.data.options import DatasetOptions

    given = _given(DatasetOptions, demos_undo, arguments)
    from demos.data.editing.delete import undo

    return _edit(given, undo)


def demos_trim(arguments: list[str]) -> int:
    """Cut idle starts and ends off."""
    from demos.cli.options import TrimOptions

    given = _given(TrimOptions, demos_trim, arguments)
    from demos.data.editing.trim import trim

    return _edit(given, trim)


def demos_filter(arguments: list[str]) -> int:
    """Keep only the episodes that are all that is asked."""
    from demos.cli.options import FilterOptions

    given = _given(FilterOptions, demos_filter, arguments)
    from demos.cli.dataset_commands import say
    from demos.data.dataset.store import Store
    from demos.data.editing.episode_filter import EpisodeFilter
    from demos.data.editing.filter import filter_episodes

    wanted = EpisodeFilter(**{one.name: getattr(given, one.name) for one in fields(EpisodeFilter)})
    say(filter_episodes(Store(given.root), given.name, wanted))
    return 0


def demos_merge(arguments: list[str]) -> int:
    """Make one new dataset of several of one world."""
    from demos.cli.options import MergeOptions

    given = _given(MergeOptions, demos_merge, arguments)
    from demos.data.editing.merge_split import merge

    return _edit(given, merge)


def demos_split(arguments: list[str]) -> int:
    """Part a dataset into two new ones, drawn by match."""
    from demos.cli.options import SplitOptions

    given = _given(SplitOptions, demos_split, arguments)
    from demos.data.editing.merge_split import split

    return _edit(given, split)


def demos_relabel(arguments: list[str]) -> int:
    """Recompute observations, rewards, terms and costs with today's world."""
    from demos.cli.options import RelabelOptions

    given = _given(RelabelOptions, demos_relabel, arguments)
    from demos.data.editing.relabel import relabel

    return _edit(given, relabel)


def demos_export(arguments: list[str]) -> int:
    """Write a dataset for another tool, such as minari."""
    from demos.cli.options import ExportDatasetOptions

    given = _given(ExportDatasetOptions, demos_export, arguments)
    from demos.data.exchange.formats import export

    return _edit(given, export)


def demos_import(arguments: list[str]) -> int:
    """Fetch published play (overcooked), or read what another tool wrote."""
    from demos.cli.options import ImportDatasetOptions

    given = _given(ImportDatasetOptions, demos_import, arguments)
    from demos.cli.import_command import import_command

    import_command(given)
    return 0


def demos_collect(arguments: list[str]) -> int:
    """Make demonstrations: scripts or agents play, and it is kept as a new dataset."""
    from demos.collect.options import CollectOptions

    given = _given(CollectOptions, demos_collect, arguments)
    from demos.collect.command import collect_command

    return collect_command(given)


def demos_repair(arguments: list[str]) -> int:
    """Get back what a crash left: 0 all of it, 3 with a loss, 1 nothing can be read."""
    from demos.data.options import DatasetOptions

    given = _given(DatasetOptions, demos_repair, arguments)
    from demos.data.journal.repair import repair_command

    return repair_command(given.root, given.name)


DEMOS: Mapping[str, Verb] = {
    "list": demos_list,
    "collect": demos_collect,
    "info": demos_info,
    "verify": demos_verify,
    "repair": demos_repair,
    "replay": demos_replay,
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
