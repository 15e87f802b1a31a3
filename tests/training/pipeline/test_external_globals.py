"""What a stranger's environment does to the globals of its process changes no weights; verbs take workers."""

import hashlib
from typing import Any

import pytest

import gpo
from agents.networks.policy import AgentPolicy
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.ppo.refiner import Refiner

pytestmark = pytest.mark.battery("environments: seed and change what is global")

MEDDLER = "tests.environments.support.brusque:Meddler"
BRUSQUE = "tests.environments.support.brusque:Brusque"


def weights(workers, meddles):
    """SHA-256 of what a tiny training learns."""
    world: Any = make_world(MEDDLER, meddles=meddles)
    batch = make_batch(world.with_workers(workers), 4)
    model = Refiner(
        AgentPolicy,
        Sb3VecEnv(Seating(batch)),
        n_steps=16,
        batch_size=32,
        n_epochs=2,
        seed=3,
        device="cpu",
        policy_kwargs={"net_arch": {"pi": [8], "vf": [8]}},
    )
    model.learn(192)
    batch.close()
    values = [value.numpy().tobytes() for value in model.policy.state_dict().values()]
    return hashlib.sha256(b"".join(values)).hexdigest()


def test_the_weights_do_not_depend_on_what_it_does_to_global_state():
    alone = weights(0, False)
    assert weights(0, True) == alone
    assert weights(2, False) == alone
    assert weights(2, True) == alone


def test_evaluate_names_a_hang_and_plays_on(caplog, capsys):
    given = ["evaluate", "random", "--world", "tests.environments.support.brusque:Hanging"]
    given += ["--episodes", "3", "--seed", "0", "--workers", "2", "--patience", "1"]
    assert gpo.main(given) == 0
    assert "did not answer for 1 s, in step 4" in caplog.text
    assert "return per game" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given",
    [
        ["evaluate", "random", "--world", "gpo/Balance-v0"],
        ["watch", "gpo/Balance-v0", "--headless"],
        ["demos", "collect", "x", "gpo/Balance-v0", "--player", "random"],
    ],
    ids=["evaluate", "watch", "collect"],
)
def test_our_own_worlds_take_no_workers(tmp_path, monkeypatch, capsys, given):
    monkeypatch.chdir(tmp_path)
    assert gpo.main([*given, "--workers", "1"]) == 2
    assert "leave out `workers`" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "86401", "x"])
def test_patience_is_a_number_of_seconds(capsys, seconds):
    assert gpo.main(["evaluate", "random", "--world", BRUSQUE, f"--patience={seconds}"]) == 2
    assert "--patience" in capsys.readouterr().err


def test_watch_record_and_collect_name_a_hang_and_end(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    hanging, apart = (
        "tests.environments.support.brusque:Hanging",
        ["--workers", "1", "--patience", "1"],
    )
    script = tmp_path / "script.toml"
    script.write_text('[[event]]\nat = 0.2\npress = "space"\n[[event]]\nat = 8.0\nquit = true\n')
    table = f'world = "{hanging}"\n[[action]]\ndo = 1\nkeys = ["right"]\n'
    (tmp_path / "keys.toml").write_text(table)
    for given in (
        ["watch", hanging, "--headless", "--seed", "1", "--record", "seen.gif"],
        [
            "record",
            hanging,
            "--headless",
            "--script",
            str(script),
            "--seed",
            "1",
            "--controls",
            "keys.toml",
        ],
        ["demos", "collect", "some", hanging, "--player", "random", "--episodes", "3"],
    ):
        caplog.clear()
        assert gpo.main([*given, *apart]) == 0
        assert "did not answer for 1 s, in step 4" in caplog.text, given
    assert (tmp_path / "seen.gif").stat().st_size > 0
