"""Options of the sessions: every field says what it is for, in a string under it that is its help."""

import dataclasses

import pytest

from demos.sessions.input_test.options import ControlsOptions
from demos.sessions.play.options import PlayOptions
from demos.sessions.record.options import RecordOptions
from demos.sessions.replay.options import ReplayOptions
from demos.sessions.watch.options import WatchOptions
from environments.terminal.field_docs import field_docs

SESSIONS = [RecordOptions, PlayOptions, WatchOptions, ReplayOptions, ControlsOptions]


@pytest.mark.parametrize("options", SESSIONS)
def test_every_option_says_what_it_is_for(options):
    told = field_docs(options)
    assert set(told) == {field.name for field in dataclasses.fields(options)}
    for name, words in told.items():
        assert words.endswith("."), name
        assert len(words) > 8, name
