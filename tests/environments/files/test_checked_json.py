"""Sealed JSON: what changed is told from what is whole, and a line that a kill cut off from both."""

import json
import math

import pytest

from environments.files.atomic import to_checked_json
from environments.files.checked_json import LinesFile, read_lines, read_sealed, write_lines
from environments.files.readers import Unreadable

FACTS = {"name": "tea", "numbers": [1, 2.5, -3e-7], "inside": {"a": None, "b": True}}
ROWS = [{"update": n, "north_star": n / 3, "play/soup": 0.1 * n} for n in range(4)]


def test_what_was_sealed_is_read_and_is_plain_json(tmp_path):
    path = tmp_path / "facts.json"
    path.write_bytes(to_checked_json(FACTS))
    assert read_sealed(path) == FACTS
    told = json.loads(path.read_text())
    assert {name: told[name] for name in FACTS} == FACTS


def test_no_changed_byte_changes_what_is_read(tmp_path):
    path, whole = tmp_path / "facts.json", to_checked_json(FACTS)
    refused = 0
    for at in range(len(whole)):
        for bit in (0, 4, 7):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :])
            try:
                assert read_sealed(path) == FACTS  # a space that became another one
            except Unreadable:
                refused += 1
    assert refused > 2.5 * len(whole.split())


def test_no_cut_is_taken_for_whole(tmp_path):
    path, whole = tmp_path / "facts.json", to_checked_json(FACTS)
    for length in range(len(whole) - 1):  # the line break at the end is no content
        path.write_bytes(whole[:length])
        with pytest.raises(Unreadable):
            read_sealed(path)


def test_a_file_without_a_seal_is_taken_only_if_it_may_be_bare(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({**FACTS, "infinite": math.inf}))  # as older runs may have written
    assert read_sealed(path, bare=True) == {**FACTS, "infinite": math.inf}
    path.write_text(json.dumps(FACTS))
    with pytest.raises(Unreadable, match="checksum is missing"):
        read_sealed(path)
    path.write_bytes(to_checked_json(FACTS).replace(b"tea", b"sea"))
    for bare in (True, False):
        with pytest.raises(Unreadable, match="does not match"):
            read_sealed(path, bare)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"sha256"', "[" * 100_000, ""])
def test_what_is_no_object_is_refused_in_words(tmp_path, text):
    path = tmp_path / "facts.json"
    path.write_text(text)
    for bare in (True, False):
        with pytest.raises(Unreadable):
            read_sealed(path, bare)


@pytest.fixture
def path(tmp_path):
    """A file of four lines, added one by one."""
    lines = LinesFile(tmp_path / "rows.jsonl")
    for row in ROWS:
        lines.add(row)
    return lines.path


def test_lines_are_added_as_they_are_written_at_once(path, tmp_path):
    assert read_lines(path).rows == ROWS
    assert not read_lines(path).damage
    write_lines(tmp_path / "other.jsonl", ROWS)
    assert (tmp_path / "other.jsonl").read_bytes() == path.read_bytes()
    assert [json.loads(line)["line"] for line in path.read_text().splitlines()] == [1, 2, 3, 4]


def test_a_torn_line_is_no_damage_wherever_it_was_torn(path):
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for length in range(last, len(whole) + 1):
        path.write_bytes(whole[:length])
        found = read_lines(path)
        assert not found.damage
        assert found.torn == (last < length < len(whole))
        assert len(found.rows) == (4 if length == len(whole) else 3)
        LinesFile(path).add(ROWS[3])
        found = read_lines(path)
        assert (found.rows, found.damage) == ([*ROWS[: len(found.rows) - 1], ROWS[3]], "")


@pytest.mark.parametrize(
    ("harm", "said", "left"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"0.1", b"0.2"), *lines[2:]], "line 2", 3),
        (lambda lines: [lines[0], *lines[2:]], "before line 2", 3),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "before line 1", 4),
        (lambda lines: [*lines, lines[3]], "before line 5", 5),
        (lambda lines: [lines[0], b"\n", *lines[1:]], "line 2", 4),
        (lambda lines: [b'{"update": 0}\n', *lines[1:]], "checksum is missing", 3),
    ],
    ids=["changed", "missing", "swapped", "twice", "empty", "bare"],
)
def test_damage_is_named_and_what_is_whole_is_kept(path, harm, said, left):
    path.write_bytes(b"".join(harm(path.read_bytes().splitlines(keepends=True))))
    found = read_lines(path)
    assert said in found.damage
    assert len(found.rows) == left


def test_a_line_of_an_older_file_is_taken_and_sealed_when_it_is_written_again(path):
    path.write_text('{"update": 0}\n')
    assert "checksum is missing" in read_lines(path).damage
    path.write_text('{"update": 0, "fit": NaN}\n{"update": 1}\n')
    found = read_lines(path, bare=True)
    assert [row["update"] for row in found.rows] == [0, 1]
    assert not found.damage
    lines = LinesFile(path)
    lines.add({"update": 2})
    assert [row["update"] for row in read_lines(path, bare=True).rows] == [0, 1, 2]
    lines.rewrite(found.rows)
    lines.add({"update": 2})
    assert read_lines(path).rows == [{"update": 0, "fit": None}, {"update": 1}, {"update": 2}]
