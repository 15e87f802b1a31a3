"""`gpo recipe`: lists the settings of a recipe, or writes a recipe that explains itself."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from environments.system.errors import UserError, shortened
from environments.system.suggestions import closest
from environments.terminal.consoles import plain_console
from training.commands.new_recipe import write_recipe
from training.commands.options import RecipeOptions
from training.commands.recipe_rows import (
    REQUIRED,
    Section,
    Setting,
    as_toml,
    chosen,
    known_names,
    sections,
)

HEADINGS = ("setting", "default", "unit", "meaning")


def recipe_command(given: RecipeOptions) -> None:
    """List the settings of a recipe, or write a new one.

    Raises:
        UserError: no such section; or, for a new one, what `write_recipe` refuses.
    """
    if given.new is not None:
        if given.section is not None:
            raise UserError(
                f"--new writes a whole recipe: leave '{shortened(given.section)}' out, or --new."
            )
        write_recipe(given)
        return
    if given.out is not None or given.params:
        raise UserError("--out and --param are for a new recipe: add --new WORLD DATASET.")
    found = sections() if given.section is None else chosen(given.section)
    if not found:
        near = closest(given.section or "", known_names())
        hint = f"did you mean `gpo recipe {near}`?" if near else "type `gpo recipe` for all."
        raise UserError(f"A recipe has no section '{shortened(given.section or '')}'; {hint}")
    _show(plain_console(highlight=False), [one for one in found if one.settings])


def _show(console: Console, found: Iterable[Section]) -> None:
    """A table on a terminal; in a pipe one line for each setting, so that it can be searched."""
    if not console.is_terminal:
        rows = [_row(setting) for section in found for setting in section.settings]
        widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
        for row in (HEADINGS, *rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            console.print("  ".join(cells).rstrip(), soft_wrap=True)
        return
    for section in found:
        title = f"[{section.name}] {section.meaning}" if section.name else section.meaning
        table = Table(title=title, title_justify="left", title_style="bold", expand=True)
        for heading, ratio in zip(HEADINGS, (4, 2, 1, 5), strict=True):
            table.add_column(heading, overflow="fold", ratio=ratio)
        for setting in section.settings:
            table.add_row(*_row(setting))
        console.print(table)


def _row(setting: Setting) -> tuple[str, str, str, str]:
    default = (
        "required"
        if setting.default is REQUIRED
        else "left out"
        if setting.default is None
        else as_toml(setting.default)
    )
    return setting.place, default, setting.unit, setting.meaning
