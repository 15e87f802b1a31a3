"""Further clones: the same wherever they are made, and none is lost with a helper."""

import os
import signal
import time
from collections import deque

import pytest
import torch

import gpo
from agents.players.player import RandomPlayer
from demos.data.dataset.store import Store
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.training.support.toys import record
from training.pipeline.clone_population import CloneWorker, clone_population
from training.pipeline.clone_stage import clone_task
from training.run.folder import RunFolder
from training.run.recipe import read_recipe
from training.run.reporter import SilentReporter

PATIENCE = 120.0  # s


@pytest.fixture(scope="module")
def world():
    return make_world("gpo/Kitchen-v0", layout="cramped_room")


@pytest.fixture(scope="module")
def root(tmp_path_factory, world):
    root = tmp_path_factory.mktemp("people")
    record(root, "kitchen", world, RandomPlayer(world.action_space), 4, 40)
    return root


@pytest.fixture(scope="module")
def path(root):
    """A recipe with three further clones that each know half of the people."""
    path = root / "few.toml"
    path.write_text(f"""
[world]
id = "gpo/Kitchen-v0"
params = {{ layout = "cramped_room" }}
horizon = 40
[data]
root = "{root}"
train = "kitchen"
[clone]
hidden = [8]
dropout = 0.1
epochs = 3
batch_size = 64
[partner]
clones = 4
share = 0.5
[refine]
steps = 0
[evaluate]
games = 2
""")
    return path


def helper(path, world, missing, *changes):
    return CloneWorker(clone_task(read_recipe(str(path), changes), world), None, missing)


def wait(helper, until):
    """What the helper gives before it is as it should be."""
    given = []
    end = time.monotonic() + PATIENCE
    while not until(helper) and time.monotonic() < end:
        if (found := helper.attend()) is not None:
            given.append(found)
        time.sleep(0.01)
    assert until(helper), "the helper never answered"
    return given


def test_a_helper_makes_the_same_clones_from_the_last(path, root, world):
    made = helper(path, world, deque([1, 2, 3]))
    found = wait(made, lambda h: h.number == 1)
    made.end()
    assert [number for number, _ in found] == [3, 2]
    who, dataset = clone_task(read_recipe(str(path)), world), Store(root).open("kitchen")
    for number, clone in found:
        own = who.clone(dataset, number)
        assert clone.history == own.history
        for name, tensor in own.policy.tensors().items():
            assert torch.equal(tensor.nan_to_num(), clone.policy.tensors()[name].nan_to_num()), name


def test_the_number_of_a_helper_that_dies_is_missing_again(path, world):
    missing = deque([1])
    dying = helper(path, world, missing, "clone.epochs=100000", "clone.patience=100000")
    wait(dying, lambda h: h.number == 1)
    assert not missing
    dying.process.kill()
    wait(dying, lambda h: h.number == 0)
    assert list(missing) == [1]
    assert dying.attend() is None
    assert list(missing) == [1], "it is given nothing any more"


def test_a_helper_that_was_stopped_is_ended_and_its_number_made_here(path, world, monkeypatch):
    monkeypatch.setattr("environments.system.processes.PATIENCE", 2)
    missing, said = deque([1]), list[str]()
    slow = helper(path, world, missing, "clone.epochs=100000", "clone.patience=100000")
    wait(slow, lambda h: h.number == 1)
    for _ in range(4):  # it is at work, however long it takes
        time.sleep(0.4)
        slow.watch(said.append)
    assert not said
    os.kill(slow.process.pid, signal.SIGSTOP)
    for _ in range(5):
        time.sleep(0.4)
        slow.watch(said.append)
    assert list(missing) == [1]
    assert said == [
        "A process that makes clones stood still for 2 s and was ended: clone 1, which it was at, "
        "is made in this one."
    ]
    assert slow.process.exitcode == -signal.SIGKILL
    assert slow.attend() is None


class Stopped(CloneWorker):
    """A helper that is up before anything is made, and is stopped as soon as it is given something."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        assert self.pipe.poll(PATIENCE)

    def attend(self):
        before, found = self.number, super().attend()
        if self.number and not before:
            os.kill(self.process.pid, signal.SIGSTOP)
        return found


class Told(SilentReporter):
    """Keeps what is said."""

    def __init__(self):
        self.said: list[str] = []

    def say(self, sentence):
        self.said.append(sentence)


def test_a_run_goes_on_without_a_helper_that_was_stopped(path, root, world, tmp_path, monkeypatch):
    monkeypatch.setattr("environments.system.processes.PATIENCE", 2)
    monkeypatch.setattr("training.pipeline.clone_population.free_cores", lambda: 2)
    made = {}
    for kind in (CloneWorker, Stopped):
        monkeypatch.setattr("training.pipeline.clone_population.CloneWorker", kind)
        bars, run = Told(), RunFolder(tmp_path / kind.__name__, read_recipe(str(path)))
        clone_population(run, world, Store(root).open("kitchen"), bars)
        made[kind] = {p.name: p.read_bytes() for p in run.folder.glob("clone_*.safetensors")}
        assert [said[-42:] for said in bars.said] == (
            [] if kind is CloneWorker else ["clone 3, which it was at, is made in this one."[-42:]]
        )
    assert len(made[Stopped]) == 3
    assert made[Stopped] == made[CloneWorker]


def test_what_a_helper_meets_is_told_here(path, world):
    diverging = helper(path, world, deque([1]), "clone.learning_rate=1e30")
    with pytest.raises(UserError, match=r"lower clone\.learning_rate"):
        wait(diverging, lambda h: False)
    diverging.end()


class Swift:
    """A helper that takes the last clone only, and has made it by the time it is asked again."""

    def __init__(self, who, start, missing):
        self.who, self.missing, self.number = who, missing, 0
        self.pipe = None

    def attend(self):
        number, self.number = self.number, 0
        if len(self.missing) == 1:
            self.number = self.missing.pop()
        if not number:
            return None
        dataset = Store(self.who.recipe.data.root).open("kitchen")
        return number, self.who.clone(dataset, number)

    def end(self):
        pass


def test_nobody_waits_for_a_helper_that_has_just_finished(path, root, world, tmp_path, monkeypatch):
    monkeypatch.setattr("training.pipeline.clone_population.CloneWorker", Swift)
    monkeypatch.setattr("training.pipeline.clone_population.free_cores", lambda: 2)
    waited: list[list[object]] = []
    monkeypatch.setattr("training.pipeline.clone_population.connection.wait", waited.append)
    run = RunFolder(tmp_path / "run", read_recipe(str(path), ["clone.epochs=1"]))
    clone_population(run, world, Store(root).open("kitchen"), SilentReporter())
    assert [] not in waited, "for nothing it would wait for ever"
    assert len(list(run.folder.glob("clone_*.safetensors"))) == 3


@pytest.mark.parametrize("cores", ["1", "2"])
def test_a_run_makes_all_of_them_once_and_goes_on_where_it_was(path, tmp_path, cores):
    run = tmp_path / "run"
    command = ["train", str(path), "--run", str(run), "--refine.cores", cores]
    assert gpo.main(command) == 0
    made = {p.name: p.read_bytes() for p in run.glob("clone*.safetensors")}
    assert len(made) == 4
    (run / "clone_2.safetensors").unlink()
    (run / "agent.safetensors").unlink()
    assert gpo.main(command) == 0
    assert {p.name: p.read_bytes() for p in run.glob("clone*.safetensors")} == made
