"""The command line: what it says, how it ends, and what it does not load."""

import ast
import contextlib
import re
import subprocess
import sys
from dataclasses import MISSING
from pathlib import Path

import pytest

import gpo
from environments.system.errors import UserError
from environments.terminal import command_line
from environments.terminal.option_fields import Option, options_of
from training.commands import doctor

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments, code=None):
    """`gpo ...` in a process of its own."""
    command = ["-c", code] if code else ["gpo.py", *arguments]
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture
def refusal(capsys):
    """The one sentence with which a mistake ends."""

    def sentence(*arguments):
        assert gpo.main(list(arguments)) == 2
        out, said = capsys.readouterr()
        assert out == ""
        assert said.startswith("gpo: ")
        assert said.count("\n") == 1, said
        return said

    return sentence


def test_a_process_ends_with_the_same_sentence(refusal):
    done = run("trian")
    assert done.returncode == 2
    assert (done.stdout, done.stderr) == ("", refusal("trian"))


def test_help_lists_every_verb():
    done = run("--help")
    assert done.returncode == 0
    for verb in gpo.VERBS:
        assert f"gpo {verb}" in done.stdout
    assert run().stdout == done.stdout


VERBS = [[verb] for verb in gpo.VERBS if verb != "demos"] + [["demos", sub] for sub in gpo.DEMOS]


@pytest.fixture
def asked(monkeypatch):
    """The options of the verb that was run last."""
    options: list[Option] = []

    def told(kind):
        options[:] = options_of(kind)
        return list(options)

    monkeypatch.setattr(command_line, "options_of", told)
    return options


def helped(capsys, verb):
    """A verb's help as words, without boxes and ends of lines."""
    with contextlib.suppress(SystemExit):  # how help ends
        gpo.main([*verb, "--help"])
    return " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().out).split())


def needed(options):
    """The words that a verb cannot do without."""
    words = []
    for option in options:
        if option.required:
            value = option.argument.metavar.split("|")[0] if "|" in option.usage else "1"
            words += [*option.flags, *([value] * (2 if option.shape == "pair" else 1))]
    return words


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_the_help_of_a_verb_lists_every_option_with_its_meaning(verb, capsys, asked):
    said = helped(capsys, verb)
    about = (gpo.DEMOS[verb[1]] if verb[1:] else gpo.VERBS[verb[0]]).__doc__ or ""
    assert said.startswith(f"usage: gpo {' '.join(verb)} [-h]")
    assert " ".join(about.split()) in said
    assert len(about.splitlines()) == 1
    for option in asked:
        assert option.help, f"{option.name} has no docstring"
        assert option.help in said
        for flag in option.flags or [option.usage]:
            assert f" {flag}" in said
        if option.shape == "one" and option.default not in (None, MISSING):
            default = option.default
            assert f"(default: {f'{default:g}' if isinstance(default, float) else default})" in said


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_mistake_in_any_option_is_one_sentence(verb, capsys, asked):
    def refused(*words):
        assert gpo.main([*verb, *words]) == 2
        out, said = capsys.readouterr()
        assert out == ""
        assert said.startswith("gpo: ")
        assert said.count("\n") == 1, said
        assert f"gpo {' '.join(verb)}" in said
        return said

    assert "has no option --no-such-thing" in refused("--no-such-thing")
    least = needed(asked)
    assert "has no option -x" in refused(*least, "-x", "3")
    for option in list(asked):
        if not option.usage:
            assert f"{option.label} takes no value" in refused(*least, f"{option.label}=3")
        elif option.flags:
            lacks = "takes two values" if option.shape == "pair" else "has no value"
            assert f"{option.label} {lacks}: give" in refused(*least, option.label)
            typo = f"{option.label[:-1]}{option.label[-1] * 2}"
            assert f"did you mean {option.label}?" in refused(*least, typo, "1")
        if option.required:
            kept = [one for one in asked if one.required and one.name != option.name]
            said = refused(*needed(kept))  # of two places the later one is missing
            assert "is missing; type" in said
            assert option.usage in said or not option.flags


NUMBERS = (
    "--seed --episodes --games --horizon --seat --fps --settle --workers --patience --share --idle"
)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_word_where_a_number_belongs_is_refused(verb, capsys, asked):
    helped(capsys, verb)
    wanted = [one for one in asked if one.label in NUMBERS.split()]
    for option in [one for one in wanted if one.argument.metavar != "AGENT"]:
        others = [one for one in asked if one.required and one.name != option.name]
        assert gpo.main([*verb, *needed(others), f"{option.label}=many"]) == 2
        said = capsys.readouterr().err
        assert re.match(rf"gpo: {option.label}: 'many' is (not a|neither a)", said), said


def test_no_help_loads_what_is_heavy():
    heavy = (
        "torch numba numpy pygame gymnasium pydantic pandas pyarrow minari matplotlib scipy rich"
    )
    code = (
        "import contextlib, io, sys, gpo\n"
        f"for verb in {VERBS}:\n"
        "    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "        gpo.main([*verb, '--help'])\n"
        f"    loaded = set({heavy.split()}) & set(sys.modules)\n"
        "    assert not loaded, (verb, loaded)\n"
    )
    done = run(code=code)
    assert done.returncode == 0, done.stderr


def test_options_are_neither_shortened_nor_spelled_otherwise(refusal):
    assert "did you mean --greedy?" in refusal("evaluate", "a", "--greed")
    assert "did you mean --min-steps?" in refusal("demos", "filter", "a", "--min_steps", "3")
    assert "did you mean --shield?" in refusal("evaluate", "a", "--no-shield")


def test_train_names_the_list_of_settings(capsys):
    said = helped(capsys, ["train"])
    assert "`gpo recipe` lists them all" in said
    assert "--refine.steps 2_000_000" in said


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
        (["train", "r.toml", "--sede", "3"], "no option --sede; did you mean --seed?"),
        (["train", "r.toml", "--seed"], "--seed has no value: give N"),
        (["train", "a.toml", "b.toml"], "the argument 'b.toml' is one too many"),
        (["demos", "import", "mirani"], "did you mean minari?"),
        (["demos", "merge", "a", "b"], "--into NAME is missing"),
        (["demos", "split", "a", "--share", "0.5", "--into", "b"], "--into takes two values: give"),
        (["recipe", "refnie"], "did you mean `gpo recipe refine`?"),
        (["recipe", "--out", "a.toml"], "add --new WORLD DATASET"),
        (["evaluate", "a", "--episodes", "-3"], "-3 is less than 1"),
        (["evaluate", "a", "--episodes", "many"], "'many' is not a whole number"),
        (["doctor", "now"], "now"),
    ],
)
def test_a_mistake_is_one_sentence(refusal, arguments, said):
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
