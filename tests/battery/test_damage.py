"""Bits that flip and files that are cut: agents and checkpoints say so, and nothing is read in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from agents.export.onnx_export import export_onnx
from agents.export.onnx_file import read_onnx
from agents.files.agent_file import load_agent
from agents.files.checkpoint_file import read_checkpoint_file
from environments.system.errors import UserError
from tests.demos.support.runs import small_run

pytestmark = [pytest.mark.battery("files: bits flipped, ends cut off"), pytest.mark.slow]
FLIPS, CUTS = 140, 50


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage") / "run"
    small_run(folder, "CartPole-v1")
    export_onnx(load_agent(folder / "agent.safetensors"), folder / "a.onnx")
    return folder


def _agent(path: Path) -> bool:
    try:
        load_agent(path)
    except UserError:
        return False
    return True


def _onnx(path: Path) -> bool:
    try:
        read_onnx(path)
    except UserError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("agent.safetensors", _agent),
        ("checkpoints/00000010.safetensors", lambda path: read_checkpoint_file(path) is not None),
        ("a.onnx", _onnx),
    ],
)
def test_no_damage_is_taken_for_whole(run, tmp_path, record_property, name, is_taken):
    whole, path = run / name, tmp_path / Path(name).name
    shutil.copy(whole, path)
    assert is_taken(path)
    data, random = whole.read_bytes(), np.random.default_rng(0)
    for _ in range(FLIPS):
        flipped = bytearray(data)
        place, bit = int(random.integers(len(data))), int(random.integers(8))
        flipped[place] ^= 1 << bit
        path.write_bytes(flipped)
        assert not is_taken(path), f"bit {bit} of byte {place}"
    for _ in range(CUTS):
        end = int(random.integers(len(data)))
        path.write_bytes(data[:end])
        assert not is_taken(path), f"cut at {end}"
    record_property("tries", FLIPS + CUTS)
