"""An ONNX file sits down wherever a player is named: watched, played with, recorded with, judged."""

import numpy as np
import pytest

import gpo
from demos.data.dataset.store import Store
from demos.sessions.watch.command import watch_command
from demos.sessions.watch.options import WatchOptions
from environments.system.errors import UserError
from tests.demos.sessions.play.test_play import play
from tests.demos.sessions.record.test_command import record
from tests.demos.support.runs import small_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose best agent is exported."""
    folder = small_run(tmp_path_factory.mktemp("runs") / "cooks", "gpo/Kitchen-v0")
    assert gpo.main(["export", str(folder)]) == 0
    return folder


def actions(root, name):
    """What everybody did in a dataset's first game."""
    return [episode.actions for episode in Store(root / "datasets").open(name).load_all()]


def test_whoever_plays_with_the_file_plays_with_the_agent(tmp_path, run):
    done = []
    for name in ("agent.safetensors", "agent.onnx"):
        (tmp_path / name).mkdir()
        assert play(tmp_path / name, run / name, games=1) == 0
        done.append(actions(tmp_path / name, "kitchen-cramped_room-play"))
    assert len(done[0]) == 2
    assert all(np.array_equal(one, other) for one, other in zip(*done, strict=True))
    assert len(np.unique(done[1][1])) > 1


def test_it_is_a_partner_in_recording(tmp_path, run):
    file = str(run / "agent.onnx")
    root = tmp_path / "datasets"
    assert record(tmp_path, "gpo/Kitchen-v0", partner=file, root=root, seed=3, episodes=1) == 0
    assert actions(tmp_path, Store(root).names()[0])


def test_it_is_watched_and_watched_with(run, capsys):
    file, few = str(run / "agent.onnx"), {"horizon": 30}
    assert watch_command(WatchOptions(file, headless=True, seed=3, options=few)) == 0
    assert (
        watch_command(
            WatchOptions("gpo/Kitchen-v0", partner=file, headless=True, seed=3, options=few)
        )
        == 0
    )
    assert capsys.readouterr().out.count("1 game: soup") == 2


def test_it_is_judged_as_its_agent_is(run, capsys):
    tables = []
    for name in ("agent.onnx", "agent.safetensors"):
        few = ["--episodes", "4", "--horizon", "60"]
        assert gpo.main(["evaluate", str(run / name), *few]) == 0
        said = capsys.readouterr().out.splitlines()
        tables.append([line for line in said if "cooks" not in line])
    assert tables[0] == tables[1]


def test_a_run_is_judged_by_its_folder(run, capsys):
    few = ["--episodes", "2", "--horizon", "20"]
    assert gpo.main(["evaluate", str(run), "--partner", str(run / "agent.onnx"), *few]) == 0
    assert "cooks with cooks/agent" in capsys.readouterr().out


def test_another_world_is_one_sentence(run):
    with pytest.raises(UserError, match="was made for gpo/Kitchen-v0, not for gpo/Duel-v0"):
        watch_command(WatchOptions("gpo/Duel-v0", against=str(run / "agent.onnx"), headless=True))
