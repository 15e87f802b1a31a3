"""Repair of a run folder as it is opened: what killed saves left is swept, what is damaged is set aside.

What the recipe of a run from before there were plans left out had a fixed number, which the run keeps; who
played the other seats of one from before that was planned was the clone.

A damaged file is kept beside its place (`scores.json.damaged-1`), and what it held is made again if it can.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from environments.files.atomic import sync
from environments.files.checked_json import read_lines, read_sealed, write_lines
from environments.files.leftovers import sweep_files
from environments.files.readers import Unreadable
from training.run.recipe import Recipe

_PLANNED = ("clone", "refine")  # sections of a recipe with numbers that may be left out
# What each file must hold, and what becomes of it once it was set aside.
FILES: dict[str, tuple[dict[str, type | tuple[type, ...]], str]] = {
    "machine.json": (
        {"packages": dict},
        "it is written anew, but what changed on this machine since the run began is not known any more",
    ),
    "plan.json": ({"clone": dict, "refine": dict}, "it is made again"),
    "cloning.json": ({}, "the losses of clones that were made before stand only there"),
    "beginning.json": ({"start": str}, "it is decided again, or read from the checkpoints"),
    "engine.json": ({"precision": str, "threads": int}, "it is measured again"),
    "scores.json": ({"rows": dict, "world": str, "protocol": str}, "its agents are judged again"),
    "corrections.json": ({"data": str, "dataset": str, "start": str}, "it is made again"),
}
ROWS: dict[str, tuple[str, ...]] = {  # files of lines, and the numbers that each row must hold
    "metrics.jsonl": ("update", "steps", "north_star", "low", "high", "clone"),
    "incidents.jsonl": (),
}


def repair_run(folder: Path, sealed: bool) -> list[str]:
    """Put a run folder in order that this process holds alone; what it met, a sentence each.

    Args:
        folder: of the run.
        sealed: whether the run has seals; files of older ones that have none are taken as they are.
    """
    sweep_files(folder, below=True)
    said = [_told(folder / name, sealed, *about) for name, about in FILES.items()]
    said += [_sorted_out(folder / name, sealed, numbers) for name, numbers in ROWS.items()]
    return [sentence for sentence in said if sentence]


def read_told(path: Path, sealed: bool) -> dict[str, Any]:
    """The content of one of the files of a run.

    Raises:
        Unreadable: it is damaged, or lacks what such a file holds.
    """
    found = read_sealed(path, bare=not sealed)
    needed, _ = FILES.get(path.name, ({}, ""))
    for name, kind in needed.items():
        if not isinstance(found.get(name), kind):
            raise Unreadable(f"is damaged: it does not say what '{name}' is")
    return found


def _told(path: Path, sealed: bool, _: Any, then: str) -> str:
    """Set a file aside if it is damaged; the sentence about it, or nothing."""
    if not path.exists():
        return ""
    try:
        read_told(path, sealed)
    except Unreadable as error:
        exact = path.name != "engine.json" or not (path.parent / "checkpoints").exists()
        doubt = "" if exact else "; if it comes out otherwise, going on is not exact"
        return f"{path} {error}. It was set aside as {set_aside(path).name}; {then}{doubt}."
    return ""


def _sorted_out(path: Path, sealed: bool, numbers: tuple[str, ...]) -> str:
    """Set a file of lines aside if it is damaged, and keep what is whole of it in its place."""
    if not path.exists():
        return ""
    found = read_lines(path, bare=not sealed)
    rows = [row for row in found.rows if all(_is_number(row.get(name)) for name in numbers)]
    damage = found.damage
    if len(rows) < len(found.rows):
        damage = damage or "is damaged: a row lacks some of its numbers"
    if not damage:
        return ""
    aside = set_aside(path)
    write_lines(path, rows)
    return f"{path} {damage}. It was set aside as {aside.name}; {len(rows)} whole rows of it were kept."


def set_aside(path: Path) -> Path:
    """Give a file another name beside its own, and return that."""
    names = (path.with_name(f"{path.name}.damaged-{n}") for n in itertools.count(1))
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    sync(path.parent)
    return aside


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_begun(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe of a run, with what it leaves out as an earlier run of that folder has it."""
    path = folder / "recipe.json"
    if not path.exists():
        return recipe
    with suppress(Unreadable, ValidationError, KeyError, TypeError):
        before = read_sealed(path, bare=True)
        recipe = _partner_as_begun(recipe, before, folder / "plan.json")
        if (folder / "plan.json").exists():
            return recipe
        if before["refine"]["games"] is None:  # it was interrupted before it was planned
            return recipe
        earlier = Recipe.model_validate({k: v for k, v in before.items() if k != "format"})
        changes = {
            name: _left_out(getattr(recipe, name), getattr(earlier, name)) for name in _PLANNED
        }
        return recipe.model_copy(update=changes)
    return recipe


def _partner_as_begun(recipe: Recipe, before: dict[str, Any], plan: Path) -> Recipe:
    """The recipe with the partner of a run that was begun when one that was left out was always the clone."""
    told = before.get("partner")
    player = told.get("player") if isinstance(told, dict) else None
    if recipe.partner.player is not None or player is None:
        return recipe
    with suppress(Unreadable):  # then it is made again, by the recipe as it is kept
        if plan.exists() and "partner" in read_sealed(plan, bare=True):
            return recipe
    partner = recipe.partner.model_copy(update={"player": player})
    return recipe.model_copy(update={"partner": partner})


def told_now(resolved: dict[str, Any]) -> dict[str, Any]:
    """A kept recipe as it would be kept today, if it can be read."""
    try:
        return Recipe.model_validate(resolved).model_dump(mode="json")
    except ValidationError:
        return resolved


def _left_out(said: Any, before: Any) -> Any:
    """Settings as they are said, and as they were before where nothing is."""
    changes: dict[str, Any] = {}
    for name in type(said).model_fields:
        value, earlier = getattr(said, name), getattr(before, name)
        if isinstance(value, BaseModel):
            changes[name] = _left_out(value, earlier)
        elif name not in said.model_fields_set:
            changes[name] = earlier
    return said.model_copy(update=changes)
