"""Options of the command line: what means nothing is one sentence, told before any work is done for it."""

from __future__ import annotations

import inspect
import random
from dataclasses import fields

import pytest

import gpo
from agents.evaluation.games import HELD_OUT
from demos.cli.options import (
    ExportDatasetOptions,
    RelabelOptions,
    SplitOptions,
    TrimOptions,
    UndeleteOptions,
)
from demos.data.editing.delete import undelete
from demos.data.editing.merge_split import split
from demos.data.editing.relabel import relabel
from demos.data.editing.trim import trim
from demos.data.exchange.formats import export
from environments.external.trial.isolated import PATIENCE
from environments.terminal.arguments import MOST, SEEDS, SPAN
from training.evaluation.options import EvaluateOptions

BALANCE, COURIER, KITCHEN, DUEL = (
    f"gpo/{name}-v0" for name in ("Balance", "Courier", "Kitchen", "Duel")
)
EVALUATE = ("evaluate", "random", "--world", BALANCE)
COLLECT = ("demos", "collect", "new")
BY_CHANCE = ("--player", "random", "--episodes", "1", "--horizon", "5")


def defaults(function):
    """The defaults of a function's arguments, by name."""
    arguments = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in arguments if one.default is not one.empty}


@pytest.fixture(autouse=True)
def _somewhere(tmp_path, monkeypatch):
    """Nothing lies here, and nothing of ours is written over."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def refused(capsys):
    """The one sentence with which a command ends."""

    def sentence(*arguments):
        code = gpo.main(list(arguments))
        said = capsys.readouterr().err
        assert code == 2, said
        assert said.endswith("\n")
        lines = said.splitlines()
        assert len(lines) == 1 or arguments[0] == "train", (
            said
        )  # of a recipe each mistake has a line
        assert all(line.startswith("gpo: ") and line.isprintable() for line in lines)
        assert len(said) < 2_500
        return said

    return sentence


# ------------------------------------------------------------------ defaults


@pytest.mark.parametrize(
    ("kind", "name", "default"),
    [
        (EvaluateOptions, "seed", HELD_OUT),
        (EvaluateOptions, "patience", PATIENCE),
        *((TrimOptions, name, default) for name, default in defaults(trim).items()),
        *((SplitOptions, name, default) for name, default in defaults(split).items()),
        *((RelabelOptions, name, default) for name, default in defaults(relabel).items()),
        *((UndeleteOptions, name, default) for name, default in defaults(undelete).items()),
        *((ExportDatasetOptions, name, default) for name, default in defaults(export).items()),
    ],
)
def test_an_option_has_the_default_of_what_it_is_for(kind, name, default):
    """These stand twice: in a light file for the help, and in a heavy one for Python."""
    assert {one.name: one.default for one in fields(kind)}[name] == default


# ------------------------------------------------------------------ whole numbers


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (str(SEEDS + 1), f"is more than {SEEDS}"),
        (str(2**64), f"is more than {SEEDS}"),
        ("-1", "-1 is less than 0"),
        ("9" * 40, f"is more than {SEEDS}"),
        ("9" * 41, "has 41 digits"),
        ("9" * 4_400, "has 4,400 digits"),
        ("-" + "9" * 4_400, "has 4,400 digits"),
        ("1e3", "'1e3' is not a whole number"),
        ("nan", "'nan' is not a whole number"),
        ("0x10", "is not a whole number"),
    ],
)
@pytest.mark.parametrize(
    "command", [EVALUATE, ("train", "cramped_room"), ("demos", "split", "x", "--share", "0.5")]
)
def test_a_seed_that_no_game_has(refused, command, number, said):
    assert said in refused(*command, f"--seed={number}")


def test_the_largest_seed_is_one(capsys):
    games = ("--episodes", "2", "--horizon", "2")  # the second game's seed is beyond 63 bits
    assert gpo.main([*EVALUATE, "--seed", str(SEEDS), *games]) == 0
    assert capsys.readouterr().err == ""


def test_a_recipe_s_seed_has_32_bits(refused):
    assert "seed = 4294967296" in refused("train", "cramped_room", "--seed", str(2**32))
    assert "no dataset" in refused("train", "cramped_room", "--seed", str(2**32 - 1))


@pytest.mark.parametrize(
    "command",
    [
        (*EVALUATE, "--episodes"),
        (*EVALUATE, "--horizon"),
        (*COLLECT, BALANCE, "--player", "random", "--episodes"),
        (*COLLECT, BALANCE, "--player", "random", "--horizon"),
        ("watch", BALANCE, "--games"),
        ("play", "a", "--games"),
        ("record", BALANCE, "--episodes"),
        ("demos", "replay", "x"),
        ("demos", "trim", "x", "--shortest"),
        ("demos", "filter", "x", "--min-steps"),
        ("evaluate", "a", "--seat"),
    ],
)
@pytest.mark.parametrize("number", [MOST + 1, 10**12, 10**39])
def test_more_games_and_steps_than_can_be_counted(refused, command, number):
    assert f"{number} is more than {MOST}" in refused(*command, str(number))


def test_games_that_do_not_fit_into_memory_are_refused_before_one_is_played(refused):
    assert "--episodes = 2,147,483,647 takes at least" in refused(*EVALUATE, f"--episodes={MOST}")
    said = refused(*COLLECT, BALANCE, "--player", "random", f"--horizon={MOST}")
    assert "A game as long as its horizon takes at least" in said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ("7-999999999999", "is neither a number"),
        (f"0-{MOST + 1}", "is neither a number"),
        (f"0-{MOST}", "That names 2,147,483,648 episodes; name at most 1,000,000."),
        (f"0-{SPAN}", "That names 1,000,001 episodes"),
        (f"0-{SPAN - 1}", "no dataset x"),
        ("9-7", "is neither a number"),
        ("7-", "is neither a number"),
        ("-", "is neither a number"),
        ("9" * 4_400, "is neither a number"),
        ("1-2-3", "is neither a number"),
        ("٣x", "is neither a number"),
    ],
)
def test_spans_of_episodes_are_bounded(refused, span, said):
    for command in (("delete", "x"), ("undelete", "x"), ("verify", "x", "--episodes")):
        assert said in refused("demos", *command, span)


# ------------------------------------------------------------------ numbers


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999", "-1e999", "NaN", "infinity"])
@pytest.mark.parametrize(
    "command",
    [
        ("record", BALANCE, "--fps"),
        ("play", "a", "--settle"),
        ("demos", "trim", "x", "--near-zero"),
        ("demos", "filter", "x", "--max-late"),
        ("demos", "filter", "x", "--min-return"),
        ("demos", "filter", "x", "--max-star"),
        ("demos", "split", "x", "--share"),
    ],
)
def test_a_number_is_finite(refused, command, number):
    *verb, option = command
    assert "is not a finite number" in refused(*verb, f"{option}={number}")


@pytest.mark.parametrize("number", ["nan", "inf", "1e999", "a", ""])
def test_a_cost_s_number_is_finite(refused, number):
    for command in (("demos", "filter", "x", "--max-cost"), ("record", BALANCE, "--limit")):
        assert "is not NAME=NUMBER" in refused(*command, f"off_centre={number}")


@pytest.mark.parametrize(
    ("option", "number", "said"),
    [
        ("--fps", "0.009", "0.009 is less than 0.01"),
        ("--fps", "1001", "1001 is more than 1000"),
        ("--fps", "x" * 500, "...' is not a number"),
    ],
)
def test_a_number_has_bounds(refused, option, number, said):
    assert said in refused("record", BALANCE, option, number)


# ------------------------------------------------------------------ words


@pytest.mark.parametrize("word", ["a\0b", "\0", "\ud800", "a\udcffb"])
def test_what_is_no_text_is_refused_wherever_it_stands(refused, word):
    for verb in (verb for verb in gpo.VERBS if verb != "demos"):
        assert "is no text" in refused(verb, word), verb
        assert "is no text" in refused(verb, "a", f"--root={word}"), verb
    for verb in gpo.DEMOS:
        assert "is no text" in refused("demos", verb, word), verb
    assert "there is no verb" in refused(word)
    assert "there is no verb" in refused("demos", word)
    refused("train", "cramped_room", f"--data.train={word}")
    refused("train", "cramped_room", f"--reward.weights.{word}=1")


@pytest.mark.parametrize("verb", [*gpo.VERBS, *(f"demos {verb}" for verb in gpo.DEMOS)])
def test_an_empty_word_is_refused(refused, verb):
    refused(*verb.split(), "")


@pytest.mark.parametrize(
    "name", ["a" * 256, "a" * 5_000, "ä" * 128, "a/" * 2_049, "a/" + "b" * 256]
)
def test_names_that_no_disk_takes_are_refused(refused, name):
    for command in (
        ("evaluate",),
        ("watch",),
        ("export",),
        ("play",),
        ("record",),
        ("controls",),
        ("demos", "info"),
        ("demos", "merge", "x", "--into"),
        ("train", "cramped_room", "--run"),
        ("train",),
        ("demo", "--run"),
        ("demos", "list", "--root"),
        ("demos", "import", "npz"),
    ):
        assert "is too long: give at most 255 letters" in refused(*command, name), command


@pytest.mark.parametrize("name", ["a" * 255, "a/" * 1_000 + "a"])
def test_names_that_are_just_short_enough_are_looked_for(refused, name):
    assert "too long" not in refused("evaluate", name)


@pytest.mark.parametrize("name", [":", ":b", "a:", "a.:b", ".a:b", "a..b:c", "...:x", "/:x"])
def test_a_world_of_no_module_is_refused(refused, name):
    assert repr(name)[1:-1] in refused("evaluate", "random", "--world", name)


# ------------------------------------------------------------------ parameters and options

WRONG_PARAMS = [
    (BALANCE, "gravity=a", "takes no gravity = 'a': give a finite number"),
    (BALANCE, "gravity=true", "takes no gravity = True"),
    (BALANCE, "gravity=[1]", "takes no gravity = [1]"),
    (BALANCE, "gravity=inf", "is not finite"),
    (BALANCE, "gravity=[1, inf]", "is not finite"),
    (BALANCE, "gravity=nan", "holds nan"),
    (BALANCE, "gravity=1e999", "is not finite"),
    (BALANCE, "gravity=1979-05-27", "put it into quotes"),
    (BALANCE, "gravity=-1", "give a number from 1e-09"),
    (BALANCE, "gravity=0.9e-9", "give a number from 1e-09"),
    (BALANCE, "gravity=1.1e9", "to 1e+09"),
    (BALANCE, f"gravity={'9' * 40}", "to 1e+09"),
    (BALANCE, f"gravity={'9' * 4_400}", "holds a value that is none"),
    (BALANCE, f"gravity={'[' * 65}{']' * 65}", "is nested more than 64 deep"),
    (BALANCE, "gravity", "is not NAME=VALUE"),
    (BALANCE, "=1", "is not NAME=VALUE"),
    (BALANCE, "gravty=1", "did you mean 'gravity'?"),
    (COURIER, "people=a", "takes no people = 'a': give a whole number"),
    (COURIER, "people=1.5", "takes no people = 1.5: give a whole number"),
    (COURIER, "people=-1", "people are -1"),
    (COURIER, "people=1000000000000", "people are 1000000000000"),
    (COURIER, "attentive=[1]", "takes no attentive"),
    (COURIER, "attentive=1.01", "give a share from 0 to 1"),
    (KITCHEN, "layout=3", "takes no layout = 3: give a text"),
    (KITCHEN, f"layout={'x' * 250}", "xxx"),
    (KITCHEN, "cook_ticks=0", "cook_ticks are 0; give 1 to 10,000"),
    (KITCHEN, "cook_ticks=10001", "cook_ticks are 10001"),
    (KITCHEN, "waste_ticks=a", "takes no waste_ticks = 'a'"),
    (DUEL, "nothing=1", "no parameter 'nothing'"),
]


@pytest.mark.parametrize(("world", "param", "said"), WRONG_PARAMS)
def test_a_parameter_that_a_world_cannot_have(refused, world, param, said):
    assert said in refused(*COLLECT, world, *BY_CHANCE, "--param", param)


@pytest.mark.parametrize(
    "command", ["record --headless --script s", "watch --headless", "controls"]
)
def test_every_verb_that_takes_parameters_checks_them(refused, tmp_path, command):
    (tmp_path / "s").write_text("[[event]]\nat = 0\nquit = true\n")
    verb, *rest = command.split()
    assert "takes no gravity = 'a'" in refused(verb, BALANCE, "--param", "gravity=a", *rest)


def test_every_verb_that_takes_options_checks_them(refused, tmp_path):
    (tmp_path / "s").write_text("[[event]]\nat = 0\nquit = true\n")
    for verb, *rest in (("record", "--headless", "--script", "s"), ("watch", "--headless")):
        for value in ("a", "-1", "1000000000000"):
            assert "horizon" in refused(verb, BALANCE, "--option", f"horizon={value}", *rest)


@pytest.mark.parametrize("value", ["1e-9", "1e9", "9", "9.8"])
def test_a_parameter_at_its_bounds_is_one(value):
    assert gpo.main([*COLLECT, BALANCE, *BY_CHANCE, "--param", f"gravity={value}"]) == 0


WRONG_HORIZONS = ["a", "-1", "0", "1.5", "true", "[5]", "1000000000000", str(2**31), "9" * 40]


@pytest.mark.parametrize("value", WRONG_HORIZONS)
@pytest.mark.parametrize("world", [BALANCE, "CartPole-v1"])
def test_a_horizon_that_no_episode_has(refused, world, value):
    command = (*COLLECT, world, "--player", "random", "--episodes", "1")
    assert "horizon" in refused(*command, "--option", f"horizon={value}")


@pytest.mark.parametrize(
    ("world", "option"),
    [
        (BALANCE, "state=a"),
        (BALANCE, "state=[1, 2, 3]"),
        (BALANCE, f"state=[{'9' * 40}, 0, 0, a]"),
        (BALANCE, "state=[[1], [2, 3]]"),
        (BALANCE, "state={a = 1}"),
        (BALANCE, "qqq=1"),
        (COURIER, "orders=true"),
        (COURIER, "orders=-1"),
        (COURIER, "orders=2147483648"),
        (COURIER, "orders=a"),
        (COURIER, "orders=1000000000000"),
        (COURIER, "qqq=1"),
        (KITCHEN, "qqq=1"),
        (DUEL, "qqq=1"),
    ],
)
def test_an_option_that_no_episode_has(refused, world, option):
    said = refused(*COLLECT, world, *BY_CHANCE, "--option", option)
    assert option.partition("=")[0] in said


def test_a_sentence_turns_nothing_round(refused):
    said = refused("evaluate", "a", "--seed", "\u202e1\u2066")
    assert r"'\u202e1\u2066' is not a whole number" in said


# ------------------------------------------------------------------ every verb, anything

FREE = (
    "worlds",
    "doctor",
    "list",
)  # have no argument that must be there: a value must be one too many
WEIRD = [
    *("", " ", "\n", "\t\x1b[31m", "\0", "\ud800", "\u202e", "-", "--", "---", "=", ".", "..", "/"),
    *("nan", "-inf", "1e999", "-1", "0", str(2**31), str(2**63), str(2**64), "9" * 4_400),
    *(
        "a" * 300,
        "a" * 70_000,
        "a/" * 3_000,
        "٣",
        "0x1",
        "1_0",
        "7-999999999999",
        "9-7",
        "a=b",
        "=b",
    ),
    *(
        "a=",
        "a=nan",
        "a=" + "[" * 500,
        "a={",
        "a=1979-05-27",
        "/dev/null",
        "/dev/zero",
        "os:system",
    ),
    *("gpo/Nothing-v0", "gpo/", ":", "a:b", "--seed", "--param", "--trust", "--x.y", "--x.y=1"),
]
OPTIONS = [
    *("--seed", "--episodes", "--games", "--horizon", "--param", "--option", "--limit", "--root"),
    *("--run", "--seat", "--fps", "--share", "--into", "--to", "--player", "--world", "--trust"),
    *("--name", "--max-cost", "--near-zero", "--device", "--controls", "--script", "--record"),
]


@pytest.mark.battery("command line: values that mean nothing")
@pytest.mark.parametrize(
    "verb", [*(v for v in gpo.VERBS if v != "demos"), *(f"demos {sub}" for sub in gpo.DEMOS)]
)
def test_no_value_ends_any_verb_in_a_traceback(refused, record_property, verb):
    draw, tries = random.Random(verb), 0
    for value in WEIRD:
        for _ in range(3):
            words = [*verb.split(), value, draw.choice(OPTIONS), draw.choice(WEIRD)]
            words += [draw.choice(WEIRD)] * draw.randrange(2)
            if verb.split()[-1] in FREE:
                words.append("nothing-takes-this")
            refused(*words)
            tries += 1
    record_property("tries", tries)
