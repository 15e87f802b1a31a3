"""A game of an evaluation is the same game when it is watched, and its seed is told."""

import re
import shlex

import numpy as np
import pytest

import gpo
from agents.evaluation.games import GAMES, HELD_OUT, EpisodeTotals
from agents.lookup import find
from agents.lookup_names import PLAYERS
from demos.sessions.match.cast_by_name import cast_for
from demos.sessions.match.evaluated_games import BatchRow, EvaluatedGames
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.support.runs import small_run
from training.evaluation.notable_games import NotableGame, notable_games
from training.evaluation.protocol import Protocol, evaluate
from training.gate.judged_by import JudgedBy

BALANCE, KITCHEN, DUEL, COURIER = (f"gpo/{w}-v0" for w in ("Balance", "Kitchen", "Duel", "Courier"))


def evaluated(agent, world, protocol, partner=None):
    """What `gpo evaluate` does with names."""
    me = find(agent, PLAYERS)
    other = me if partner is None else find(partner, PLAYERS, world)
    several = len(world.agents) > 1
    beside = (lambda seed: other.player(world, seed)) if several else None
    return evaluate(world, lambda seed: me.player(world, seed), beside, protocol)


def watched(name, seed, **asked):
    """A game to its end in the viewer's match, as `gpo watch` seats it."""
    cast = cast_for(name, **asked)
    match = cast.match()
    match.players = cast.players(cast.entrants[cast.at], seed)
    match.begin(seed)
    while not match.over:
        match.step()
    match.close()
    return match


def same(match, games, row, seat):
    """That a watched game is the one in that row, to the last bit of its sums."""
    assert match.steps == games.steps[row]
    for n in range(len(match.world.agents)):
        assert match.score[n] == games.returns[row, n]
        for name in match.world.terms:
            assert match.total(name, n) == games.terms[name][row, n]
        for name in match.world.costs:
            assert match.total(name, n) == games.costs[name][row, n]


@pytest.fixture
def run(tmp_path):
    def made(world_id, **settings):
        return str(small_run(tmp_path / "run", world_id, settings=settings))

    return made


@pytest.mark.parametrize("greedy", [False, True])
@pytest.mark.parametrize("world_id", [BALANCE, "CartPole-v1", COURIER])
def test_an_agent_plays_the_same_game_when_it_is_watched(run, world_id, greedy):
    folder, world = run(world_id), make_world(world_id)
    (games,) = evaluated(folder, world, Protocol(7, 40, greedy, seed=50))
    if world_id != COURIER:  # so that the games differ, and end at different steps
        assert len(set(games.steps.tolist())) > 1
    for row in (0, 3, 6):
        match = watched(folder, 50 + row, evaluated="50:7", greedy=greedy)
        same(match, games, row, 0)


def test_an_agent_that_samples_plays_another_game_alone(run):
    """Or the test above would prove nothing: its draws belong to its row."""
    folder = run(BALANCE)
    (games,) = evaluated(folder, make_world(BALANCE), Protocol(7, 40, seed=50))
    alone = [watched(folder, 50 + row).steps for row in range(7)]
    assert alone != games.steps.tolist()


@pytest.mark.parametrize("seat", [0, 1])
def test_both_seats_play_as_they_were_evaluated(run, seat):
    """With the rule that a stuck clone does something else, and a partner of random actions."""
    clone = f"{run(KITCHEN)}/clone.safetensors"
    played = evaluated(clone, make_world(KITCHEN), Protocol(5, 40, seed=9), "random")
    for row in (0, 4):
        match = watched(clone, 9 + row, partner="random", seat=seat, evaluated="9:5")
        same(match, played[seat], row, seat)


def test_an_agent_with_memory_is_watched_as_it_was_evaluated(run):
    folder = run(BALANCE, kind="memory")
    (games,) = evaluated(folder, make_world(BALANCE), Protocol(6, 40, seed=3))
    for row in (1, 5):
        same(watched(folder, 3 + row, evaluated="3:6"), games, row, 0)


def test_the_default_games_of_evaluating_are_shown_by_their_seed_alone(run):
    folder = run(BALANCE)
    (games,) = evaluated(folder, make_world(BALANCE), Protocol(GAMES, 40))
    for row in (0, int(games.steps.argmax()), GAMES - 1):
        same(watched(folder, HELD_OUT + row), games, row, 0)


def test_a_single_game_is_one_of_its_own(run):
    folder = run(BALANCE)
    (games,) = evaluated(folder, make_world(BALANCE), Protocol(1, 40, seed=8))
    same(watched(folder, 8), games, 0, 0)


def test_one_can_go_back_in_a_game_of_an_evaluation(run):
    folder = run(BALANCE)
    cast = cast_for(folder, evaluated="50:7")
    match = cast.match()
    match.players = cast.players(cast.entrants[cast.at], 53)
    match.begin(53)
    acted = []
    for _ in range(6):
        acted.append(int(match.decisions[0].action))
        match.step()
    for _ in range(4):
        match.back()
    again = []
    while match.steps < 6:
        again.append(int(match.decisions[0].action))
        match.step()
    assert again == acted[2:]
    chances = match.decisions[0].details
    assert chances is not None
    assert chances.chances[0].shape == (2,)
    assert chances.values is not None
    match.close()


def test_rows_are_the_seeds_of_the_evaluation():
    games = EvaluatedGames(10, 3)
    assert [games.row(seed) for seed in (9, 10, 12, 13)] == [None, 0, 2, None]
    assert [games.start(seed) for seed in (9, 10, 12, 13)] == [9, 10, 10, 13]
    assert games.seat(None, 0, 10) is None
    assert EvaluatedGames.read("5:8") == EvaluatedGames(5, 8)
    assert EvaluatedGames.read(None, greedy=True) == EvaluatedGames(greedy=True)


@pytest.mark.parametrize(
    "text", ["", "5", ":", "5:", ":5", "5:0", "-1:3", "5:3:1", "9" * 40 + ":1"]
)
def test_what_names_no_games_is_one_sentence(text):
    with pytest.raises(UserError, match=r"--evaluated is .* give the first seed and the games"):
        EvaluatedGames.read(text)


def test_what_was_done_instead_is_told_to_the_player_of_the_row():
    told = []

    class Remembering:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            return np.arange(len(observation)), self

        def act(self, actions):
            told.append(actions.tolist())

    row = BatchRow(Remembering(), 2, 4)
    action, state = row.predict(np.zeros((1, 3)), None, np.ones(1, bool))
    assert action.tolist() == [2]
    state.act(np.array([7]))
    assert told == [[7, 7, 7, 7]]


# ------------------------------------------------------------------ which games are told


def totals(values, seats=1):
    star = np.array(values, float).reshape(-1, seats)
    return EpisodeTotals({"star": star}, {}, star, np.ones(len(star), int))


def test_the_best_the_median_and_the_worst_are_found_and_of_equals_the_first():
    found = notable_games([totals([3, 1, 5, 1, 5])], JudgedBy("star"), [0], 100)
    assert found == {
        "best": NotableGame(102, 0, 5.0),
        "median": NotableGame(100, 0, 3.0),
        "worst": NotableGame(101, 0, 1.0),
    }


def test_the_games_of_every_seat_count_for_who_sits_there():
    played = [totals([[1, 9], [2, 9]], 2), totals([[9, 0], [9, 4]], 2)]
    found = notable_games(played, JudgedBy("star"), [0, 1], 100)
    assert found["worst"] == NotableGame(100, 1, 0.0)
    assert found["best"] == NotableGame(101, 1, 4.0)
    assert found["median"].value == 1.0  # of four the lower of the two in the middle
    assert notable_games(played, JudgedBy("star"), [0], 100)["best"] == NotableGame(101, 0, 2.0)


@pytest.mark.parametrize(
    "words",
    [
        ["RUN", "--episodes", "6", "--seed", "40"],
        ["RUN", "--episodes", "6", "--seed", "40", "--greedy", "--horizon", "30"],
        ["RUN", "--episodes", "6"],
        ["random", "--world", "CartPole-v1", "--episodes", "6"],
        ["rusher-3", "--world", DUEL, "--partner", "still", "--episodes", "3", "--horizon", "40"],
    ],
)
def test_evaluating_tells_the_command_that_shows_the_worst_game(run, capsys, words):
    folder = run(BALANCE)
    assert gpo.main(["evaluate", *(folder if word == "RUN" else word for word in words)]) == 0
    said = capsys.readouterr().out
    line = re.search(r"To see the worst: gpo (watch .*)", said)
    assert line is not None, said
    told = re.search(r"worst (\S+) \(seed (\d+)", said)
    assert told is not None
    assert re.search(r"by game: best \S+ \(seed \d+.*\), median \S+ \(seed \d+", said)
    assert gpo.main([*shlex.split(line.group(1)), "--headless"]) == 0
    shown = capsys.readouterr().out
    value = re.search(r"1 game: .*? (-?[\d.]+)", shown)
    assert value is not None, shown
    assert float(value.group(1)) == pytest.approx(float(told.group(1)), abs=0.01), (said, shown)
