"""Ratings at their edges: who won by how little, when a game counts, and what the table then shows."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import pytest

import demos.sessions.play.ratings as ratings_file
from demos.sessions.game.match_recording import META
from demos.sessions.play.ratings import (
    FORMAT,
    MOST_KEYS,
    NAME,
    RatedGame,
    Ratings,
    percent,
    show_ratings,
    standings,
)
from environments.files.atomic import to_checked_json
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console
from tests.demos.data.dataset.test_store import create
from tests.demos.sessions.play.test_ratings import ENTRY, HORIZON, game, keep


@pytest.fixture
def dataset(tmp_path):
    return create(tmp_path)


def test_what_stands_on_the_disk():
    assert (NAME, FORMAT, META) == ("ratings.json", "gpo-ratings-1", "play")
    fields = len(asdict(ENTRY))
    assert MOST_KEYS == 2_000_000
    assert MOST_KEYS // (fields + 1) > 150_000, "games"


# ------------------------------------------------------------------ what a game counts for


def counted(dataset, tmp_path, streams) -> RatedGame:
    keep(dataset, streams)
    (entry,) = Ratings(tmp_path).catch_up(dataset).values()
    return entry


def test_an_entry_says_who_played_whom_and_what_came_of_it(dataset, tmp_path):
    found = counted(dataset, tmp_path, game(0, mine=1.5, theirs=2.5, level="hard"))
    assert found == RatedGame(
        "play", "test/World-v0", "ada", "rival", "a" * 64, "hard", "cook_0", 1.5, 2.5, True
    )


def test_the_other_seat_is_the_persons_if_it_says_so(dataset, tmp_path):
    found = counted(dataset, tmp_path, game(0, mine=1.0, theirs=2.0, seat="cook_1"))
    assert (found.star, found.rival) == (2.0, 1.0)


def test_of_several_others_the_best_is_the_rival(dataset, tmp_path):
    first, second = game(0, mine=1.0, theirs=2.0)
    found = counted(
        dataset,
        tmp_path,
        [first, second, replace(second, agent="cook_2", terms={"soup": second.terms["soup"] * 2})],
    )
    assert (found.star, found.rival) == (1.0, 4.0)


def test_who_played_whom_is_read_from_the_first_stream(dataset, tmp_path):
    first, second = game(0)
    second = replace(second, meta={META: {**second.meta[META], "person": "eve"}})
    assert counted(dataset, tmp_path, [first, second]).person == "ada"


@pytest.mark.parametrize("ghost", [None, 7.0])
def test_alone_the_rival_is_what_was_noted(dataset, tmp_path, ghost):
    found = counted(dataset, tmp_path, game(0, rival=ghost)[:1])
    assert (found.star, found.rival) == (1.0, ghost)


def test_where_the_persons_seat_was_not_recorded_nothing_was_earned(dataset, tmp_path):
    assert counted(dataset, tmp_path, game(0)[1:]).star == 0.0


@pytest.mark.parametrize(
    ("steps", "terminated", "horizon", "counts"),
    [
        (HORIZON - 1, False, HORIZON, False),  # truncated before its end: broken off
        (HORIZON, False, HORIZON, True),
        (HORIZON + 1, False, HORIZON, True),
        (1, True, HORIZON, True),
    ],
)
def test_a_game_counts_once_it_came_to_its_end(
    dataset, tmp_path, steps, terminated, horizon, counts
):
    streams = game(0, steps=steps, terminated=terminated, horizon=horizon)
    assert counted(dataset, tmp_path, streams).counted is counts


def test_whether_a_game_counts_is_read_from_the_first_stream(dataset, tmp_path):
    whole, broken = game(0)
    assert counted(dataset, tmp_path, [whole, replace(broken, truncated=False)]).counted is True


def test_what_was_not_recorded_was_not_earned(dataset, tmp_path, monkeypatch):
    told = {**dataset.facts, "north_star": "no such term"}
    monkeypatch.setattr(dataset, "facts", told)
    found = counted(dataset, tmp_path, game(0))
    assert (found.star, found.rival) == (0.0, 0.0)


def test_one_that_neither_terminated_nor_was_truncated_does_not_count(dataset, tmp_path):
    streams = [replace(stream, truncated=False) for stream in game(0)]
    assert counted(dataset, tmp_path, streams).counted is False


@pytest.mark.parametrize("number", [0, 1])
def test_what_is_no_rated_game_is_passed_over(dataset, tmp_path, number):
    wrong = [
        game(5, coach=True),
        [replace(stream, match=None) for stream in game(6)],
        [replace(stream, meta={}) for stream in game(7)],
    ]
    keep(dataset, *wrong[: number + 2], game(0), *wrong[number + 2 :])
    assert set(Ratings(tmp_path).catch_up(dataset)) == {"match-0"}


def test_what_is_not_what_it_should_be_is_passed_over(dataset, tmp_path, monkeypatch):
    """Facts of another kind that were written by something else."""
    keep(dataset, game(0), game(1))
    real = type(dataset).episode_facts

    def facts(self: Any, number: int) -> dict[str, Any]:
        found: dict[str, Any] = dict(real(self, number))
        if number < 2:
            found["meta"] = {META: {**found["meta"][META], "seat": 3}}
        return found

    monkeypatch.setattr(type(dataset), "episode_facts", facts)
    assert set(Ratings(tmp_path).catch_up(dataset)) == {"match-1"}


# ------------------------------------------------------------------ the file


def write(root: Path, content: dict[str, Any]) -> Ratings:
    (root / NAME).write_bytes(to_checked_json(content))
    return Ratings(root)


def test_without_a_file_there_are_no_games(tmp_path):
    assert Ratings(tmp_path).read() == {}


def test_games_come_back_as_they_were(tmp_path):
    games = {"m": ENTRY, "n": replace(ENTRY, rival=None, counted=False)}
    content = {"format": FORMAT, "games": {name: asdict(entry) for name, entry in games.items()}}
    assert write(tmp_path, content).read() == games


@pytest.mark.parametrize(
    "content",
    [
        {"games": {}},
        {"format": "gpo-ratings-2", "games": {}},
        {"format": FORMAT},
        {"format": FORMAT, "games": []},
        {"format": FORMAT, "games": {"m": {**asdict(ENTRY), "star": "x"}}},
        {"format": FORMAT, "games": {"m": {**asdict(ENTRY), "counted": 1}}},
        {"format": FORMAT, "games": {"m": {**asdict(ENTRY), "more": 1}}},
        {"format": FORMAT, "games": {"m": {"star": 1.0}}},
    ],
)
def test_anything_else_is_damaged_in_one_sentence(tmp_path, content):
    with pytest.raises(UserError, match=r"ratings.json is damaged \(.+\): remove it"):
        write(tmp_path, content).read()


def test_an_entry_that_is_known_is_not_counted_again(dataset, tmp_path):
    keep(dataset, game(0))
    ratings = Ratings(tmp_path)
    known = replace(ratings.catch_up(dataset)["match-0"], star=9.0)
    write(tmp_path, {"format": FORMAT, "games": {"match-0": asdict(known)}})
    assert ratings.catch_up(dataset) == {"match-0": known}
    of_another = replace(known, dataset="other")
    write(tmp_path, {"format": FORMAT, "games": {"match-0": asdict(of_another)}})
    assert ratings.catch_up(dataset)["match-0"].star == 1.0, "of the same name in another dataset"


def test_what_was_counted_is_written_and_other_datasets_stay(dataset, tmp_path):
    other = create(tmp_path, "other")
    keep(dataset, game(0), game(1))
    keep(other, game(2))
    ratings = Ratings(tmp_path)
    assert not ratings.path.exists()
    assert ratings.catch_up(dataset) == ratings.read()
    assert ratings.catch_up(other) == ratings.read()
    assert set(ratings.read()) == {"match-0", "match-1", "match-2"}
    written = ratings.path.stat().st_mtime_ns
    ratings.catch_up(dataset)
    assert ratings.path.stat().st_mtime_ns == written, "there was nothing new"
    dataset.take_back([2, 3])
    ratings.catch_up(dataset)
    assert set(ratings.read()) == {"match-0", "match-2"}


def test_a_table_that_somebody_else_writes_is_waited_for(dataset, tmp_path, monkeypatch):
    waited = []

    def locked(path: Path, refusal: str, patience: float) -> Any:
        waited.append((path.name, patience))
        raise UserError(refusal)

    monkeypatch.setattr(ratings_file, "locked", locked)
    with pytest.raises(UserError, match="being written by another process: try again"):
        Ratings(tmp_path).catch_up(dataset)
    assert waited == [(".ratings.json.lock", 5.0)]


# ------------------------------------------------------------------ standings


def standing(*pairs):
    (found,) = standings([replace(ENTRY, star=a, rival=b) for a, b in pairs]).values()
    return found


@pytest.mark.parametrize(
    ("pairs", "won", "drawn", "lost"),
    [
        ([(1.0, 1.0)], 0, 1, 0),
        ([(1.001, 1.0)], 1, 0, 0),
        ([(0.999, 1.0)], 0, 0, 1),
        ([(1.0, None)], 0, 0, 0),
        ([(2.0, 1.0), (3.0, 1.0), (1.0, 1.0), (0.0, 1.0), (5.0, None)], 2, 1, 1),
    ],
)
def test_won_drawn_and_lost(pairs, won, drawn, lost):
    found = standing(*pairs)
    assert (found.games, found.won, found.drawn, found.lost) == (len(pairs), won, drawn, lost)
    assert found.contested == (won + lost > 0)


def test_each_side_has_its_mean():
    found = standing((1.0, 4.0), (2.0, None), (6.0, 8.0))
    assert found.star[0] == 3.0
    assert found.rival is not None
    assert found.rival[0] == 6.0
    assert standing((1.0, None)).rival is None


def test_a_game_that_was_broken_off_is_in_no_standing():
    assert standings([replace(ENTRY, counted=False)]) == {}


@pytest.mark.parametrize("name", ["world", "person", "agent", "sha256", "level"])
def test_each_of_these_has_a_standing_of_its_own(name):
    found = standings([ENTRY, replace(ENTRY, **{name: cast(Any, "x")}), ENTRY])
    assert [one.games for one in found.values()] == [2, 1]
    assert next(iter(found)) == ("w", "ada", "rival", "a" * 64, "easy")


def test_dataset_and_seat_have_not():
    assert len(standings([ENTRY, replace(ENTRY, dataset="x", seat="y")])) == 1


# ------------------------------------------------------------------ the table


def shown(capsys, *entries: RatedGame, world: str = "w") -> list[str]:
    """The words of each line."""
    named = {str(k): entry for k, entry in enumerate(entries)}
    show_ratings(plain_console(width=80), named, "the_star", world)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_the_table(capsys):
    lines = shown(
        capsys,
        ENTRY,
        replace(ENTRY, star=3.0),
        replace(ENTRY, person="", level="", star=2.0),
        replace(ENTRY, person="bob", rival=None),
        replace(ENTRY, world="other", person="eve"),
    )
    assert lines[0] == "who with games won-drawn-lost the star"
    assert lines[2].startswith("ada rival aaaaaaaa 2 1-0-1 2 [")
    assert lines[3].startswith("easy 50 % [9, 91] theirs 2")
    assert lines[4:6] == ["you rival aaaaaaaa 1 - 2", "as it is theirs 2"]
    assert lines[6:] == ["bob rival aaaaaaaa 1 - 1", "easy"]


def test_the_table_fits_a_terminal_of_80_columns(capsys):
    games = {
        str(k): replace(ENTRY, person="somebody", star=star, rival=2 * star)
        for k, star in enumerate((1234.5, -88.25, 300.0))
    }
    show_ratings(plain_console(width=80), games, "delivered_parcels", "w")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("rival aaaaaaaa" in line for line in lines), "nothing is torn apart"


def test_nothing_is_shown_of_a_world_without_games(capsys):
    assert shown(capsys, ENTRY, world="other") == []
    assert shown(capsys, replace(ENTRY, counted=False)) == []


def test_a_share_in_percent():
    assert percent(0.5, 0.126, 0.999) == "50 % [13, 100]"
