"""The partner of a recipe: one player or a mixture, that changes over the training and resumes to the bit."""

import hashlib
import shutil

import numpy as np
import pytest
import torch

import gpo
from agents.files.agent_file import load_agent, save_agent
from agents.players.batched_population import BatchedPopulation
from agents.players.dropout_player import DropoutPlayer
from agents.players.mixture import SelfPlayer
from agents.players.player import NetworkPlayer, RandomPlayer, StillPlayer
from agents.players.remote_player import RemotePlayer
from agents.players.unstuck import Unstuck
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.system.errors import UserError
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.training.support.toys import record
from training.partners.partner import PartnerSchedule
from training.partners.partners import (
    MemberSettings,
    PartnerSettings,
    make_partner,
)
from training.ppo.refiner import Refiner
from training.run.checkpoint import read_checkpoint
from training.run.recipe import check_recipe, read_recipe

RECIPE = """
[world]
id = "gpo/Kitchen-v0"
params = {{ layout = "cramped_room" }}
horizon = 40
[reward]
weights = {{ soup = 20.0, onion_potted = 3.0 }}
[data]
root = "{root}"
train = "kitchen"
[clone]
hidden = [16]
dropout = 0.1
epochs = 3
batch_size = 64
[partner]
clones = 2
until = 0.8
[[partner.mixture]]
player = "clone"
weight = [1.0, 0.2]
temperature = 1.5
[[partner.mixture]]
player = "self"
weight = [0.0, 1.0]
[[partner.mixture]]
player = "clone"
dropout = 0.3
weight = 0.3
[[partner.mixture]]
player = "random"
weight = 0.1
[refine]
games = 8
rollout = 50
batch_size = 100
epochs = 2
warm_up = 1
judge_every = 2
judge_games = 8
steps = 3200
learning_rate = 3e-3
[evaluate]
games = 4
"""


@pytest.fixture(scope="module")
def world():
    return make_world("gpo/Kitchen-v0", layout="cramped_room")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, world):
    """The path of a recipe with a mixture, and its run."""
    root = tmp_path_factory.mktemp("mixed")
    record(root, "kitchen", world, RandomPlayer(world.action_space), 4, 40)
    path = root / "mixed.toml"
    path.write_text(RECIPE.format(root=root))
    assert gpo.main(["train", str(path), "--run", str(root / "run")]) == 0
    return path, root / "run"


@pytest.fixture
def clones(trained):
    return [load_agent(trained[1] / f"{name}.safetensors") for name in ("clone", "clone_1")]


def partner(world, clones, judging=False, **settings):
    """The pool's mixture."""
    pool = make_partner(PartnerSettings(**settings), world, clones, 0, judging)
    return None if pool is None else pool.mixture


def alone(mixture):
    """The one player of a mixture."""
    (player,) = mixture.players
    return player


def shas(run):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in run.glob("*.safetensors")}


# ------------------------------------------------------------------ a run


def test_several_clones_of_the_same_people_are_kept_and_differ(trained, clones):
    first, second = clones
    assert shas(trained[1]).keys() == {
        "clone.safetensors",
        "clone_1.safetensors",
        "fresh.safetensors",  # nobody scores: it was begun from nothing
        "agent.safetensors",
    }
    assert first.facts["data"] == second.facts["data"]
    weights = [clone.policy.action_net.weight for clone in clones]
    assert not np.array_equal(*(weight.detach().numpy() for weight in weights))


def test_only_the_first_clone_knows_what_it_expects(clones):
    assert [clone.policy.knows_values for clone in clones] == [True, False]


@pytest.mark.parametrize("lost", [1, 2], ids=["the last checkpoint", "both"])
def test_a_run_with_a_mixture_resumes_to_the_bit(trained, tmp_path, lost):
    path, run = trained
    again = tmp_path / "run"
    shutil.copytree(run, again)
    for name in ("agent.safetensors", "scores.json"):
        (again / name).unlink()
    kept = sorted((again / "checkpoints").iterdir())
    for checkpoint in kept[-lost:]:
        checkpoint.unlink()
    assert gpo.main(["train", str(path), "--run", str(again)]) == 0
    assert shas(again) == shas(run)
    last = [max((folder / "checkpoints").iterdir()).read_bytes() for folder in (run, again)]
    assert last[0] == last[1], "the policy itself, not only the best"


def test_partners_who_play_in_another_process_change_nothing(trained, tmp_path, monkeypatch):
    moved = []

    class Up(RemotePlayer):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            assert self._pipe.poll(60)
            moved.append(self)

    monkeypatch.setattr("agents.players.remote_player.RemotePlayer", Up)
    path, agents = tmp_path / "others.toml", []
    path.write_text(trained[0].read_text().replace('player = "self"', 'player = "still"'))
    for cores in ("1", "2"):
        run = tmp_path / cores
        assert gpo.main(["train", str(path), "--run", str(run), "--refine.cores", cores]) == 0
        last = read_checkpoint(run / "checkpoints")[0]
        assert last is not None
        agents.append(last.part("policy"))
    (player,) = moved
    assert player.is_remote
    assert not player._process.is_alive(), "it ends with the refining"
    assert agents[0].keys() == agents[1].keys()
    assert all(torch.equal(agents[0][name], agents[1][name]) for name in agents[0])


# ------------------------------------------------------------------ from settings to players


def test_one_player_is_the_only_member(world, clones):
    assert isinstance(alone(partner(world, clones[:1])), Unstuck)
    assert isinstance(alone(partner(world, clones, player="random")), RandomPlayer)
    assert isinstance(alone(partner(world, clones, player="still")), StillPlayer)
    warm = alone(partner(world, clones[:1], temperature=2.0))
    assert warm.player.temperature == 2.0


def test_several_clones_share_the_weight_of_one(world, clones):
    made = partner(world, clones, mixture=[{"player": "clone", "weight": 3}, {"player": "random"}])
    assert made.shares.tolist() == pytest.approx([0.75, 0.25])
    assert isinstance(made.players[0], Unstuck)
    assert isinstance(made.players[0].player, BatchedPopulation)
    assert made.players[0].player.size == len(clones) == 2
    thin = [{"player": "clone", "dropout": 0.1, "weight": 3}, {"player": "random"}]
    made = partner(world, clones, mixture=thin)  # each leaves out units of its own
    assert made.shares.tolist() == pytest.approx([0.375, 0.375, 0.25])


def test_a_member_may_be_warmer_or_thinned_or_from_a_file(world, clones, tmp_path):
    path = tmp_path / "other.safetensors"
    save_agent(path, clones[1].policy, world, {})
    members = [
        {"player": "clone", "dropout": 0.2, "temperature": 1.5},
        {"player": str(path), "temperature": 0.5},
    ]
    thinned, other = partner(world, clones[:1], mixture=members).players
    assert isinstance(thinned, Unstuck)
    assert isinstance(thinned.player, DropoutPlayer)
    assert thinned.player.temperature == 1.5
    assert isinstance(other, NetworkPlayer)
    assert other.temperature == 0.5


def test_whoever_judges_is_the_same_all_along_and_never_the_learner(world, clones):
    mixture = [
        {"player": "clone", "weight": [1.0, 0.0]},
        {"player": "self", "weight": [0.0, 1.0]},
        {"player": "random", "weight": [0.5, 0.5]},
    ]
    judge = partner(world, clones[:1], judging=True, mixture=mixture)
    assert [type(player) for player in judge.players] == [Unstuck, RandomPlayer]
    for done in (0.0, 0.5, 1.0):
        judge.progress(done)
        assert judge.shares.tolist() == [0.5, 0.5]
    clone = alone(partner(world, clones[:1], judging=True, player="self"))
    assert isinstance(clone, Unstuck), "with nobody but the learner, the clone judges"


def test_who_never_plays_beside_the_learner_judges_it_where_nobody_else_is_left(world, clones):
    mixture = [{"player": "random", "weight": 0}, {"player": "self"}]
    judge = partner(world, clones, judging=True, mixture=mixture)
    assert isinstance(alone(judge), RandomPlayer)


def test_where_nobody_else_sits_there_is_no_partner(clones):
    assert partner(make_world("gpo/Balance-v0"), clones) is None


def test_the_schedule_binds_the_learner_and_moves_the_weights(world, clones):
    mixture = [{"weight": [1.0, 0.0]}, {"player": "self", "weight": [0.0, 1.0]}]
    settings = PartnerSettings.model_validate({"mixture": mixture, "until": 0.5})
    pool = make_partner(settings, world, clones[:1], 0)
    assert pool is not None
    made = pool.mixture
    seen = []

    class Watch(PartnerSchedule):
        def _on_rollout_end(self):
            seen.append(made.shares.tolist())

    face = Sb3VecEnv(Seating(make_batch(world, 4), "alternate", made))
    model = Refiner("MlpPolicy", face, n_steps=8, batch_size=32, n_epochs=1, device="cpu")
    model.learn(32 * 4, [Watch(pool)])
    assert seen == [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.0, 1.0]]
    (oneself,) = [player._player for player in made.players if isinstance(player, SelfPlayer)]
    assert oneself is not None
    assert oneself.policy is model.policy


# ------------------------------------------------------------------ mistakes


def content(**partner_settings):
    return {
        "world": {"id": "gpo/Kitchen-v0"},
        "data": {"train": "somebody"},
        "partner": partner_settings,
    }


def test_a_single_weight_holds_from_start_to_end():
    recipe = check_recipe(content(mixture=[{"weight": 2}]), "here")
    assert recipe.partner.mixture == (MemberSettings(weight=(2.0, 2.0)),)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"mixture": [{"plaeyr": "self"}]}, "did you mean 'player'"),
        ({"mixture": [{"weight": [1.0, 0.0]}]}, "a weight at the start, and one at the end"),
        ({"mixture": [{"weight": -1}]}, "0.weight = -1: the weight must not be negative"),
        ({"mixture": [{}, {"weight": -0.5}]}, "1.weight = -0.5: the weight must not be negative"),
        ({"mixture": [{"weight": [-1, 0]}]}, "= .*: the weight at the start must not be negative"),
        ({"mixture": [{"weight": [1, -0.1]}]}, "the weight at the end must not be negative"),
        ({"mixture": [{"weight": [-1, -2]}]}, "= .*: the weight must not be negative"),
        ({"mixture": [{"weight": [-1, "a"]}]}, "give 2 numbers, such as"),
        ({"clones": 0}, "partner.clones = 0"),
        ({"until": 0}, "partner.until = 0"),
        ({"mixture": [{"dropout": 1.0}]}, "less than 1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings, says):
    with pytest.raises(UserError, match=says) as caught:
        check_recipe(content(**settings), "here")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("{ player = 'nobody' }", "'nobody' is no player"),
        ("{ player = 'nobody.safetensors' }", "There is no agent at nobody.safetensors"),
        ("{ player = 'self', dropout = 0.1 }", "leave out the dropout"),
    ],
)
def test_a_partner_that_does_not_exist_leaves_nothing_behind(
    trained, tmp_path, capsys, member, says
):
    path, _ = trained
    run = tmp_path / "run"
    command = ["train", str(path), "--run", str(run), "--partner.mixture", f"[{member}]"]
    assert gpo.main(command) == 2
    assert says in capsys.readouterr().err
    assert not run.exists()


def test_workers_are_not_for_worlds_of_ours(trained, capsys):
    path, _ = trained
    assert gpo.main(["train", str(path), "--world.workers", "2"]) == 2
    assert "leave out `workers`" in capsys.readouterr().err
    assert read_recipe(str(path)).world.workers == 0


def test_whoever_knows_some_of_the_people_may_begin_as_the_clone_of_everybody(tmp_path, trained):
    def weights(*changes):
        folder = tmp_path / str(len(changes))
        still = ["--clone.learning_rate", "1e-9", "--refine.steps", "0", "--partner.share", "0.5"]
        assert gpo.main(["train", str(trained[0]), "--run", str(folder), *still, *changes]) == 0
        names = ("clone", "clone_1")
        return [load_agent(folder / f"{name}.safetensors").policy.tensors() for name in names]

    first, onward = weights("--partner.start", "clone")
    assert all(torch.allclose(first[n], onward[n], atol=1e-5) for n in first if "scale" not in n)
    first, afresh = weights()
    name = "mlp_extractor.policy_net.0.weight"
    assert not torch.allclose(first[name], afresh[name], atol=1e-2)
