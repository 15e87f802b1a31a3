"""The demo, with hardly any training: it runs, shows its table, and can be repeated."""

from pathlib import Path

import pytest

import training.commands.demo
from demos.window.video.writer import read_video
from environments.system.errors import UserError
from training.run.recipe import read_recipe

QUICK = ["refine.steps=32_000", "refine.judge.games=8", "clone.epochs=3", "evaluate.games=4"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        training.commands.demo, "read_recipe", lambda name: read_recipe(name, QUICK)
    )
    return tmp_path / "runs" / "demo-counter_circuit"


def test_the_demo_compares_people_clone_scratch_and_refined(
    quick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training.commands.demo.demo()
    shown = capsys.readouterr().out
    kept = "the clone itself is handed on" in " ".join(shown.split())  # of so short a training
    for row in training.commands.demo.SHOWN:
        if kept and row.startswith("refined"):
            continue
        assert row in shown, f"the table lacks '{row}'"
    assert "57.1" in shown, "what the held-out people scored in their first 400 steps"
    assert "not identical" in shown
    assert "gpo train counter_circuit --seed 1" in shown, "of what was imported"
    assert (quick / "curve.png").stat().st_size > 10_000
    assert sum(1 for _ in read_video(quick / "game.mp4")) == 400

    before = {path: path.read_bytes() for path in quick.glob("*.safetensors")}
    training.commands.demo.demo()
    again = capsys.readouterr().out
    assert shown[shown.index("Return over") :] == again[again.index("Return over") :]
    assert before == {path: path.read_bytes() for path in quick.glob("*.safetensors")}


def test_an_unknown_layout_is_refused_before_anything_is_written(quick: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'cramped_room'"):
        training.commands.demo.demo(layout="crampedroom")
    assert list(quick.parent.parent.iterdir()) == []


def test_one_core_leaves_the_comparison_out(
    quick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    least = [*QUICK, "refine.steps=8_000", "clone.epochs=1", "evaluate.games=2"]
    monkeypatch.setattr(
        training.commands.demo, "read_recipe", lambda name: read_recipe(name, least)
    )
    monkeypatch.setattr(training.commands.demo, "free_cores", lambda: 1)
    training.commands.demo.demo()
    assert "it takes a second core" in capsys.readouterr().out
