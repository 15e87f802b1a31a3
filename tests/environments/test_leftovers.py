"""What killed saves left is swept; what somebody may still be writing, and what is not ours, stays."""

import os
import subprocess
import sys
import time

import pytest

from environments.leftovers import GONE, sweep


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
    assert sweep(tmp_path) == [half]
    assert not half.exists()


def test_what_an_earlier_process_of_our_number_left_is_removed(tmp_path):
    half = left(tmp_path / f".scores.json.{os.getpid()}")
    assert sweep(tmp_path) == [half]


@pytest.mark.parametrize(("age", "stays"), [(0, True), (GONE - 60, True), (GONE + 60, False)])
def test_what_a_living_process_writes_stays_unless_it_is_old(tmp_path, age, stays):
    half = left(tmp_path / f".scores.json.{os.getppid()}", age)
    sweep(tmp_path)
    assert half.exists() == stays


@pytest.mark.parametrize(
    "name", ["scores.json.{}", ".lock", ".notes.{}", ".scores.json", ".scores.json.{}a", "a.{}",
             ".scores.json.damaged-1", "scores.json.damaged-1"],
)  # fmt: skip
def test_other_files_stay(tmp_path, dead, name):
    other = left(tmp_path / name.format(dead), 2 * GONE)
    assert sweep(tmp_path) == []
    assert other.exists()


def test_folders_and_links_of_such_names_stay(tmp_path, dead):
    (tmp_path / f".a.json.{dead}").mkdir()
    (tmp_path / f".b.json.{dead}").symlink_to(left(tmp_path / "mine"))
    assert sweep(tmp_path) == []
    assert (tmp_path / "mine").exists()
