"""Every setting that a recipe may hold, read from the settings classes: default, unit and meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from training.run.recipe import Recipe

ENTRY = "NAME"  # stands for the name of a cost in `costs.NAME`
_UNIT = re.compile(r"^(?P<meaning>.*?)\s*\[(?P<unit>[^][]+)\]$", re.DOTALL)


_TABLE = re.compile(r"^`\[[^]]*\]`( of a recipe)?: *")


class Setting(NamedTuple):
    """One setting of a recipe."""

    section: str  # "refine.loss", "costs.NAME", or "" for what stands above all sections
    key: str
    default: Any  # REQUIRED where a recipe must say it
    unit: str  # "s", "steps", or "" for a plain number, a name or a switch
    meaning: str

    @property
    def place(self) -> str:
        """Its name on the command line, without the dashes: `refine.loss.clip`."""
        return f"{self.section}.{self.key}" if self.section else self.key


class Section(NamedTuple):
    """A table of a recipe."""

    name: str  # "refine.loss", or "" for what stands above all tables
    meaning: str
    is_array: bool  # written `[[partner.mixture]]`, once for each
    settings: tuple[Setting, ...]


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


def sections(model: type[BaseModel] = Recipe, name: str = "", array: bool = False) -> list[Section]:
    """The tables of a recipe in the order of their fields, each before those within it."""
    plain: list[Setting] = []
    inner: list[Section] = []
    for key, field in model.model_fields.items():
        place = f"{name}.{key}" if name else key
        found = _model_in(field.annotation)
        if found is None:
            plain.append(_setting(name, key, field))
            continue
        kind, shape = found
        named = f"{place}.{ENTRY}" if shape == "by name" else place
        inner += sections(kind, named, array=shape == "several")
    return [Section(name, _purpose(model), array, tuple(plain)), *inner]


def _purpose(model: type[BaseModel]) -> str:
    """The first paragraph of a settings class's docstring, without the name of its table."""
    told = " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())
    told = _TABLE.sub("", told)
    return told[:1].upper() + told[1:]


def _model_in(annotation: Any) -> tuple[type[BaseModel], str] | None:
    """The settings class that a field holds one of, several of, or some by name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, "one"
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part, "by name" if get_origin(annotation) is dict else "several"
    return None


def _setting(section: str, key: str, field: FieldInfo) -> Setting:
    text = " ".join((field.description or "").split())
    parts = _UNIT.match(text)
    default = REQUIRED if field.is_required() else field.get_default(call_default_factory=True)
    unit, meaning = ("", text) if parts is None else (parts["unit"], parts["meaning"])
    if get_origin(field.annotation) is Literal:
        meaning += f" One of {', '.join(map(as_toml, get_args(field.annotation)))}."
    return Setting(section, key, default, unit, meaning)


def chosen(name: str) -> list[Section]:
    """The sections, or the one setting, that a name means: `refine` is also `refine.loss`."""
    found = []
    for section in sections():
        plain = section.name.removesuffix(f".{ENTRY}")
        settings = tuple(one for one in section.settings if one.place == name)
        if f"{plain}.".startswith(f"{name}.") or section.name == name:
            found.append(section)
        elif settings:
            found.append(section._replace(settings=settings))
    return found


def known_names() -> Iterator[str]:
    """Every name that `chosen` knows."""
    for section in sections():
        yield section.name.removesuffix(f".{ENTRY}")
        yield from (setting.place for setting in section.settings)


def as_toml(value: Any) -> str:
    """A value as a recipe says it."""
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(key)} = {as_toml(inner)}" for key, inner in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:_}"
    return json.dumps(value, ensure_ascii=False)
