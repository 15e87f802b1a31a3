"""A recipe may say by which figure an agent is better than its clone, and everything then goes by that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_world
from environments.system.errors import UserError
from tests.training.support.told_games import Weights, games, keeper_of, weight
from training.gate.confirmation import conclude
from training.gate.judged_by import JudgedBy, judged_by, judged_by_of
from training.gate.writers import MetricsWriter
from training.run.recipe import Recipe, check_recipe

TEN, FIVE, TWENTY = (games([n - 1.0, n + 1.0] * 10) for n in (10.0, 5.0, 20.0))
MEEK: dict[str, Any] = {"judged_by": "reward", "weights": {"won": -1.0}, "is_north_star": False}
WORLD: Any = SimpleNamespace(
    id="w", terms={"won": "", "far": "", "near": ""}, costs={"hits": ""}, potentials=("near",),
    north_star="won", weights={"won": 2.0, "near": 1.0},
)  # fmt: skip


def recipe(by: str | None = None, **reward: Any) -> Recipe:
    judge = {} if by is None else {"by": by}
    content = {"world": {"id": "w"}, "reward": reward, "refine": {"judge": judge}}
    return check_recipe(content, "r.toml")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (recipe(), JudgedBy("won")),
        (recipe("north_star", weights={"far": 1.0}), JudgedBy("won")),
        (recipe("far"), JudgedBy("far")),
        (recipe("near"), JudgedBy("near")),
        (recipe("reward"), JudgedBy("reward", {"won": 2.0})),
        (recipe("reward", weights={"won": 1.0, "far": -0.5, "near": 3.0}),
         JudgedBy("reward", {"won": 1.0, "far": -0.5})),
        (recipe("reward", weights={"won": 1.0, "far": -0.5}, faded=["won"]),
         JudgedBy("reward", {"far": -0.5})),
        (recipe("reward", weights={"won": 0.0, "far": -0.5}), JudgedBy("reward", {"far": -0.5})),
    ],
)  # fmt: skip
def test_what_a_recipe_judges_by(asked, found):
    assert judged_by(asked, WORLD) == found
    told = found.told(WORLD)
    assert (told == {}) == (found == JudgedBy("won"))
    assert judged_by_of(told, WORLD) == (found if told else None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (recipe("wom"), "judges by 'wom', which is no term of w: refine.judge.by is 'north_star', "
                        "'reward' or one of its terms, 'won', 'far', 'near'."),
        (recipe("hits"), "judges by 'hits', which is no term of w"),
        (recipe("reward", weights={"near": 1.0}), "of which nothing is left"),
        (recipe("reward", weights={"far": 1.0}, faded=["far"]), "of which nothing is left"),
        (recipe("reward", weights={"far": 0.0}), "of which nothing is left"),
    ],
)  # fmt: skip
def test_what_nothing_can_be_judged_by_is_refused_in_one_sentence(asked, said):
    with pytest.raises(UserError, match=said) as caught:
        judged_by(asked, WORLD)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["terms", "costs"])
def test_a_reward_that_is_also_a_name_is_not_guessed(kind):
    world = SimpleNamespace(**{**vars(WORLD), kind: {"won": "", "reward": ""}})
    with pytest.raises(UserError, match="has a term or cost of that name"):
        judged_by(recipe("reward"), world)  # type: ignore[arg-type]


def test_a_real_world_refuses_a_wrong_name_with_its_terms():
    with pytest.raises(UserError, match="one of its terms, 'soup', "):
        judged_by(recipe("soups"), make_world("gpo/Kitchen-v0"))


def test_a_reward_is_the_sum_of_weight_times_term_in_each_game():
    terms = {
        "won": np.array([[1.0, 2.0]]),
        "far": np.array([[10.0, 20.0]]),
        "near": np.ones((1, 2)),
    }
    found = JudgedBy("reward", {"won": 2.0, "far": -0.25}).of(terms)
    assert found.tolist() == [[-0.5, -1.0]]
    assert JudgedBy("far").of(terms) is terms["far"]


def test_an_agent_of_another_world_is_not_judged_by_what_that_does_not_name():
    told = {"judged_by": {"name": "reward", "weights": {"won": 1.0, "gone": 2.0}}}
    assert judged_by_of(told, WORLD) is None
    assert judged_by_of({}, WORLD) is None


def judged(agent: Any, **rules: Any) -> Any:
    keeper = keeper_of({7.0: TEN, 1.0: agent}, **rules)
    keeper.num_timesteps = 10
    keeper.judgement = keeper.assess(Weights(1.0))
    return keeper


def test_a_personality_is_handed_on_by_its_own_reward_and_refused_by_the_north_star():
    refused = conclude(judged(FIVE)).verdict
    assert (refused.handed_on, refused.judged_by) == ("clone", "won")
    keeper = judged(FIVE, **MEEK)
    assert (keeper.clone_mean, keeper.best_mean) == (-9.0, -4.0), "greedy games win 1 less here"
    found = conclude(keeper)
    assert (found.verdict.handed_on, found.verdict.judged_by) == ("refined", "reward")
    assert weight(found.policy) == 1.0
    assert "reward -4.00 against the clone's -9.00 on 20 fresh games (+5.00" in str(found.verdict)


def test_who_wins_more_is_refused_by_a_reward_that_does_not_pay_it():
    found = conclude(judged(TWENTY, **MEEK)).verdict
    assert found.handed_on == "clone"
    assert "better than the clone (reward -9.00)" in str(found)
    assert (found.clone_mean, found.mean) == (-9.0, -9.0)


def test_the_manner_is_chosen_by_that_figure_too():
    assert conclude(judged(TWENTY)).manner.greedy is False
    found = conclude(judged(FIVE, **MEEK))
    assert found.manner.greedy is True, "greedy games win 1 less, which is paid here"
    assert found.verdict.greedy is True


def test_a_limit_holds_whatever_is_judged():
    costly = games([4.0, 6.0] * 10, cost=9.0)
    found = conclude(judged(costly, limits={"hits": 2.0}, **MEEK)).verdict
    assert found.handed_on == "clone"
    assert "may cost 9.00 hits, more than its limit of 2" in str(found)


def test_the_nearest_to_the_limits_is_told_by_that_figure():
    keeper = keeper_of({7.0: games([9.0, 11.0] * 10, cost=9.0)}, limits={"hits": 2.0}, **MEEK)
    found = conclude(keeper).verdict
    assert (found.handed_on, found.judged_by, found.clone_mean) == ("nothing", "reward", -10.0)


def test_a_row_and_a_checkpoint_are_of_that_figure(tmp_path):
    keeper = judged(FIVE, **MEEK)
    row = MetricsWriter(keeper, tmp_path, {"won": -1.0}).row(keeper.judgement, {})
    assert (row.north_star, row.clone, row.best, row.proxy) == (-5.0, -9.0, -4.0, -5.0)
    assert (row.judged_by, row.play["reward"], row.play["won"]) == ("reward", -5.0, 5.0)
    kept = keeper.facts()["gate"]["kept"]
    assert set(kept["totals"]) == {"reward"}
    usual = judged(TWENTY)
    told = MetricsWriter(usual, tmp_path, {}).row(usual.judgement, {})
    assert told.judged_by is None
    assert "judged_by" not in told.to_json()
