"""A partner whose process dies or is stopped in the middle of training: it goes on here, to the same bits."""

import os
import signal

import pytest
import torch

from agents.networks.policy import build_policy
from agents.players.player import NetworkPlayer
from agents.players.remote_player import RemotePlayer
from environments.catalog import make_batch, make_world
from training.compute.hardware import ComputeChoice
from training.gate.best_agent import BestAgentKeeper
from training.gate.judge import Judge
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.partners.pool import PartnerPool
from training.pipeline.refine_loop import RefineInputs, RewardSchedule, refine
from training.ppo.settings import JudgeSettings, RefineSettings, RolloutSettings
from training.run.reporter import ProgressReport, SilentReporter

pytestmark = pytest.mark.battery("training: helper processes stopped or killed")

SETTINGS = RefineSettings(
    games=4,
    rollout=RolloutSettings(steps=25, half_life=1.0),
    batch_size=50,
    epochs=1,
    warm_up=1,
    judge=JudgeSettings(every=2, games=4),
    steps=4 * 25 * 6,
)
HORIZON = {"horizon": 30}


class Heard(SilentReporter):
    """Keeps what is said."""

    def __init__(self, said):
        self.said = said

    def say(self, sentence):
        self.said.append(sentence)


def refined(folder, cores, tick=lambda steps: None):
    """The rows, the last checkpoint and what was said."""
    world, said = make_world("gpo/Kitchen-v0"), list[str]()
    torch.manual_seed(0)
    clone = build_policy(world.observation_space, world.action_space, {"n_costs": len(world.costs)})
    judge = Judge(
        lambda games, seed: make_batch(world, games, seed=seed, options=HORIZON),
        PartnerPool.of(NetworkPlayer(clone, 5)),
        4,
        2,
    )
    keeper = BestAgentKeeper(judge, clone, Manner(), GateSettings(world.north_star, 2))
    paid = RewardSchedule(world.weights, (), 1.0)
    inputs = RefineInputs(
        world,
        clone,
        paid,
        folder,
        1,
        PartnerPool.of(NetworkPlayer(clone, 6)),
        options=HORIZON,
        engine=ComputeChoice("float32", 1, cores),
    )
    reporter = Heard(said)
    refine(inputs, SETTINGS, keeper, [ProgressReport(tick, reporter)], reporter)
    newest = max((folder / "checkpoints").glob("*.safetensors"))
    return (folder / "metrics.jsonl").read_bytes(), newest.name, newest.read_bytes(), said


@pytest.mark.parametrize(
    ("number", "told"),
    [(signal.SIGKILL, r"has ended (exit code -9)"), (signal.SIGSTOP, "has not answered for 2 s")],
    ids=["killed", "stopped"],
)
def test_training_goes_on_here_from_the_last_checkpoint(tmp_path, monkeypatch, number, told):
    *alone, nothing = refined(tmp_path / "alone", 1)
    assert nothing == []
    partners: list[RemotePlayer] = []

    def elsewhere(player, batch):
        partners.append(RemotePlayer(player, batch))
        assert partners[-1]._pipe.poll(60)  # it is up, and moves at once
        return partners[-1]

    def harm(steps):
        if steps == 3 * 4 * 25 and len(struck) == 0:
            struck.append(partners[0].is_remote)
            os.kill(partners[0]._process.pid, number)

    struck: list[bool] = []
    monkeypatch.setattr("environments.system.processes.PATIENCE", 2)
    monkeypatch.setattr("training.pipeline.refine_loop.remote_if_possible", elsewhere)
    *left, said = refined(tmp_path / "struck", 2, harm)
    assert struck == [True], "it was there to be struck"
    assert len(partners) == 1
    assert len(said) == 1
    assert told in said[0]
    assert "it plays in this process from here on" in said[0]
    assert left == alone
