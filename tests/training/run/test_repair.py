"""A run folder that is opened again: damage is set aside and made good, and older runs go on as they are."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import gpo
from agents.files.agent_file import load_agent
from environments.catalog import make_world
from environments.files.atomic import SEAL, to_checked_json
from environments.files.checked_json import read_lines, read_sealed
from environments.system.errors import UserError
from tests.training.support.toys import Leaning, record
from training.run.checkpoint import read_checkpoint, write_checkpoint
from training.run.folder import RunFolder
from training.run.recipe import read_recipe
from training.run.repair import set_aside

pytestmark = pytest.mark.battery("run folders: damaged files of every kind")

RECIPE = """
[world]
id = "gpo/Balance-v0"
horizon = 40
[data]
root = "{root}"
train = "pole"
[clone]
hidden = [8]
epochs = 2
batch_size = 64
[refine]
games = 4
rollout = 25
batch_size = 50
epochs = 1
warm_up = 1
judge_every = 2
judge_games = 4
steps = 400
precision = "float32"
cores = 1
[evaluate]
games = 2
"""
JSONS = ("machine.json", "cloning.json", "engine.json", "scores.json")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A recipe, and the folder of a run of it that has ended."""
    folder = tmp_path_factory.mktemp("tidying")
    record(folder, "pole", make_world("gpo/Balance-v0"), Leaning(careless=0.5), 4, 30)
    path = folder / "pole.toml"
    path.write_text(RECIPE.format(root=folder))
    assert gpo.main(["train", str(path), "--run", str(folder / "run")]) == 0
    return path, folder / "run"


@pytest.fixture
def run(done, tmp_path):
    """A copy of that run."""
    shutil.copytree(done[1], tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def repeat(done, run, capsys):
    """Repeats the command; its exit code and what it said, in one line."""

    def again(*more):
        capsys.readouterr()
        code = gpo.main(["train", str(done[0]), "--run", str(run), *more])
        said = capsys.readouterr()
        return code, f"{said.out}{said.err}".replace("\n", " ")

    return again


def flip(path, before, after):
    content = path.read_bytes()
    assert before in content
    path.write_bytes(content.replace(before, after, 1))


def bare(run):
    """Make it a run of before there were seals."""
    for path in run.glob("*.json"):
        told = json.loads(path.read_text())
        told.pop(SEAL, None)
        told.pop("format", None)
        path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
    for path in run.glob("*.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        plain = [{k: v for k, v in row.items() if k not in (SEAL, "line")} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in plain))


def unfinished(run):
    """Take from it what comes after the last checkpoint but one."""
    for name in ("agent.safetensors", "scores.json"):
        (run / name).unlink()
    max((run / "checkpoints").iterdir()).unlink()


# ------------------------------------------------------------------ files that can be made again


def test_every_file_has_its_seal(run):
    for name in ("recipe.json", *JSONS):
        assert read_sealed(run / name)
    assert not read_lines(run / "metrics.jsonl").damage


@pytest.mark.parametrize(
    ("name", "before", "after", "then"),
    [
        ("scores.json", b'"mean": ', b'"mean":  1', "judged again"),
        ("scores.json", b'"sha256"', b'"sha255"', "checksum is missing"),
        ("scores.json", b"{", b"[", "is not JSON"),
        ("machine.json", b'"torch": "', b'"torch": "1', "written anew"),
        ("engine.json", b'"threads": 1', b'"threads": 3', "measured again"),
        ("cloning.json", b'"kept": ', b'"kept": 1', "losses of clones"),
    ],
)
def test_a_changed_file_is_set_aside_with_a_sentence_and_made_again(
    run, repeat, name, before, after, then
):
    whole = (run / name).read_bytes()
    flip(run / name, before, after)
    damaged = (run / name).read_bytes()
    code, said = repeat()
    assert code == 0
    assert f"{run / name} is " in said
    assert f"It was set aside as {name}.damaged-1; " in said
    assert then in said
    assert (run / f"{name}.damaged-1").read_bytes() == damaged
    if name in ("scores.json", "machine.json"):  # engine and losses are made with what needs them
        assert (run / name).read_bytes() == whole
    assert "damaged" not in repeat()[1]


def test_a_damaged_measurement_is_made_again_and_the_doubt_is_said(run, repeat):
    unfinished(run)
    whole = (run / "engine.json").read_bytes()
    flip(run / "engine.json", b'"threads": 1', b'"threads": 2')
    code, said = repeat()
    assert code == 0
    assert "it is measured again; if it comes out otherwise, going on is not exact." in said
    assert (run / "engine.json").read_bytes() == whole  # the recipe says what it is


def test_damaged_rows_are_set_aside_and_what_is_whole_is_kept(run, repeat):
    rows = read_lines(run / "metrics.jsonl").rows
    assert len(rows) == 3
    flip(run / "metrics.jsonl", b'"update": 2', b'"update": 3')
    code, said = repeat()
    assert code == 0
    assert "metrics.jsonl is damaged: its content does not match its own checksum (line 2)." in said
    assert "It was set aside as metrics.jsonl.damaged-1; 2 whole rows of it were kept." in said
    assert read_lines(run / "metrics.jsonl").rows == [rows[0], rows[2]]
    assert not read_lines(run / "metrics.jsonl").damage


def test_a_second_damage_has_a_name_of_its_own(run):
    for number in (1, 2, 3):
        (run / "scores.json").write_text("?")
        assert set_aside(run / "scores.json").name == f"scores.json.damaged-{number}"


def test_what_a_killed_save_left_is_swept_at_the_start(run, repeat):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    halves = [
        run / f".agent.safetensors.{ended.pid}",
        run / "checkpoints" / f".00000004.safetensors.{ended.pid}",
        run / "milestones" / f".update-00001.safetensors.{ended.pid}",
    ]
    writing = run / f".scores.json.{os.getppid()}"
    for path in (*halves, writing):
        path.write_text("half")
    assert repeat()[0] == 0
    assert not [path for path in halves if path.exists()]
    assert writing.exists(), "its process lives"


# ------------------------------------------------------------------ files that cannot


def test_a_damaged_recipe_says_what_to_do_and_nothing_is_touched(run, repeat):
    flip(run / "recipe.json", b'"horizon": 40', b'"horizon": 41')
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    code, said = repeat()
    assert code == 2
    assert "recipe.json is damaged: its content does not match its own checksum: put back" in said
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_recipe_whose_seal_was_removed_is_damaged(run, repeat):
    told = json.loads((run / "recipe.json").read_text())
    del told[SEAL]
    (run / "recipe.json").write_text(json.dumps(told))
    code, said = repeat()
    assert code == 2
    assert "its checksum is missing" in said


@pytest.mark.parametrize("name", ["agent.safetensors", "clone.safetensors"])
def test_a_damaged_agent_says_what_to_do_and_that_helps(run, repeat, name):
    whole = (run / name).read_bytes()
    (run / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    code, said = repeat()
    assert code == 2
    assert "Delete it and repeat the command" in said
    (run / name).unlink()
    assert repeat()[0] == 0
    assert (run / name).read_bytes() == whole


def test_a_damaged_checkpoint_is_passed_over_with_a_sentence(run, repeat):
    agent, metrics = (run / "agent.safetensors").read_bytes(), run / "metrics.jsonl"
    rows = metrics.read_bytes()
    for name in ("agent.safetensors", "scores.json"):
        (run / name).unlink()
    before, newest = sorted((run / "checkpoints").iterdir())
    whole = newest.read_bytes()
    newest.write_bytes(whole[:-9])
    code, said = repeat()
    assert code == 0
    since = f"the refining goes on from update {int(before.stem)}."
    assert f"{newest} is damaged and was passed over: {since}" in said
    assert newest.read_bytes() == whole
    assert (run / "agent.safetensors").read_bytes() == agent
    assert metrics.read_bytes() == rows


def test_a_checkpoint_of_something_else_is_refused_in_a_sentence(run, repeat):
    agent = load_agent(run / "clone.safetensors")
    for name in ("agent.safetensors", "scores.json"):
        (run / name).unlink()
    write_checkpoint(run / "checkpoints", 7, {"policy": agent.policy.tensors()}, {"facts": 1})
    code, said = repeat()
    assert code == 2
    assert "00000007.safetensors is no checkpoint of such a run (KeyError): delete it" in said


def test_a_damaged_checkpoint_of_any_number_does_not_push_whole_ones_out(run):
    folder = run / "checkpoints"
    (folder / "99999999.safetensors").write_bytes(b"torn")
    for update in (6, 8):
        write_checkpoint(folder, update, {}, {})
    (folder / "00000008.safetensors").write_bytes(b"torn, too")
    found, damaged = read_checkpoint(folder)
    assert found is not None
    assert found.update == 6
    assert len(damaged) == 2


# ------------------------------------------------------------------ older runs


def test_an_older_run_goes_on_as_it_is(run, repeat, done):
    bare(run)
    unfinished(run)
    recipe = (run / "recipe.json").read_bytes()
    code, said = repeat()
    assert code == 0
    assert "set aside" not in said
    assert (run / "recipe.json").read_bytes() == recipe
    assert not list(run.glob("*.damaged-*"))
    for name in ("agent.safetensors", "scores.json", "metrics.jsonl"):
        assert (run / name).read_bytes() == (done[1] / name).read_bytes()


def test_what_an_older_run_has_sealed_since_is_checked(run, repeat):
    bare(run)
    told = json.loads((run / "scores.json").read_text())
    (run / "scores.json").write_bytes(to_checked_json(told).replace(b'"mean": ', b'"mean":  1', 1))
    code, said = repeat()
    assert code == 0
    assert "scores.json is damaged: its content does not match" in said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scores.json", "{}"),
        ("scores.json", '{"rows": [], "world": "", "protocol": ""}'),
        ("scores.json", "[" * 5000),
        ("engine.json", '{"precision": "float32"}'),
        ("engine.json", "3"),
        ("machine.json", '{"packages": 5}'),
        ("machine.json", "{"),
        ("cloning.json", '"no"'),
        ("metrics.jsonl", '{"update": "two"}\n{"steps": 3}\n'),
        ("metrics.jsonl", "[]\n"),
    ],
)
def test_what_makes_no_sense_in_an_older_run_is_damage_too(run, repeat, name, content):
    bare(run)
    unfinished(run)
    (run / name).write_text(content)
    code, said = repeat()
    assert code == 0
    assert f"set aside as {name}.damaged-1" in said


def test_a_seal_that_is_missing_in_one_file_of_a_sealed_run_is_damage(run, repeat):
    path = run / "scores.json"
    told = json.loads(path.read_text())
    del told[SEAL]
    path.write_text(json.dumps(told))
    assert "its checksum is missing" in repeat()[1]


# ------------------------------------------------------------------ whose folder


def test_whoever_comes_second_to_an_empty_folder_is_refused_even_if_both_saw_it_empty(
    done, tmp_path
):
    first = RunFolder(tmp_path / "new", read_recipe(str(done[0])))
    (tmp_path / "new" / "recipe.json").unlink()  # as if it had looked only now
    second = RunFolder(tmp_path / "new", read_recipe(str(done[0]), ["seed=5"]))
    with second.alone():
        pass
    with pytest.raises(UserError, match="a run of another recipe"), first.alone():
        pass


def test_a_folder_in_use_is_left_alone(done, run):
    recipe = read_recipe(str(done[0]))
    half = run / ".scores.json.0"
    with RunFolder(run, recipe).alone():
        half.write_text("of whoever holds it")
        before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        with pytest.raises(UserError, match="in use"), RunFolder(run, recipe).alone():
            pass
        assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
