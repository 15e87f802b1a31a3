"""Sentences about unknown names end with what was probably meant."""

import pytest

from environments.system.suggestions import ALIKE, closest, nearest


def test_the_name_that_was_probably_meant_is_asked_for():
    assert nearest("cramped_rom", ["cramped_room", "ring"]) == "did you mean 'cramped_room'?"


def test_all_names_are_listed_where_none_is_alike():
    assert nearest("xyz", ["ring", "hall"]) == "it has ring, hall."
    assert nearest("xyz", []) == "it has none."
    assert nearest("xyz", ["ring"], "type `gpo worlds`.") == "type `gpo worlds`."


@pytest.mark.parametrize(("given", "found"), [("abcxx", "abcyy"), ("abxxx", None)])
def test_names_of_which_three_fifths_are_alike_are_alike(given, found):
    assert ALIKE == 0.6  # twice the letters in common over all letters: 6/10 is enough, 4/10 is not
    assert closest(given, ["abcyy"]) == found


def test_the_dashes_of_options_make_none_alike():
    assert closest("--bogus", ["--trust", "--root"]) is None
    assert closest("-trsut", ["--trust"]) == "--trust"


def test_any_names_may_be_given_once():
    assert closest("ring", (name for name in ("ring", "hall"))) == "ring"
