"""What killed saves left is swept; what somebody may still be writing, and what is not ours, stays."""

import os
import subprocess
import sys
import time

import pytest

from agents.players.player import RandomPlayer
from environments.catalog import make_world
from environments.files.leftovers import GONE, sweep_files
from tests.training.support.toys import record


@pytest.fixture(scope="module")
def dead():
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def left(path, age=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("half of it")
    then = time.time() - age
    os.utime(path, (then, then))
    return path


@pytest.mark.parametrize(
    "name", [".scores.json.{}", ".agent.safetensors.{}", ".metrics.jsonl.{}", ".curve.png.{}",
             "checkpoints/.00000040.safetensors.{}", "milestones/.update-00001.safetensors.{}"],
)  # fmt: skip
def test_what_a_killed_process_left_is_removed_anywhere_in_the_folder(tmp_path, dead, name):
    half = left(tmp_path / name.format(dead))
    assert sweep_files(tmp_path, below=True) == [half]
    assert not half.exists()


def test_what_an_earlier_process_of_our_number_left_is_removed(tmp_path):
    half = left(tmp_path / f".scores.json.{os.getpid()}")
    assert sweep_files(tmp_path, below=True) == [half]


def test_what_lies_deeper_is_left_alone_unless_it_is_wished(tmp_path, dead):
    deep = left(tmp_path / "0" / f".steps.json.{dead}")
    assert sweep_files(tmp_path) == []
    assert sweep_files(tmp_path, below=True) == [deep]


def test_whoever_writes_to_a_dataset_sweeps_it_first(tmp_path, dead):
    world = make_world("gpo/Balance-v0")
    dataset = record(tmp_path, "pole", world, RandomPlayer(world.action_space), 2, 5)
    halves = [
        left(dataset.folder / f".current.{dead}"),
        left(dataset.data / f".metadata.json.{dead}"),
    ]
    with dataset.writing():
        assert not [half for half in halves if half.exists()]
    assert len(dataset) == 2
    assert dataset.check() == []


@pytest.mark.parametrize(("age", "stays"), [(0, True), (GONE - 60, True), (GONE + 60, False)])
def test_what_a_living_process_writes_stays_unless_it_is_old(tmp_path, age, stays):
    half = left(tmp_path / f".scores.json.{os.getppid()}", age)
    sweep_files(tmp_path, below=True)
    assert half.exists() == stays


@pytest.mark.parametrize(
    "name", ["scores.json.{}", ".lock", ".notes.{}", ".scores.json", ".scores.json.{}a", "a.{}",
             ".scores.json.damaged-1", "scores.json.damaged-1"],
)  # fmt: skip
def test_other_files_stay(tmp_path, dead, name):
    other = left(tmp_path / name.format(dead), 2 * GONE)
    assert sweep_files(tmp_path, below=True) == []
    assert other.exists()


def test_folders_and_links_of_such_names_stay(tmp_path, dead):
    (tmp_path / f".a.json.{dead}").mkdir()
    (tmp_path / f".b.json.{dead}").symlink_to(left(tmp_path / "mine"))
    assert sweep_files(tmp_path, below=True) == []
    assert (tmp_path / "mine").exists()
