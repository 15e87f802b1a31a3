"""Reads the words of a command into an options class, by tyro; a mistake in them is one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, field, fields, make_dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

from environments.files.trusted_code import allow
from environments.system.errors import UserError, shortened
from environments.system.suggestions import closest
from environments.terminal.arguments import Argument, complaint_of
from environments.terminal.option_fields import Option, options_of

if TYPE_CHECKING:
    from tyro._errors import ParseErrorEvent

OptionsT = TypeVar("OptionsT")
HELP = ("-h", "--help")
TRUST = Option(
    "trust",
    "--trust",
    "repeated",
    Argument("MODULE", str, gather=tuple),
    (),
    "Run environments of this module where a file names them; kept for this folder.",
)


def read_options(
    kind: type[OptionsT],
    verb: Callable[..., Any],
    arguments: Sequence[str],
    *,
    trust: bool = False,
    more: str = "",
) -> OptionsT:
    """The options that the words of a command give, or its help and the end.

    Args:
        kind: a frozen dataclass; `environments.terminal.arguments.Argument` says how a field is written.
        verb: its name (`demos_list`) is what one types, the first line of its docstring what it does.
        arguments: the words behind the verb.
        trust: also takes `--trust MODULE`, for verbs that read files which name environments.
        more: a paragraph of the help.

    Raises:
        UserError: a word that is none, that no option is called by, or that an option cannot take.
        SystemExit: after the help.
    """
    prog = f"gpo {verb.__name__.replace('_', ' ')}"
    options = [*options_of(kind), *([TRUST] if trust else [])]
    _check_words(arguments, options, prog)
    given = _parsed(options, prog, "\n\n".join(filter(None, (verb.__doc__, more))), arguments)
    for module in given.pop("trust", ()):
        allow(module)
    assert {one.name for one in fields(kind)} == set(given)  # type: ignore[arg-type]
    return kind(**given)


def _check_words(words: Sequence[str], options: Sequence[Option], prog: str) -> None:
    """Refuse words that are no text, and options that there are not, wherever they stand."""
    for word in words:
        if (complaint := complaint_of(word)) is not None:
            raise UserError(f"{complaint}; type `{prog} --help`.")
    known = {flag: option for option in options for flag in option.flags}
    for word in words:
        if word == "--":
            return
        name, equals, _ = word.partition("=")
        if not name.startswith("-") or name == "-" or _is_number(word) or " " in name:
            continue
        if name not in known and name not in HELP:
            near = closest(name, known)
            hint = f"did you mean {near}?" if near else f"type `{prog} --help`."
            raise UserError(f"`{prog}` has no option {shortened(name)}; {hint}")
        if equals and (name in HELP or known[name].shape in ("switch", "on or off")):
            raise UserError(f"{name} takes no value; type `{prog} --help`.")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _parsed(
    options: Sequence[Option], prog: str, about: str, arguments: Sequence[str]
) -> dict[str, Any]:
    """The value of each option, by its name."""
    import tyro
    from tyro._errors import on_parse_error  # else tyro would print boxes of its own

    shape = make_dataclass("Options", [_tyro_field(one, prog) for one in options], kw_only=True)
    with on_parse_error(lambda event: _refuse(event, options, prog)):
        given: Any = tyro.cli(shape, prog=prog, description=about, args=list(arguments))
    return {option.name: _given(getattr(given, option.name), option, prog) for option in options}


def _given(found: Any, option: Option, prog: str) -> Any:
    if found is MISSING:
        raise UserError(_missing([option], prog))
    if option.shape == "repeated":
        return option.value(found) if found else option.default
    return found


def _tyro_field(option: Option, prog: str) -> tuple[str, Any, Any]:
    """The field of a dataclass by which tyro reads an option."""
    from tyro import conf
    from tyro.constructors import PrimitiveConstructorSpec

    extras: list[Any] = [
        conf.arg(
            name=option.label[2:] if option.flags else None,
            metavar=option.usage or None,
            help=option.help,
            help_behavior_hint=_behavior(option),
        )
    ]
    if not option.usage:
        extras += [conf.FlagCreatePairsOff] if option.shape == "switch" else []
        return option.name, Annotated[(bool, *extras)], field(default=option.default)
    spec = PrimitiveConstructorSpec[Any](
        nargs={"one": 1, "repeated": 1, "pair": 2}.get(option.shape, "*"),
        metavar=option.argument.metavar,
        instance_from_str=lambda words: _read(option, words, prog),
        is_instance=lambda value: True,
        str_from_instance=lambda value: [str(value)],
    )
    if option.shape == "repeated":
        each = conf.UseAppendAction[list[Annotated[Any, spec]]]
        return option.name, Annotated[(each, *extras)], field(default_factory=list)
    if option.argument.positional:
        extras.append(conf.Positional)
    must = option.required and option.shape != "several"  # tyro takes none as several, too
    default = field() if must else field(default=option.default)
    return option.name, Annotated[(Any, spec, *extras)], default


def _behavior(option: Option) -> str:
    """What the help says behind an option's meaning."""
    if option.shape == "repeated":
        return "(repeatable)"
    if option.required or option.default is False or option.default in (None, (), {}, ""):
        return ""
    default = option.default
    return f"(default: {f'{default:g}' if isinstance(default, float) else default})"


def _read(option: Option, words: Sequence[str], prog: str) -> Any:
    if not words and option.required:
        raise UserError(_missing([option], prog))
    if not words:
        raise UserError(_valueless(option, prog))
    found = option.read(words, prog)
    return found[0] if option.shape == "repeated" else option.value(found)


# ------------------------------------------------------------------ what was wrong


def _refuse(event: ParseErrorEvent, options: Sequence[Option], prog: str) -> NoReturn:
    """Tell what tyro found wrong as one sentence."""
    from tyro import _errors

    sentence = f"these arguments cannot be read; type `{prog} --help`."
    if isinstance(event, _errors.UnrecognizedArgs):
        word = shortened(event.tokens[0])
        sentence = f"the argument '{word}' is one too many; type `{prog} --help`."
    elif isinstance(event, _errors.MissingArgs):
        names = {argument.arg.field.intern_name for argument in event.missing_arguments}
        sentence = _missing([option for option in options if option.name in names], prog)
    elif isinstance(event, _errors.BadValue):
        name = event.argument.field.intern_name
        sentence = _valueless(next(one for one in options if one.name == name), prog)
    raise UserError(sentence)


def _missing(options: Sequence[Option], prog: str) -> str:
    names = " and ".join(
        f"{option.label} {option.usage}" if option.flags else option.usage for option in options
    )
    are = "are" if len(options) > 1 else "is"
    return f"{names} {are} missing; type `{prog} --help`."


def _valueless(option: Option, prog: str) -> str:
    if option.shape == "pair":
        return f"{option.label} takes two values: give {option.usage}; type `{prog} --help`."
    return f"{option.label} has no value: give {option.usage}; type `{prog} --help`."
