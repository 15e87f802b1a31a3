"""What a name typed by a person means is the same to every verb."""

import json

import numpy as np
import pytest

import gpo
from agents.files.agent_file import load_agent
from agents.lookup import find, resolve_player, trained_behind_shield
from agents.lookup_names import AGENTS, FILES, PLAYERS, NameKind
from agents.players.player import NetworkPlayer, RandomPlayer, StillPlayer
from demos.collect.command import collect_command
from demos.collect.options import CollectOptions
from demos.data.dataset.store import Store
from demos.sessions.match.cast_by_name import cast_for
from demos.sessions.match.rivals import lineup_for
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.support.runs import small_run
from training.partners.partners import PartnerSettings, check_partners

ANY = PLAYERS | {NameKind.HUMAN, NameKind.WORLD}
DUEL = "gpo/Duel-v0"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the run `foo` in its `runs/`, and one of a duel."""
    small_run(tmp_path / "runs" / "foo")
    small_run(tmp_path / "runs" / "fencer", DUEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ------------------------------------------------------------------ kinds


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("random", NameKind.RANDOM), ("still", NameKind.STILL), ("human", NameKind.HUMAN),
        ("rusher-3", NameKind.SCRIPT), ("chaser", NameKind.SCRIPT),
        ("foo", NameKind.RUN), ("runs/foo", NameKind.RUN), ("runs", NameKind.RUN),
        ("runs/foo/clone.safetensors", NameKind.AGENT), ("gone.safetensors", NameKind.AGENT),
        ("gone.onnx", NameKind.ONNX),
        (DUEL, NameKind.WORLD), ("environments.catalog:gpo/Duel-v0", NameKind.WORLD),
        ("CartPole-v1", NameKind.WORLD), ("CartPole-v77", NameKind.WORLD), ("my_game:Env", NameKind.WORLD),
    ],
)  # fmt: skip
def test_a_name_means_one_thing(here, name, kind):
    assert find(name, ANY).kind is kind


def test_the_scripts_of_another_world_are_no_players_here(here):
    with pytest.raises(UserError, match="'rusher-3' is no player"):
        find("rusher-3", PLAYERS, make_world("gpo/Balance-v0"))
    assert find("rusher-3", PLAYERS, make_world(DUEL)).kind is NameKind.SCRIPT


def test_a_word_of_ours_comes_before_a_folder_and_a_folder_before_a_world(here):
    for name in ("random", "rusher-3", "CartPole-v1"):
        small_run(here / name)
    assert find("random", ANY).kind is NameKind.RANDOM
    assert find("./random", ANY).kind is NameKind.RUN
    assert find("rusher-3", ANY).kind is NameKind.SCRIPT
    assert find("CartPole-v1", ANY).kind is NameKind.RUN


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "a/" * 3000, "\udce9", "~", "..."])
def test_what_is_no_name_is_refused_in_a_sentence(here, name):
    with pytest.raises(UserError, match="is no player"):
        find(name, PLAYERS)


# ------------------------------------------------------------------ what becomes of it


def test_a_run_is_its_best_agent_whoever_names_it_how(here):
    named, by_folder = find("foo", AGENTS), find("runs/foo", AGENTS)
    best = load_agent(here / "runs/foo/agent.safetensors")
    assert named.agent.sha256 == by_folder.agent.sha256 == best.sha256
    assert named.called == by_folder.called == find("runs/foo/", AGENTS).called == "foo"
    assert find("runs/foo/clone.safetensors", AGENTS).called == "foo/clone"
    assert (
        named.exported
        == by_folder.exported
        == here.joinpath("runs/foo/agent.onnx").relative_to(here)
    )


def test_a_run_that_is_training_is_its_best_so_far(here):
    small_run(here / "runs" / "young", done=False)
    world = make_world("gpo/Balance-v0")
    player = resolve_player("young", world)
    assert isinstance(player, NetworkPlayer)


def test_players_are_of_their_kinds(here):
    world = make_world("gpo/Balance-v0")
    assert isinstance(resolve_player("random", world), RandomPlayer)
    assert isinstance(resolve_player("still", world), StillPlayer)
    with pytest.raises(UserError, match="was made for gpo/Balance-v0, not for gpo/Duel-v0"):
        resolve_player("foo", make_world(DUEL))


def test_a_player_is_read_once_and_made_as_often_as_it_is_asked_for(here):
    world, found = make_world("gpo/Balance-v0"), find("foo", PLAYERS)
    one, other = found.player(world, 3), found.player(world, 3)
    assert one is not other
    for path in (here / "runs" / "foo").glob("*.safetensors"):
        path.unlink()
    again = found.player(world, 3)
    seen = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    drawn = [player.predict(seen)[0].tolist() for player in (one, other, again)]
    assert drawn[0] == drawn[1] == drawn[2]


def test_whether_it_was_trained_behind_the_shield_is_asked_of_files_alone(here):
    for name in (None, "random", "gone.safetensors", "gone.onnx", "foo", DUEL):
        assert not trained_behind_shield(name)


# ------------------------------------------------------------------ every verb agrees


def test_a_run_by_its_name_is_taken_by_every_verb(here, capsys):
    assert cast_for("foo").world.id == "gpo/Balance-v0"
    assert lineup_for("foo").name == "foo"
    assert gpo.main(["evaluate", "foo", "--episodes", "2"]) == 0
    assert gpo.main(["evaluate", "runs/foo", "--episodes", "2"]) == 0
    capsys.readouterr()
    assert (
        collect_command(
            CollectOptions("shown", "gpo/Balance-v0", "foo", root=here / "data", episodes=2)
        )
        == 0
    )
    dataset = Store(here / "data").open("shown")
    assert dataset.facts["description"].startswith("scripted: foo, seeds 0 to 1")
    assert gpo.main(["export", "foo", "--sb3", "foo.zip"]) == 0
    assert (here / "foo.zip").is_file()


def test_a_run_by_its_name_is_a_partner_and_a_rival(here):
    duel = make_world(DUEL)
    assert cast_for(DUEL, against="fencer", player="rusher-3").partner_name == "best of fencer"
    check_partners(PartnerSettings(player="fencer"), duel)
    check_partners(
        PartnerSettings(mixture=({"player": "runs/fencer"}, {"player": "rusher-2"})), duel
    )
    assert (
        gpo.main(["evaluate", "random", "--world", DUEL, "--partner", "fencer", "--episodes", "2"])
        == 0
    )


# ------------------------------------------------------------------ what is of no use


@pytest.mark.parametrize(
    ("name", "kinds", "said"),
    [
        ("fo", AGENTS, "'fo' is no agent or run: did you mean 'foo'?"),
        ("fo", PLAYERS, "'fo' is no player: did you mean 'foo'?"),
        ("rusher-9", PLAYERS, "'rusher-9' is no player: did you mean 'rusher-"),
        ("gpo/Duel-v0", FILES, "'gpo/Duel-v0' is a world, and here an agent or run is wanted: give a "
         ".safetensors or .onnx file, a run folder or the name of a run in runs."),
        ("random", AGENTS, "'random' is a player of random actions, and here an agent or run is wanted"),
        ("human", PLAYERS, "'human' is a person at this machine, and here a player is wanted: people"),
        ("rusher-3", FILES | {NameKind.WORLD}, "'rusher-3' is a scripted player: name a world to see it in, "
         "and give it as --player rusher-3."),
        ("x.onnx", AGENTS, "'x.onnx' is an ONNX file, and here an agent or run is wanted: give"),
        ("qqq", FILES | {NameKind.WORLD}, "'qqq' is no agent, run or world: give a .safetensors or .onnx "
         "file, a run folder or the id of a world."),
        ("runs/nothing", AGENTS, "There is no run folder and no agent file runs/nothing: correct the path."),
    ],
)  # fmt: skip
def test_what_is_of_no_use_is_said_in_one_sentence(here, name, kinds, said):
    with pytest.raises(UserError) as caught:
        find(name, kinds)
    assert said in str(caught.value)


def test_a_folder_that_is_no_run_is_said_by_every_verb(here, capsys):
    (here / "empty").mkdir()
    for words in (
        ["export", "empty"],
        ["evaluate", "empty"],
        ["evaluate", "random", "--world", DUEL, "--partner", "empty"],
    ):
        assert gpo.main(words) == 2
        assert "empty is no run" in capsys.readouterr().err
    (here / "empty" / "recipe.json").write_text(json.dumps({"world": {"id": DUEL}}))
    with pytest.raises(UserError, match="has no agent yet"):
        resolve_player("empty", make_world(DUEL))
