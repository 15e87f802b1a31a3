"""`gpo controls WORLD`: shows a table of controls, writes a copy to edit, or opens a screen to try it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from demos.sessions.input_test.options import ControlsOptions
from demos.window.controls.controls import Controls, load_controls
from demos.window.controls.default_table import guess_table
from demos.window.controls.table import OWN, controls_known, find_table, table_name
from environments.catalog import make_world
from environments.files.atomic import replace
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console


def controls_command(given: ControlsOptions) -> int:
    """Show, copy or try the controls of a world.

    Returns:
        0; of the screen 130 or 143 if it was told to stop.

    Raises:
        UserError: no such world, no table, a wrong one, or no window.
    """
    world = make_world(given.name, **given.params)
    console = plain_console(highlight=False)
    if given.edit:
        _write(console, world, given.path)
    if given.test:
        return _try(world, given.device or "keyboard", given.player, given.path)
    if not given.edit:
        devices = (given.device,) if given.device else ("keyboard", "gamepad")
        _show(console, world, devices, given.player, given.path)
    return 0


def _load(world: World, device: str, player: int | None, path: Path | None) -> Controls:
    alone = player is None
    return load_controls(world, device, (player or 1) - 1, 1 if alone else 2, path)


def _show(
    console: Console,
    world: World,
    devices: tuple[str, ...],
    player: int | None,
    path: Path | None,
) -> None:
    who = "" if player is None else f", person {player} of two"
    for device in devices:
        try:
            controls = _load(world, device, player, path)
        except UserError:
            if len(devices) == 1 or device == "keyboard":
                raise
            continue  # the table says nothing about gamepads
        grid = Grid(title=f"{world.id}: {device}{who}", title_justify="left")
        grid.add_column("action")
        grid.add_column("keys" if device == "keyboard" else "on the gamepad")
        for what, by in controls.rows():
            grid.add_row(what, ", ".join(by))
        for what in controls.unassigned:
            grid.add_row(what, "nothing yet")
        console.print(grid)
    where, _ = find_table(world, path)
    console.print(f"From {where}.", soft_wrap=True)
    console.print(f"To change them: gpo controls {world.id} --edit", soft_wrap=True)


def _write(console: Console, world: World, path: Path | None) -> None:
    """Copy the table to where a person may edit it; what is there already is left alone."""
    if path is None and not controls_known(world):
        own, content = OWN / f"{table_name(world.id)}.toml", guess_table(world)
    else:
        table, _ = find_table(world, path)
        own, content = OWN / table.name, table.read_text(encoding="utf-8")
    if own.exists():
        console.print(
            f"{own} is there already: edit it, or delete it to begin anew.", soft_wrap=True
        )
        return
    own.parent.mkdir(parents=True, exist_ok=True)
    replace(own, content.encode())
    console.print(f"Wrote {own}: edit it; it is used from now on in this folder.", soft_wrap=True)
    console.print(f"To try it: gpo controls {world.id} --test", soft_wrap=True)


def _try(world: World, device: str, player: int | None, path: Path | None) -> int:
    from demos.sessions.input_test.session import (
        run_test,  # here, because the table is shown without a window
    )

    return run_test(world, [_load(world, device, player, path)])
