"""`gpo play` from end to end without a screen: games, takeovers and counts, through a script of keys."""

import json

import numpy as np
import pytest

import gpo
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.sessions.game.match_recording import META
from demos.sessions.game.phases import Phase
from demos.sessions.play.command import play_command
from demos.sessions.play.options import PlayOptions
from demos.sessions.play.ratings import Ratings, standings
from demos.sessions.play.session import ADVICE
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.sessions.record.test_command import write
from tests.demos.support.plays import PlaySession
from tests.demos.support.runs import small_run

KITCHEN = make_world("gpo/Kitchen-v0")
NORTH = KITCHEN.action_names.index("north")
TICK = KITCHEN.tick  # s
GAME = """
event = [
    {at = 0.5, press = "return"},
    {at = 4.0, key = "up", down = true},
    {at = 4.9, key = "up", down = false},
    {at = 12.0, press = "return"},
    {at = 14.0, press = "escape"},
]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("runs") / "cooks", "gpo/Kitchen-v0")


@pytest.fixture(scope="module")
def pole(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("runs") / "pole")


def play(tmp_path, name, script=GAME, **asked):
    asked = {"root": tmp_path / "datasets", "seed": 11, **asked}
    given = write(tmp_path / "script.toml", script)
    return play_command(PlayOptions(str(name), headless=True, script=given, **asked))


def kept(tmp_path, name):
    return Store(tmp_path / "datasets").open(name).load_all()


def test_a_game_is_in_the_dataset_with_everybody_who_acted(tmp_path, run, capsys):
    assert play(tmp_path, run, player="ada", games=1) == 0
    said = capsys.readouterr().out
    assert "gpo play: kept 1 game in dataset kitchen-cramped_room-play (episodes 0 and 1)" in said
    mine, theirs = kept(tmp_path, "kitchen-cramped_room-play")
    assert (mine.agent, theirs.agent) == KITCHEN.agents
    assert (mine.player, theirs.player) == ("ada", "cooks")
    assert mine.match == theirs.match
    assert mine.seed == theirs.seed == 11
    assert len(mine) == len(theirs) == 40
    assert (mine.actors == Actor.HUMAN).all()
    assert (theirs.actors == Actor.AGENT).all()
    assert 5 <= (mine.actions == NORTH).sum() <= 7  # 0.9 s
    assert (mine.meta["device"], theirs.meta["device"]) == ("script", "none")
    told = mine.meta[META]
    assert (told["seat"], told["agent"], told["level"]) == ("cook_0", "cooks", "")
    assert len(told["sha256"]) == 64


def test_what_was_played_can_be_played_again_from_its_actions(tmp_path, run, capsys):
    play(tmp_path, run, games=1)
    words = ["demos", "verify", "kitchen-cramped_room-play", "--root", str(tmp_path / "datasets")]
    assert gpo.main(words) == 0


def test_the_person_may_have_the_other_seat(tmp_path, run):
    assert play(tmp_path, run, seat=1, games=1) == 0
    mine, theirs = kept(tmp_path, "kitchen-cramped_room-play")
    assert (mine.agent, theirs.agent) == ("cook_1", "cook_0")
    assert (mine.actors == Actor.HUMAN).all()
    assert (theirs.actors == Actor.AGENT).all()


def test_the_verb_hands_on_what_was_typed(tmp_path, run, capsys):
    script = str(write(tmp_path / "script.toml", GAME))
    words = ["play", str(run), "--headless", "--script", script, "--root", str(tmp_path / "d")]
    words += ["--games", "1", "--option", "horizon=20", "--dataset", "mine", "--seed", "5"]
    assert gpo.main(words) == 0
    mine, _ = Store(tmp_path / "d").open("mine").load_all()
    assert len(mine) == 20
    assert mine.seed == 5


# ------------------------------------------------------------------ taking over


def test_a_coached_game_tells_who_drove_in_each_step(tmp_path, run, capsys):
    assert play(tmp_path, run, coach=True, games=1, settle=0.3) == 0
    assert "gpo train RECIPE --corrections kitchen-cramped_room-coach" in capsys.readouterr().out
    seat, other = kept(tmp_path, "kitchen-cramped_room-coach")
    driven = np.flatnonzero(seat.actors == Actor.HUMAN)
    assert (np.diff(driven) == 1).all(), "one intervention"
    pressed = np.flatnonzero(seat.raw.any(axis=1))
    assert len(driven) == len(pressed) + 2  # and the settling time, two steps of 0.15 s
    assert driven[0] == pressed[0]
    assert (seat.actions[pressed] == NORTH).all()
    assert (seat.actions[driven[-2:]] == KITCHEN.idle).all()
    assert (seat.requested_actions == seat.actions).all()
    assert set(np.unique(seat.actors)) == {Actor.HUMAN, Actor.AGENT}
    assert (other.actors == Actor.AGENT).all()
    assert seat.meta[META]["coach"] is True
    assert seat.meta[META]["settle_steps"] == 2
    assert not Ratings(tmp_path / "datasets").read(), "nobody is rated by that"


def test_a_tap_shorter_than_a_step_is_a_correction_of_its_own(tmp_path, run):
    with PlaySession(tmp_path, run, coach=True, settle=0.0) as session:
        session.begin()
        assert session.said == ADVICE
        session.play(1.0)
        session.tap("t")
        assert session.said == ADVICE, "T is no key that does nothing"
        session.play(0.5)
        assert session.said == "", "and whoever has taken over needs no advice"
        session.play(0.5)
        session.tap("up")
        session.play(0.5)
        session.tap("return")
        session.play(TICK)
        assert session.at(Phase.CARD)
        session.recorder.end(session.clock.now())
    seat, _ = Store(tmp_path).open("kitchen-cramped_room-coach").load_all()
    driven = np.flatnonzero(seat.actors == Actor.HUMAN)
    assert len(driven) == 2
    assert seat.actions[driven].tolist() == [KITCHEN.idle, NORTH]


def test_a_coached_world_of_one_seat(tmp_path, pole):
    script = GAME.replace('key = "up"', 'key = "right"')
    assert play(tmp_path, pole, script, coach=True, games=1) == 0
    (episode,) = kept(tmp_path, "balance-coach")
    driven = episode.actors == Actor.HUMAN
    assert driven.sum() > 0 or len(episode) < 25  # it may have fallen before


def test_the_seats_beside_a_coached_agent_can_be_named(tmp_path, run):
    clone = run / "clone.safetensors"
    assert play(tmp_path, clone, coach=True, games=1, partner="random") == 0
    _, other = kept(tmp_path, "kitchen-cramped_room-coach")
    assert other.player == "random"


# ------------------------------------------------------------------ counting


def test_games_are_counted_by_agent_and_level(tmp_path, run, capsys):
    for seed in (1, 2):
        play(tmp_path, run, games=1, seed=seed, player="ada")
    entries = Ratings(tmp_path / "datasets").read()
    ((world, person, agent, sha, level), standing) = next(iter(standings(entries.values()).items()))
    assert (world, person, agent, level) == ("gpo/Kitchen-v0", "ada", "cooks", "")
    assert standing.games == 2
    assert sha[:8] in capsys.readouterr().out


def test_a_game_that_is_not_played_to_its_end_is_kept_and_not_counted(tmp_path, run):
    early = GAME.replace("at = 12.0", "at = 6.0").replace("at = 14.0", "at = 7.0")
    early = early.replace("{at = 7.0", '{at = 6.5, press = "return"},\n    {at = 7.0')
    assert play(tmp_path, run, early) == 0
    assert len(kept(tmp_path, "kitchen-cramped_room-play")) == 2
    (entry,) = Ratings(tmp_path / "datasets").read().values()
    assert not entry.counted
    assert not standings([entry])


def test_a_game_that_is_taken_back_is_counted_no_more(tmp_path, run):
    with PlaySession(tmp_path, run) as session:
        session.begin()
        session.play(7.0)
        session.tap("return")
        assert len(session.ratings.read()) == 1
        session.tap("backspace")
        assert not session.ratings.read()
        session.recorder.end(session.clock.now())


def test_in_a_world_of_one_seat_the_agent_plays_the_same_game_first(tmp_path, pole, capsys):
    assert play(tmp_path, pole, games=1) == 0
    (episode,) = kept(tmp_path, "balance-play")
    assert (episode.actors == Actor.HUMAN).all()
    (entry,) = Ratings(tmp_path / "datasets").read().values()
    assert entry.rival == episode.meta[META]["rival"] >= 1
    assert entry.star == len(episode)
    assert entry.counted
    play(tmp_path, pole, games=1, dataset="again")
    again = Store(tmp_path / "datasets").open("again").load(0)
    assert again.meta[META]["rival"] == entry.rival


def test_the_score_to_beat_and_the_level_are_shown(tmp_path, run, pole):
    with PlaySession(tmp_path, pole) as session:
        assert session.recorder.aim == ""
        session.begin()
        rival = session.ready.rival
        reached = session.recorder.match.added["rival"]
        assert session.recorder.aim == f"to beat: {reached:g} ({rival.name})"
        session.recorder.match.about["level"] = "hard"
        assert session.recorder._aim() == f"to beat: {reached:g} ({rival.name}, hard)"
        session.recorder.end(session.clock.now())
    with PlaySession(tmp_path, run) as session:
        session.begin()
        assert session.recorder.aim == f"against {session.ready.rival.name}"
        session.recorder.end(session.clock.now())


# ------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": "nobody"}, "'nobody' is no agent or run"),
        ({"name": "gone.safetensors"}, "There is no agent at gone.safetensors"),
        ({"level": "hardest"}, "did you mean 'hard'?"),
        ({"seat": 2}, "has the seats 0 to 1"),
        ({"partner": "random"}, "--coach"),
        ({"settle": 1.0}, "--settle"),
        ({"coach": True, "settle": 99.0}, "--settle"),
        ({"coach": True, "partner": "nobody"}, "'nobody' is no player"),
        ({"against": ("random",)}, "--levels"),
        ({"options": {"horizn": 3}}, "did you mean 'horizon'?"),
        ({"params": {"layout": "counter_circuit"}}, "was made for another gpo/Kitchen-v0"),
        ({"device": "wheel"}, "There is no device 'wheel'"),
        ({"script": None}, "--headless has nobody at the keys"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, run, asked, said):
    name = asked.pop("name", str(run))
    given = {"script": write(tmp_path / "script.toml", GAME), **asked}
    with pytest.raises(UserError) as problem:
        play_command(PlayOptions(name, headless=True, root=tmp_path / "datasets", **given))
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)
    assert not (tmp_path / "datasets").exists()


def test_a_dataset_of_another_world_is_refused(tmp_path, run, pole):
    play(tmp_path, pole, games=1, dataset="mine")
    with pytest.raises(UserError, match=r"was made for gpo/Balance-v0, not for gpo/Kitchen-v0"):
        play(tmp_path, run, dataset="mine")


def test_a_damaged_table_is_said_before_anybody_plays(tmp_path, run):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "ratings.json").write_text(json.dumps({"format": "gpo-ratings-1"}))
    with pytest.raises(UserError, match=r"ratings\.json is damaged"):
        play(tmp_path, run, games=1)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_the_game_with_its_code_and_keeps_it(tmp_path, run, capsys, name, code):
    script = f'event = [{{at = 0.5, press = "return"}}, {{at = 5.0, signal = "{name}"}}]'
    assert play(tmp_path, run, script) == code
    assert "stopped by a signal" in capsys.readouterr().out
    assert all(episode.aborted for episode in kept(tmp_path, "kitchen-cramped_room-play"))
