"""The command line: what it says, how it ends, and what it does not load."""

import ast
import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

import gpo
from environments.system.errors import UserError
from training.commands import doctor

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments, code=None):
    """`gpo ...` in a process of its own."""
    command = ["-c", code] if code else ["gpo.py", *arguments]
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def refusal(*arguments):
    """The one sentence with which a mistake ends."""
    done = run(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("gpo: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_help_lists_every_verb():
    done = run("--help")
    assert done.returncode == 0
    for verb in gpo.VERBS:
        assert f"gpo {verb}" in done.stdout
    assert run().stdout == done.stdout


@pytest.mark.parametrize(
    "verb", [[verb] for verb in gpo.VERBS] + [["demos", sub] for sub in gpo.DEMOS]
)
def test_every_verb_has_help(verb, capsys):
    with contextlib.suppress(SystemExit):  # argparse's own way to end
        gpo.main([*verb, "--help"])
    assert f"gpo {' '.join(verb)}" in capsys.readouterr().out


def test_help_is_light():
    done = run(code="import sys, gpo; gpo.main(['--help']); print(*sys.modules)")
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "gpo" in loaded
    assert not {"torch", "numba", "numpy", "pygame", "gymnasium", "rich", "tyro"} & loaded


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trian"], "did you mean `gpo train`?"),
        (["xyzzy"], "type `gpo --help`"),
        (["demos", "lst"], "did you mean `gpo demos list`?"),
        (["demos", "import", "chess"], "'chess'"),
        (["train"], "RECIPE"),
        (["train", "r.toml", "--refine.steps"], "--refine.steps has no value"),
        (["train", "r.toml", "--sede", "3"], "--sede"),
        (["evaluate", "a", "--episodes", "-3"], "-3 is less than 1"),
        (["evaluate", "a", "--episodes", "many"], "'many' is not a whole number"),
        (["doctor", "now"], "now"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, said):
    assert said in refusal(*arguments)


def test_overrides_are_told_by_their_dot():
    given = "r.toml --refine.steps 2_000_000 --run a.b --world.x=-1 --clone.y -2"
    own, overrides = gpo.take_overrides(given.split())
    assert own == ["r.toml", "--run", "a.b"]
    assert overrides == ["refine.steps=2_000_000", "world.x=-1", "clone.y=-2"]


def with_verb(monkeypatch, raises):
    def verb(arguments):
        raise raises

    monkeypatch.setattr(gpo, "VERBS", {"fail": verb})
    return gpo.main(["fail"])


def test_a_problem_is_printed_as_it_stands(monkeypatch, capsys):
    assert with_verb(monkeypatch, UserError("the layout 'x' is unknown.")) == 2
    assert capsys.readouterr().err == "gpo: the layout 'x' is unknown.\n"


def test_stopping_says_how_to_go_on(monkeypatch, capsys):
    assert with_verb(monkeypatch, KeyboardInterrupt()) == 130
    assert "repeat the command" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("minari.dataset", "-e ."),
        ("stable_baselines3", "-e ."),
        ("onnxruntime", "-e '.[onnx]'"),
        ("ray.tune", "-e '.[ray]'"),
        ("imitation.algorithms", "--no-deps imitation=="),
        ("sklearn", "-e '.[imitation]'"),
    ],
)
def test_a_missing_package_says_what_to_type(monkeypatch, capsys, module, said):
    assert with_verb(monkeypatch, ModuleNotFoundError(name=module)) == 2
    assert said in capsys.readouterr().err


def test_a_module_of_ours_that_is_missing_is_our_mistake(monkeypatch):
    with pytest.raises(ModuleNotFoundError):
        with_verb(monkeypatch, ModuleNotFoundError(name="training.nothing"))


def test_a_folder_that_is_not_ours_is_refused(tmp_path):
    (tmp_path / "gpo.py").write_text((ROOT / "gpo.py").read_text())
    done = subprocess.run(
        [sys.executable, "gpo.py", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.startswith("gpo: the folder 'environments' should lie beside gpo.py")
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_is_quiet():
    done = subprocess.run(
        f"'{sys.executable}' gpo.py --help | true",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_doctor_finds_all_that_is_needed():
    done = run("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("python", "OMP_NUM_THREADS", "screen", "gpu", "torch", "imitation"):
        assert word in done.stdout


def test_doctor_notices_a_missing_and_an_old_package(monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: {"minari": None}.get(name, "0.0.1"))
    by_name = {finding.what: finding for finding in doctor.packages()}
    assert by_name["minari"].found == "missing"
    assert "needs" in by_name["stable-baselines3"].found
    assert all(finding.cure for finding in by_name.values())


def test_verbs_hold_no_logic():
    tree = ast.parse((ROOT / "gpo.py").read_text())
    verbs = {verb.__name__ for verb in [*gpo.VERBS.values(), *gpo.DEMOS.values()]}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in verbs:
            loops = [n for n in ast.walk(node) if isinstance(n, ast.For | ast.While | ast.Try)]
            assert not loops, f"gpo.py: {node.name} does work of its own; it belongs into a room"
