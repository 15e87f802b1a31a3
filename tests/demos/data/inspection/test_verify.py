"""Verifying by playing again, trimming so that it stays possible, and relabelling."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import gpo
from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.editing.delete import delete, undo
from demos.data.editing.relabel import relabel
from demos.data.editing.trim import shorter, trim
from demos.data.episodes.episode import Episode
from demos.data.inspection.report import show_dataset
from demos.data.inspection.step_statistics import compute_step_statistics
from demos.data.inspection.verify import Verification, verify
from environments.catalog import make_world
from environments.system.errors import UserError
from environments.worlds.kitchen import world as kitchen


def random_games(store: Store, world_id: str, name: str = "games", count: int = 2) -> Dataset:
    world = make_world(world_id)
    players = [RandomPlayer(world.action_space, seed) for seed in range(len(world.agents))]
    return collect(store, name, world, players, count, seed=3, options={"horizon": 40})


def copied(store: Store, dataset: Dataset, name: str, change: Any) -> Dataset:
    """The dataset with `change(number, episode)` made of its episodes."""
    world = make_world(dataset.world)
    with store.building_for(world, name) as copy:
        copy.append_many([change(n, e) for n, e in enumerate(dataset.load_all())])
    return store.open(name)


def found(verdicts: list[Verification]) -> list[str]:
    return [verdict.found for verdict in verdicts]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.mark.parametrize("world_id", ["gpo/Balance-v0", "gpo/Kitchen-v0", "CartPole-v1"])
def test_what_was_recorded_plays_again(store, world_id):
    assert set(found(verify(random_games(store, world_id)))) == {"agrees"}


def later(episode: Episode) -> Episode:
    """Every action noted one step late, as a recorder with an off-by-one does."""
    actions = np.concatenate([episode.actions[:1], episode.actions[:-1]])
    return replace(episode, actions=actions, requested_actions=actions)


def earlier(episode: Episode) -> Episode:
    actions = np.concatenate([episode.actions[1:], episode.actions[-1:]])
    return replace(episode, actions=actions, requested_actions=actions)


@pytest.mark.parametrize("world_id", ["gpo/Balance-v0", "CartPole-v1"])
@pytest.mark.parametrize(("shift", "word"), [(later, "late"), (earlier, "early")])
def test_actions_that_are_a_step_off_are_found(store, world_id, shift, word):
    whole = random_games(store, world_id, count=4)
    shifted = copied(store, whole, "shifted", lambda n, e: shift(e) if n == 2 else e)
    episode = whole.load(2)
    totals = [float(e.rewards.sum()) for e in shifted.load_all()]
    assert totals == [float(e.rewards.sum()) for e in whole.load_all()], "returns do not tell"
    verdicts = verify(shifted)
    assert found(verdicts) == ["agrees", "agrees", "differs", "agrees"]
    assert verdicts[2].episode == 2
    first = int(np.argmax(episode.actions != shifted.load(2).actions))
    assert verdicts[2].step == first
    assert f"step {first}:" in verdicts[2].sentence
    assert f"one step too {word}" in verdicts[2].sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: replace(e, rewards=e.rewards + (np.arange(len(e)) == 5)), "step 5: the reward"),
        (
            lambda e: replace(e, terms={**e.terms, "centred": e.terms["centred"] * 2}),
            "step 0: the term centred",
        ),
        (
            lambda e: replace(e, costs={"off_centre": e.costs["off_centre"] + 1}),
            "step 0: the cost off_centre",
        ),
        (lambda e: replace(e, seed=99), "step 0: at its start"),
        (lambda e: replace(e, terminated=False, truncated=True), "the world ends the game"),
    ],
)
def test_every_column_is_compared(store, change, said):
    world = make_world("gpo/Balance-v0")
    whole = collect(store, "games", world, [RandomPlayer(world.action_space, 1)], 2)

    def changed(number: int, episode: Episode) -> Episode:
        made = change(episode) if number == 1 else episode
        floats: dict[str, Any] = {"rewards": made.rewards.astype(np.float32)}
        for name in ("terms", "costs"):
            floats[name] = {k: v.astype(np.float32) for k, v in getattr(made, name).items()}
        return replace(made, **floats)

    verdicts = verify(copied(store, whole, "wrong", changed))
    assert found(verdicts) == ["agrees", "differs"]
    assert said in verdicts[1].sentence


def test_a_game_that_a_person_ended_early_agrees(store):
    whole = random_games(store, "gpo/Kitchen-v0")

    def ended(_: int, episode: Episode) -> Episode:
        cut = shorter(episode, 0, 10)
        return replace(cut, meta=episode.meta, truncated=True)

    assert set(found(verify(copied(store, whole, "short", ended)))) == {"agrees"}


def test_a_missing_stream_is_told(store):
    dataset = random_games(store, "gpo/Kitchen-v0")
    delete(store, dataset.name, [1])
    verdicts = verify(store.open(dataset.name))
    assert found(verdicts) == ["untold", "agrees", "agrees"]
    assert "the stream of cook_1 is missing" in verdicts[0].sentence


def partner_in_raw(episode: Episode, partner: Episode) -> Episode:
    """As a recorder stores a game whose partner gets no stream."""
    raw = np.stack([np.ones(len(episode)), partner.actions], axis=1).astype(np.float32)
    meta = {**episode.meta, "raw_names": ["key w", "action cook_1 0"]}
    return replace(episode, raw=raw, meta=meta)


def test_a_partner_without_a_stream_is_read_from_the_raw_numbers(store):
    world = make_world("gpo/Kitchen-v0")
    players = [Sleepy(range(12, 30)), Sleepy(range(9, 25))]
    whole = collect(store, "whole", world, players, 2, options={"horizon": 60}).load_all()
    with store.building_for(world, "games") as dataset:
        dataset.append_many([partner_in_raw(whole[n], whole[n + 1]) for n in (0, 2)])
    assert found(verify(store.open("games"))) == ["agrees", "agrees"]
    trim(store, "games")  # by what the person does: the partner has no say in it
    trimmed = store.open("games").load(0)
    assert trimmed.meta["trimmed"]["first"] == 12
    assert trimmed.raw.shape == (18, 2)
    assert found(verify(store.open("games"))) == ["agrees", "agrees"]


def test_a_seed_is_missed_only_where_it_matters(store):
    for world_id, expected in (("gpo/Kitchen-v0", "agrees"), ("gpo/Balance-v0", "untold")):
        name = world_id[4:7]
        whole = random_games(store, world_id, name)
        seedless = copied(store, whole, f"{name}-0", lambda _, e: replace(e, seed=None))
        assert set(found(verify(seedless))) == {expected}
    assert "no seed was recorded" in verify(store.open("Bal-0"))[0].sentence


def test_another_world_is_refused(store, monkeypatch):
    dataset = random_games(store, "gpo/Kitchen-v0")
    monkeypatch.setattr(kitchen, "VERSION", kitchen.VERSION + 1)
    with pytest.raises(UserError, match="version: here"):
        verify(dataset)


def test_verify_tells_by_its_exit_code(store, capsys):
    whole = random_games(store, "gpo/Balance-v0", count=3)
    copied(store, whole, "wrong", lambda n, e: later(e) if n == 1 else e)
    root = ["--root", str(store.root)]
    assert gpo.main(["demos", "verify", "games", *root]) == 0
    assert "3 play again as recorded" in capsys.readouterr().out
    assert gpo.main(["demos", "verify", "wrong", *root]) == 1
    assert "Episode 1: step" in capsys.readouterr().out
    assert gpo.main(["demos", "verify", "wrong", "--episodes", "0", "2", *root]) == 0


# ------------------------------------------------------------------ trim


class Sleepy:
    """Does nothing at first and at the end; something else in between."""

    def __init__(self, busy: range, action: Any = kitchen.IDLE - 1, idle: Any = kitchen.IDLE):
        self.busy, self.action, self.idle, self.step = busy, action, idle, 0

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        done = self.action if self.step in self.busy else self.idle
        self.step += 1
        return np.array([done] * len(observation)), None


def test_idle_ends_are_cut_off_all_streams_alike_and_still_play_again(store):
    world = make_world("gpo/Kitchen-v0")
    players = [Sleepy(range(12, 30)), Sleepy(range(8, 25))]
    whole = collect(store, "games", world, players, 2, options={"horizon": 60}).load_all()
    assert "cut 152 idle steps off 4 episodes" in trim(store, "games")
    dataset = store.open("games")
    for number, (old, new) in enumerate(zip(whole, dataset.load_all(), strict=True)):
        assert len(new) == 22
        np.testing.assert_array_equal(new.observations, old.observations[8:31])
        np.testing.assert_array_equal(new.actions, old.actions[8:30])
        np.testing.assert_array_equal(new.capture_times, old.capture_times[8:30])
        assert new.truncated, f"episode {number} was cut off, it did not end"
        assert {k: new.meta["trimmed"][k] for k in ("first", "last", "of")} == {
            "first": 8,
            "last": 30,
            "of": 60,
        }
    assert set(found(verify(dataset))) == {"agrees"}
    wrong = copied(store, dataset, "wrong", lambda n, e: later(e) if n == 0 else e)
    assert "differs" in found(verify(wrong))
    undo(store, "games")
    assert len(store.open("games").load(0)) == 60


def test_the_end_of_a_game_that_ended_is_left_alone(store):
    world = make_world("CartPole-v1")
    collect(store, "games", world, [Sleepy(range(3), 1, 0)], 1)
    steps = len(store.open("games").load(0))
    with pytest.raises(UserError, match="starts or ends idle"):
        trim(store, "games", idle=0)
    assert len(store.open("games").load(0)) == steps


def test_marks_move_and_a_second_cut_is_told_as_one(store):
    world = make_world("gpo/Kitchen-v0")
    players = [Sleepy(range(12, 30)), Sleepy(range(0))]
    collect(store, "first", world, players, 1, options={"horizon": 40})
    marked = copied(
        store,
        store.open("first"),
        "games",
        lambda _, e: replace(e, meta={**e.meta, "marks": [2, 14, 35]}),
    )
    trim(store, marked.name)
    once = store.open("games").load(0)
    assert once.meta["marks"] == [2]
    assert once.meta["trimmed"]["first"] == 12
    twice = copied(store, store.open("games"), "twice", lambda _, e: shorter(e, 2, 12))
    told = twice.load(0).meta["trimmed"]
    assert [told[name] for name in ("first", "last", "of")] == [14, 24, 40]
    assert len(told["before"]) == 14
    for dataset in (store.open("games"), twice):
        assert set(found(verify(dataset))) == {"agrees"}


def test_what_would_be_too_short_is_left(store):
    world = make_world("gpo/Kitchen-v0")
    players = [Sleepy(range(12, 15)), Sleepy(range(0))]
    collect(store, "games", world, players, 1, options={"horizon": 40})
    with pytest.raises(UserError, match="1 too idle to cut"):
        trim(store, "games")
    trim(store, "games", shortest=3)
    assert len(store.open("games").load(0)) == 3


def test_near_zero_is_idle_for_a_stick(store):
    world = make_world("Pendulum-v1")
    idle, push = np.array([0.05], np.float32), np.array([1.0], np.float32)
    collect(store, "games", world, [Sleepy(range(20, 60), push, idle)], 1)
    trim(store, "games")
    episode = store.open("games").load(0)
    assert episode.meta["trimmed"]["first"] == 20
    assert len(episode) == 40
    assert found(verify(store.open("games"))) == ["agrees"]


def test_where_nobody_knows_what_idle_is_it_asks(store):
    random_games(store, "CartPole-v1")
    with pytest.raises(
        UserError, match="in turn, so no step tells whether it was idle: say with --idle"
    ):
        trim(store, "games")


# ------------------------------------------------------------------ relabel


def test_relabelling_gives_back_what_the_world_says(store):
    whole = random_games(store, "gpo/Kitchen-v0")
    ones = np.ones(40, np.float32)
    copied(store, whole, "wrong", lambda _, e: replace(e, terms={**e.terms, "blocked": ones}))
    assert "recomputed 4 episodes" in relabel(store, "wrong")
    for ours, theirs in zip(store.open("wrong").load_all(), whole.load_all(), strict=True):
        np.testing.assert_array_equal(ours.terms["blocked"], theirs.terms["blocked"])
    with pytest.raises(UserError, match="nothing was changed"):
        relabel(store, "wrong")


def test_relabelling_brings_a_dataset_to_todays_version(store, monkeypatch):
    random_games(store, "gpo/Kitchen-v0")
    monkeypatch.setattr(kitchen, "VERSION", kitchen.VERSION + 1)
    today = make_world("gpo/Kitchen-v0")
    relabel(store, "games")
    dataset = store.open("games")
    dataset.require_world(today)
    assert {episode.fingerprint for episode in dataset.load_all()} == {today.fingerprint}
    assert set(found(verify(dataset))) == {"agrees"}
    undo(store, "games")
    with pytest.raises(UserError, match=r"version.*Type `gpo demos relabel games`"):
        store.open("games").require_world(today)
    with pytest.raises(UserError, match=r"layout.*Choose a dataset of this world") as refused:
        dataset.require_world(make_world("gpo/Kitchen-v0", layout="counter_circuit"))
    assert "relabel" not in str(refused.value), "it would not help"


def test_what_is_recorded_for_the_old_world_meanwhile_is_refused(store, monkeypatch):
    opened = random_games(store, "gpo/Kitchen-v0")
    episode = opened.load(0)
    monkeypatch.setattr(kitchen, "VERSION", kitchen.VERSION + 1)
    relabel(store, "games")
    with pytest.raises(UserError, match="fingerprint"):
        opened.append(episode)
    assert len(store.open("games")) == 4


def test_relabelling_refuses_other_dynamics(store):
    whole = random_games(store, "gpo/Balance-v0", count=3)
    copied(store, whole, "wrong", lambda n, e: later(e) if n == 1 else e)
    before = store.open("wrong").revision.name
    with pytest.raises(UserError, match=r"goes another way than dataset wrong, episode 1, in step"):
        relabel(store, "wrong")
    assert store.open("wrong").revision.name == before


class Moody(gymnasium.Env[Any, Any]):
    """Shows something else each time, whatever the seed."""

    observation_space = spaces.Box(0.0, 1.0, (1,), np.float32)
    action_space = spaces.Discrete(2)
    shown = 0.0

    def reset(self, *, seed=None, options=None):
        return self._seen(), {}

    def step(self, action):
        return self._seen(), 0.0, False, False, {}

    def _seen(self):
        Moody.shown = (Moody.shown + 0.137) % 1
        return np.array([Moody.shown], np.float32)


def test_a_world_that_does_not_repeat_itself_is_found_out(store):
    random_games(store, "tests.demos.data.inspection.test_verify:Moody")
    assert found(verify(store.open("games"))) == ["differs", "differs"]
    with pytest.raises(UserError, match="does not repeat a game from its seed"):
        relabel(store, "games")


# ------------------------------------------------------------------ info


@pytest.mark.parametrize(
    ("world_id", "drawn"),
    [("gpo/Kitchen-v0", "places"), ("gpo/Balance-v0", "places"), ("Pendulum-v1", "lengths")],
)
def test_info_draws_pictures(store, tmp_path, capsys, world_id, drawn):
    import matplotlib.image

    dataset = random_games(store, world_id)
    show_dataset(store.root, dataset.name, tmp_path / "pictures")
    said = capsys.readouterr().out
    for word in ("return", "median", "pace", "late", "idle", "doubles", "ratings", "acted"):
        assert word in said
    names = {path.stem for path in (tmp_path / "pictures").iterdir()}
    assert names == {"returns", "actions", drawn}
    for path in (tmp_path / "pictures").iterdir():
        picture = matplotlib.image.imread(path)
        assert picture.std() > 0.05, f"{path.name} is blank"


def test_info_counts_what_only_steps_tell(store):
    whole = random_games(store, "gpo/Kitchen-v0", count=1)
    late = np.arange(40) % 10 == 0
    times = np.arange(40) * 150_000_000  # ns

    def played(number: int, episode: Episode) -> Episode:
        meta = {**episode.meta, "rating": 4, "marks": [1, 2]}
        idle = np.where(np.arange(40) < 30, kitchen.IDLE, 0)
        return replace(
            episode, late=late, capture_times=times, meta=meta, requested_actions=idle, player="Ada"
        )

    dataset = copied(store, whole, "played", played)
    dataset.append(dataset.load(0))
    detail = compute_step_statistics(dataset)
    assert detail.late == 12
    assert detail.rate == pytest.approx(1 / 0.15)
    assert detail.idle == 90
    assert detail.stretches == pytest.approx([4.5] * 3)
    assert detail.doubles == [[0, 2]]
    assert detail.ratings == {4: 3}
    assert detail.marks == 6
    assert list(detail.players) == ["Ada"]


@pytest.mark.parametrize("how", ["truncated", "terminated"])
def test_a_limit_that_is_only_our_guess_ends_no_recording(store: Store, how: str) -> None:
    world = make_world("tests.environments.support.namers:Ends", length=30, how=how)
    players = [RandomPlayer(world.action_space, 0)]
    dataset = collect(store, "long", replace(world, horizon=40), players, 2)

    import environments.external.description as external

    patch = pytest.MonkeyPatch()
    patch.setattr(external, "HORIZON", 20)  # the guess is shorter than the games
    try:
        assert make_world(world.id, **world.params).horizon == 20
        assert found(verify(dataset)) == ["agrees", "agrees"]
    finally:
        patch.undo()
    cut = collect(store, "cut", replace(world, horizon=20), players, 2)
    assert [len(cut.load(n)) for n in range(2)] == [20, 20]
    assert found(verify(cut)) == ["agrees", "agrees"]


def test_a_limit_that_was_asked_for_does_end_a_game(store: Store) -> None:
    world = make_world("tests.environments.support.namers:Ends")
    players = [RandomPlayer(world.action_space, 0)]
    dataset = collect(store, "asked", world, players, 1, options={"horizon": 8})
    wrong = copied(store, dataset, "wrong", lambda n, e: replace(e, options={"horizon": 5}))
    assert found(verify(dataset)) == ["agrees"]
    assert found(verify(wrong)) == ["differs"]
