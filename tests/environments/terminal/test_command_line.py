"""How an options class is read from the words of a command, and what is said where that cannot be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from environments.system.errors import UserError
from environments.terminal.arguments import (
    Argument,
    amount,
    at_least,
    joined,
    pair,
    seed_number,
    setting,
    span,
)
from environments.terminal.command_line import read_options
from environments.terminal.field_docs import field_docs
from environments.terminal.option_fields import options_of


@dataclass(frozen=True, kw_only=True)
class SomeShared:
    """What another class has, too."""

    root: Path = Path("datasets")
    """Where datasets are kept."""
    shield: bool = False
    """Behind the shield."""


@dataclass(frozen=True)
class SomeOptions(SomeShared):
    """One of every shape."""

    agent: Annotated[str, Argument("AGENT", positional=True)]
    """Who
    plays."""
    numbers: Annotated[list[int], Argument("N", span, positional=True, gather=joined)]
    """Episodes."""
    into: Annotated[tuple[str, str], Argument("NAME")]
    """Two names."""
    seed: Annotated[int | None, Argument("N", seed_number)] = None
    """Of the first."""
    count: int = 3
    """How many."""
    share: Annotated[float, Argument("X", amount(0, 1))] = 0.5
    """Of all."""
    level: Literal["easy", "hard"] | None = None
    """How hard."""
    people: Literal[1, 2] = 1
    """How many."""
    player: str | None = None
    """A name."""
    panels: bool = True
    """Shown."""
    against: Sequence[str] = ()
    """The others."""
    rivals: Annotated[tuple[str, ...], Argument("NAME", repeat=True, flag="--rival")] = ()
    """More of them."""
    params: Annotated[Mapping[str, Any], Argument("NAME=VALUE", setting, flag="--param")] = field(
        default_factory=dict
    )
    """Of the world."""
    limits: Annotated[Mapping[str, float] | None, Argument("COST=MOST", pair)] = None
    """Of costs."""


LEAST = ("agent", "3", "--into", "a", "b")
PLAIN = {"agent": "agent", "numbers": [3], "into": ("a", "b")}


def some_verb(arguments):
    """Do something."""


def read(*words):
    return read_options(SomeOptions, some_verb, words)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {}),
        ("--seed 4", {"seed": 4}),
        ("--seed=4", {"seed": 4}),
        ("--seed 4 --seed 5", {"seed": 5}),
        ("--count -2", {"count": -2}),
        ("--count=-2", {"count": -2}),
        ("--share 1e-3", {"share": 1e-3}),
        ("--share .5", {"share": 0.5}),
        ("--level hard", {"level": "hard"}),
        ("--people 2", {"people": 2}),
        ("--player None", {"player": "None"}),
        ("--player=--seed", {"player": "--seed"}),
        ("--player -", {"player": "-"}),
        ("--panels", {"panels": True}),
        ("--no-panels", {"panels": False}),
        ("--no-panels --panels", {"panels": True}),
        ("--shield", {"shield": True}),
        ("--root x/y", {"root": Path("x/y")}),
        ("--against c d e", {"against": ("c", "d", "e")}),
        ("--against c --against d", {"against": ("d",)}),
        ("--rival c --rival d", {"rivals": ("c", "d")}),
        ("--param a=1 --param b=[1,2] --param c=x", {"params": {"a": 1, "b": [1, 2], "c": "x"}}),
        ("--param a=1 --param a=2", {"params": {"a": 2}}),
        ("--limits a=1", {"limits": {"a": 1.0}}),
    ],
)
def test_options_are_read(words, found):
    expected = SomeOptions(**{**PLAIN, **found})
    assert read(*LEAST, *words.split()) == expected
    assert read(*words.split(), *LEAST[2:], "--", *LEAST[:2]) == expected


def test_places_are_filled_wherever_they_stand():
    assert read("--seed", "4", "agent", "--into", "a", "b", "3", "7-9").numbers == [3, 7, 8, 9]
    assert read("--into", "a", "b", "--", "-x", "3").agent == "-x"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--sede 4", "`gpo some verb` has no option --sede; did you mean --seed?"),
        ("--rivals c", "did you mean --rival?"),
        ("--see 4", "did you mean --seed?"),
        ("--xyzzy", "`gpo some verb` has no option --xyzzy; type `gpo some verb --help`."),
        ("-s 4", "`gpo some verb` has no option -s; "),
        ("---", "`gpo some verb` has no option ---; type"),
        ("--no-shield", "did you mean --shield?"),
        ("--shield=yes", "--shield takes no value; type"),
        ("--panels=1", "--panels takes no value; type"),
        ("--help=x", "--help takes no value"),
        ("--seed", "--seed has no value: give N; type `gpo some verb --help`."),
        ("--seed --shield", "--seed has no value"),
        ("--seed -- 4", "--seed has no value"),
        ("--seed=", "--seed: '' is not a whole number"),
        ("--against", "--against has no value: give AGAINST [AGAINST ...]"),
        ("--param", "--param has no value: give NAME=VALUE"),
        ("--param a", "--param: 'a' is not NAME=VALUE"),
        ("--limits a=x", "--limits: 'a=x' is not NAME=NUMBER"),
        ("--seed many", "--seed: 'many' is not a whole number"),
        ("--seed -1", "--seed: -1 is less than 0"),
        ("--count 1.5", "--count: '1.5' is not a whole number"),
        ("--share 1.001", "--share: 1.001 is more than 1"),
        ("--share -0.001", "--share: -0.001 is less than 0"),
        ("--share nan", "--share: 'nan' is not a finite number"),
        ("--level hrad", "--level: 'hrad' is none of its values; did you mean hard?"),
        ("--level x", "--level: 'x' is none of its values; give easy or hard"),
        ("--people 3", "--people: '3' is none of its values; give 1 or 2"),
        ("--player=", "--player: a name is empty"),
        ("--into a", "--into takes two values: give NAME NAME"),
        ("-5", "the argument '-5' is one too many"),
    ],
)
def test_a_mistake_says_what_and_where(words, said):
    with pytest.raises(UserError) as caught:
        read(*LEAST, *words.split())
    assert said in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "AGENT and --into NAME NAME are missing; type `gpo some verb --help`."),
        ("agent --into a b", "N [N ...] is missing; type"),
        ("agent 3", "--into NAME NAME is missing; type"),
        ("3 --into a b", "N [N ...] is missing"),
    ],
)
def test_what_is_missing_is_named(words, said):
    with pytest.raises(UserError) as caught:
        read(*words.split())
    assert said in str(caught.value)


def test_the_value_at_a_bound_is_one():
    assert read(*LEAST, "--share", "0").share == 0
    assert read(*LEAST, "--share", "1").share == 1
    assert at_least(2, 3)("2") == 2
    assert at_least(2, 3)("3") == 3
    for beyond in ("1", "4"):
        with pytest.raises(ValueError, match=beyond):
            at_least(2, 3)(beyond)


def test_help_ends_the_program_and_says_each_thing_once(capsys):
    with pytest.raises(SystemExit) as ended:
        read("--help")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "Do something." in said
    for option in options_of(SomeOptions):
        assert said.count(option.help) >= 1
    assert "(default: 0.5)" in said
    assert "default: None" not in said
    assert "default: ()" not in said
    assert "\x1b" not in said


def test_options_come_in_the_order_one_reads():
    names = [option.name for option in options_of(SomeOptions)]
    assert names[:3] == ["agent", "numbers", "into"]
    assert names[-2:] == ["root", "shield"]
    assert sorted(names) == sorted(one.name for one in fields(SomeOptions))


def test_docstrings_under_fields_are_read_with_those_inherited():
    docs = field_docs(SomeOptions)
    assert docs["agent"] == "Who plays."
    assert docs["root"] == "Where datasets are kept."
    assert set(docs) == {one.name for one in fields(SomeOptions)}


def test_tyro_s_own_boxes_are_never_seen(capsys):
    """Whatever tyro refuses, by itself or through us, it prints nothing."""
    for words in (["--seed"], [], [*LEAST, "--", "x", "y"], [*LEAST, "--share", "x"]):
        with pytest.raises(UserError):
            read(*words)
    assert capsys.readouterr() == ("", "")
