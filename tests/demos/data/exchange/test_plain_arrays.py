"""Rows with the ends of their episodes, as demonstrations are published, and where those episodes begin."""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import gpo
from demos.data.dataset.store import Store
from demos.data.exchange.formats import import_from
from demos.data.inspection.replay_score import replay_score
from demos.data.inspection.verify import verify
from environments.external.games.factories import find_factory, require_named
from environments.external.states.registry import reset_to
from environments.external.states.state_access import SEEN, START
from environments.system.errors import UserError

POLE = "CartPole-v1"


def poles(starts: int = 3, steps: int = 8, shift: int = 0) -> dict[str, Any]:
    """Games of CartPole as rows, whose states are what is seen; nothing says a seed.

    With `shift` each action stands so many rows later than it was taken.
    """
    seen, done, first = [], [], []
    env: Any = gymnasium.make(POLE)
    for seed in range(starts):
        rows = [env.reset(seed=seed)[0]]
        # Begin where the row says, as it was kept.
        rows = [reset_to(env, {SEEN: rows[0].tolist()}, seed, None)[0]]
        first.append(rows[0])
        actions = np.random.default_rng(seed).integers(2, size=steps)
        rows += [env.step(int(action))[0] for action in actions[:-1]]
        seen.append(np.stack(rows))
        done.append(np.roll(actions, shift))
    return {
        "obs": np.concatenate(seen),
        "action": np.concatenate(done),
        "lengths": np.full(starts, steps),
        "init_state": np.stack(first),
    }


def written(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "poles.npz", **arrays)
    return folder / "poles.npz"


def test_rows_are_episodes_without_their_last_actions(tmp_path):
    store, given = Store(tmp_path / "d"), poles()
    told = import_from(store, "npz", written(tmp_path, **given), "poles", world=POLE, zeros=True)
    assert "3 episodes" in told
    assert "Not in it: the last action of each episode" in told
    second = store.open("poles").load(1)
    np.testing.assert_array_equal(second.observations, given["obs"][8:16])
    np.testing.assert_array_equal(second.actions, given["action"][8:15])
    assert second.options == {START: {"state": given["init_state"][1].tolist()}}
    assert all(verdict.found == "agrees" for verdict in verify(store.open("poles")))


@pytest.mark.parametrize("name", ["ends", "episode_ends"])
def test_the_first_observation_is_the_start_where_it_tells_the_state(tmp_path, name):
    store, given = Store(tmp_path / "d"), poles()
    del given["init_state"]
    given[name] = np.cumsum(given.pop("lengths"))
    given["observations"], given["actions"] = given.pop("obs"), given.pop("action")
    given["rewards"] = np.arange(24.0)
    import_from(store, "npz", written(tmp_path, **given), "poles", world=POLE)
    dataset = store.open("poles")
    assert dataset.load(2).options == {START: {SEEN: given["observations"][16].tolist()}}
    assert dataset.load(2).rewards.tolist() == list(range(16, 23))
    assert all(one.worst < 1e-6 for one in replay_score(dataset).episodes)


def test_an_observation_that_tells_no_state_is_no_start(tmp_path):
    rows = np.stack([gymnasium.make("Pendulum-v1").reset(seed=seed)[0] for seed in range(4)])
    store = Store(tmp_path / "d")
    path = written(tmp_path, state=rows, action=np.zeros((4, 1)), ends=[4])
    import_from(store, "npz", path, "p", world="Pendulum-v1", zeros=True)
    assert store.open("p").load(0).options == {}
    score = replay_score(store.open("p"))
    assert not score.episodes
    assert "no episode can be played again: no seed was recorded" in score.sentence


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"lengths": np.array([8, 8])}, "the ends of episodes must rise by 2 or more .* 24"),
        ({"lengths": np.array([1, 15, 8])}, "must rise by 2"),
        ({"lengths": np.array([8.0, 8, 8])}, "must rise by 2"),
        ({"obs": np.zeros((23, 4))}, "`observations` has 92 values, and needs 24 rows"),
        ({"init_state": np.zeros((2, 4))}, "`init_state` has 8 values, and needs 3 rows"),
        ({"action": np.float64(3)}, "has no rows called actions or action"),
        ({"rewards": np.zeros(3)}, "`rewards` has 3 values"),
    ],
)
def test_rows_that_do_not_belong_together_are_refused(tmp_path, changed, sentence):
    path = written(tmp_path, **{**poles(), **changed})
    with pytest.raises(UserError, match=sentence):
        import_from(Store(tmp_path / "d"), "npz", path, "poles", world=POLE, zeros=True)


def test_an_import_ends_with_a_replay(tmp_path, capsys):
    path = written(tmp_path, **poles())
    root = ["--root", str(tmp_path / "d"), "--zeros", "--world", POLE]
    assert not gpo.main(["demos", "import", "npz", str(path), *root])
    said = capsys.readouterr().out.replace("\n", " ")
    assert "Replay: 3 of 3 episodes play again as recorded; the error is 0 in the median" in said


def test_a_replay_that_goes_another_way_is_measured_in_spreads(tmp_path):
    store = Store(tmp_path / "d")
    path = written(tmp_path, **poles(shift=1))
    import_from(store, "npz", path, "poles", world=POLE, zeros=True)
    score = replay_score(store.open("poles"))
    assert all(0 < one.median <= one.worst for one in score.episodes)
    assert score.sentence.startswith(
        "Replay: 0 of 3 episodes play again as recorded; the error is "
    )
    # The same in other units is as far off.
    assert max(one.worst for one in score.episodes) > 0.1


def test_a_limit_of_the_world_that_ends_a_replay_is_told(tmp_path):
    store, given = Store(tmp_path / "d"), poles(steps=8)
    path = written(tmp_path, **given)
    how = {"world": POLE, "zeros": True, "params": {"max_episode_steps": 5}}
    import_from(store, "npz", path, "poles", **how)
    said = replay_score(store.open("poles")).sentence
    assert "ends a game after 5 steps, and recordings have up to 7" in said
    assert "--param max_episode_steps=8" in said


def test_parameters_are_of_a_world_that_is_named(tmp_path):
    path = written(tmp_path, **poles())
    with pytest.raises(UserError, match="--param is of a world that you name"):
        import_from(Store(tmp_path / "d"), "npz", path, "poles", params={"x": 1})
    with pytest.raises(UserError, match="has no parameter 'gravitation'"):
        import_from(Store(tmp_path / "d"), "npz", path, "p", world=POLE, params={"gravitation": 1})


def test_a_part_is_written_as_a_pair(tmp_path, capsys):
    path = written(tmp_path, **poles())
    root = ["--root", str(tmp_path / "d"), "--zeros", "--world", POLE]
    assert gpo.main(["demos", "import", "npz", str(path), *root, "--part", "state"]) == 2
    assert "write OURS=THEIRS" in capsys.readouterr().err


def test_an_id_with_its_module_names_its_parameters():
    name = "gymnasium:CartPole-v1"
    require_named(name, find_factory(name), {"sutton_barto_reward": True})
    with pytest.raises(UserError, match="has no parameter"):
        require_named(name, find_factory(name), {"sutton": True})
