"""Recorded games in other tools' formats, and back."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import minari
import numpy as np
import pytest
from minari.data_collector import EpisodeBuffer

from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.editing.relabel import relabel
from demos.data.episodes.files import STEPS_FILE
from demos.data.exchange.formats import export, import_from
from demos.data.exchange.registry import KINDS
from demos.data.inspection.verify import verify
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import assert_same, everything_below


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two short games in a kitchen that is not the usual one, of both cooks."""
    store = Store(tmp_path / "datasets")
    world = make_world("gpo/Kitchen-v0", layout="forced_coordination")
    players = [RandomPlayer(world.action_space, seed) for seed in range(2)]
    collect(store, "cooks", world, players, 2, options={"horizon": 12}, description="two cooks")
    return store


@pytest.mark.parametrize("kind", KINDS)
def test_what_goes_out_comes_back_as_it_was(store, tmp_path, kind):
    out = tmp_path / f"cooks.{kind}"
    said = export(store, "cooks", kind, out)
    assert "4 episodes" in said
    import_from(store, kind, out, "again")
    before, after = store.open("cooks"), store.open("again")
    after.require_world(make_world("gpo/Kitchen-v0", layout="forced_coordination"))
    assert after.facts["description"] == "two cooks"
    assert len(after) == 4
    for old, new in zip(before.load_all(), after.load_all(), strict=True):
        assert_same(new, old)


@pytest.mark.parametrize("kind", KINDS)
def test_raw_device_states_go_with_it_where_there_are_any(store, tmp_path, kind):
    dataset = store.open("cooks")
    with_raw = replace(
        dataset.load(1),
        raw=np.arange(36, dtype=np.float32).reshape(12, 3),
        meta={"raw_names": ["key w", "key a", "key d"]},
    )
    dataset.append(with_raw)
    out = tmp_path / f"out.{kind}"
    export(store, "cooks", kind, out)
    import_from(store, kind, out, "again")
    again = store.open("again")
    np.testing.assert_array_equal(again.load(4).raw, with_raw.raw)
    assert again.load(1).raw.shape == (12, 0)


def test_minari_opens_what_is_exported(store, tmp_path):
    export(store, "cooks", "minari", tmp_path / "out")
    opened = minari.MinariDataset(tmp_path / "out" / "data")
    assert (opened.total_episodes, opened.total_steps) == (4, 48)
    for theirs, ours in zip(opened, store.open("cooks").load_all(), strict=True):
        np.testing.assert_array_equal(theirs.observations, ours.observations)
    linked = [p for p in (tmp_path / "out").rglob("*") if p.is_file() and p.stat().st_nlink > 1]
    assert not linked, "who changes the copy must not change ours"


def test_imitation_loads_what_is_exported(store, tmp_path):
    from imitation.data.serialize import load_with_rewards

    export(store, "cooks", "imitation", tmp_path / "out")
    theirs, ours = load_with_rewards(tmp_path / "out"), store.open("cooks").load_all()
    assert len(theirs) == len(ours)
    for trajectory, episode in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(trajectory.obs, episode.observations)
        np.testing.assert_array_equal(trajectory.acts, episode.actions)
        np.testing.assert_array_equal(trajectory.rews, episode.rewards)
        assert not trajectory.terminal
        assert trajectory.infos[3]["terms/soup"] == episode.terms["soup"][3]
    assert not list((tmp_path / "out").rglob("*.pkl"))


def test_an_npz_needs_no_pickle(store, tmp_path):
    export(store, "cooks", "npz", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        assert file["starts"].tolist() == [0, 12, 24, 36, 48]
        assert json.loads(str(file["facts"]))["episodes"][1]["agent"] == "cook_1"


def pole(seed: int = 0, steps: int = 5) -> dict[str, Any]:
    """CartPole as somebody else would have recorded it."""
    env = gymnasium.make("CartPole-v1")
    seen = [env.reset(seed=seed)[0]]
    seen += [env.step(t % 2)[0] for t in range(steps)]
    return {
        "observations": np.stack(seen[:-1]),
        "final_observations": seen[-1][None],
        "actions": np.arange(steps) % 2,
        "starts": np.array([0, steps]),
        "terminated": np.array([False]),
        "truncated": np.array([True]),
        "rewards": np.ones(steps),
    }


def test_somebody_elses_npz_is_read(tmp_path):
    np.savez(tmp_path / "pole.npz", **pole())
    store = Store(tmp_path / "datasets")
    import_from(store, "npz", tmp_path / "pole.npz", "pole", world="CartPole-v1")
    dataset = store.open("pole")
    dataset.require_world(make_world("CartPole-v1"))
    assert dataset.load(0).total("return") == 5
    assert dataset.load(0).agent == make_world("CartPole-v1").agents[0]


def test_somebody_elses_minari_dataset_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    given, env = pole(), gymnasium.make("CartPole-v1")
    flags = np.zeros(5, bool)
    buffer = EpisodeBuffer(
        seed=7,
        observations=np.concatenate([given["observations"], given["final_observations"]]),
        actions=given["actions"],
        rewards=given["rewards"],
        terminations=flags,
        truncations=np.array([False] * 4 + [True]),
        infos={},
    )
    with pytest.warns(UserWarning, match="eval_env"):
        minari.create_dataset_from_buffers(
            "pole/random-v0",
            [buffer],
            env=env,
            author="a",
            author_email="a@b.c",
            code_permalink="none",
            algorithm_name="none",
            description="none",
            data_format="arrow",
        )
    store = Store(tmp_path / "datasets")
    folder = tmp_path / "minari" / "pole" / "random-v0"
    import_from(store, "minari", folder, "pole", world="CartPole-v1")
    episode = store.open("pole").load(0)
    np.testing.assert_array_equal(episode.actions, given["actions"])
    assert (episode.truncated, episode.seed) == (True, 7)


def test_imitations_own_trajectories_are_read(tmp_path):
    from imitation.data.serialize import save
    from imitation.data.types import Trajectory

    given = pole()
    seen = np.concatenate([given["observations"], given["final_observations"]])
    save(tmp_path / "out", [Trajectory(seen, given["actions"], None, terminal=True)])
    store = Store(tmp_path / "datasets")
    with pytest.raises(UserError, match=r"has no rewards, return, which .* add --zeros"):
        import_from(store, "imitation", tmp_path / "out", "pole", world="CartPole-v1")
    assert store.names() == []
    import_from(store, "imitation", tmp_path / "out", "pole", world="CartPole-v1", zeros=True)
    np.testing.assert_array_equal(store.open("pole").load(0).observations, seen)
    assert store.open("pole").load(0).terminated
    assert "zeros" in store.open("pole").facts["provenance"]
    assert store.open("pole").load(0).meta["filled"] == ["rewards", "return"]


def test_what_a_file_did_not_have_is_unknown_not_wrong(tmp_path):
    """Zeros that an importer filled in are no claim that the game paid nothing."""
    store = Store(tmp_path / "datasets")
    world = make_world("CartPole-v1")
    whole = collect(store, "whole", world, [RandomPlayer(world.action_space, 1)], 2, seed=3)
    for episode in whole.load_all():
        assert episode.rewards.any()
    with store.building_for(world, "filled") as copy:
        zeros = [
            replace(
                one,
                rewards=np.zeros_like(one.rewards),
                terms={name: np.zeros_like(values) for name, values in one.terms.items()},
                meta={**one.meta, "filled": ["rewards", "return"]},
            )
            for one in whole.load_all()
        ]
        copy.append_many([zeros[0], replace(zeros[1], meta={})])
    unknown, claimed = verify(store.open("filled"))
    assert unknown.found == "agrees"
    assert "the file it came from had no rewards, return: they are unknown" in unknown.sentence
    assert claimed.found == "differs"
    relabel(store, "filled")
    assert all("filled" not in one.meta for one in store.open("filled").load_all())
    assert {one.found for one in verify(store.open("filled"))} == {"agrees"}


@pytest.mark.parametrize(
    ("name", "row", "value", "told"),
    [
        ("observations", 2, np.nan, "observations hold nan in row 2, number 0"),
        ("observations", 0, np.inf, "observations hold inf in row 0, number 0"),
        ("rewards", 3, np.nan, "rewards hold nan in row 3"),
    ],
)
def test_numbers_that_are_none_are_refused_at_import(tmp_path, name, row, value, told):
    given = pole()
    given[name] = given[name].astype(np.float32)
    given[name][row] = value
    np.savez(tmp_path / "pole.npz", **given)
    store = Store(tmp_path / "datasets")
    with pytest.raises(UserError) as caught:
        import_from(store, "npz", tmp_path / "pole.npz", "pole", world="CartPole-v1")
    assert told in str(caught.value)
    assert "Episode 0 of pole.npz" in str(caught.value)
    assert store.names() == []


@pytest.mark.parametrize(("value", "outside"), [(4.8, False), (4.9, True)])
def test_observations_out_of_bounds_are_named_at_import(tmp_path, value, outside):
    given = pole()
    given["observations"] = given["observations"].copy()
    given["observations"][2, 0] = value  # CartPole's cart is within 4.8
    np.savez(tmp_path / "pole.npz", **given)
    store = Store(tmp_path / "datasets")
    told = import_from(store, "npz", tmp_path / "pole.npz", "pole", world="CartPole-v1")
    words = "first number 0 of row 2: 4.9, not -4.8 to 4.8"
    assert (words in told) == outside
    assert ("outside the bounds of CartPole-v1" in told) == outside


@pytest.mark.parametrize(
    ("changes", "world", "said"),
    [
        ({}, None, "does not say what was played in"),
        ({"actions": np.full(5, 7)}, "CartPole-v1", "step 0: there is no action 7"),
        ({"actions": np.full(5, 0.5)}, "CartPole-v1", "not whole numbers"),
        ({"actions": np.zeros((5, 2), int)}, "CartPole-v1", "rows of shape"),
        ({"starts": np.array([0, 3])}, "CartPole-v1", "`starts` must rise"),
        ({"rewards": np.ones(4)}, "CartPole-v1", "`rewards` has 4 rows, and needs 5"),
        ({"rewards": np.full(5, np.nan)}, "CartPole-v1", "rewards hold nan in row"),
        ({"observations": np.zeros((5, 3))}, "CartPole-v1", "have different rows"),
        ({}, "gpo/Balance-v0", "has no .*, which gpo/Balance-v0 has"),
        ({"terms/soup": np.zeros(5)}, "gpo/Kitchen-v0", "has no .*, which gpo/Kitchen-v0 has"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path, changes, world, said):
    content: dict[str, Any] = {**pole(), **changes}
    np.savez(tmp_path / "pole.npz", **content)
    store = Store(tmp_path / "datasets")
    with pytest.raises(UserError, match=said):
        import_from(store, "npz", tmp_path / "pole.npz", "pole", world=world)
    assert not (tmp_path / "datasets").exists() or not everything_below(tmp_path / "datasets")


def test_a_pickle_is_not_opened(tmp_path):
    np.save(tmp_path / "evil.npz", np.array([print], dtype=object), allow_pickle=True)
    (tmp_path / "evil.npz.npy").rename(tmp_path / "evil.npz")
    store = Store(tmp_path / "datasets")
    for kind in KINDS:
        with pytest.raises(UserError):
            import_from(store, kind, tmp_path / "evil.npz", "evil", world="CartPole-v1")


def test_a_damaged_episode_is_not_handed_on(store, tmp_path):
    path = store.open("cooks").data / "1" / STEPS_FILE
    path.write_bytes(path.read_bytes()[:-1])
    for kind in KINDS:
        with pytest.raises(UserError, match="episode 1"):
            export(store, "cooks", kind, tmp_path / "out")
        assert not list(tmp_path.glob("*out*"))


def test_nothing_is_written_over(store, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="is there already"):
        export(store, "cooks", "npz", tmp_path / "out")


def test_a_missing_package_is_one_sentence(store, tmp_path, monkeypatch):
    monkeypatch.setattr("demos.data.exchange.imitation_format.find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs the package 'imitation'; type: pip install"):
        export(store, "cooks", "imitation", tmp_path / "out")
