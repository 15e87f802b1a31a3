"""Every kind of sight, action, mask and memory goes from recordings to a judged agent, and learns."""

import json
from typing import Any

import numpy as np
import pytest
import torch

import gpo
from agents.evaluation.games import play_games
from agents.files.agent_file import load_agent
from agents.players.player import NetworkPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.system.errors import UserError
from environments.wrappers.frame_stack_vec_env import FrameStackVecEnv
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.kind_toys import ACTIONS, LENGTH
from tests.training.support.experts import Elephant, Porter, Reader
from training.imitation.clone import Beginning, clone
from training.imitation.inputs import (
    NetworkSettings,
    RecordedInputs,
    RecordedSteps,
    encoder_settings,
)
from training.imitation.settings import CloneSettings
from training.ppo.refiner import Refiner
from training.ppo.rollouts.rollout import flat_rollout
from training.run.recipe import check_recipe

TOYS = "tests.environments.support.kind_toys"
CLONING = CloneSettings(
    hidden=[32], dropout=0.0, epochs=15, batch_size=64, learning_rate=5e-3, patience=15
)
RECIPE = """
[world]
id = "{world}"
params = {params}
[data]
root = "{root}"
train = "shown"
[network]
{network}
[clone]
hidden = [32]
dropout = 0.0
epochs = {epochs}
patience = {epochs}
batch_size = 64
learning_rate = 0.005
[refine]
steps = {steps}
games = 16
rollout = 16
batch_size = 128
learning_rate = 0.003
reward_scale = 1.0
kl_clone = [0.01, 0.0]
epochs = 2
warm_up = 1
judge_every = 4
judge_games = 20
start = "{start}"
[evaluate]
games = 20
"""


def run(
    folder, name, params, expert, network="", episodes=200, steps=1024, start="clone", epochs=30
):
    """The run folder of a training on what an expert showed."""
    world = make_world(f"{TOYS}:{name}", **params)
    collect(Store(folder), "shown", world, [expert], episodes)
    words = ", ".join(f'{key} = "{value}"' for key, value in params.items())
    path = folder / "recipe.toml"
    path.write_text(
        RECIPE.format(
            world=world.id,
            params="{" + words + "}",
            root=folder,
            network=network,
            steps=steps,
            start=start,
            epochs=epochs,
        )
    )
    assert gpo.main(["train", str(path), "--run", str(folder / "run")]) == 0
    return folder / "run"


def mean(run, who):
    """The mean return that a run found out; the clone's where no refined agent is handed on."""
    rows = json.loads((run / "scores.json").read_text())["rows"]
    return rows.get(who, rows.get("clone"))["seats"][0]["return"]["mean"]


def again(run, world, games=40):
    """The mean return of the agent that the run has saved."""
    agent = load_agent(run / "agent.safetensors")
    agent.require_world(world)
    batch = make_batch(world, games, seed=900)
    return play_games(batch, [NetworkPlayer(agent.policy)], deterministic=True).returns.mean()


# ------------------------------------------------------------------ sights and actions


@pytest.mark.parametrize("actions", ACTIONS)
def test_every_kind_of_action_is_cloned_refined_saved_and_played(tmp_path, actions):
    params = {"actions": actions, "sight": "vector"}
    found = run(tmp_path, "Echo", params, Reader(**params))
    assert mean(found, "clone") > 0.65 * LENGTH  # sampled actions, which a box spreads
    assert mean(found, "refined") > 0.65 * LENGTH
    assert again(found, make_world(f"{TOYS}:Echo", **params)) > 0.8 * LENGTH


@pytest.mark.parametrize("sight", ["image", "dict"])
def test_pictures_alone_and_among_other_things_are_seen(tmp_path, sight):
    actions = "discrete" if sight == "image" else "multi-discrete"
    params = {"actions": actions, "sight": sight}
    found = run(tmp_path, "Echo", params, Reader(**params), episodes=80, steps=256)
    assert mean(found, "clone") > 0.6 * LENGTH
    assert mean(found, "refined") > 0.6 * LENGTH
    assert again(found, make_world(f"{TOYS}:Echo", **params)) > 0.8 * LENGTH


def test_a_dict_with_a_picture_is_one_vector_that_the_network_takes_apart():
    world = make_world(f"{TOYS}:Echo", sight="dict")
    assert [str(part) for part in world.parts] == ["camera: image [16, 16, 3]", "gauge: vector [1]"]
    assert world.observation_space.shape == (16 * 16 * 3 + 1,)
    assert world.describe()["parts"] == [str(part) for part in world.parts]
    assert "parts" not in make_world(f"{TOYS}:Echo", sight="vector").describe()


# ------------------------------------------------------------------ masks


@pytest.mark.parametrize("how", ["info", "method"])
@pytest.mark.parametrize("actions", ["discrete", "multi-discrete"])
def test_no_shut_door_is_ever_walked_into(tmp_path, actions, how):
    """The environment would raise, and a game that raises is an incident of its batch."""
    params = {"actions": actions, "how": how}
    found = run(tmp_path, "Doors", params, Porter(actions))
    assert mean(found, "refined") > 0.6 * LENGTH
    world = make_world(f"{TOYS}:Doors", **params)
    batch: Any = make_batch(world, 40)
    player = NetworkPlayer(load_agent(found / "agent.safetensors").policy, temperature=3.0)
    play_games(batch, [player])
    assert not batch.incidents


def test_recordings_of_what_the_mask_forbade_are_refused(tmp_path):
    world = make_world(f"{TOYS}:Doors")
    arrays = collect(Store(tmp_path), "shown", world, [Porter("discrete")], 10).arrays()
    arrays.actions[7] = np.flatnonzero(arrays.observations[7, -4:] == 0)[0]
    with pytest.raises(UserError, match=r"1 recorded actions are forbidden.*step 7"):
        cloned(world, arrays, "layers")


def test_smoothing_is_over_what_is_allowed_alone(tmp_path):
    world = make_world(f"{TOYS}:Doors")
    arrays = collect(Store(tmp_path), "shown", world, [Porter("discrete")], 20).arrays()
    found = cloned(world, arrays, "layers", label_smoothing=0.2)
    assert found.history[-1]["validation_loss"] < 1.0


# ------------------------------------------------------------------ memory

MEMORY = 'kind = "memory"\nsteps = 4\nwidth = 16\nheads = 2'


def test_what_was_seen_before_is_remembered_by_the_clone_and_the_refined(tmp_path):
    found = run(tmp_path, "Recall", {}, Elephant(), MEMORY, epochs=15)
    assert mean(found, "clone") > 0.9
    assert mean(found, "refined") > 0.9
    assert again(found, make_world(f"{TOYS}:Recall")) == 1.0


def test_without_memory_it_cannot_be_known(tmp_path):
    found = run(tmp_path, "Recall", {}, Elephant(), epochs=10)
    assert mean(found, "clone") < 0.8
    assert mean(found, "refined") < 0.8


def test_memory_is_learned_from_nothing_too(tmp_path):
    found = run(tmp_path, "Recall", {}, Elephant(), MEMORY, steps=8_000, start="nothing", epochs=1)
    assert mean(found, "refined") > 0.9


def cloned(world, arrays, kind, **keywords):
    """A clone of recordings whose every episode is a match."""
    settings = NetworkSettings(kind=kind, steps=3, width=16, heads=2)
    return clone(
        RecordedSteps(arrays, arrays.episode, world.observation_space, world.action_space),
        CLONING.model_copy(update={"epochs": 2, **keywords}),
        beginning=Beginning(encoder_settings(world, settings)),
    )


def test_windows_of_recordings_are_those_of_play(tmp_path):
    """Recorded, in the face that the Refiner plays in, and in a player's own state."""
    world = make_world(f"{TOYS}:Doors")
    arrays = collect(Store(tmp_path), "shown", world, [Porter("discrete")], 6).arrays()
    policy = cloned(world, arrays, "memory").policy
    recorded = RecordedInputs(arrays, policy)[torch.arange(len(arrays.actions))].numpy()
    player, face = NetworkPlayer(policy), FrameStackVecEnv(Sb3VecEnv(Seating(make_batch(world))), 3)
    face.window.look(arrays.observations[:1], np.array([True]))
    state: Any = None
    for s, seen in enumerate(arrays.observations):
        starts = np.array([s in arrays.starts])
        window, state = player.look(seen[None], state, starts)
        assert np.array_equal(window[0], recorded[s]), f"step {s} is remembered otherwise"
        state.act(arrays.actions[s : s + 1])
    assert state.past.shape == face.window.past.shape


def test_a_window_ends_where_its_episode_begins(tmp_path):
    world = make_world(f"{TOYS}:Recall")
    arrays = collect(Store(tmp_path), "shown", world, [Elephant()], 3).arrays()
    recorded = RecordedInputs(arrays, cloned(world, arrays, "memory").policy)
    second = int(arrays.starts[1])
    first, after = recorded[torch.tensor([second, second + 1])].reshape(2, 3, 5).numpy()
    assert not first[:2].any()
    assert first[2].tolist() == [*arrays.observations[second], 0, 0, 1]
    assert not after[0].any()
    acted = np.eye(2)[arrays.actions[second]]
    assert after[2].tolist() == [*arrays.observations[second + 1], *acted, 1]


@pytest.mark.parametrize(
    ("name", "kind"), [("Doors", "layers"), ("Doors", "memory"), ("Recall", "memory")]
)
def test_the_ratio_is_one_on_the_first_pass(tmp_path, name, kind):
    world = make_world(f"{TOYS}:{name}")
    expert = Porter("discrete") if name == "Doors" else Elephant()
    arrays = collect(Store(tmp_path), "shown", world, [expert], 10).arrays()
    policy = cloned(world, arrays, kind).policy
    face: Any = Sb3VecEnv(Seating(make_batch(world, 5)))
    face = FrameStackVecEnv(face, 3) if kind == "memory" else face
    sight = policy.settings()["sight"]
    agent = Refiner(
        type(policy),
        face,
        n_steps=11,  # so that episodes begin within it, and one goes on after it
        batch_size=55,
        n_epochs=1,
        learning_rate=0.0,
        device="cpu",
        policy_kwargs={"net_arch": policy.net_arch, "sight": sight},
    )
    agent.policy.load_state_dict(policy.state_dict())
    agent.learn(2 * 55)
    assert abs(agent.logger.name_to_value["train/approx_kl"]) < 1e-6
    assert agent.logger.name_to_value["train/clip_fraction"] == 0
    data = flat_rollout(agent.rollout_buffer, agent.last_rollout, agent.forward_passes)
    with torch.no_grad():
        again = agent.forward_passes.distribution(data["inputs"]).log_prob(data["actions"])
    assert torch.allclose(again, data["log_prob"], rtol=0, atol=1e-6)


def test_the_last_sight_of_a_game_that_was_cut_off_is_a_window_too():
    world = make_world(f"{TOYS}:Recall", wait=5)
    face = FrameStackVecEnv(Sb3VecEnv(Seating(make_batch(world, 2, options={"horizon": 3}))), 2)
    face.reset()
    for _ in range(3):
        found: Any = face.step(np.ones(2, np.int64))
        seen, _, dones, infos = found
    assert dones.all()
    last = infos[0]["terminal_observation"].reshape(2, 5)
    assert last[:, 2:].tolist() == [[0, 1, 1], [0, 1, 1]]
    assert seen.reshape(2, 2, 5)[:, 0].any() == np.False_
    assert seen.reshape(2, 2, 5)[:, 1, 2:].tolist() == [[0, 0, 1]] * 2


# ------------------------------------------------------------------ settings


def test_settings_of_a_network_that_do_not_fit_are_refused_in_one_sentence():
    world = make_world(f"{TOYS}:Recall")
    with pytest.raises(UserError, match="width of 64 cannot be shared by 5 heads"):
        encoder_settings(world, NetworkSettings(kind="memory", heads=5))
    small = make_world(f"{TOYS}:Echo", sight="image")
    with pytest.raises(UserError, match="16 x 16 are too small for 'nature'"):
        encoder_settings(small, NetworkSettings(image="nature"))
    with pytest.raises(UserError, match=r"network\.stepps.*did you mean 'steps'"):
        check_recipe(
            {"world": {"id": "x"}, "data": {"train": "y"}, "network": {"stepps": 3}}, "here"
        )


def test_plain_numbers_need_no_network_of_their_own():
    assert encoder_settings(make_world("gpo/Balance-v0"), NetworkSettings()) is None
