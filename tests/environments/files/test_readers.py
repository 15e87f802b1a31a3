"""The readers of JSON and TOML at the edges of what they allow, and that none of it takes long."""

import json
import math
import time
from pathlib import Path

import pytest

from environments.files.readers import (
    DEPTH,
    DIGITS,
    KEYS,
    LISTS,
    SMALL,
    SyntaxUnreadable,
    Unreadable,
    parse_json,
    parse_toml,
    read_bytes,
    read_json,
    read_toml,
)
from environments.system.errors import UserError

PATIENCE = 5.0  # s for a mebibyte on a busy machine; what grows with the square takes half a minute


def refusal(parse, text, **asked):
    """The words with which a text is refused: short, and on one line."""
    with pytest.raises(Unreadable) as caught:
        parse(text, **asked)
    words = str(caught.value)
    assert len(words) < 200
    assert "\n" not in words
    return words


def toml(value):
    """The value that TOML reads."""
    return parse_toml(f"a = {value}")["a"]


def toml_refusal(value):
    return refusal(parse_toml, f"a = {value}")


# ------------------------------------------------------------------ depth


def lists(depth):
    return "[" * depth + "]" * depth


def tables(depth):
    return '{"a":' * depth + "1" + "}" * depth


def inline(depth):
    return "{a=" * depth + "1" + "}" * depth


def test_values_may_be_so_deep():
    assert parse_json(lists(DEPTH)) == json.loads(lists(DEPTH))
    assert parse_json(tables(DEPTH)) == json.loads(tables(DEPTH))
    assert toml(lists(DEPTH)) == json.loads(lists(DEPTH))
    assert toml(inline(DEPTH)) == json.loads(tables(DEPTH))
    assert parse_toml(f"{'.'.join('a' * DEPTH)} = 1") == json.loads(tables(DEPTH))


@pytest.mark.parametrize("depth", [DEPTH + 1, 2_000, 200_000])
def test_deeper_ones_are_refused(depth):
    said = "is nested more than 64 deep"
    assert refusal(parse_json, lists(depth)) == said
    assert refusal(parse_json, "[" * depth) == said or depth == DEPTH + 1
    assert refusal(parse_json, tables(depth)) == said
    assert toml_refusal(lists(depth)) == said
    assert toml_refusal(inline(depth)) == said


def test_many_lists_beside_each_other_are_not_deep():
    assert len(parse_json(f"[{','.join(['[]'] * 500)}]")) == 500


# ------------------------------------------------------------------ numbers


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_whole_number_may_have_so_many_digits(sign):
    most = f"{sign}{'9' * DIGITS}"
    assert parse_json(most) == toml(most) == int(most)


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("digits", [DIGITS + 1, 4_299, 4_301, 100_000])
def test_one_of_more_digits_is_refused(sign, digits):
    text = f"{sign}1{'0' * (digits - 1)}"
    assert refusal(parse_json, text) == f"holds a number of {digits:,} digits"
    assert "holds a " in toml_refusal(text)
    assert "digits" in toml_refusal(text)


def test_one_that_is_long_in_another_base_is_refused():
    assert toml("0x" + "f" * 32) == 2**128 - 1
    assert toml_refusal("0x" + "f" * 34) == "holds a number of more than 40 digits"
    assert toml_refusal("0b" + "1" * 100_000) == "holds a number of more than 40 digits"


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_json_has_no_such_number_unless_it_may(name):
    assert refusal(parse_json, f"[{name}]") == f"holds {name}, which is no number"
    (found,) = parse_json(f"[{name}]", infinite=True)
    assert not math.isfinite(found)
    assert (found < 0) == name.startswith("-")


@pytest.mark.parametrize("text", ["1e999", "-1e999", "1e309", f"1{'0' * 400}.0"])
def test_a_number_too_large_for_a_float_is_not_taken_for_infinity(text):
    assert "which is too large" in refusal(parse_json, text)
    assert parse_json("1.7976931348623157e308") < math.inf
    assert math.isinf(parse_json(text, infinite=True))


def test_toml_has_infinity_and_no_nan():
    assert toml("inf") == math.inf  # of a limit: settings say where it means something
    for nan in ("nan", "-nan", "[1, nan]", "{b = nan}"):
        assert toml_refusal(nan) == "holds nan, which is no number"


# ------------------------------------------------------------------ sizes


@pytest.mark.parametrize("most", [10, 1_000])
def test_a_text_may_have_so_many_bytes(tmp_path, most):
    path = tmp_path / "a.json"
    for more, parse in enumerate([parse_json, parse_json]):
        text = "1" + " " * (most - 1 + more)
        path.write_text(text)
        if not more:
            assert parse(text.encode(), most) == read_json(path, most) == 1
            assert read_bytes(path, most) == text.encode()
            continue
        said = f"has more than {most:,} bytes"
        assert refusal(parse, text, most=most) == refusal(read_json, path, most=most) == said
        assert refusal(read_bytes, path, most=most) == said


def test_a_toml_file_may_have_a_mebibyte(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("a = 1" + " " * (SMALL - 5))
    assert read_toml(path) == {"a": 1}
    path.write_text("a = 1" + " " * (SMALL - 4))
    with pytest.raises(UserError, match=r"a\.toml has more than 1,048,576 bytes\.$"):
        read_toml(path)


def test_a_file_without_end_is_read_no_further_than_allowed():
    with pytest.raises(Unreadable, match="has more than 1,000 bytes"):
        read_bytes(Path("/dev/zero"), 1_000)


def test_tables_may_have_so_many_keys_together():
    def half(count, name="k"):
        return "{" + ",".join(f'"{name}{n}":1' for n in range(count)) + "}"

    def both(more):
        return f"[{half(KEYS // 2)},{half(KEYS // 2 + more)}]"

    assert len(parse_json(both(0))[0]) == KEYS // 2
    assert refusal(parse_json, both(1)) == "has more than 100,000 keys"
    lines = "\n".join(f"k{n}=1" for n in range(KEYS))
    assert len(parse_toml(lines)) == KEYS
    assert refusal(parse_toml, f"{lines}\nz=1") == "has more than 100,000 keys"


def test_there_may_be_so_many_lists():
    def text(count):
        return f"[{'[],' * (count - 2)}[]]"

    assert len(parse_json(text(LISTS))) == LISTS - 1
    assert refusal(parse_json, text(LISTS + 1)) == "has more than 1,000,000 lists and tables"


# ------------------------------------------------------------------ what is not said twice, or at all


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '[{"b":{"a":1,"c":2,"a":3}}]'])
def test_a_key_stands_once_in_a_table(text):
    assert refusal(parse_json, text) == "has the key 'a' twice"
    assert parse_json('[{"a":1},{"a":{"a":2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_a_long_key_is_told_by_its_beginning():
    key = "k" * 100_000
    assert refusal(parse_json, f'{{"{key}":1,"{key}":2}}').endswith("...' twice")


def test_toml_refuses_a_key_twice_itself():
    assert "is not TOML" in refusal(parse_toml, "a = 1\na = 2")


@pytest.mark.parametrize("data", [b"\xff\xfe", b'"\xe9"', b'"\xed\xa0\x80"', b"\x80"])
def test_what_is_no_text_is_no_json_and_no_toml(data):
    for parse in (parse_json, parse_toml):
        with pytest.raises(SyntaxUnreadable):
            parse(data)


@pytest.mark.parametrize("text", ["", " ", "{", "[1,]", "{'a':1}", "1 2", "\0", "tru", "0x1"])
def test_what_is_garbled_is_no_json(text):
    with pytest.raises(SyntaxUnreadable, match="is not JSON"):
        parse_json(text)


@pytest.mark.parametrize(
    "text", [r'"\ud800"', r'{"\uDFFF":1}', r'["a",{"b":"x\udc00y"}]', r'"\udc00\ud800"']
)
def test_half_a_letter_is_refused(text):
    assert refusal(parse_json, text) == "holds half a letter, which is no text"


def test_both_halves_are_a_letter():
    assert parse_json(r'"\ud83d\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    "value", ["1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "[1979-05-27]", "{b = 07:32:00}"]
)
def test_toml_s_dates_are_refused(value):
    assert "a date or time: put it into quotes" in toml_refusal(value)
    assert toml('"1979-05-27"') == "1979-05-27"


@pytest.mark.parametrize("value", ["1979-13-27", "1979-02-31", "25:61:00"])
def test_a_day_that_no_month_has_is_no_traceback(value):
    refusal(parse_toml, f"a = {value}")


# ------------------------------------------------------------------ what takes others long


def test_a_key_may_have_so_many_parts():
    assert parse_toml(f"{' . '.join(['a'] * DEPTH)} = 1")
    assert refusal(parse_toml, f"{'.'.join(['a'] * (DEPTH + 1))} = 1") == (
        "has a key of more than 64 parts"
    )


MANY = 20_000
LONG = {
    "bare": ".".join(["a"] * MANY) + " = 1",
    "apart": " . ".join(["a-b"] * MANY) + " = 1",
    "quoted": ".".join(['"a.b"'] * MANY) + " = 1",
    "literal": "\t.".join(["'a'"] * MANY) + " = 1",
    "mixed": ".".join(["a", "'b'", '"c"'] * MANY) + " = 1",
    "a table": f"[{'.'.join(['a'] * MANY)}]",
    "a list of tables": f"x = 1\n[[{'.'.join(['a'] * MANY)}]]",
    "inside": f"x = {{{'.'.join(['a'] * MANY)} = 1}}",
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_a_long_key_is_refused_in_no_time(text):
    begun = time.perf_counter()
    assert refusal(parse_toml, text) == "has a key of more than 64 parts"
    assert time.perf_counter() - begun < 1


SLOW = {
    "dots": "." * (SMALL - 9),
    "quotes": '"' * (SMALL - 9),
    "words": "a." * 63 + "a!" + ("a." * 63 + "a!") * 1_000,
    "quotes that end nowhere": "'\"." * 100_000,
    "spaces": "a" + " " * (SMALL - 9),
    "digits": "a = " + "1" * (SMALL - 9),
    "ciphers": "a = 1" + "_1" * (SMALL // 2 - 9),
    "a float": "a = " + "1" * (SMALL - 9) + ".5",
    "open tables": "a = " + "{a=" * 300_000,
    "open lists": "a = " + "[" * (SMALL - 9),
    "escapes": 'a = "' + r"\n" * (SMALL // 2 - 9) + '"',
    "tables": "[[a]]\n" * (SMALL // 6 - 1),
    "long keys": "".join(f"{'a.' * 63}k{n} = 1\n" for n in range(5_000)),
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW.keys())
def test_no_toml_takes_long(text):
    begun = time.perf_counter()
    try:
        parse_toml(text)
    except Unreadable as error:
        assert len(str(error)) < 200  # noqa: PT017 (both ends are right)
    assert time.perf_counter() - begun < PATIENCE


@pytest.mark.parametrize("text", ["a.b.c = '" + "x." * 100 + "'", "# " + "a." * 100, "a = 1.5"])
def test_dots_elsewhere_are_no_key(text):
    assert isinstance(parse_toml(text), dict)


# ------------------------------------------------------------------ files


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"^The script .*none\.toml cannot be read: No such file"):
        read_toml(tmp_path / "none.toml", "The script ")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_toml(tmp_path)
