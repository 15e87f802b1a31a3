"""Runs of before there were plans: what their recipes left out had a fixed number, which the run keeps."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from environments.files.checked_json import read_sealed
from environments.files.readers import Unreadable
from training.run.recipe import Recipe

_PLANNED = ("clone", "refine")  # sections with numbers that may be left out


def as_begun(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe of a run, with what it leaves out as an earlier run of that folder has it."""
    path = folder / "recipe.json"
    if not path.exists() or (folder / "plan.json").exists():
        return recipe
    with suppress(Unreadable, ValidationError, KeyError, TypeError):
        before = read_sealed(path, bare=True)
        if before["refine"]["games"] is None:  # it was interrupted before it was planned
            return recipe
        earlier = Recipe.model_validate({k: v for k, v in before.items() if k != "format"})
        changes = {
            name: _left_out(getattr(recipe, name), getattr(earlier, name)) for name in _PLANNED
        }
        return recipe.model_copy(update=changes)
    return recipe


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
