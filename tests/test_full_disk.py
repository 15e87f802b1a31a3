"""A disk that is too small, under every verb that writes: a sentence, nothing half; with room it goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gpo
from environments.catalog import make_world
from tests.training.pipeline.test_train import FOREIGN, RECIPE
from tests.training.support.toys import Leaning, record

pytestmark = pytest.mark.battery("disk: full, under every verb")

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = 'event = [{at = 0.5, press = "return"}, {at = 9.0, press = "return"}, {at = 9.5, press = "return"}]'
# In a mount namespace of its own, which needs root or user namespaces.
ALONE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
TOLD = """
mount -t tmpfs -o size={size}k none disk || exit 99
$GPO {words} > first.out 2> first.err; echo $? > first.code
find disk -type f > first.files
mount -o remount,size=32m disk
$GPO {words} > again.out 2> again.err; echo $? > again.code
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Recordings, a recipe and a run."""
    folder = tmp_path_factory.mktemp("work")
    record(folder / "datasets", "leaning", make_world(FOREIGN), Leaning(careless=0.1), 10, 60)
    text = RECIPE.format(world=FOREIGN, root=folder / "datasets", world_params="")
    (folder / "pole.toml").write_text(text)
    (folder / "script.toml").write_text(SCRIPT)
    assert gpo.main(["train", str(folder / "pole.toml"), "--run", str(folder / "run")]) == 0
    (folder / "disk").mkdir()
    return folder


def twice(work, size, words):
    """The command on a disk of so many kB, and again with room."""
    told = TOLD.format(size=size, words=words).replace(
        "$GPO", f"'{sys.executable}' '{ROOT / 'gpo.py'}'"
    )
    done = subprocess.run(
        [*ALONE, "sh", "-c", told],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SDL_VIDEODRIVER": "dummy"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    return [
        (work / name).read_text() for name in ("first.code", "first.err", "again.code", "again.err")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ("train pole.toml --run disk/run", (12, 40, 72)),
        ("export run --to disk/agent.onnx", (4,)),
        ("export run --sb3 disk/agent.zip", (4,)),
        ("demos export leaning --to npz --out disk/out", (4,)),
        ("demos export leaning --to minari --out disk/out", (4, 40)),
        ("demos export leaning --to imitation --out disk/out", (4, 12)),
        ("demos info leaning --pictures disk/out", (4, 60)),
        ("demos collect made CartPole-v1 --player random --episodes 9 --root disk/d", (4, 60)),
        ("watch run --headless --seed 3 --record disk/out.mp4", (40,)),
        ("watch run --headless --seed 3 --record disk/out.gif", (40,)),
        ("record CartPole-v1 --headless --script script.toml --root disk/d --episodes 1", (24,)),
    ],
)
def test_a_disk_that_is_too_small_is_said_and_more_room_is_enough(work, words, sizes):
    for size in sizes:
        code, said, again, said_again = twice(work, size, words)
        assert (int(code), int(again)) == (2, 0), (size, said, said_again)
        assert said.startswith("gpo: "), (size, said)
        assert said.count("\n") == 1, (size, said)
        assert "is full: free some space" in said
        left = [Path(line).name for line in (work / "first.files").read_text().split()]
        assert not [name for name in left if name.startswith(".") and name != ".lock"], (size, left)
