"""What is handed on in the end: confirmed on fresh games, feasible first, or nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.training.support.told_games import Weights, games, keeper_of, weight
from training.gate.attempts import STAGES_APART
from training.gate.confirmation import conclude
from training.gate.judge import FRESH_SEEDS

TEN, TWENTY = games([9.0, 11.0] * 10), games([19.0, 21.0] * 10)


def judged(answers: dict[Any, Any], *weights: float, **rules: Any) -> Any:
    keeper = keeper_of(answers, **rules)
    for update, number in enumerate(weights):
        keeper.num_timesteps = 10 * update
        keeper.assess(Weights(number))
    return keeper


def test_what_holds_on_fresh_games_is_handed_on_with_the_figures_of_those():
    keeper = judged({7.0: TEN, 1.0: TWENTY, ("fresh", 1.0): games([14.0, 16.0] * 20),
                     ("fresh", 7.0): games([9.0, 11.0] * 20)}, 1.0)  # fmt: skip
    found = conclude(keeper)
    assert found.verdict.is_refined
    assert weight(found.policy) == 1.0
    assert (found.verdict.clone_mean, found.verdict.mean, found.verdict.update) == (10.0, 15.0, 0)
    assert "won 15.00 against the clone's 10.00 on 40 fresh games (+5.00 game by game" in str(
        found.verdict
    )
    fresh = [(seed, share) for _, _, seed, share in keeper.trials.judge.judged if seed != 500_000]
    assert set(fresh) == {(FRESH_SEEDS, 2)}


def test_what_does_not_hold_is_said_and_the_runner_up_is_not_taken_in_silence():
    answers = {7.0: TEN, 1.0: TWENTY, 2.0: TWENTY, ("fresh", 2.0): games([5.0, 16.0] * 10)}
    found = conclude(judged(answers, 1.0, 2.0)).verdict
    assert found.handed_on == "clone"
    assert "from update 1, could not be confirmed to be better: won 10.50" in str(found)
    assert "so the clone itself is handed on" in str(found)


def test_where_few_fresh_games_leave_it_open_many_more_are_played():
    open_ = games([9.0, 11.0, 14.0, 8.0] * 5)
    keeper = judged({7.0: TEN, 1.0: TWENTY, ("fresh", 1.0): open_}, 1.0)
    assert conclude(keeper).verdict.handed_on == "clone"
    fresh = [(seed, share) for _, _, seed, share in keeper.trials.judge.judged if seed != 500_000]
    assert set(fresh) == {(FRESH_SEEDS, 2), (FRESH_SEEDS + STAGES_APART, 8)}
    worse = judged({7.0: TEN, 1.0: TWENTY, ("fresh", 1.0): games([9.0, 10.9] * 10)}, 1.0)
    conclude(worse)
    assert {share for *_, share in worse.trials.judge.judged} == {1, 2}, "it earns less: no more"


def costly(star: float, cost: float, count: int = 40) -> Any:
    return games(star + np.tile([0.5, -0.5], count // 2), cost + np.tile([0.1, -0.1], count // 2))


def test_where_the_clone_breaks_a_limit_the_safe_agent_is_handed_on_though_it_earns_less():
    answers = {7.0: costly(10, 24), 1.0: costly(30, 15), 2.0: costly(8, 5)}
    found = conclude(judged(answers, 1.0, 2.0, limits={"hits": 10.0})).verdict
    assert (found.handed_on, found.update, found.unsafe) == ("refined", 1, False)
    assert "The clone breaks a limit (hits up to 24" in str(found)
    assert "won 8.00 against the clone's 10.00" in str(found)


def test_a_limit_that_is_broken_on_fresh_games_falls_back_on_the_safest_and_says_so():
    answers = {
        7.0: costly(10, 24),
        1.0: costly(8, 2),
        2.0: costly(9, 9),
        ("fresh", 2.0): costly(9, 11),
    }
    found = conclude(judged(answers, 1.0, 2.0, limits={"hits": 10.0})).verdict
    assert (found.handed_on, found.update) == ("refined", 0)
    assert "from update 1, broke a limit on fresh games (hits up to 11" in str(found)
    assert "so the safest agent that keeps them is handed on, from update 0" in str(found)


def test_where_nothing_keeps_the_limits_nothing_is_handed_on_unless_it_is_accepted():
    answers = {7.0: costly(10, 24), 1.0: costly(9, 12), 2.0: costly(30, 15)}
    found = conclude(judged(answers, 1.0, 2.0, limits={"hits": 10.0}))
    assert (found.verdict.handed_on, found.verdict.unsafe) == ("nothing", True)
    assert "the nearest is the agent of update 0 (hits up to 12" in str(found.verdict)
    assert "--accept-unsafe" in str(found.verdict)
    accepted = found.accepted
    assert accepted.verdict.handed_on == "refined"
    assert accepted.verdict.unsafe
    assert weight(accepted.policy) == 1.0
    assert "handed on all the same" in str(accepted.verdict)


def test_a_clone_that_alone_comes_near_is_the_nearest():
    found = conclude(judged({7.0: costly(10, 11), 1.0: costly(9, 12)}, 1.0, limits={"hits": 10.0}))
    assert found.verdict.handed_on == "nothing"
    assert found.accepted.verdict.handed_on == "clone"
    assert conclude(judged({7.0: TEN}, limits={"hits": 10.0})).accepted.verdict.unsafe is False


def test_a_limit_that_so_few_games_cannot_show_is_told_with_how_many_can():
    rare = games([10.0] * 40, np.repeat([0.0, 1.0], [30, 10]))
    found = conclude(judged({7.0: rare, 1.0: costly(9, 0.1)}, limits={"hits": 0.05}))
    assert (
        "40 games cannot show a limit of 0.05 hits, with up to 1 in a game: set refine.judge.games to 72"
        in (str(found.verdict))
    )


@pytest.mark.parametrize("star", [2.0, 10.0, 30.0])
def test_an_agent_begun_from_nothing_is_called_what_it_is(star):
    answers = {7.0: TEN, 1.0: games(star + np.tile([1.5, -1.5], 10) * np.repeat([1, -1], 10))}
    found = conclude(judged(answers, 1.0, guard=False)).verdict
    assert found.is_refined
    than = {2.0: "worse than", 10.0: "not to be told apart from", 30.0: "better than"}[star]
    assert f"from update 0 and {than} the clone: won {star:.2f}" in str(found)


def test_what_the_multipliers_did_in_vain_is_said():
    class Vain:
        def trouble(self, name: str) -> str:
            return f"The multiplier of {name} was of no avail."

    keeper = judged({7.0: TEN})
    keeper.model.multipliers = {"hits": Vain()}
    keeper.trouble = "It diverged."
    found = conclude(keeper).verdict
    assert str(found).startswith("It diverged. The multiplier of hits was of no avail. No refined")
    assert found.diverged


FORTY = {level: games(level + np.tile([1.0, -1.0], 20)) for level in (10.0, 13.0, 16.0, 19.0)}


def test_the_clone_is_what_it_is_in_its_better_manner_on_fresh_games():
    answers = {7.0: TEN, 1.0: TWENTY, ("fresh", 7.0): FORTY[10.0], ("fresh", 1.0): FORTY[13.0]}
    found = conclude(judged(answers, 1.0, greedy={("fresh", 7.0): FORTY[16.0]}))
    assert found.verdict.handed_on == "clone"
    assert "won 13.00 against the clone's 16.00 on 40 fresh games" in str(found.verdict)
    assert "It takes its likeliest actions" in str(found.verdict)
    assert found.manner.greedy
    assert conclude(judged(answers, 1.0)).verdict.is_refined, "sampled it reaches 10"


def test_so_is_an_agent_and_so_is_a_clone_that_nobody_rivals():
    answers = {7.0: TEN, 1.0: TWENTY, ("fresh", 7.0): FORTY[10.0], ("fresh", 1.0): FORTY[13.0]}
    found = conclude(judged(answers, 1.0, greedy={("fresh", 1.0): FORTY[19.0]}))
    assert found.verdict.is_refined
    assert found.manner.greedy
    assert "won 19.00 against the clone's 10.00" in str(found.verdict)
    alone = conclude(judged(answers, greedy={("fresh", 7.0): FORTY[16.0]}))
    assert (alone.verdict.handed_on, alone.manner.greedy) == ("clone", True)
    assert not conclude(judged(answers)).manner.greedy
