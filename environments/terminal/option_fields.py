"""The options of a verb, read from the fields of its options class: names, defaults, readers and help."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from environments.system.errors import UserError, shortened
from environments.terminal.arguments import MOST, Argument, amount, at_least, one_of, unfit
from environments.terminal.field_docs import field_docs


@dataclass(frozen=True)
class Option:
    """One option or positional argument of a verb."""

    name: str
    """Of the field."""
    label: str
    """`--seed`, or `AGENT` where its place says what it is."""
    shape: Literal["switch", "on or off", "one", "pair", "several", "repeated"]
    """How many words it takes, and how often it may be given."""
    argument: Argument
    default: Any
    """`MISSING` where it must be given."""
    help: str

    @property
    def flags(self) -> tuple[str, ...]:
        """Every spelling of it; none where it is known by its place."""
        if self.argument.positional:
            return ()
        off = (f"--no-{self.label[2:]}",) if self.shape == "on or off" else ()
        return (self.label, *off)

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is MISSING

    @property
    def usage(self) -> str:
        """What stands for its values: `N`, `N [N ...]`, or nothing for a switch."""
        if self.shape in ("switch", "on or off"):
            return ""
        metavar = self.argument.metavar
        if self.shape == "pair" and " " not in metavar:
            return f"{metavar} {metavar}"
        return f"{metavar} [{metavar} ...]" if self.shape == "several" else metavar

    def read(self, words: Sequence[str], prog: str) -> list[Any]:
        """What each of its words means.

        Raises:
            UserError: a word that cannot be read.
        """
        assert self.argument.read is not None
        try:
            return [self.argument.read(word) for word in words]
        except ValueError as error:
            told = shortened(str(error).rstrip("."), 400)
            raise UserError(f"{self.label}: {told}; type `{prog} --help`.") from None

    def value(self, found: list[Any]) -> Any:
        """The field's value, of what its words mean."""
        if self.shape == "one":
            return found[0]
        return found if self.argument.gather is None else self.argument.gather(found)


def options_of(kind: type) -> list[Option]:
    """The options of an options class: positional ones, then its own, then the others it inherits."""
    hints, docs = get_type_hints(kind, include_extras=True), field_docs(kind)
    options = {
        one.name: _option(one, hints[one.name], docs.get(one.name, "")) for one in fields(kind)
    }
    own_first = dict.fromkeys(
        name for each in kind.__mro__ for name in vars(each).get("__annotations__", ())
    )
    flagged = [options[name] for name in own_first if name in options and options[name].flags]
    return [*(one for one in options.values() if not one.flags), *flagged]


def _option(field: Field[Any], hint: Any, doc: str) -> Option:
    given = Argument()
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        given = next((extra for extra in extras if isinstance(extra, Argument)), given)
    hint = _without_none(hint)
    name = field.name.replace("_", "-")
    default = field.default if field.default_factory is MISSING else field.default_factory()
    metavar = given.metavar or _metavar(hint, name)
    return Option(
        field.name,
        metavar if given.positional else given.flag or f"--{name}",
        _shape(hint, default, given),
        Argument(
            metavar,
            given.read or _reader(hint),
            given.flag,
            given.positional,
            given.repeat,
            given.gather or _gatherer(hint),
        ),
        default,
        doc,
    )


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not type(None))
    return hint


def _shape(hint: Any, default: Any, given: Argument) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if hint is bool:
        return "on or off" if default is True else "switch"
    if origin is not None and _is_kind(origin, Mapping):
        return "repeated"
    if origin is tuple and len(inner) == 2 and inner[1] is not Ellipsis:
        return "pair"
    if origin is not None and _is_kind(origin, Sequence):
        return "repeated" if given.repeat else "several"
    return "one"


def _is_kind(origin: Any, kind: type) -> bool:
    return isinstance(origin, type) and issubclass(origin, kind)


def _metavar(hint: Any, name: str) -> str:
    if get_origin(hint) is Literal:
        return "|".join(map(str, get_args(hint)))
    return name.upper()


def _reader(hint: Any) -> Callable[[str], Any]:
    if get_origin(hint) is Literal:
        return one_of(get_args(hint))
    inner = [part for part in get_args(hint) if part is not Ellipsis]
    scalar = inner[-1] if inner else hint
    if get_origin(scalar) is Literal:
        return one_of(get_args(scalar))
    readers: dict[Any, Callable[[str], Any]] = {
        int: at_least(-MOST),
        float: amount(),
        Path: lambda text: Path(_name(text)),
    }
    return readers.get(scalar, _name)


def _name(text: str) -> str:
    if (complaint := unfit(text)) is not None:
        raise ValueError(complaint)
    return text


def _gatherer(hint: Any) -> Callable[[list[Any]], Any] | None:
    origin = get_origin(hint)
    if origin is None:
        return None
    return dict if _is_kind(origin, Mapping) else tuple
