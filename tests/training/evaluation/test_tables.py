"""Tables of scores fit a terminal of 80 columns, however many seats a world has."""

import io

import pytest

from environments.terminal.consoles import plain_console
from training.evaluation.results import PairingScores, Scores
from training.evaluation.tables import show_parts, show_scores

MEAN = {"mean": -1234.5, "low": -1300.25, "high": -1100.75}


@pytest.mark.parametrize("seats", [1, 2, 3, 5])
def test_every_seat_is_shown_within_80_columns(seats):
    found = {"seats": [{"return": MEAN, "parcels_delivered": MEAN}] * seats, "games": 100}
    out = io.StringIO()
    console = plain_console(file=out, width=80)
    rows = {"runs/some-agent with human_model": PairingScores.from_json(found)}
    show_scores(console, Scores("w", "as ever", rows))
    show_parts(console, found, [])
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    told = out.getvalue().replace("...", "")
    assert told.count("-1234.5 [-1300, -1101]") == seats
    assert told.count("-1234.50 [-1300.25, -1100.75]") == seats


@pytest.mark.parametrize("seats", [1, 2, 3])
def test_what_decided_has_a_column_of_its_own(seats):
    near = {"mean": 7.5, "low": 7.25, "high": 7.75}
    seen = [{"return": MEAN, "near": near}] * seats
    rows = {
        "refined with human model": PairingScores(seen, 100),
        "people with people": PairingScores([{"return": MEAN}] * seats, 100),
    }
    out = io.StringIO()
    show_scores(plain_console(file=out, width=80), Scores("w", "as ever", rows, judged_by="near"))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "near" in lines[2]
    assert out.getvalue().count("7.50 [7.25, 7.75]") == seats
    assert out.getvalue().count("-1234.5 [-1300, -1101]") == 2 * seats
    found = Scores("w", "as ever", rows, judged_by="near")
    assert Scores.from_json(found.to_json()) == found
    assert "judged_by" not in Scores("w", "as ever", rows).to_json()


def test_the_return_is_shown_once_where_it_decided():
    out = io.StringIO()
    rows = {"refined": PairingScores([{"return": MEAN}], 100)}
    show_scores(plain_console(file=out, width=80), Scores("w", "x", rows, judged_by="return"))
    assert out.getvalue().count("-1234.5") == 1
