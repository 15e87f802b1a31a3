"""Who plays the other seats where a recipe does not say: by the world and by how recorded seats win."""

import json
import math

import numpy as np
import pytest

from environments.catalog import make_world
from environments.files.atomic import to_checked_json
from environments.system.errors import UserError
from tests.training.support.seats import Guessing
from tests.training.support.toys import record
from training.api import train
from training.partners.partners import MemberSettings, PartnerSettings, check_partners, make_partner
from training.pipeline.default_partner import (
    RIVALS,
    chosen_partner,
    match_totals,
    relation,
)
from training.pipeline.plan_recipe import plan_recipe
from training.run.folder import RunFolder
from training.run.metrics import read_metrics
from training.run.recipe import check_recipe
from training.run.reporter import SilentReporter

PAIR = "tests.training.support.seats:Pair"


class Said(SilentReporter):
    """Keeps what it is told."""

    def __init__(self):
        self.sentences = []

    def say(self, sentence):
        self.sentences.append(sentence)


def correlated(share: float, matches: int) -> np.ndarray:
    """Totals of two seats whose correlation is that, to the last digit: [M, 2]."""
    along = np.tile([1.0, 1.0, -1.0, -1.0], matches // 4)
    across = np.tile([1.0, -1.0, 1.0, -1.0], matches // 4)
    other = share * along + math.sqrt(1 - share**2) * across
    return np.stack([5 + along, other - 3], axis=1)


@pytest.mark.parametrize(
    ("totals", "kind"),
    [
        (np.zeros((0, 2)), "unknown"),
        ([[1.0, 1.0], [2.0, 2.0]], "together"),
        ([[1.0, 1.0], [2.0, 2.0 + 1e-6]], "together"),
        ([[3.0, 3.0], [3.0, 3.0]], "unknown"),
        ([[0.0, 0.0], [0.0, 0.0]], "unknown"),
        ([[1.0, -1.0], [-1.0, 1.0]], "against"),
        ([[1.0, 0.0], [0.5, 0.5]], "against"),
        ([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], "against"),
        ([[1.0, 0.0], [0.5, 0.6]], "unknown"),
        (correlated(0.51, 16), "together"),
        (correlated(0.49, 16), "unknown"),
        (correlated(-0.49, 16), "unknown"),
        (correlated(-0.51, 16), "against"),
    ],
)
def test_how_seats_win_is_read_off_their_totals(totals, kind):
    assert relation(np.asarray(totals, float)).kind == kind


def recorded(folder, together):
    world = make_world(PAIR, together=together)
    return world, record(folder, f"pair-{together}", world, Guessing(), 12, 8)


def test_seats_that_win_together_are_all_the_learners(tmp_path):
    world, data = recorded(tmp_path, together=True)
    assert match_totals(data, world).shape == (12, 2)
    found, said = chosen_partner(PartnerSettings(), world, data)
    assert (found.player, found.judged_with, found.has_every_seat) == ("self", "self", True)
    assert "win together" in said
    assert 'player = "clone"' in said
    assert make_partner(found, world, [], 0) is None
    assert make_partner(found, world, [], 0, judging=True) is None


def test_rivals_meet_the_clone_and_themselves(tmp_path):
    world, data = recorded(tmp_path, together=False)
    found, said = chosen_partner(PartnerSettings(), world, data)
    assert (found.members, found.judged_with, found.has_every_seat) == (RIVALS, "clone", False)
    assert "against one another" in said
    assert "player or mixture" in said


def test_our_own_worlds_and_games_alone_have_the_clone():
    for world in (make_world("gpo/Kitchen-v0", layout="cramped_room"), make_world("CartPole-v1")):
        found, said = chosen_partner(PartnerSettings(), world, None)
        assert (found.player, found.judged_with, found.every_seat, said) == (
            "clone",
            "clone",
            False,
            "",
        )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"player": "clone"}, ("clone", "clone", False)),
        ({"player": "clone", "judged_with": "self"}, ("clone", "self", False)),
        ({"player": "self"}, ("self", "clone", True)),
        ({"player": "self", "every_seat": False}, ("self", "clone", False)),
        ({"judged_with": "clone"}, ("self", "clone", True)),
        ({"every_seat": False}, ("self", "self", False)),
        ({"temperature": 0.5}, ("self", "self", False)),
        ({"clones": 2}, ("clone", "clone", False)),
        ({"mixture": ({"player": "random"},)}, ("clone", "clone", False)),
    ],
)
def test_what_a_recipe_says_is_done(asked, expected, tmp_path):
    world, data = recorded(tmp_path, together=True)
    found = chosen_partner(PartnerSettings.model_validate(asked), world, data).settings
    assert (found.player, found.judged_with, found.has_every_seat) == expected
    if "mixture" in asked:
        assert found.members == (MemberSettings(player="random"),)


def test_every_seat_needs_oneself_alone():
    world = make_world(PAIR)
    check_partners(PartnerSettings(player="self", every_seat=True), world)
    with pytest.raises(UserError, match="plays with itself alone"):
        check_partners(PartnerSettings(player="clone", every_seat=True), world)


def recipe(folder, together, **changes):
    return {
        "world": {"id": PAIR, "params": {"together": together}},
        "data": {"train": f"pair-{together}", "root": str(folder)},
        "clone": {"hidden": [8], "epochs": 2},
        "refine": {"steps": 4_096, "judge": {"games": 8}, "precision": "float32", "cores": 1},
        "evaluate": {"games": 6},
        **changes,
    }


def test_a_team_is_trained_and_judged_with_itself(tmp_path):
    recorded(tmp_path, together=True)
    reporter = Said()
    found = train(recipe(tmp_path, True), tmp_path / "run", reporter=reporter)
    assert found.verdict.update is not None, "telling a sign is learned at once"
    assert {"clone with clone", "refined with refined"} <= set(found.scores.rows)
    assert "refined with clone" not in found.scores.rows
    left, right = (
        seat["return"]["mean"] for seat in found.scores.rows["refined with refined"].seats
    )
    assert left == right, "of the very same games"
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert (plan["partner"]["player"], plan["partner"]["judged_with"]) == ("self", "self")
    assert reporter.sentences.count(plan["why"]) == 1
    assert any("2 seats" in sentence for sentence in reporter.sentences)
    updates = math.ceil(4_096 / (plan["refine"]["games"] * 2 * plan["refine"]["rollout"]))
    last = read_metrics(tmp_path / "run")[-1]
    assert (last.update, last.steps >= 4_096) == (updates, True)
    again = train(recipe(tmp_path, True), tmp_path / "run", reporter=reporter)
    assert again.scores == found.scores


def test_rivals_are_judged_against_the_clone(tmp_path):
    recorded(tmp_path, together=False)
    changes = {"refine": {"steps": 512, "judge": {"games": 4}, "precision": "float32", "cores": 1}}
    found = train(recipe(tmp_path, False, **changes), tmp_path / "run")
    rows = {name.split(",")[0] for name in found.scores.rows}
    assert rows <= {"recorded play", "people with people", "clone with clone", "refined with clone"}
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert [one["player"] for one in plan["partner"]["mixture"]] == ["clone", "self"]


def checked(content):
    return check_recipe(json.loads(json.dumps(content)), "r.toml")


def test_a_run_from_before_goes_on_with_the_clone(tmp_path):
    world, data = recorded(tmp_path, together=True)
    new = checked(recipe(tmp_path, True))
    old = checked(recipe(tmp_path, True, partner={"player": "clone"}))
    told = old.model_dump(mode="json")
    assert "judged_with" not in told["partner"], "its hash is what it was"
    hashed = RunFolder(tmp_path / "run", old).recipe_hash
    planned = plan_recipe(old, world, {"clone": data}).recipe.model_dump(mode="json")
    plan = {name: planned[name] for name in ("clone", "refine")}
    (tmp_path / "run" / "plan.json").write_bytes(to_checked_json(plan))
    run = RunFolder(tmp_path / "run", new)
    assert (run.recipe.partner.player, run.recipe_hash) == ("clone", hashed)
    (tmp_path / "run" / "plan.json").write_bytes(
        to_checked_json({**plan, "partner": planned["partner"]})
    )
    with pytest.raises(UserError, match="another recipe"):
        RunFolder(tmp_path / "run", new)


def test_our_own_recipes_are_told_as_before():
    content = {"world": {"id": "gpo/Kitchen-v0"}, "data": {"train": "d"}}
    told = checked(content).model_dump(mode="json")["partner"]
    assert (
        told
        == checked({**content, "partner": {"player": "clone"}}).model_dump(mode="json")["partner"]
    )
    assert told["player"] == "clone"
    assert not {"judged_with", "every_seat"} & told.keys()
