"""Worlds that agents, runs and recordings name; such a name is data until it is allowed.

It may be one of ours, an id that an installed package has registered, or what
`environments.files.trusted_code` allows; parameters are plain values. Whatever a person types goes to
`catalog.make_world` instead.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from environments.catalog import WORLDS, make_known, plain_name
from environments.external.games.factories import is_gymnasium_id, is_pettingzoo_id
from environments.external.world import Declared, declare
from environments.files.trusted_code import allowed, module_of
from environments.simulation.world import World
from environments.system.errors import UserError

LONGEST = 10_000  # characters of a parameter in words
_CODE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")  # what names code: `module:Class`


def described_world(
    described: Mapping[str, Any], source: str, changes: Mapping[str, Any] | None = None
) -> World:
    """The world that a file describes (`World.describe`), as it is today.

    Args:
        described: it, as the file has it.
        source: the file, as a sentence begins with it.
        changes: parameters that a person typed, instead of those of the file.

    Raises:
        UserError: as `named_world`; or a parameter cannot be made again from its words.
    """
    name, params = described.get("world"), described.get("params") or {}
    if not isinstance(name, str) or not isinstance(params, Mapping):
        raise UserError(f"{source} does not say what world it is of: choose another file.")
    if plain_name(name) not in WORLDS:  # of an external one only the text was kept
        params = {key: _from_words(source, name, key, text) for key, text in params.items()}
    world = named_world(name, params, source, changes)
    try:
        return declare(world, Declared.of_description(described))
    except UserError as problem:
        raise UserError(f"{source} cannot be used: {problem}") from problem


def named_world(
    name: str, params: Mapping[str, Any], source: str, changes: Mapping[str, Any] | None = None
) -> World:
    """The world of a name and parameters that a file holds.

    Raises:
        UserError: nobody has allowed that name here, there is no such world, or it has no such parameters.
    """
    name = plain_name(name)
    _require_trust(name, source)
    given = {key: value for key, value in params.items() if key not in (changes or {})}
    for key, value in given.items():
        if not (isinstance(key, str) and _is_plain(value)):
            raise UserError(
                f"{source} has the parameter {str(key)[:40]} of {name}, which is no plain value."
            )
    if len(repr(given)) > LONGEST:
        raise UserError(f"{source} has parameters of {name} of more than {LONGEST:,} characters.")
    try:
        return make_known(name, {**given, **(changes or {})}, recorded=True)
    except UserError as problem:
        if changes:
            raise
        raise UserError(f"{source} cannot be used: {problem}") from problem


def _require_trust(name: str, source: str) -> None:
    """Refuse a name that is neither one of ours, nor registered, nor allowed.

    Raises:
        UserError: it says what to type.
    """
    if name.startswith("gpo/") or (":" not in name and _is_registered(name)):
        return
    if ":" not in name:
        raise UserError(
            f"{source} is of the environment '{name[:80]}', which no installed package registers: install "
            "the one that does."
        )
    if not allowed(name):
        module = module_of(name)[:80]
        raise UserError(
            f"{source} is of the environment '{name[:80]}', and to make it the code of '{module}' would be "
            f"run: if you know and trust that, type --trust {module} (once in this folder)."
        )


def _is_registered(name: str) -> bool:
    return is_gymnasium_id(name) or is_pettingzoo_id(name)


def _from_words(source: str, name: str, key: str, text: Any) -> Any:
    """What an external world was made with; only its text was kept."""
    try:
        if not isinstance(text, str) or len(text) > LONGEST:
            raise ValueError("no words")
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise UserError(
            f"{source} is of {name[:80]} made with {key}={str(text)[:80]}, which cannot be made again from "
            "these words."
        ) from error


def _is_plain(value: Any) -> bool:
    """Whether it is a value that JSON has (a tuple is a list), and names no code."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, str):
        return _CODE.fullmatch(value) is None
    return value is None or isinstance(value, bool | int | float)
