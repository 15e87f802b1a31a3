"""Options of the verbs of `gpo demos`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from demos.data.editing.episode_filter import EpisodeFilter
from demos.data.exchange.registry import FORMATS, KINDS
from demos.data.options import DatasetOptions, StoreOptions
from environments.terminal.arguments import (
    Argument,
    amount,
    at_least,
    joined,
    meant,
    one_of,
    seed_number,
    setting,
    span,
)


@dataclass(frozen=True, kw_only=True)
class InfoOptions(DatasetOptions):
    """Which dataset to describe."""

    pictures: Annotated[Path | None, Argument("FOLDER")] = None
    """Draw pictures of it into this folder."""


@dataclass(frozen=True, kw_only=True)
class VerifyOptions(DatasetOptions):
    """Which games to play again."""

    episodes: Annotated[list[int] | None, Argument("N", span, gather=joined)] = None
    """Only these episodes, such as 3 7-9 (all)."""


@dataclass(frozen=True, kw_only=True)
class DeleteOptions(DatasetOptions):
    """Which episodes to leave out."""

    numbers: Annotated[list[int], Argument("N", span, positional=True, gather=joined)]
    """Numbers of episodes, such as 3 7-9."""


@dataclass(frozen=True, kw_only=True)
class UndeleteOptions(DatasetOptions):
    """Which episodes to bring back."""

    numbers: Annotated[list[int] | None, Argument("N", span, positional=True, gather=joined)] = None
    """Only these episodes, as they were numbered (all)."""


@dataclass(frozen=True, kw_only=True)
class TrimOptions(DatasetOptions):
    """What counts as idle."""

    shortest: Annotated[int, Argument("STEPS", at_least(1))] = 10
    """Least steps: a game that would keep fewer is left as it is."""
    idle: Annotated[list[Any] | None, Argument("ACTION", meant, gather=list)] = None
    """The action that does nothing, by number or name, one a component (the controls', the world's)."""
    near_zero: Annotated[float, Argument("SHARE", amount(0, 1))] = 0.05
    """How far a stick may be off its middle and still count as at rest, share of its way."""


@dataclass(frozen=True, kw_only=True)
class FilterOptions(DatasetOptions, EpisodeFilter):
    """Which episodes to keep."""


@dataclass(frozen=True, kw_only=True)
class MergeOptions(StoreOptions):
    """Which datasets to merge."""

    names: Annotated[tuple[str, ...], Argument("NAME", positional=True)]
    """The datasets."""
    into: Annotated[str, Argument("NAME")]
    """Name of the new one."""


@dataclass(frozen=True, kw_only=True)
class SplitOptions(DatasetOptions):
    """How to part a dataset."""

    share: Annotated[float, Argument("X", amount(0, 1))]
    """Share of the matches that the first gets, such as 0.8."""
    seed: Annotated[int, Argument("N", seed_number)] = 0
    """Seed of the draw."""
    into: Annotated[tuple[str, str] | None, Argument("NAME")] = None
    """Names of the two (NAME-a NAME-b)."""


@dataclass(frozen=True, kw_only=True)
class RelabelOptions(DatasetOptions):
    """How to recompute a dataset."""

    changed_view: bool = False
    """Allow it although observations mean something else by now."""


@dataclass(frozen=True, kw_only=True)
class ExportDatasetOptions(DatasetOptions):
    """Which file to write for another tool."""

    kind: Annotated[str, Argument("|".join(KINDS), one_of(KINDS), flag="--to")]
    """Tool that it is for."""
    out: Annotated[Path | None, Argument("PLACE")] = None
    """Folder or file to write (NAME and the tool)."""


@dataclass(frozen=True, kw_only=True)
class ImportDatasetOptions(StoreOptions):
    """Which play to fetch or read."""

    kind: Annotated[str, Argument("|".join(FORMATS), one_of(FORMATS), positional=True)]
    """Published play, or which tool wrote it."""
    path: Annotated[Path | None, Argument("PLACE", positional=True)] = None
    """Folder or file to read."""
    name: Annotated[str | None, Argument("NAME")] = None
    """Name of the new dataset (the file's)."""
    world: Annotated[str | None, Argument("ID")] = None
    """World it was played in, where the file does not say."""
    seat: Annotated[str | None, Argument("AGENT")] = None
    """Who played, where the file does not say."""
    zeros: bool = False
    """Take values that are missing as 0."""
    params: Annotated[Mapping[str, Any], Argument("NAME=VALUE", setting, flag="--param")] = field(
        default_factory=dict
    )
    """A parameter of that world, such as obs_type=state."""
    parts: Annotated[tuple[str, ...], Argument("OURS=THEIRS", flag="--part", repeat=True)] = ()
    """An observation of the world, and what it is called in the file."""
    layout: Annotated[tuple[str, ...], Argument("LAYOUT", repeat=True)] = ()
    """Only this kitchen, of overcooked (all five)."""
