"""`gpo record` from end to end without a screen: a script of keys through the same events as real ones."""

import os

import gymnasium
import numpy as np
import pytest

from demos.data.dataset.lock import dataset_name
from demos.data.dataset.store import DatasetSpec, Store
from demos.sessions.record.command import record_command
from demos.sessions.record.options import RecordOptions
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.support.sessions import Session

PLAY = """
event = [
    {at = 0.5, press = "return"},
    {at = 4.0, key = "right", down = true},
    {at = 5.0, key = "right", down = false},
    {at = 5.5, press = "m"},
    {at = 6.0, press = "return"},
    {at = 7.0, press = "5"},
    {at = 7.5, press = "return"},
    {at = 12.0, press = "r"},
    {at = 16.0, press = "escape"},
]
"""


def write(path, text=PLAY):
    path.write_text(text)
    return path


def record(tmp_path, world, script=PLAY, **wishes):
    wishes = {"root": tmp_path / "datasets", "seed": 11, **wishes}
    given = write(tmp_path / "script.toml", script)
    return record_command(RecordOptions(world, headless=True, script=given, **wishes))


def test_a_scripted_session_is_kept_and_told(tmp_path, capsys):
    assert record(tmp_path, "gpo/Kitchen-v0", player="someone") == 0
    said = capsys.readouterr().out
    assert "kept 2 games in dataset kitchen-cramped_room (episodes 0 and 1)" in said
    assert "Episode 1 was broken off" in said
    assert "1 discarded" in said
    dataset = Store(tmp_path / "datasets").open("kitchen-cramped_room")
    first, second = dataset.load_all()
    assert (first.seed, second.seed) == (11, 13)
    assert first.meta["rating"] == 5
    assert len(first.meta["marks"]) == 1
    assert not first.aborted
    assert second.aborted
    assert len(np.unique(first.actions)) == 2


@pytest.mark.parametrize(
    "script",
    ['event = [{at = 0.5, press = "z"}]', 'event = [{at = 0.5, press = "escape"}]', "event = []"],
)
def test_a_session_that_keeps_nothing_leaves_no_dataset(tmp_path, script):
    assert record(tmp_path, "CartPole-v1", script) == 0
    assert Store(tmp_path / "datasets").names() == []


def test_a_dataset_with_games_stays_when_nothing_is_added(tmp_path):
    record(tmp_path, "gpo/Balance-v0")
    name = dataset_name(make_world("gpo/Balance-v0"))
    games = len(Store(tmp_path / "datasets").open(name))
    assert games
    assert record(tmp_path, "gpo/Balance-v0", "event = []") == 0
    assert len(Store(tmp_path / "datasets").open(name)) == games


def test_a_script_without_an_end_plays_its_game_out(tmp_path, capsys):
    script = 'event = [{at = 0.5, press = "return"}]'
    assert record(tmp_path, "gpo/Kitchen-v0", script, options={"horizon": 40}) == 0
    (episode,) = Store(tmp_path / "datasets").open("kitchen-cramped_room").load_all()
    assert len(episode) == 40
    assert episode.truncated
    assert episode.meta["device"] == "script"


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_in_the_game_ends_it_with_its_code(tmp_path, capsys, name, code):
    script = f'event = [{{at = 0.5, press = "return"}}, {{at = 5.0, signal = "{name}"}}]'
    assert record(tmp_path, "gpo/Kitchen-v0", script) == code
    assert "stopped by a signal" in capsys.readouterr().out
    (episode,) = Store(tmp_path / "datasets").open("kitchen-cramped_room").load_all()
    assert episode.aborted


def test_a_script_can_hold_a_gamepad_lose_it_and_the_focus(tmp_path):
    script = """event = [
        {at = 0.5, press = "return"},
        {at = 4.0, pad = 0, hat = 0, value = [0, 1]},
        {at = 5.0, unplug = 0},
        {at = 8.0, plug = 0},
        {at = 10.0, focus = false},
        {at = 12.0, focus = true},
        {at = 12.5, press = "p"},
        {at = 14.0, press = "escape"},
    ]"""
    assert record(tmp_path, "gpo/Kitchen-v0", script, device="gamepad") == 0
    (episode,) = Store(tmp_path / "datasets").open("kitchen-cramped_room").load_all()
    seconds = episode.capture_times / 1e9
    assert not ((seconds > 5.1) & (seconds < 9.0)).any()
    assert not ((seconds > 10.1) & (seconds < 13.5)).any()
    held = episode.actions == 0  # north
    assert held[(seconds > 4.2) & (seconds < 5)].all()
    assert not held[seconds > 5].any()


def test_the_same_script_gives_the_same_play(tmp_path):
    for name in ("one", "two"):
        record(tmp_path, "gpo/Kitchen-v0", dataset=name, partner="random")
    one, two = (Store(tmp_path / "datasets").open(name).load_all() for name in ("one", "two"))
    for a, b in zip(one, two, strict=True):
        assert (a.observations == b.observations).all()
        assert (a.raw == b.raw).all()
        assert (a.capture_times == b.capture_times).all()


@pytest.mark.parametrize(
    "world", ["CartPole-v1", "Pendulum-v1", "MountainCar-v0", "Acrobot-v1", "gpo/Balance-v0"]
)
def test_any_environment_can_be_recorded(tmp_path, world):
    assert record(tmp_path, world, dataset="it") == 0
    dataset = Store(tmp_path / "datasets").open("it")
    assert len(dataset) >= 1
    dataset.require_world(make_world(world))
    for episode in dataset.load_all():
        assert len(episode.observations) == len(episode) + 1


def test_a_parallel_environment_has_one_person_and_others(tmp_path):
    world = "classic/rps_v2"
    table = f'world = "{world}"\n[[action]]\ndo = 1\nkeys = ["right"]\n'
    controls = write(tmp_path / "rps.toml", table)
    assert record(tmp_path, world, dataset="it", fps=5, controls=controls) == 0
    episode = Store(tmp_path / "datasets").open("it").load(0)
    assert episode.agent == "player_0"
    assert episode.meta["partner"] == "random"
    column = episode.meta["raw_names"].index("action player_1 0")
    assert set(episode.raw[:, column]) <= {0.0, 1.0, 2.0}


def test_the_pace_can_be_chosen_and_is_noted(tmp_path):
    record(tmp_path, "gpo/Kitchen-v0", fps=20)
    episode = Store(tmp_path / "datasets").open("kitchen-cramped_room").load(0)
    assert episode.meta["tick"] == 0.05
    assert set(np.diff(episode.capture_times).tolist()) <= {50_000_000, 49_999_999, 50_000_001}


def test_a_dataset_of_another_world_is_refused_with_the_difference(tmp_path):
    record(tmp_path, "gpo/Kitchen-v0", dataset="mine")
    with pytest.raises(UserError, match="layout: here counter_circuit, there cramped_room"):
        record(tmp_path, "gpo/Kitchen-v0", dataset="mine", params={"layout": "counter_circuit"})
    assert len(Store(tmp_path / "datasets").open("mine")) == 2


def test_what_a_crash_left_is_recovered_and_said(tmp_path, capsys):
    with Session(tmp_path / "datasets", dataset="mine") as session:
        session.begin()
        session.play(1.0)
        session.recorder.recording.leave()  # as a crash leaves it: in the journal
        assert len(session.dataset) == 0
    record(tmp_path, "gpo/Kitchen-v0", dataset="mine")
    first, *_ = capsys.readouterr().out.splitlines()
    assert "6 steps" in first
    assert "are episode 0 now" in first
    episodes = Store(tmp_path / "datasets").open("mine").load_all()
    assert len(episodes) == 3
    assert episodes[0].aborted
    assert len(episodes[0]) == 6


def test_a_second_recorder_on_one_dataset_is_refused(tmp_path):
    record(tmp_path, "gpo/Kitchen-v0", dataset="mine")
    other = Store(tmp_path / "datasets").open("mine")
    with other.writing(), pytest.raises(UserError, match="being written by another process"):
        record(tmp_path, "gpo/Kitchen-v0", dataset="mine")


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"partner": "random", "opponent": "still"}, "give one"),
        ({"people": 3}, "one or two people play"),
        ({"people": 2, "partner": "random"}, "no seat is left for 'random'"),
        ({"seat": 2}, "the seats 0 to 1"),
        ({"partner": "nobody"}, "'nobody' is no player"),
        ({"device": "joystick"}, "no device 'joystick'"),
        ({"fps": 0}, "--fps is 0"),
        ({"episodes": 0}, "--episodes is 0"),
        ({"limits": {"colision": 3}}, "did you mean 'collision'"),
        ({"params": {"layout": "nowhere"}}, "nowhere"),
        ({"player": "a,b"}, "one word, or one for each"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_written(tmp_path, wishes, sentence):
    with pytest.raises(UserError, match=sentence):
        record(tmp_path, "gpo/Kitchen-v0", **wishes)
    assert not (tmp_path / "datasets").exists()
    assert os.environ.get("SDL_VIDEODRIVER") == "dummy"  # as it was


def test_headless_needs_a_script(tmp_path):
    with pytest.raises(UserError, match="give it --script FILE"):
        record_command(RecordOptions("gpo/Kitchen-v0", headless=True, root=tmp_path))
    with pytest.raises(UserError, match="There is no script"):
        record_command(RecordOptions("gpo/Kitchen-v0", headless=True, script=tmp_path / "no.toml"))


def test_one_that_cannot_be_seen_is_refused(tmp_path):
    with pytest.raises(UserError, match="shows no window"):
        record_command(RecordOptions("gpo/Kitchen-v0", root=tmp_path))


class Moody(gymnasium.Env):
    """An environment that breaks down in its fourth step."""

    def __new__(cls):
        class Env(gymnasium.Env):
            observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
            action_space = gymnasium.spaces.Discrete(2)
            steps = 0

            def reset(self, seed=None, options=None):
                self.steps = 0
                return np.zeros(2, np.float32), {}

            def step(self, action):
                self.steps += 1
                if self.steps == 4:
                    raise RuntimeError("out of sorts")
                return np.zeros(2, np.float32), 1.0, False, False, {}

        return Env()


def test_an_environment_that_breaks_down_ends_the_game_not_the_session(tmp_path):
    world = f"{__name__}:Moody"
    table = f'world = "{world}"\n[[action]]\ndo = 1\nkeys = ["right"]\n'
    controls = write(tmp_path / "moody.toml", table)
    script = 'event = [{at = 0.5, press = "return"}, {at = 9.0, press = "escape"}]'
    assert record(tmp_path, world, script, dataset="it", controls=controls) == 0
    (episode,) = Store(tmp_path / "datasets").open("it").load_all()
    assert not episode.truncated, "its end is unknown"
    assert "out of sorts" in episode.meta["broken_off"]
    assert len(episode) in (3, 4)


@pytest.mark.parametrize(
    ("world", "params", "name"),
    [
        ("gpo/Kitchen-v0", {"layout": "counter_circuit"}, "kitchen-counter_circuit"),
        ("gpo/Balance-v0", {}, "balance"),
        ("CartPole-v1", {}, "cartpole-v1"),
        ("classic/rps_v2", {}, "classic-rps_v2"),
        (f"{__name__}:Moody", {}, "tests-demos-sessions-record-test_command-moody"),
    ],
)
def test_a_dataset_is_named_after_its_world(world, params, name):
    assert dataset_name(make_world(world, **params)) == name


@pytest.mark.parametrize("wish", [{}, {"dataset": "kitchen-cramped_room"}])
def test_a_dataset_that_somebody_records_into_is_refused_before_anything_slow(
    tmp_path, monkeypatch, wish
):
    world = make_world("gpo/Kitchen-v0")
    dataset = Store(tmp_path).create(
        "kitchen-cramped_room",
        DatasetSpec(
            world=world.id,
            fingerprint=world.fingerprint,
            observation_space=world.observation_space,
            action_space=world.action_space,
        ),
    )
    monkeypatch.setattr(
        "demos.sessions.record.command._record", None
    )  # what loads torch and opens the window
    (tmp_path / "keys.toml").write_text("")
    with dataset.writing(), pytest.raises(UserError, match="is being written by another process"):
        record_command(
            RecordOptions(
                world.id, root=tmp_path, headless=True, script=tmp_path / "keys.toml", **wish
            )
        )
