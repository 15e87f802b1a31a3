"""The reader of JSON and the reader of TOML, at the edges of what they take, and within a second."""

import contextlib
import json
import os
import time

import pytest

from environments import readers
from environments.problem import Problem
from environments.readers import (
    DEPTH,
    DIGITS,
    KEYS,
    Garbled,
    Unreadable,
    parse_json,
    parse_toml,
    read_json,
    read_ordinary,
    read_toml,
)


def nested(depth):
    """Lists inside each other, as a JSON or TOML value."""
    return "[" * depth + "]" * depth


def keys(count):
    return json.dumps({f"k{n}": n for n in range(count)})


@pytest.fixture(autouse=True)
def _within_a_second():
    began = time.process_time()
    yield
    assert time.process_time() - began < 5.0, "an attempt to take long"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (nested(DEPTH), None),
        ("1" * DIGITS, int("1" * DIGITS)),
        ("-" + "1" * DIGITS, -int("1" * DIGITS)),
        ('{"a": 1, "b": 1.5, "c": [null, true, "x"]}', {"a": 1, "b": 1.5, "c": [None, True, "x"]}),
        ("1e308", 1e308),
        ('"\\ud83d\\ude00"', "\U0001f600"),  # both halves of a letter
        (keys(KEYS), None),
    ],
    ids=range(7),
)
def test_json_within_its_limits_is_taken(text, found):
    assert parse_json(text) == (json.loads(text) if found is None else found)
    assert parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (nested(DEPTH + 1), "nested more than 64 deep"),
        ("[" * 100_000, "nested more than 64 deep"),
        ('{"a":' * 5000, "nested more than 64 deep"),
        ("1" * (DIGITS + 1), f"a number of {DIGITS + 1} digits"),
        ("-" + "1" * (DIGITS + 1), f"a number of {DIGITS + 1} digits"),
        ("1" * 4400, "4,400 digits"),
        (keys(KEYS + 1), "more than 100,000 keys"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' twice"),
        ("[NaN]", "NaN, which is no number"),
        ("[-Infinity]", "-Infinity, which is no number"),
        ("[1e309]", "1e309, which is too large"),
        ('"\\ud800"', "half a letter"),
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[1] 2", "is not JSON"),
        (b"\xff", "is not JSON"),
        ("[" + "[]," * 1_000_001 + "[]]", "lists and tables"),
    ],
    ids=range(17),
)
def test_json_beyond_its_limits_is_refused(text, said):
    with pytest.raises(Unreadable, match=said):
        parse_json(text)


def test_infinity_and_nan_are_taken_where_spaces_are_written():
    assert parse_json("[Infinity, -Infinity]", infinite=True) == [float("inf"), -float("inf")]
    many = json.dumps(
        [[float("inf"), float("nan")]] * (DEPTH + 1)
    )  # so many lists are looked through
    assert len(parse_json(many, infinite=True)) == DEPTH + 1
    with pytest.raises(Unreadable, match="deep"):
        parse_json(nested(DEPTH + 1), infinite=True)


@pytest.mark.parametrize("parse", [parse_json, parse_toml])
def test_the_size_is_a_limit_in_bytes(parse):
    text = '"x"' if parse is parse_json else 'a = "x"'
    parse(text.encode(), len(text))
    with pytest.raises(Unreadable, match=f"more than {len(text) - 1} bytes"):
        parse(text.encode(), len(text) - 1)


@pytest.mark.parametrize(
    "text",
    [
        f"a = {nested(DEPTH)}",
        "a." * (DEPTH - 1) + "a = 1",
        f"a = {'1' * DIGITS}",
        "a = inf",
        'a = "' + "b.c " * 1000 + '"',
    ],
    ids=range(5),
)
def test_toml_within_its_limits_is_taken(text):
    assert "a" in parse_toml(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"a = {nested(DEPTH + 1)}", "nested more than 64 deep"),
        ("a = " + "[" * 10_000, "nested more than 64 deep"),
        ("a." * 20_000 + "a = 1", "more than 64 parts"),
        ("[" + "a." * 20_000 + "a]", "more than 64 parts"),
        ("'a'. \"b\" ." * 10_000 + "a = 1", "more than 64 parts"),
        (f"a = {'1' * (DIGITS + 1)}", "more than 40 digits"),
        (f"a = {'1' * 4400}", "is none"),
        ("a = nan", "no number"),
        ("a = 2026-01-01", "a date or time"),
        ("a = 07:32:00", "a date or time"),
        ("a = 1\na = 2", "is not TOML"),
        ("a", "is not TOML"),
        (b"a = '\xff'", "is not TOML"),
        ("\n".join(f"[t{n}]\na.b.c = {n}" for n in range(26_000)), "keys"),
    ],
    ids=range(14),
)
def test_toml_beyond_its_limits_is_refused(text, said):
    with pytest.raises(Unreadable, match=said):
        parse_toml(text)


@pytest.mark.parametrize(
    "text",
    ['a = "' + "x" * 1_000_000 + '"', "x " * 500_000, '"' * 1_000_000, "a." * 500_000, "a-" * 500_000,
     "a = [" + "1," * 300_000 + "]", "\n".join("a." * 62 + f"k{n} = 1" for n in range(7000))],
    ids=range(7),
)  # fmt: skip
def test_no_text_takes_long(text, request):
    with contextlib.suppress(Unreadable):
        parse_toml(text)


def test_what_is_not_the_language_at_all_is_told_from_what_it_may_not_hold():
    with pytest.raises(Garbled):
        parse_toml("no toml")
    with pytest.raises(Unreadable) as caught:
        parse_toml("a = nan")
    assert not isinstance(caught.value, Garbled)


def test_files_are_named_and_nothing_is_waited_for(tmp_path):
    (tmp_path / "a.toml").write_text("a = 1")
    assert read_toml(tmp_path / "a.toml") == {"a": 1}
    (tmp_path / "a.toml").write_text("a = nan")
    with pytest.raises(Problem, match=r"a\.toml holds nan"):
        read_toml(tmp_path / "a.toml")
    with pytest.raises(Problem, match=r"The table .*none\.toml cannot be read: No such file"):
        read_toml(tmp_path / "none.toml", "The table ")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unreadable, match="no ordinary file"):
        read_json(tmp_path / "pipe")
    with pytest.raises(Unreadable, match="no ordinary file"):
        read_ordinary("/dev/zero")


def test_a_file_that_grows_is_not_read_beyond_its_limit(tmp_path, monkeypatch):
    path = tmp_path / "a.toml"
    path.write_text("a = 1\n" + "#" * 100)
    monkeypatch.setattr(readers, "SMALL", 50)
    with pytest.raises(Problem, match="more than 50 bytes"):
        read_toml(path)
