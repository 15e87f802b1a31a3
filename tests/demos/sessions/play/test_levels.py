"""Levels: measured before they are named, in the order of what was measured, and never measured twice."""

import json

import numpy as np
import pytest
import torch

import gpo
from agents.files.agent_file import save_agent
from agents.files.run_agents import CLONE
from agents.networks.policy import build_policy
from agents.players.handicapped import HandicappedPlayer
from demos.sessions.match.rivals import Handicap, lineup_for
from demos.sessions.play import strength as play_meter
from demos.sessions.play.levels import Levels, MeasuredLevel, find_levels, level_of
from demos.sessions.play.strength import FINAL_SEEDS, stars
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.sessions.play.test_play import kept, play
from tests.demos.support.runs import small_run

POLE = make_world("gpo/Balance-v0")


def balancer(sharpness):
    """A network that pushes to where the pole falls, the more surely the sharper it is."""
    policy = build_policy(
        POLE.observation_space,
        POLE.action_space,
        {"net_arch": {"pi": [2], "vf": [2]}, "n_costs": len(POLE.costs)},
    )
    kept = ("features_extractor", "return_scale")
    tensors = {
        name: value if name.startswith(kept) else torch.zeros_like(value)
        for name, value in policy.tensors().items()
    }
    lean = torch.tensor([[0.0, 0.0, 1.0, 0.6], [0.0, 0.0, -1.0, -0.6]])
    tensors["mlp_extractor.policy_net.0.weight"] = lean
    tensors["action_net.weight"] = sharpness * torch.tensor([[-1.0, 1.0], [1.0, -1.0]])
    policy.load_tensors(tensors)
    return policy


@pytest.fixture
def run(tmp_path):
    """A run whose clone is poor and whose best is good."""
    folder = small_run(tmp_path / "pole", done=False)
    for path in (folder / "checkpoints").iterdir():
        path.unlink()
    save_agent(folder / CLONE, balancer(3.0), POLE, {"role": "clone"})
    save_agent(folder / "agent.safetensors", balancer(300.0), POLE, {"role": "refined"})
    (folder / "recipe.json").write_text(json.dumps({"world": {"id": POLE.id, "horizon": 200}}))
    return folder


def test_levels_come_out_ordered_by_what_was_measured(run, capsys):
    assert gpo.main(["play", str(run), "--levels", "--games", "16"]) == 0
    said = capsys.readouterr().out
    found = find_levels(lineup_for(str(run)), games=16)
    assert [level.name for level in found.levels] == ["easy", "normal", "hard"]
    means = [level.star[0] for level in found.levels]
    assert means == sorted(means)
    assert means[0] < 0.7 * means[2]
    for level in found.levels:
        assert f"{level.name} " in said
        assert len(level.values) == found.games == 32
    assert "mean [95 % interval] of 32 games" in said


def test_what_is_measured_is_what_is_played(run):
    table = lineup_for(str(run))
    rival = level_of(table, "hard")
    levels = find_levels(table)
    hard = levels.levels[-1]
    assert (rival.sha256, rival.handicap, rival.level) == (hard.sha256, hard.handicap, "hard")
    players = [rival.player(POLE, FINAL_SEEDS)]
    again = stars(POLE, players, 0, levels.games, FINAL_SEEDS, {"horizon": 200})
    assert tuple(again) == hard.values


def test_levels_that_the_games_do_not_tell_apart_are_said_to_be_so():
    def level(name, values):
        return MeasuredLevel(name, "a", "b", Handicap(), tuple(values))

    easy, normal = level("easy", [1.0, 2, 3, 2]), level("normal", [2.0, 1, 3, 3])
    hard = level("hard", [9.0, 8, 9, 9])
    (doubt,) = Levels((easy, normal, hard), (), 4).doubts()
    assert doubt.startswith("4 games do not tell easy and normal apart (normal is 0.25 [")
    assert not Levels((easy, hard), (), 4).doubts()


class Stopped(Exception):
    """The measuring is cut short."""


def test_measuring_goes_on_where_it_was_cut_short(run, monkeypatch):
    whole = find_levels(lineup_for(str(run)), games=4)
    path = run / "levels.json"
    finished = path.read_bytes()
    path.unlink()
    real, calls = play_meter.stars, []

    def counted(*told):
        calls.append(told)
        if len(calls) == 6:
            raise Stopped
        return real(*told)

    monkeypatch.setattr(play_meter, "stars", counted)
    with pytest.raises(Stopped):
        find_levels(lineup_for(str(run)), games=4)
    assert find_levels(lineup_for(str(run)), games=4) == whole
    everything = len(json.loads(finished)["measured"])
    assert len(calls) == everything + 1, "only the measurement that was cut short was made twice"
    assert path.read_bytes() == finished
    find_levels(lineup_for(str(run)), games=4)
    assert len(calls) == everything + 1


def test_an_agent_that_has_changed_is_measured_again(run):
    before = find_levels(lineup_for(str(run)), games=4)
    save_agent(run / "agent.safetensors", balancer(0.1), POLE, {"role": "refined"})
    rival = level_of(lineup_for(str(run)), "hard")
    assert rival.sha256 != before.levels[-1].sha256
    assert rival.name == "pole clone", "the strongest is the clone now"


def test_a_damaged_file_is_measured_anew(run):
    found = find_levels(lineup_for(str(run)), games=4)
    path = run / "levels.json"
    path.write_text(path.read_text().replace("easy", "eazy"))
    assert find_levels(lineup_for(str(run)), games=4) == found


def test_a_level_is_measured_before_it_is_first_played(run, tmp_path):
    assert play(tmp_path, run, level="easy", games=1) == 0
    (episode,) = kept(tmp_path, "balance-play")
    easy = find_levels(lineup_for(str(run))).levels[0]
    told = episode.meta["play"]
    assert (told["level"], told["sha256"]) == ("easy", easy.sha256)
    assert (told["reaction_ms"], told["slips"]) == (easy.handicap.reaction, easy.handicap.slips)
    before = (run / "levels.json").stat().st_mtime_ns
    play(tmp_path, run, level="easy", games=1)
    assert (run / "levels.json").stat().st_mtime_ns == before


def test_a_handicap_is_in_milliseconds_and_shares():
    assert [Handicap(250).delay(tick) for tick in (0.15, 0.02, 1.0)] == [2, 12, 0]
    assert str(Handicap()) == "as it is"
    assert str(Handicap(150, 0.05)) == "150 ms late, slips in 5 % of its steps"


def test_somebody_without_a_handicap_is_not_slowed(run):
    rival = lineup_for(str(run)).best()
    assert not isinstance(rival.player(POLE, 0), HandicappedPlayer)


def test_opponents_can_be_named(tmp_path, capsys):
    run = small_run(tmp_path / "cooks", "gpo/Kitchen-v0")
    words = ["--levels", "--games", "4", "--against", "random", "--against", "still"]
    assert gpo.main(["play", str(run), *words, "--option", "horizon=20"]) == 0
    said = capsys.readouterr().out
    assert "random, still" in said
    assert json.loads((run / "levels.json").read_text())["against"] == [["random", "still"], []]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"games": 1}, "at least two games"),
        ({"against": ("random",)}, "no seat is left for 'random'"),
    ],
)
def test_a_mistake_is_one_sentence(run, asked, said):
    with pytest.raises(UserError, match=said):
        find_levels(lineup_for(str(run)), **asked)
    assert not (run / "levels.json").exists()


def test_the_north_star_is_summed_over_a_whole_game_of_each_seed():
    class Left:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            return np.zeros(len(observation), np.int64), None

    found = stars(POLE, [Left()], 0, 3, 5, {})
    alone = [stars(POLE, [Left()], 0, 1, 5 + k, {})[0] for k in range(3)]
    assert found == alone
    assert all(7 < steps < 12 for steps in found)
