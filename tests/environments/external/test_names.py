"""Names of terms and costs: whichever way and whenever an environment gives them, none is lost unsaid."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from environments.external.description import external_spec
from environments.external.games.games import EnvironmentSpec
from environments.external.trial import names as trial_names
from environments.external.trial.facts import read_facts
from environments.external.trial.trial import try_here
from environments.external.world import Declared, declare, in_processes
from environments.recorded_worlds import described_world
from environments.system.errors import UserError

TOYS = "tests.environments.support.namers"
COLLIDES, SOLVES = f"{TOYS}:Collides", f"{TOYS}:Solves"


def played(batch, steps=10):
    """The sums of the terms and costs of the first game, by name."""
    world, totals = batch.world, np.zeros(len(batch.world.terms) + len(batch.world.costs))
    for _ in range(steps):
        batch.step(np.zeros(batch.actions.shape, batch.actions.dtype))
        totals += np.concatenate([batch.terms[0, 0], batch.costs[0, 0]])
    return dict(zip((*world.terms, *world.costs), totals.tolist(), strict=True))


def otherwise(world, **params):
    """The world as its trial showed it, whose games are made with other keywords."""
    return replace(world, params=params)


def test_what_is_named_only_when_it_happens_has_a_column_and_is_no_part_of_the_fingerprint():
    late, never = make_world(COLLIDES), make_world(COLLIDES, game=10**6)
    assert list(late.terms) == ["return", "bonus"]
    assert list(late.costs) == ["speed", "collision"]
    assert list(never.costs) == ["speed"]
    assert late.occasional == ("bonus", "collision")
    assert played(make_batch(late)) == {"return": 10, "bonus": 2, "speed": 5, "collision": 1}
    told = {**late.describe(), "params": {}}
    del told["occasional"]
    assert told == {**never.describe(), "params": {}}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_name_that_turns_up_after_the_trial_is_reported_once(workers, caplog):
    world = in_processes(make_world(COLLIDES, game=10**6), workers)
    batch = make_batch(otherwise(world, game=1), 2)
    assert played(batch) == {"return": 10, "speed": 5}
    assert len(caplog.messages) == 1
    played(batch, 20)
    assert len(caplog.messages) == 1
    batch.close()


def test_the_report_names_what_it_was_and_what_to_type(caplog):
    world = make_world(COLLIDES, game=10**6)
    played(make_batch(otherwise(world, game=1)))
    (words,) = caplog.messages
    assert "named the cost 'collision' and the term 'bonus'" in words
    assert "--cost collision --term bonus" in words


def test_declared_names_have_columns_though_nothing_of_them_happened():
    world = declare(make_world(COLLIDES, game=10**6), Declared(("bonus",), ("collision", "abrupt")))
    assert list(world.costs) == ["speed", "abrupt", "collision"]
    assert world.fingerprint == make_world(COLLIDES, game=10**6).fingerprint
    totals = played(make_batch(otherwise(world, game=1)))
    assert totals == {"return": 10, "bonus": 2, "speed": 5, "abrupt": 0, "collision": 1}


def test_an_environment_may_declare_its_names_and_is_then_not_played_on(monkeypatch):
    monkeypatch.setattr(trial_names, "PLAYED_STEPS", 0)
    world = make_world(f"{TOYS}:Declares", game=10**6)
    assert world.terms["bonus"] == "a reward for nothing"
    assert list(world.costs) == ["speed", "collision", "crash"]
    assert world.north_star == "bonus"


def test_attributes_that_only_look_like_declarations_are_left_alone():
    world: Any = make_world(f"{TOYS}:Misleads")
    assert (list(world.terms), list(world.costs), world.north_star) == (["return"], [], "return")
    assert world.success is None


@pytest.mark.parametrize("key", ["is_success", "success"])
def test_success_is_a_term_whose_sum_says_how_the_game_ended(key):
    world = make_world(SOLVES, key=key)
    assert list(world.terms) == ["return", "success"]
    assert played(make_batch(world))["success"] == 1
    lost = make_world(SOLVES, key=key, solved=(3, 4))
    assert played(make_batch(lost))["success"] == 0
    batch = make_batch(world)
    assert played(batch, 25)["success"] == 2, "two games solved, and the third was and is not"


def test_success_may_stand_under_a_key_of_its_own_and_be_the_north_star():
    world = make_world(SOLVES, key="reached")
    assert "success" not in world.terms
    judged = declare(world, Declared(success="reached", north_star="success"))
    assert judged.north_star == "success"
    assert played(make_batch(judged))["success"] == 1
    again = described_world(judged.describe(), "A file")
    assert (again.north_star, list(again.terms)) == ("success", ["return", "success"])
    assert again.fingerprint == world.fingerprint


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            Declared(north_star="sucess"),
            "'sucess' cannot be the north star of .* did you mean 'success'",
        ),
        (Declared(costs=("return",)), "the name 'return' is a term and a cost"),
        (Declared(costs=("a\x1bb",)), "names a cost 'a.x1bb', which cannot be shown"),
        (Declared(terms=("",)), "which cannot be shown"),
    ],
)
def test_what_cannot_be_declared_is_refused_in_a_sentence(given, says):
    with pytest.raises(UserError, match=says):
        declare(make_world(SOLVES), given)


def test_a_world_of_ours_is_judged_by_any_of_its_terms_and_gets_no_others():
    world = make_world("gpo/Kitchen-v0")
    term = next(name for name in world.terms if name != world.north_star)
    assert declare(world, Declared(north_star=term)).north_star == term
    for given in (Declared(terms=("more",)), Declared(costs=("more",)), Declared(success="won")):
        with pytest.raises(UserError):
            declare(world, given)


def test_an_environment_that_fails_while_names_are_looked_for_is_taken():
    world = make_world("tests.environments.support.rowdy:Rowdy", how="raises", seeds=(0,))
    assert list(world.terms)[:1] == ["return"]


def test_a_description_out_of_a_file_only_names_things():
    world = make_world(COLLIDES)
    described = {**world.describe(), "occasional": {"terms": "no list", "costs": [1, "fine"]}}
    with pytest.raises(
        UserError, match=r"A file cannot be used: .* names a cost 1, which is no text"
    ):
        described_world(described, "A file")


def test_a_dataset_of_fewer_names_narrows_the_world_to_them():
    world: Any = make_world(COLLIDES)
    narrow = world.as_recorded(["return"], ["speed", "crash"])
    assert (list(narrow.terms), list(narrow.costs)) == (["return"], ["speed", "crash"])
    assert narrow.fingerprint == world.fingerprint


def test_facts_keep_what_was_declared():
    facts = try_here(EnvironmentSpec(f"{TOYS}:Declares", {}))
    assert read_facts(facts.as_json()) == facts
    assert external_spec("a", {}, facts).occasional == ("bonus", "collision", "crash")
