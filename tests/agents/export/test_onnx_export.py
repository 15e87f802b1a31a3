"""An exported agent does what it did in torch, and its file says all that is known about it."""

import sys
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

import gpo
from agents.export import onnx_export as export
from agents.export.onnx_export import export_onnx
from agents.export.onnx_file import read_onnx
from agents.export.onnx_graph import Graph
from agents.export.onnx_player import OnnxPlayer, onnx_player
from agents.export.onnx_session import OnnxSession
from agents.export.probe_inputs import probe_observations
from agents.files.agent_file import load_agent, save_agent
from agents.loaded_agent import LoadedAgent
from agents.lookup import resolve_player
from agents.networks.policy import build_policy
from agents.players.player import NetworkPlayer
from agents.players.unstuck import Unstuck
from environments.catalog import make_world
from environments.external.trial.trial import try_here
from environments.system.errors import UserError
from tests.agents.support.exports import (
    EVERY_KIND,
    KINDS,
    agent_of,
    agent_of_world,
    exported,
    parameter_names,
)
from tests.agents.support.policies import ACTIONS
from tests.environments.support.sense_toys import Senses

SENSES_TOY = "tests.environments.support.sense_toys:Senses"

STEPS, GAMES = 40, 25  # 1,000 observations


def games_of(policy, steps=STEPS, games=GAMES):
    """Observations [T, B, ...] and where episodes begin [T, B]."""
    random = np.random.default_rng(5)
    seen = [probe_observations(policy, games, random) for _ in range(steps)]
    starts = random.random((steps, games)) < 0.1
    starts[0] = True
    return seen, starts


def played(player, seen, starts, deterministic):
    """What a player does in them: [T, B, ...]."""
    state, done = None, []
    for one, begun in zip(seen, starts, strict=True):
        action, state = player.predict(one, state, begun, deterministic)
        done.append(action)
    return np.array(done)


def same_in_torch(kind):
    file, agent = exported(*kind), agent_of(*kind)
    seen, starts = games_of(agent.policy)
    space: Any = ACTIONS[kind[0]]
    theirs = played(OnnxPlayer(file, space, 3), seen, starts, True)
    ours = played(NetworkPlayer(agent.policy, 3), seen, starts, True)
    assert theirs.dtype == ours.dtype
    if kind[0] == "box":
        assert np.abs(theirs - ours).max() < 1e-4
    else:
        assert np.array_equal(theirs, ours)
        assert len(np.unique(ours.reshape(-1, *space.shape), axis=0)) > 1


# ------------------------------------------------------------------ it does what it did


@pytest.mark.parametrize("kind", KINDS, ids=parameter_names)
def test_it_does_on_a_thousand_observations_what_it_did_in_torch(kind):
    same_in_torch(kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted({*EVERY_KIND} - {*KINDS}), ids=parameter_names)
def test_every_kind_does_what_it_did_in_torch(kind):
    same_in_torch(kind)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(84, 84, 4), (3, 40, 36)])
def test_pictures_alone_are_given_as_they_are(tmp_path, shape):
    space = spaces.Box(0, 255, shape, np.uint8)
    policy = build_policy(space, ACTIONS["discrete"], {"net_arch": {"pi": [8], "vf": [8]}})
    agent = agent_of()
    made = export_onnx(type(agent)(policy, agent.world, {}, ""), tmp_path / "eye.onnx")
    pictures = np.random.default_rng(0).integers(256, size=(20, *shape)).astype(np.uint8)
    player = OnnxPlayer(made.file, ACTIONS["discrete"])
    assert np.array_equal(
        player.predict(pictures, deterministic=True)[0],
        NetworkPlayer(policy).predict(pictures, deterministic=True)[0],
    )


def test_with_the_same_seed_it_draws_the_same_choices():
    kind = KINDS[0]
    seen, starts = games_of(agent_of(*kind).policy)
    player = OnnxPlayer(exported(*kind), ACTIONS["discrete"], 7, temperature=20.0)  # undecided
    first = played(player, seen, starts, False)
    ours = played(NetworkPlayer(agent_of(*kind).policy, 7, 20.0), seen, starts, False)
    assert np.array_equal(first, ours)
    player.reseed(7)
    assert np.array_equal(first, played(player, seen, starts, False))
    player.reseed(8)
    assert not np.array_equal(first, played(player, seen, starts, False))


@pytest.mark.parametrize("kind", KINDS, ids=parameter_names)
def test_chance_goes_through_the_file_as_the_policy_says(kind):
    """The file's own sampling: frequencies of switches and choices, mean and deviation of moves."""
    actions, file, policy = kind[0], exported(*kind), agent_of(*kind).policy
    space: Any = ACTIONS[actions]
    games, random = 20_000 if not kind[1] else 4_000, np.random.default_rng(0)
    player = OnnxPlayer(file, space)
    one = probe_observations(policy, 1, random)
    seen, _ = player.look(np.repeat(one, games, axis=0), None, None)
    shown, _ = NetworkPlayer(policy).look(one, None, None)
    seen.feeds["chance"] = random.random(seen.feeds["chance"].shape, np.float32)
    drawn = player._run("action", seen)
    shown = np.repeat(shown, games, axis=0)
    with torch.inference_mode():
        wanted = policy.get_distribution(torch.from_numpy(shown)).sample().numpy()
    if actions == "box":
        wanted = wanted.clip(space.low, space.high)
        assert wanted.std() > 0.3  # neither here nor there
    for ours, theirs in zip(np.atleast_2d(wanted.T), np.atleast_2d(drawn.T), strict=True):
        for value in [None] if actions == "box" else np.unique([*ours, *theirs]):
            a, b = (ours, theirs) if value is None else (ours == value, theirs == value)
            far = 5 * np.sqrt((a.var() + b.var()) / games) + 1e-3
            assert abs(a.mean() - b.mean()) < far
        assert abs(ours.std() - theirs.std()) < 0.05


def test_a_greedy_file_takes_no_chance():
    file = exported("multi-binary", greedy=True)
    assert list(file.inputs) == ["observation"]
    player, policy = OnnxPlayer(file, ACTIONS["multi-binary"]), agent_of("multi-binary").policy
    seen = probe_observations(policy, 200, np.random.default_rng(0))
    assert np.array_equal(
        player.predict(seen)[0], NetworkPlayer(policy).predict(seen, deterministic=True)[0]
    )


# ------------------------------------------------------------------ what the file says


@pytest.fixture(scope="module")
def kitchen():
    return make_world("gpo/Kitchen-v0", layout="cramped_room")


@pytest.fixture(scope="module")
def run(tmp_path_factory, kitchen):
    """A run folder, its agent exported by the command."""
    folder = tmp_path_factory.mktemp("runs") / "soup"
    torch.manual_seed(0)
    settings = {"net_arch": {"pi": [16], "vf": [16]}}
    policy = build_policy(kitchen.observation_space, kitchen.action_space, settings)
    with torch.no_grad():
        policy.action_net.weight.normal_()  # type: ignore[operator]
    facts = {"stuck_steps": 3, "role": "clone", "shield": True, "recipe": "abc"}
    save_agent(folder / "agent.safetensors", policy, kitchen, facts)
    assert gpo.main(["export", str(folder)]) == 0
    return folder


def test_a_run_is_exported_beside_its_agent(run):
    assert sorted(path.name for path in run.iterdir()) == ["agent.onnx", "agent.safetensors"]


def test_what_is_known_about_an_agent_stands_in_its_file(run, kitchen):
    about, agent = read_onnx(run / "agent.onnx").about, load_agent(run / "agent.safetensors")
    assert (about["world"], about["fingerprint"]) == (kitchen.describe(), kitchen.fingerprint)
    assert (about["facts"], about["agent"]) == (agent.facts, agent.sha256)
    assert (about["north_star"], about["seconds_a_step"]) == (kitchen.north_star, kitchen.tick)
    assert about["action_names"] == list(kitchen.action_names)
    assert about["shield"] is True
    assert "the host must put a shield" in about["advice"][0]
    assert "not changed for 3 steps" in about["advice"][1]


def test_the_command_says_what_it_wrote(run, capsys):
    assert gpo.main(["export", str(run), "--to", str(run / "other.onnx"), "--greedy"]) == 0
    (run / "other.onnx").unlink()
    said = capsys.readouterr().out
    assert "the largest difference is" in said
    assert "It takes observation [batch, 130].\n" in said
    assert "the host must put a shield" in said


def test_the_same_agent_is_the_same_bytes_and_tells_nothing_of_this_machine(run, tmp_path):
    agent = load_agent(run / "agent.safetensors")
    data = export_onnx(agent, tmp_path / "again.onnx").file.data
    assert data == (run / "agent.onnx").read_bytes()
    assert b"site-packages" not in data
    assert str(gpo.HERE).encode() not in data


def test_it_plays_wherever_a_player_is_named(run, kitchen):
    seen = np.random.default_rng(0).normal(size=(300, *kitchen.observation_space.shape))
    seen, done = seen.astype(np.float32), []
    for name in (run / "agent.onnx", run / "agent.safetensors", run):
        player = resolve_player(str(name), kitchen, 4)
        assert isinstance(player, Unstuck)
        one, state = player.predict(seen)
        two, _ = player.predict(seen, state)
        done.append(np.concatenate([one, two]))
    assert np.array_equal(done[0], done[1])
    assert np.array_equal(done[0], done[2])


def test_it_is_refused_in_another_world_with_the_lines_that_differ(run):
    other, said = make_world("gpo/Kitchen-v0", layout="counter_circuit"), []
    for name in ("agent.onnx", "agent.safetensors"):
        with pytest.raises(UserError, match="layout: here counter_circuit, there") as caught:
            resolve_player(str(run / name), other)
        said.append(str(caught.value).split(": ", 1)[1].rsplit(". ", 1)[0])
    assert said[0] == said[1]
    with pytest.raises(UserError, match="was made for gpo/Kitchen-v0, not for gpo/Balance-v0"):
        onnx_player(run / "agent.onnx", make_world("gpo/Balance-v0"))


# ------------------------------------------------------------------ what is refused


def test_a_file_that_would_act_otherwise_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "MOST", 0.0)
    with pytest.raises(UserError, match="was not written: its actions would differ"):
        export_onnx(agent_of("multi-binary"), tmp_path / "agent.onnx")
    assert not list(tmp_path.iterdir())


def test_a_comparison_notices_other_weights():
    agent, other = agent_of("multi-binary"), agent_of("multi-binary")
    with torch.no_grad():
        other.policy.action_net.linear.bias[0] += 0.01
    graph = Graph(agent.policy, False)
    file = exported("multi-binary")
    assert export.compared(file, graph, agent) < 1e-4
    assert export.compared(file, graph, other) == pytest.approx(0.01, abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "'nobody' is no agent"),
        (["nobody.safetensors"], "There is no agent at"),
        (["RUN", "--to", "agent.pt"], "ends in .onnx"),
        (["RUN", "--to", "nowhere/agent.onnx"], "There is no folder nowhere"),
        (["RUN", "--sb3", "nowhere/agent.zip"], "There is no folder nowhere"),
        (["RUN", "--sb3", "agent.zip", "--greedy"], "--greedy is for ONNX files"),
    ],
)
def test_mistakes_are_one_sentence(run, arguments, said, capsys):
    given = [str(run) if word == "RUN" else word for word in arguments]
    assert gpo.main(["export", *given]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnxscript"])
def test_a_missing_package_is_one_sentence(run, package, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    assert gpo.main(["export", str(run), "--to", str(run / "new.onnx")]) == 2
    assert f"the package '{package}' is missing; type" in capsys.readouterr().err
    assert not (run / "new.onnx").exists()


def test_a_file_says_how_an_observation_is_filled(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("environments.external.description.try_once", try_here)
    world = make_world(SENSES_TOY, kind="dict", mask="part")
    agent_of_world(world, path=tmp_path / "agent.safetensors")
    assert gpo.main(["export", str(tmp_path / "agent.safetensors")]) == 0
    said = capsys.readouterr().out
    assert (
        "An observation is, end to end: camera uint8 [36, 40, 3]; gear one-hot [3], of 0 onward; "
        "place float64 [3]; action_mask [3], 1 for what is allowed.\n" in said
    )
    file = read_onnx(tmp_path / "agent.onnx")
    layout = file.about["layout"]
    assert layout == file.about["world"]["layout"] == world.describe()["layout"]
    assert [part["name"] for part in layout] == ["camera", "gear", "place", "action_mask"]
    seen, row = Senses("dict", mask="part").reset(seed=0)[0], []
    for part in layout:  # as somebody would who has the file alone
        value = np.ravel(seen[part["path"][0]])
        choice = part["space"] == "Discrete"
        row.append(np.eye(part["n"])[value - part["start"]].ravel() if choice else value)
        assert sum(map(len, row)) == part["at"] + part["numbers"]
    feeds = {"observation": np.concatenate(row)[None].astype(np.float32)}
    feeds["chance"] = np.full((1, 3), 0.5, np.float32)
    (action,) = OnnxSession(file, file.shapes(1)).run(["action"], feeds)
    loaded = LoadedAgent(load_agent(tmp_path / "agent.safetensors"))
    assert action[0] == loaded.predict(seen)[0]


def test_layouts_of_our_own_worlds_and_of_one_thing(tmp_path):
    kitchen_file = exported("discrete", True, 0)
    parts = [(part["name"], part["at"], part["numbers"]) for part in kitchen_file.about["layout"]]
    assert sum(size for _, _, size in parts) == kitchen_file.inputs["observation"][1]
    assert [at for _, at, _ in parts] == np.cumsum([0, *[size for _, _, size in parts]])[
        :-1
    ].tolist()
    cart = make_world("CartPole-v1")
    made = export_onnx(agent_of_world(cart), tmp_path / "cart.onnx").file
    (whole,) = made.about["layout"]
    assert (whole["path"], whole["numbers"], whole["shape"]) == ([], 4, [4])
