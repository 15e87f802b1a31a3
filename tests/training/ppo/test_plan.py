"""The plan of a refining: what a recipe leaves out, from its steps; what it says stays as it says."""

import pytest

from training.ppo.plan import PlanFacts, last_games, plan_of, planned
from training.ppo.settings import JudgeSettings, RefineSettings, RolloutSettings

VECTORS = PlanFacts(episode=200.0, tick=0.02)
PICTURES = PlanFacts(episode=200.0, tick=0.02, pictures=True)


def plan(steps, facts=VECTORS, **said):
    return plan_of(RefineSettings(steps=steps, **said), facts)


@pytest.mark.parametrize(
    ("steps", "together"),
    [
        (1_600, 128),  # an eighth of the steps, to the power of two below ...
        (16_384, 2_048),  # ... up to the least rollout
        (102_400, 2_048),  # a fiftieth of the steps ...
        (200_000, 4_096),
        (1_000_000, 16_384),
        (1_638_400, 32_768),  # ... up to the largest
        (100_000_000, 32_768),
    ],
)
def test_a_rollout_is_a_fiftieth_of_the_steps_within_bounds(steps, together):
    found = plan(steps)
    assert found.games * found.rollout == together


@pytest.mark.parametrize("steps", [1_000, 20_000, 200_000, 5_000_000])
def test_the_policy_is_updated_often_enough_and_each_time_in_several_minibatches(steps):
    found = plan(steps)
    assert found.updates >= 6
    assert found.updates - found.warm_up >= 6
    assert found.games * found.rollout >= 4 * found.batch_size


def test_a_minibatch_is_an_eighth_of_the_rollout_within_bounds():
    assert [plan(steps).batch_size for steps in (1_600, 200_000, 10**8)] == [32, 512, 2_048]


def test_pictures_are_passed_over_less_often_and_more_slowly():
    numbers, pictures = plan(200_000), plan(200_000, PICTURES)
    assert (numbers.epochs, pictures.epochs) == (5, 4)
    assert (numbers.learning_rate, pictures.learning_rate) == (2e-3, 3e-4)


def test_what_is_said_stays_and_the_rest_suits_it():
    said = {
        "games": 7,
        "epochs": 3,
        "batch_size": 50,
        "learning_rate": 2e-4,
        "warm_up": 0,
        "rollout": RolloutSettings(steps=30, half_life=2.0),
        "judge": JudgeSettings(every=9, games=11),
    }
    found = plan(200_000, **said)
    assert (found.games, found.rollout, found.epochs, found.batch_size) == (7, 30, 3, 50)
    assert (found.learning_rate, found.warm_up, found.half_life) == (2e-4, 0, 2.0)
    assert (found.judge_every, found.judge_games) == (9, 11)
    assert plan(200_000, rollout=RolloutSettings(steps=64)).games == 64, "4,096 in all"
    assert plan(200_000, games=32).rollout == 128


def test_the_half_life_is_counted_in_steps_whatever_a_step_takes():
    slow, fast = (plan(1000, PlanFacts(tick=tick)) for tick in (0.5, 0.005))
    assert slow.half_life / 0.5 == pytest.approx(fast.half_life / 0.005)


@pytest.mark.parametrize("episode", [10.0, 200.0, 1_000.0])
@pytest.mark.parametrize("steps", [20_000, 200_000, 2_000_000])
def test_judging_takes_a_share_of_the_steps_unless_that_were_too_few_games(steps, episode):
    found = plan(steps, PlanFacts(episode=episode))
    judgements = found.updates / found.judge_every + 2
    share = judgements * found.judge_games * episode / steps
    assert found.judge_games in (8, 80) or share == pytest.approx(0.3, rel=0.1)
    assert share <= 0.33 or found.updates / found.judge_every < 2, "one between first and last"


@pytest.mark.parametrize(("said", "updates"), [({}, 1), ({"warm_up": 3}, 3), ({"warm_up": 0}, 0)])
def test_who_begins_from_nothing_has_nothing_to_be_warmed_up_for(said, updates):
    assert plan(200_000, **said).warm_up == updates
    assert plan(200_000, start="nothing", **said).warm_up == 0


def test_a_limit_of_a_cost_is_judged_by_enough_games_to_show_it():
    long = PlanFacts(episode=1_000.0, limited=True)
    assert plan(20_000, long).judge_games == 60
    assert plan(20_000_000, long).judge_games == 80


@pytest.mark.parametrize(
    ("steps", "facts", "games"),
    [
        (20_000, VECTORS, 30),  # at the least
        (200_000, VECTORS, 75),  # 60,000 steps in four rows of games of 200
        (2_000_000, VECTORS, 100),  # at the most
        (200_000, PlanFacts(episode=200.0, seats=2), 38),
        (20_000, PlanFacts(episode=200.0, limited=True), 100),  # few games do not show a limit
        (0, VECTORS, 100),  # nothing is refined: there is no budget
    ],
)
def test_the_last_judgement_takes_no_more_steps_than_those_before(steps, facts, games):
    assert last_games(RefineSettings(steps=steps), facts) == games


def test_settings_with_their_plan_leave_nothing_out_and_are_planned_as_they_are():
    settings = RefineSettings(steps=200_000)
    whole = planned(settings, plan_of(settings, VECTORS))
    assert plan_of(whole) == plan_of(settings, VECTORS), "facts change nothing any more"
    told = whole.model_dump()
    assert all(told[name] is not None for name in ("games", "batch_size", "epochs", "warm_up"))
    assert all(told[name] is not None for name in ("rollout", "half_life", "judge_every"))


def test_it_says_in_a_sentence_what_will_be_done():
    assert str(plan(200_000)) == (
        "200,000 steps: 49 updates of 4,096 (16 games x 256); 1 fit values only; judged 10 times on 30 games."
    )


@pytest.mark.parametrize(("steps", "games"), [(100_000, 5), (1_000_000, 11), (1_600, 1)])
def test_seats_that_are_all_learned_from_share_the_steps(steps, games):
    alone, three = plan(steps), plan(steps, PlanFacts(episode=200.0, tick=0.02, seats=3))
    assert three.games == games
    assert three.samples == pytest.approx(alone.samples, rel=0.1)
    assert three.updates == pytest.approx(alone.updates, rel=0.1)
    assert three.batch_size == pytest.approx(alone.batch_size, rel=0.1)
    assert f"({games} games x 3 seats x {three.rollout})" in str(three)
    assert (
        plan(steps, PlanFacts(seats=3), rollout=RolloutSettings(steps=64), games=2).samples == 384
    )
