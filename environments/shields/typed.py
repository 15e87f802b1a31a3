"""Shields that a person writes: in a recipe, or on the command line as a name or a file of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from environments.files.readers import Unreadable, read_json, read_toml
from environments.files.trusted_code import refuse_standard_library, remember, type_in
from environments.shields.rules import OWN, read_rules
from environments.simulation.world import World
from environments.system.errors import UserError

FORMAT = "gpo-shield-1"  # of the table that stands beside an exported agent
AnyWorld = TypeVar("AnyWorld", bound=World)


def written_rules(given: Any) -> Any:
    """Rules as they stand in a person's recipe: a function that is named there may be called from now on."""
    name = given.get(OWN) if isinstance(given, Mapping) else given
    if isinstance(name, str) and ":" in name:
        refuse_standard_library(name, name.partition(":")[0])
        type_in(name)
        remember(name)
    return given


def behind(world: AnyWorld, typed: str | None) -> AnyWorld:
    """The world with the shield that was typed: `module:name`, or a .toml or .json file of rules.

    A function that such a file names is not thereby allowed: the file may come from another person.

    Raises:
        UserError: there is no such file, or its rules do not fit the world.
    """
    if typed is None:
        return world
    if Path(typed).suffix in (".toml", ".json"):
        return replace(world, shield_rules=read_rules(_of_file(Path(typed)), world))
    if ":" not in typed:
        raise UserError(
            f"--shield-by is '{typed}': give it module:name, of a function of an observation and an action, "
            "or a .toml or .json file of rules."
        )
    return replace(world, shield_rules=read_rules(written_rules(typed), world))


def table_beside(rules: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    """The table that is written beside an exported agent, as JSON.

    Args:
        rules: as `read_rules` gave them; a function of a person's own stands there by its name.
        described: `World.describe()` of the agent's world.
    """
    return {
        "format": FORMAT,
        "world": described.get("world"),
        "observation": described.get("observation"),
        "action": described.get("action"),
        "rules": dict(rules),
    }


def _of_file(path: Path) -> Any:
    if not path.is_file():
        raise UserError(f"There is no file {path} of a shield's rules, which --shield-by names.")
    try:
        found = read_json(path) if path.suffix == ".json" else read_toml(path)
    except Unreadable as error:
        raise UserError(f"{path} holds no shield: it {error}.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    if isinstance(found, dict) and found.get("format") == FORMAT:
        return found.get("rules")
    return found
