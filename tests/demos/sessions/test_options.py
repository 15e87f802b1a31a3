"""Options of the sessions: every field says what it is for, in a string under it that becomes its help."""

import ast
import dataclasses
import inspect
import itertools
import textwrap

import pytest

from demos.sessions.play.options import PlayOptions
from demos.sessions.record.options import RecordOptions
from demos.sessions.watch.options import WatchOptions


@pytest.mark.parametrize("options", [RecordOptions, PlayOptions, WatchOptions])
def test_every_option_says_what_it_is_for(options):
    (parsed,) = ast.parse(textwrap.dedent(inspect.getsource(options))).body
    assert isinstance(parsed, ast.ClassDef)
    body = parsed.body
    told = {
        ast.unparse(field.target): ast.literal_eval(under.value)
        for field, under in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(under, ast.Expr)
        and isinstance(under.value, ast.Constant)
    }
    assert list(told) == [field.name for field in dataclasses.fields(options)]
    for name, words in told.items():
        assert words.endswith("."), name
        assert len(words) > 8, name
