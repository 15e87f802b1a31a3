"""A run that was killed at any moment ends with the same bytes as one that was not."""

import hashlib
import json
import os
import signal
import time

import numpy as np
import pytest

import gpo
from agents.files.agent_file import load_agent
from agents.files.run_agents import run_agents
from agents.players.player import RandomPlayer
from environments.catalog import make_world
from tests.training.support.apart import SERVER, start
from tests.training.support.toys import Leaning, record
from training.run.checkpoint import read_checkpoint
from training.run.milestones import is_milestone

COMMON = """
[clone]
hidden = [16]
dropout = 0.1
epochs = 5
batch_size = 64
[refine]
games = 8
rollout = 50
batch_size = 100
epochs = 3
warm_up = 1
judge_every = 2
judge_games = 16
precision = "float32"  # measured, it might differ between two runs
steps = 4800
learning_rate = 3e-3
half_life = 1.0
kl_clone = [0.05, 0.0]
[evaluate]
games = 4
"""
RECIPES = {
    "balance": """
[world]
id = "gpo/Balance-v0"
horizon = 100
[reward]
weights = { balanced = 1.0, centred = 0.5 }
faded = ["centred"]
fade_until = 0.9
""",
    "kitchen": """
[world]
id = "gpo/Kitchen-v0"
params = { layout = "cramped_room" }
horizon = 40
[reward]
weights = { soup = 20.0, onion_potted = 3.0 }
faded = ["onion_potted"]
""",
}

GUARDS = """
[refine.kl]
target = 0.02
budget = 0.5
[costs.collision]
limit = 0.05
[partner]
clones = 2
[[partner.mixture]]
player = "clone"
weight = [1.0, 0.3]
[[partner.mixture]]
player = "self"
weight = [0.2, 1.0]
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Recordings in both worlds."""
    root = tmp_path_factory.mktemp("shelf")
    record(root, "balance", make_world("gpo/Balance-v0"), Leaning(careless=0.5), 10, 60)
    kitchen = make_world("gpo/Kitchen-v0", layout="cramped_room")
    record(root, "kitchen", kitchen, RandomPlayer(kitchen.action_space), 4, 40)
    return root


def recipe_in(folder, shelf, name):
    """Write the recipe; returns its path."""
    path = folder / f"{name}.toml"
    path.write_text(f'{RECIPES[name]}[data]\nroot = "{shelf}"\ntrain = "{name}"\n{COMMON}')
    return path


@pytest.fixture(scope="module", params=RECIPES)
def whole(request, shelf, tmp_path_factory):
    """A recipe, the folder of a run that was left alone, and how long it took, in seconds."""
    folder = tmp_path_factory.mktemp(request.param)
    path = recipe_in(folder, shelf, request.param)
    warm = SERVER.Process(target=int)  # the first process waits until its server has loaded
    warm.start()
    warm.join()
    began = time.monotonic()
    process = start(path, folder / "whole")
    process.join()
    assert process.exitcode == 0
    return path, folder / "whole", time.monotonic() - began


def results(run):
    """SHA-256 of every agent and of the last checkpoint, and all that was judged, to the byte."""
    files = [
        run / "clone.safetensors",
        run / "agent.safetensors",
        *sorted(run.glob("milestones/*")),
        *sorted(run.glob("checkpoints/*"))[-1:],
    ]
    return {
        **{path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        "judged": (run / "metrics.jsonl").read_text().splitlines(),
        "scores": (run / "scores.json").read_text(),
    }


def killed_and_repeated(path, run, seconds, kills, seed):
    """Run the recipe, killing it after random times, until it ends by itself; returns how often."""
    random = np.random.default_rng(seed)
    killed = 0
    while True:
        process = start(path, run)
        process.join(random.uniform(0.1, 0.8) * seconds if killed < kills else None)
        if process.exitcode is not None:
            assert process.exitcode == 0
            return killed
        process.kill()
        process.join()
        killed += 1


def check_kills(whole, tmp_path, kills, seed):
    path, undisturbed, seconds = whole
    killed, attempt = 0, 0
    while killed < kills:
        run = tmp_path / f"run{attempt}"
        killed += killed_and_repeated(path, run, seconds, kills - killed, seed + attempt)
        assert results(run) == results(undisturbed), f"after {killed} kills"
        attempt += 1
        assert attempt < 20 + kills, "the processes end before they can be killed"


# Of each of the two worlds; a kill and what it costs to go on take about a second.


def test_a_run_killed_four_times_ends_with_the_same_bytes(whole, tmp_path):
    check_kills(whole, tmp_path, kills=4, seed=0)


@pytest.mark.battery("training: kill -9, resumed, equal to the bit")
@pytest.mark.slow
def test_a_run_killed_twenty_five_times_ends_with_the_same_bytes(whole, tmp_path, record_property):
    check_kills(whole, tmp_path, kills=25, seed=100)
    record_property("tries", 25)


def test_a_guarded_run_killed_twice_ends_with_the_same_bytes(shelf, tmp_path):
    """With all that has a state of its own: multipliers, the anchor, partners, demonstrations."""
    path = tmp_path / "guarded.toml"
    recipe = recipe_in(tmp_path, shelf, "kitchen").read_text()
    imitated = recipe.replace("[refine]", "[refine]\nimitation = [0.1, 0.0]")
    path.write_text(imitated + GUARDS)
    began = time.monotonic()
    process = start(path, tmp_path / "whole")
    process.join()
    assert process.exitcode == 0
    whole = path, tmp_path / "whole", time.monotonic() - began
    checkpoint, _ = read_checkpoint(tmp_path / "whole" / "checkpoints")
    assert checkpoint is not None
    refiner = checkpoint.facts["refiner"]
    assert refiner["multipliers"]["collision"]["sum"] > 0, "the limit was never felt"
    assert refiner["anchor"]["coefficient"] != pytest.approx(0.05), "the anchor never moved"
    check_kills(whole, tmp_path, kills=2, seed=7)


def test_the_run_refines_something(whole):
    """Else the comparison above would be of clones with clones."""
    path, run, _ = whole
    checkpoint, _ = read_checkpoint(run / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.update == 12
    before = load_agent(run / "clone.safetensors").policy.tensors()
    after = checkpoint.part("policy")
    assert any((before[name] != after[name]).any() for name in before)
    if path.stem == "balance":
        assert load_agent(run / "agent.safetensors").facts["role"] == "refined"


def test_a_run_keeps_milestones_of_its_way_that_are_agents(whole):
    _, run, _ = whole
    kept = [path.stem for path in sorted(run.glob("milestones/*"))]
    assert kept == [f"update-{update:05d}" for update in (1, 2, 5, 10)]
    first, last = (
        load_agent(run / f"milestones/{name}.safetensors") for name in kept[:: len(kept) - 1]
    )
    assert (first.facts["role"], first.facts["update"]) == ("refined", 1)
    before, after = first.policy.tensors(), last.policy.tensors()
    assert any((before[name] != after[name]).any() for name in before)
    names = [stage.name for stage in run_agents(run)]
    assert names == ["clone", *(f"update {n}" for n in (1, 2, 5, 10, 12)), "best"]
    assert all(stage.load().policy is not None for stage in run_agents(run))


@pytest.mark.parametrize(
    ("update", "kept"),
    [(0, False), (1, True), (2, True), (3, False), (5, True), (10, True), (15, False), (200, True),
     (250, False), (1000, True), (1001, False)],
)  # fmt: skip
def test_milestones_are_1_2_5_and_their_tens(update, kept):
    assert is_milestone(update) == kept


def test_a_run_of_a_recipe_from_before_milestones_and_corrections_goes_on(unfinished):
    path, run, undisturbed = unfinished
    told = json.loads((run / "recipe.json").read_text())
    assert "corrections" not in told
    assert "corrections" not in told["data"]
    for milestone in (run / "milestones").iterdir():
        milestone.unlink()
    assert gpo.main(["train", str(path), "--run", str(run)]) == 0
    agents = [result for name, result in results(run).items() if name == "agent.safetensors"]
    assert agents == [results(undisturbed)["agent.safetensors"]]


# ------------------------------------------------------------------ damaged checkpoints


@pytest.fixture
def unfinished(whole, tmp_path):
    """A copy of a run that has its checkpoints but no agent yet."""
    import shutil

    path, run, _ = whole
    shutil.copytree(run, tmp_path / "run")
    for name in ("agent.safetensors", "scores.json"):
        (tmp_path / "run" / name).unlink()
    return path, tmp_path / "run", run


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


HARMS = {"flipped": flipped, "cut": lambda c: c[:-100], "empty": lambda c: b""}


def harmed(run, damaged, harm):
    """Damage the last checkpoint of a run, or both; what then is found must be what is whole."""
    for checkpoint in sorted((run / "checkpoints").iterdir())[-damaged:]:
        checkpoint.write_bytes(HARMS[harm](checkpoint.read_bytes()))
    found, passed_over = read_checkpoint(run / "checkpoints")
    assert len(passed_over) == damaged
    assert (found is None) == (damaged == 2)


@pytest.mark.parametrize("damaged", [1, 2], ids=["the last", "both"])
@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_checkpoint_is_passed_over(unfinished, damaged, harm):
    _, run, _ = unfinished
    harmed(run, damaged, harm)


@pytest.mark.parametrize(
    ("damaged", "harm"),
    [
        (1, "cut"),
        (2, "flipped"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in
          [(1, "flipped"), (1, "empty"), (2, "cut"), (2, "empty")]),
    ],
)  # fmt: skip
def test_a_run_whose_checkpoint_is_damaged_ends_with_the_same_bytes(unfinished, damaged, harm):
    path, run, undisturbed = unfinished
    harmed(run, damaged, harm)
    assert gpo.main(["train", str(path), "--run", str(run)]) == 0
    assert results(run) == results(undisturbed)


def test_a_row_of_metrics_that_was_cut_off_is_written_again(unfinished):
    path, run, undisturbed = unfinished
    newest = max((run / "checkpoints").iterdir())
    newest.unlink()
    metrics = run / "metrics.jsonl"
    metrics.write_text(metrics.read_text()[:-20])
    assert gpo.main(["train", str(path), "--run", str(run)]) == 0
    assert results(run) == results(undisturbed)


# ------------------------------------------------------------------ whose folder


def test_a_folder_of_another_recipe_is_refused_with_the_difference(whole, capsys):
    path, run, _ = whole
    before = results(run)
    assert gpo.main(["train", str(path), "--run", str(run), "--refine.clip", "0.1"]) == 2
    said = capsys.readouterr().err
    assert "refine.clip: here 0.1, there 0.2" in said
    assert said.count("\n") == 1
    assert results(run) == before


def test_a_second_process_on_one_folder_is_refused(whole, tmp_path, capsys):
    path, _, _ = whole
    first = start(path, tmp_path / "run")
    while not (tmp_path / "run" / "cloning.json").exists():  # it is at work
        assert first.is_alive()
        time.sleep(0.01)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)  # and stays there, however slow the second one is
    assert gpo.main(["train", str(path), "--run", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "in use by another process" in said
    assert said.count("\n") == 1
    first.kill()
    first.join()
    assert gpo.main(["train", str(path), "--run", str(tmp_path / "run")]) == 0, (
        "its lock died with it"
    )
