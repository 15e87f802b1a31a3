"""Loading runs no code: an audit hook hears nothing that it must not, whatever kind of file is read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.audited import FAMILIES, FORBIDDEN

pytestmark = pytest.mark.battery("files: loading under an audit hook, by kind")
KINDS = ("agent", "checkpoint", "run", "onnx", "dataset", "verify", "npz", "minari", "imitation", "recipe",
         "controls", "script", "trust")  # fmt: skip


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """What the hook heard, by kind of file."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.audited", str(tmp_path_factory.mktemp("audited"))],
        cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_loading_does_nothing_that_is_forbidden(heard, kind):
    assert heard[kind] == []


def test_the_hook_hears_what_it_should(heard):
    assert any("pickle.find_class" in event for event in heard["a pickle"])
    assert set(heard) == {*KINDS, "a pickle"}
    assert {"exec", "compile", "os.system", "subprocess.Popen", "pickle.find_class"} <= set(
        FORBIDDEN
    )
    assert "socket." in FAMILIES
