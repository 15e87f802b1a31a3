"""Writes a recipe that explains itself: what matters is set, all else stands there as a comment."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from environments.catalog import plain_name
from environments.files.atomic import replace
from environments.files.trusted_code import type_in
from environments.recorded_worlds import described_world
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console
from training.commands.options import RecipeOptions
from training.commands.recipe_rows import ENTRY, REQUIRED, Section, Setting, as_toml, sections

WIDTH = 100  # letters of a line
# Settings that are written down and not left as comments: what one changes first.
SHOWN = ("seed", "world.id", "data.train", "refine.steps")


@dataclass(frozen=True)
class _Known:
    """What a new recipe is about."""

    world: World
    values: Mapping[str, Any] = field(default_factory=dict)  # by place: `data.train`


def write_recipe(given: RecipeOptions) -> None:
    """Write a new recipe for a world and a dataset, and say how to go on.

    Raises:
        UserError: no such dataset, one of another world, or the file is there already.
    """
    assert given.new is not None
    name, wanted = given.new[1], plain_name(given.new[0])
    path = given.out or Path(f"{name}.toml")
    if path.suffix != ".toml":
        raise UserError(f"--out is {path}; give it a name that ends in .toml.")
    if path.exists():
        raise UserError(f"{path} is there already: choose another file with --out.")
    dataset = Store(given.root).open(name)
    described = dataset.facts["world_description"]
    if described.get("world") != wanted:
        raise UserError(
            f"Dataset {name} was played in {described.get('world')}, not in {wanted}: name that world, "
            "or another dataset."
        )
    type_in(wanted)
    world = described_world(described, f"Dataset {name}", given.params)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, recipe_text(world, dataset, given.root).encode())
    console = plain_console(highlight=False)
    console.print(f"Wrote {path}: look through it, then type", soft_wrap=True)
    console.print(f"  gpo train {path}", soft_wrap=True)


def recipe_text(world: World, dataset: Dataset, root: Path) -> str:
    """The recipe as TOML: every setting of every section, most of them as comments."""
    values = {
        "world.id": world.id,
        "world.params": _changed(world),
        "data.train": dataset.name,
        "data.root": root,
    }
    known = _Known(world, values)
    lines = [
        f"# Learns {world.id} from the dataset {dataset.name}: clones those who play there, then refines.",
        "# A line such as `# key = value` says a default: take the # away to set it.",
        "# `gpo recipe` lists the same settings; each can also be set as --section.key VALUE.",
    ]
    for section in sections():
        lines += ["", *_section(section, known)]
    return "\n".join(lines) + "\n"


def _changed(world: World) -> dict[str, Any]:
    """The parameters in which the world differs from what its id alone would make."""
    if not is_dataclass(world.params):
        return dict(world.params)
    usual: Any = type(world.params)()  # type: ignore[misc]
    each = {one.name: getattr(world.params, one.name) for one in fields(world.params)}
    return {name: value for name, value in each.items() if value != getattr(usual, name)}


def _section(section: Section, known: _Known) -> Iterator[str]:
    """A table: its head, what it is for, and its settings."""
    if section.name.endswith(f".{ENTRY}"):
        yield from _by_cost(section, known.world)
        return
    head = f"[[{section.name}]]" if section.is_array else f"[{section.name}]"
    if section.name:
        yield f"# {head}" if section.is_array else head
        yield from _comment(section.meaning)
    for setting in section.settings:
        yield from _setting(setting, known)


def _setting(setting: Setting, known: _Known) -> Iterator[str]:
    meaning = setting.meaning + (f" [{setting.unit}]" if setting.unit else "")
    yield from _comment(meaning)
    value = known.values.get(setting.place, setting.default)
    is_set = setting.place in SHOWN or value != setting.default
    told = "" if value in (None, REQUIRED) else f" {as_toml(value)}"
    yield f"{'' if is_set else '# '}{setting.key} ={told}"
    if setting.place == "reward.weights":
        yield from _terms(known.world)


def _terms(world: World) -> Iterator[str]:
    """The terms of the world, which `weights` names, with its own weights."""
    for name, meaning in world.terms.items():
        yield from _comment(f"  {name} {world.weights.get(name, 0.0):g}: {meaning}")


def _by_cost(section: Section, world: World) -> Iterator[str]:
    """The table of one cost, as a comment, and the costs that the world has."""
    if not world.costs:
        yield from _comment(f"{section.meaning} {world.id} has no costs.")
        return
    first = next(iter(world.costs))
    yield from _comment(f"{section.meaning} A table for each cost that has a limit:")
    for name, meaning in world.costs.items():
        yield from _comment(f"  {name}: {meaning}")
    yield f"# [{section.name.removesuffix(ENTRY)}{first}]"
    for setting in section.settings:
        yield from _comment(f"{setting.meaning}{f' [{setting.unit}]' if setting.unit else ''}")
        told = "" if setting.default in (None, REQUIRED) else f" {as_toml(setting.default)}"
        yield f"# {setting.key} ={told}"


def _comment(text: str) -> list[str]:
    inside = len(text) - len(text.lstrip())
    return textwrap.wrap(
        text.strip(),
        WIDTH,
        initial_indent="# " + " " * inside,
        subsequent_indent="#   " + " " * inside,
    )
