"""Ctrl-C and SIGTERM in real processes, from the first moment on: one sentence, and nothing left behind."""

import signal
import time

import pytest

from agents.players.player import RandomPlayer
from environments.catalog import make_world
from tests.training.support.ended import begin, ended, leaves_nothing
from tests.training.support.toys import record

pytestmark = pytest.mark.battery("training: Ctrl-C and SIGTERM at any moment")

SENTENCE = "gpo: stopped; repeat the command to go on from the last checkpoint.\n"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
RECIPE = """
[world]
id = "gpo/Kitchen-v0"
params = {{ layout = "cramped_room" }}
horizon = 40
[data]
root = "{root}"
train = "kitchen"
[clone]
hidden = [8]
epochs = {epochs}
patience = {epochs}
batch_size = 64
[partner]
clones = 3
[refine]
games = 4
rollout = 25
batch_size = 50
epochs = 1
judge_every = 2
judge_games = 4
precision = "float32"
cores = 2
steps = 10_000_000
[evaluate]
games = 2
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("people")
    world = make_world("gpo/Kitchen-v0", layout="cramped_room")
    record(root, "kitchen", world, RandomPlayer(world.action_space), 4, 40)
    return root


# ------------------------------------------------------------------ while it loads

# As if the signal came just when that module is looked for, which is far more exact than any clock.
HOOK = """
import os, runpy, sys
class Hook:
    def find_spec(self, name, *_):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Hook())
sys.argv = ["gpo.py", *sys.argv[1:]]
runpy.run_path("gpo.py", run_name="__main__")
"""
EARLY = (
    "difflib",
    "argparse",
    "demos.cli.dataset_verbs",
    "environments.system.errors",
    "environments.system.termination",
)
LATER = (
    "training.pipeline.train",
    "torch",
    "numpy",
    "pydantic",
    "training.pipeline.refine_loop",
    "numba",
)


def stopped_at(module, number, root):
    hook = HOOK.format(module=module, number=int(number))
    program = begin(["-c", hook, "train", "cramped_room", "--run", root / "never"])
    _, said = program.communicate(timeout=60)
    assert "Traceback" not in said
    assert not (root / "never").exists()
    return program.returncode, said


@pytest.mark.parametrize("module", EARLY)
def test_ctrl_c_before_anything_has_begun_is_one_sentence(module, root):
    code, said = stopped_at(module, signal.SIGINT, root)
    assert code in (-signal.SIGINT, 130)  # which is the same to a shell
    assert said.startswith("gpo: stopped")
    assert said.count("\n") == 1


def each_signal():
    """The first module with each signal, the next with one each; the other is slow."""
    for m, module in enumerate(LATER[:3]):
        for n, number in enumerate(CODES):
            marks = [pytest.mark.slow] if m and n != m % len(CODES) else []
            yield pytest.param(module, number, marks=marks)


@pytest.mark.parametrize(("module", "number"), each_signal())
def test_a_signal_while_the_verb_loads_is_one_sentence(module, number, root):
    assert stopped_at(module, number, root) == (CODES[number], SENTENCE)


@pytest.mark.slow
@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("module", LATER[3:])
def test_a_signal_while_the_verb_loads_on_is_one_sentence(module, number, root):
    assert stopped_at(module, number, root) == (CODES[number], SENTENCE)


@pytest.mark.slow
@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.2, 0.5, 0.8, 1.2, 2.0, 3.0])
def test_a_signal_at_any_time_is_one_sentence(seconds, number, root, tmp_path):
    path = tmp_path / "few.toml"
    path.write_text(RECIPE.format(root=root, epochs=5))
    program = begin(["gpo.py", "train", path, "--run", tmp_path / "run"])
    time.sleep(seconds)
    code, said = ended(program, number)
    if "init_import_site" in said:
        pytest.skip("Python itself was not up yet, and says so in its own way")
    assert code in (CODES[number], -number)
    assert said in (SENTENCE, "gpo: stopped.\n", "")
    assert leaves_nothing(program)


# ------------------------------------------------------------------ while it works


WORK = {  # a file that is there by then, and the epochs of a clone
    "cloning": (".lock", 100_000),
    "characters": ("clone.safetensors", 400),
    "refining": ("checkpoints/00000002.safetensors", 2),
}


def check_stopped(root, folder, work, number, group):
    path, run = folder / "few.toml", folder / "run"
    sign, epochs = WORK[work]
    path.write_text(RECIPE.format(root=root, epochs=epochs))
    program = begin(["gpo.py", "train", path, "--run", run])
    until = time.monotonic() + 120
    while not (run / sign).exists() and time.monotonic() < until:
        assert program.poll() is None, program.stderr.read()
        time.sleep(0.02)
    time.sleep(0.3)
    assert ended(program, number, group) == (CODES[number], SENTENCE)
    assert leaves_nothing(program)


def test_refining_on_two_cores_ends_in_a_sentence(root, tmp_path):
    check_stopped(root, tmp_path, "refining", signal.SIGTERM, group=True)


@pytest.mark.slow
@pytest.mark.parametrize("group", [True, False], ids=["group", "alone"])
@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("work", WORK)
def test_training_on_two_cores_ends_in_a_sentence(root, tmp_path, work, number, group):
    check_stopped(root, tmp_path, work, number, group)
