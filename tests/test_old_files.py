"""What earlier releases wrote is read: datasets, agents and runs, by every verb that takes them."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import gpo
from agents.files.agent_file import load_agent
from agents.files.checkpoint_file import read_checkpoint
from demos.data.dataset.provenance import Provenance, provenance_of
from demos.data.dataset.store import Store
from demos.data.editing.delete import delete, undo
from demos.data.exchange.formats import export, import_from
from demos.data.exchange.registry import KINDS
from environments.catalog import make_world

OLD = Path(__file__).parent / "old_files"
DIGESTS = {
    "pole": "6c8e6aec4eb712c3d2ce0cf9b68ce5239feb9ac11470f3a726f6f3da683a1c9e",
    "kitchen": "e36a6cbd4b066f09a87c7742f5e50adc00d693582d4b19de96e66a9e356d6ffe",
    "balance": "c207d35939b37c9cbdbf651b204f7934a011fe16b612b2473bf3b170aab5e5f3",
}
LENGTHS = {"pole": [18, 15, 17], "kitchen": [12, 12, 12, 12], "balance": [11, 20]}
SUMS = {  # of all observations and of all actions, as the release that wrote them saw them
    "pole": (-3.5521403830498457, 23),
    "kitchen": (1063.7500000298023, 135),
    "balance": (-10.60985543564675, 22),
}
LOGITS = [  # of the agent, for the first observations of episode 0 of `pole`
    [-0.6918370723724365, -0.694459080696106],
    [-0.691744863986969, -0.6945512890815735],
    [-0.6916160583496094, -0.6946805119514465],
    [-0.6914671063423157, -0.694830060005188],
]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, so that nothing here changes what is kept."""
    shutil.copytree(OLD, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return tmp_path / "old"


def test_the_copies_are_small():
    assert sum(path.stat().st_size for path in OLD.rglob("*") if path.is_file()) < 300_000


@pytest.mark.parametrize("name", DIGESTS)
def test_a_dataset_is_read_as_it_was(old, name):
    dataset = Store(old / "datasets").open(name)
    assert dataset.digest() == DIGESTS[name]
    episodes = dataset.load_all()
    assert [len(episode) for episode in episodes] == LENGTHS[name]
    assert {episode.player for episode in episodes} == {"random"}
    assert provenance_of(dataset) is Provenance.SCRIPT
    seen, acted = SUMS[name]
    for _ in range(2):  # from the files, then from the cache
        arrays = dataset.arrays()
        assert arrays.observations.sum(dtype=np.float64) == pytest.approx(seen, rel=1e-12)
        assert arrays.actions.sum() == acted
    assert dataset.check() == []


def test_a_dataset_is_edited_and_handed_on(old):
    store = Store(old / "datasets")
    for kind in KINDS:
        export(store, "pole", kind, old / f"out-{kind}")
        name = f"pole-{kind.replace('.', '-')}"
        import_from(store, kind, old / f"out-{kind}", name)
        assert store.open(name).digest() == DIGESTS["pole"]
    delete(store, "pole", [1])
    assert len(store.open("pole")) == 2
    undo(store, "pole")
    assert store.open("pole").digest() == DIGESTS["pole"]


@pytest.mark.parametrize("name", DIGESTS)
def test_its_games_play_again_as_recorded(old, name, capsys):
    assert gpo.main(["demos", "verify", name]) == 0
    assert "play again as recorded" in capsys.readouterr().out


def test_datasets_are_listed_and_told(old, capsys):
    assert not gpo.main(["demos", "list"])
    out = capsys.readouterr().out
    assert all(name in out for name in DIGESTS)
    assert not gpo.main(["demos", "info", "kitchen"])
    out = capsys.readouterr().out
    assert "4, from 2 matches" in out
    assert "played by" in out


def test_an_agent_is_read_and_chooses_what_it_chose(old):
    agent = load_agent(old / "run" / "agent.safetensors")
    agent.require_world(make_world("CartPole-v1"), "the agent")
    seen = Store(old / "datasets").open("pole").load(0).observations[:4].copy()
    actions, _ = agent.policy.predict(seen, deterministic=True)
    assert actions.tolist() == [0, 0, 0, 0]
    found: Any = agent.policy.get_distribution(agent.policy.obs_to_tensor(seen)[0]).distribution
    np.testing.assert_allclose(found.logits.detach().numpy(), np.array(LOGITS), rtol=1e-5)


@pytest.mark.parametrize(
    "file", ["clone.safetensors", "agent.safetensors", "milestones/update-00001.safetensors"]
)
def test_every_agent_of_a_run_is_read(old, file):
    assert load_agent(old / "run" / file).policy is not None


def test_a_checkpoint_is_read(old):
    newest, damaged = read_checkpoint(old / "run" / "checkpoints")
    assert newest is not None
    assert (newest.update, damaged) == (2, [])


def test_an_agent_is_evaluated_and_watched(old, capsys):
    agent = "run/agent.safetensors"
    assert not gpo.main(["evaluate", agent, "--episodes", "2", "--horizon", "20"])
    assert "return" in capsys.readouterr().out
    film = ["--headless", "--games", "1", "--option", "horizon=3", "--record", "film.gif"]
    assert not gpo.main(["watch", "run", *film])
    assert (old / "film.gif").stat().st_size > 0


def test_a_finished_run_is_told_again(old, capsys):
    before = json.loads((old / "run" / "scores.json").read_text())
    assert not gpo.main(["train", "recipe.toml", "--run", "run"])
    assert "so the clone itself is handed on" in capsys.readouterr().out
    assert json.loads((old / "run" / "scores.json").read_text())["rows"] == before["rows"]


def test_a_run_that_was_stopped_goes_on_to_the_same_end(old):
    run = old / "run"
    wanted = load_file(run / "checkpoints" / "00000002.safetensors")
    for file in ("agent.safetensors", "scores.json", "checkpoints/00000002.safetensors"):
        (run / file).unlink()
    assert not gpo.main(["train", "recipe.toml", "--run", "run"])
    found = load_file(run / "checkpoints" / "00000002.safetensors")
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        # As far as it got is the run's; what is learned from there on is learned by today's rules.
        np.testing.assert_allclose(found[name], values, atol=0.1, err_msg=name)
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 3
    assert (run / "agent.safetensors").exists()
