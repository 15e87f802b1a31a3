"""The TOML table that says which key or part of a gamepad does what in a world, read and checked.

world = "gpo/Kitchen-v0"            the world it is for; "my_game:*" serves all whose ids begin so
idle = "stay"                       what nobody pressing anything does; the world's own if left out; a
                                    list is done in turn, where there are only choices
names = ["none", "left", ...]       what numbered choices are called, where the world does not say

[[action]]                          a choice or a switch
do = "north"                        its name or number; "up-left" is done by "up" and "left" together
component = 0                       which choice of several (MultiDiscrete)
bit = 0                             which switch (MultiBinary), instead of `do`
keys = ["w", "up"]                  any of them; or { first = ["w"], second = ["up"] } for two people
pad = ["dpad up", "stick up"]       any of them
once = true                         one step a press, however long it is held
label = "walk up"                   how the screen calls it

[[axis]]                            a number (Box)
component = 0                       which one
negative, positive = ["a"], ["d"]   keys towards either end; pad_negative, pad_positive the same on a pad
stick = "x"                         the left stick, "x" or "y"; or "axis 3"
across = 4                          the other axis of that stick, for a round dead zone
trigger = 5                         the axis of a trigger, which rests at -1
pointer = "x"                       where the mouse is in the drawing, "x" or "y"
dead, ramp, scale, invert           dead zone 0..1; s from rest to full with keys; full push, in the
                                    action's unit; turns stick, trigger and pointer round

[[aim]]                             a choice of turns, in worlds that say how one aims: with the mouse, or
component = 1                       with a stick; keys of its own go first
axes = [3, 4]                       of that stick, to the right and down
"""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any, Literal, get_args

from gymnasium import spaces
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from demos.window.controls.default_table import guess_notice
from demos.window.controls.environment_keys import table_of_keys
from environments.files.readers import read_toml
from environments.simulation.world import World
from environments.system.errors import UserError, shortened
from environments.system.suggestions import nearest
from environments.system.wanted_values import wanted_value

SHIPPED = Path(__file__).parent / "tables"
OWN = Path("controls")  # a person's own tables, below where they work


class _Row(BaseModel):
    """Frozen, and what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Shared(_Row):
    """Keys for two people at one keyboard; one who is alone may use all of them."""

    first: list[str] = []
    second: list[str] = []
    alone: list[str] | None = None


Keys = list[str] | Shared


class ActionRow(_Row):
    """A choice or a switch, and what does it."""

    do: str | int | None = None
    component: int = Field(0, ge=0)
    bit: int | None = Field(None, ge=0)
    keys: Keys = []
    pad: list[str] = []
    once: bool = False
    label: str = ""


class AxisRow(_Row):
    """A number, and what moves it."""

    component: int = Field(0, ge=0)
    negative: Keys = []
    positive: Keys = []
    pad_negative: list[str] = []
    pad_positive: list[str] = []
    stick: str | None = Field(None, pattern=r"^(x|y|axis \d+)$")
    across: int | None = Field(None, ge=0)
    trigger: int | None = Field(None, ge=0)
    pointer: Literal["x", "y"] | None = None
    dead: float = Field(0.15, ge=0, lt=1)
    ramp: float = Field(0.0, ge=0)  # s
    scale: float | None = Field(None, gt=0)
    invert: bool = False
    label: str = ""


class AimRow(_Row):
    """A choice of turns that follows the mouse or a stick."""

    component: int = Field(0, ge=0)
    axes: tuple[int, int] = (3, 4)
    dead: float = Field(0.3, ge=0, lt=1)
    label: str = "aim"

    @field_validator("axes", mode="before")
    @classmethod
    def _pair(cls, given: Any) -> Any:
        return tuple(given) if isinstance(given, list) else given


class ControlsTable(_Row):
    """A whole table."""

    world: str
    idle: Any = None
    names: list[str] = []
    action: list[ActionRow] = []
    axis: list[AxisRow] = []
    aim: list[AimRow] = []


def read_table(path: Path) -> ControlsTable:
    """Read a table.

    Raises:
        UserError: it cannot be read, is not TOML, or something in it is unknown or out of bounds.
    """
    content = read_toml(path, "The table of controls ")
    try:
        return ControlsTable.model_validate(content)
    except ValidationError as error:
        raise UserError(f"The controls {path}: {_complaint(error)}") from None


def keys_for(keys: Keys, person: int, people: int) -> list[str]:
    """Those of one person, where so many share the keyboard."""
    if isinstance(keys, list):
        return keys
    if people > 1:
        return (keys.first, keys.second)[person]
    return [*keys.first, *keys.second] if keys.alone is None else keys.alone


def _complaint(error: ValidationError) -> str:
    """The first of pydantic's complaints, as a sentence goes on with it."""
    # Of `keys`, which may be a list or a table, only what is said about the kind that was written.
    told = [
        e for e in error.errors() if not (_is_kind(e["loc"][-1]) and isinstance(e["input"], dict))
    ]
    first = (told or error.errors())[0]
    place = [part for part in first["loc"] if not _is_kind(part)]
    where = ""
    if place[:1] in (["action"], ["axis"], ["aim"]) and len(place) > 1:
        where = f"[[{place[0]}]] number {int(place[1]) + 1}"
        kinds: dict[Any, type[BaseModel]] = {"action": ActionRow, "axis": AxisRow, "aim": AimRow}
        row = kinds[place[0]]
        place = place[2:]
    else:
        row = ControlsTable
    name = ".".join(shortened(str(part), 40) for part in place)
    if first["type"] == "extra_forbidden":
        known = Shared if len(place) > 1 else row
        hint = nearest(str(place[-1]), known.model_fields)
        return f"{where + ' has' if where else 'there is'} no setting '{name}': {hint}"
    if first["type"] == "missing":
        return f"{where or 'the table'} lacks '{name}'; add it."
    wanted = wanted_value(first)
    message = f"give {wanted}" if wanted else first["msg"][0].lower() + first["msg"][1:]
    return f"{where + ': ' if where else ''}{name} = {shortened(repr(first['input']))}: {message}."


def _is_kind(part: Any) -> bool:
    """Whether pydantic names by it which kind of `keys` it tried, which says nothing to a person."""
    return str(part).startswith("list[") or part == get_args(Keys)[1].__name__


# ------------------------------------------------------------------ which table is used


def controls_known(world: World) -> bool:
    """Whether there is a table for it, their own or ours; it may still be wrong."""
    return any(_tables_in(folder, world.id) for folder in (OWN, SHIPPED))


def serves(table: ControlsTable, world_id: str) -> bool:
    """Whether a table is for a world: by its id, or by the beginning that stands before a star."""
    return _matches(table.world, world_id)


def _matches(name: str, world_id: str) -> bool:
    return re.fullmatch(re.escape(name).replace(r"\*", ".*"), world_id) is not None


def find_table(world: World, path: Path | None = None) -> tuple[Path, ControlsTable]:
    """The table for a world and where it stands; of several the first that has its kind of actions.

    Where there is none, it is made of the keys that the environment itself offers.

    Raises:
        UserError: there is none, or the one there is is wrong.
    """
    if path is not None:
        return path, read_table(path)
    if (found := written_table(world.id, world.action_space)) is not None:
        return found
    offered = table_of_keys(world)
    if offered is None:
        raise UserError(guess_notice(world))
    return Path(f"get_keys_to_action of {world.id}"), ControlsTable.model_validate(offered)


def written_table(world_id: str, space: Any) -> tuple[Path, ControlsTable] | None:
    """The table on this disk for a world with such actions and where it stands; None if there is none.

    Raises:
        UserError: it is wrong.
    """
    paths = [p for folder in (OWN, SHIPPED) for p in _tables_in(folder, world_id)]
    found = [(path, read_table(path)) for path in paths]
    box = isinstance(space, spaces.Box)
    fitting = [(path, table) for path, table in found if bool(table.axis) == box]
    return next(iter(fitting or found), None)


def table_name(world_id: str) -> str:
    """What the file of a world's table is called, without its ending: `Kitchen-v0`."""
    return world_id.removeprefix("gpo/").replace("/", "-").replace(":", "-")


def _tables_in(folder: Path, world_id: str) -> list[Path]:
    """`NAME.toml`, `NAME.variant.toml` for other kinds of actions, then those of several worlds."""
    name = table_name(world_id)
    own = [folder / f"{name}.toml", *sorted(folder.glob(f"{glob.escape(name)}.*.toml"))]
    return [p for p in own if p.is_file()] + [
        p for p in sorted(folder.glob("*.toml")) if p not in own and _is_shared(p, world_id)
    ]


def _is_shared(path: Path, world_id: str) -> bool:
    """Whether a table names several worlds and this is one of them; whatever else may be wrong in it."""
    try:
        named = re.search(r"""(?m)^world\s*=\s*["'](.*\*.*?)["']""", path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return False
    return named is not None and _matches(named[1], world_id)
