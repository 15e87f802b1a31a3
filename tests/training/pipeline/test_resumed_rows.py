"""A run that is interrupted in any update leaves the rows that it would have left, byte for byte."""

import pytest

from environments.catalog import make_batch, make_world
from tests.training.support.toys import careless_clone
from training.gate.best_agent import BestAgentKeeper
from training.gate.judge import Judge
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.pipeline.refine_loop import RefineInputs, RewardSchedule, refine
from training.ppo.controllers.lagrange import CostSettings
from training.ppo.settings import JudgeSettings, LossSettings, RefineSettings, RolloutSettings
from training.run.checkpoint import read_checkpoint, write_checkpoint
from training.run.reporter import ProgressReport, SilentReporter

pytestmark = pytest.mark.battery("training: stopped at any update, same rows")

UPDATES = 7
SETTINGS = RefineSettings(
    games=4,
    rollout=RolloutSettings(steps=25, half_life=1.0),
    batch_size=50,
    epochs=1,
    warm_up=1,
    judge=JudgeSettings(every=2, games=4),
    steps=4 * 25 * UPDATES,
    loss=LossSettings(kl_clone=(0.05, 0.0)),
)
PAID = RewardSchedule({"balanced": 1.0}, (), 1.0)
HORIZON = {"horizon": 40}


class Stopped(Exception):
    """As if the process had been killed here."""


@pytest.fixture(scope="module")
def cloned():
    return careless_clone(make_world("gpo/Balance-v0"))


def refined(cloned, folder, tick=lambda steps: None):
    """Refine into a folder, or go on there."""
    world = make_world("gpo/Balance-v0")

    def games(count, seed):
        return make_batch(world, count, seed=seed, options=HORIZON)

    keeper = BestAgentKeeper(
        Judge(games, None, 4, 1),
        cloned,
        Manner(),
        GateSettings(world.north_star, 2),
    )
    costs = {name: CostSettings(limit=1.0) for name in world.costs}
    inputs = RefineInputs(world, cloned, PAID, folder, 3, costs=costs, options=HORIZON)
    refine(inputs, SETTINGS, keeper, [ProgressReport(tick, SilentReporter())])


def left(folder):
    """What a run leaves: its rows, and its last checkpoint."""
    newest = max((folder / "checkpoints").glob("*.safetensors"))
    return (folder / "metrics.jsonl").read_bytes(), newest.name, newest.read_bytes()


@pytest.fixture(scope="module")
def whole(cloned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    refined(cloned, folder)
    return left(folder)


def test_the_rows_hold_columns_of_training_and_none_of_time(whole, cloned, tmp_path):
    rows = whole[0].decode().splitlines()
    assert len(rows) == 5  # before updates 0, 2, 4 and 6, and at the end
    assert all("train/loss" in row for row in rows[1:])
    refined(cloned, tmp_path)
    assert left(tmp_path) == whole, "a second run takes another time, and that is seen nowhere"


@pytest.mark.parametrize("update", range(1, UPDATES + 1))
def test_a_run_stopped_in_any_update_leaves_the_same(whole, cloned, tmp_path, update):
    def stop(steps):
        if steps == update * 4 * 25:
            raise Stopped

    with pytest.raises(Stopped):
        refined(cloned, tmp_path, stop)
    refined(cloned, tmp_path)
    assert left(tmp_path) == whole


def test_a_run_stopped_in_every_update_leaves_the_same(whole, cloned, tmp_path):
    """Each time it goes on it gets one judgement further, and is stopped again."""
    for update in range(1, UPDATES + 1):

        def stop(steps, update=update):
            if steps >= update * 4 * 25:
                raise Stopped

        with pytest.raises(Stopped):
            refined(cloned, tmp_path, stop)
    refined(cloned, tmp_path)
    assert left(tmp_path) == whole


@pytest.mark.parametrize("judgement", range(5))
@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_run_stopped_beside_a_checkpoint_leaves_the_same(
    whole, cloned, tmp_path, monkeypatch, judgement, written
):
    """Between a row of metrics and its checkpoint, and right after that."""
    left_to_go, real = [judgement], write_checkpoint

    def write(*arguments):
        if written or left_to_go[0]:
            real(*arguments)
        if not left_to_go[0]:
            raise Stopped
        left_to_go[0] -= 1

    monkeypatch.setattr("training.gate.writers.write_checkpoint", write)
    with pytest.raises(Stopped):
        refined(cloned, tmp_path)
    monkeypatch.undo()
    refined(cloned, tmp_path)
    assert left(tmp_path) == whole


def test_a_checkpoint_from_before_rows_were_kept_with_it_is_gone_on_from(cloned, tmp_path, whole):
    def stop(steps):
        if steps == 3 * 4 * 25:
            raise Stopped

    with pytest.raises(Stopped):
        refined(cloned, tmp_path, stop)
    found, _ = read_checkpoint(tmp_path / "checkpoints")
    assert found is not None
    facts = {k: v for k, v in found.facts.items() if k not in ("logged", "update", "sha256")}
    parts = {part: found.part(part) for part in ("policy", "best", "optimiser")}
    write_checkpoint(tmp_path / "checkpoints", found.update, parts, facts)
    refined(cloned, tmp_path)
    assert left(tmp_path)[1:] == whole[1:]
