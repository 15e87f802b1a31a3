"""A recorded game in the window again: the same game, at any place, in either direction."""

import numpy as np
import pygame
import pytest

from demos.data.dataset.store import Store
from demos.data.episodes.episode import Episode
from demos.sessions.replay.command import replay_command
from demos.sessions.replay.painter import draw_replay
from demos.sessions.replay.playback import Playback
from demos.sessions.replay.replayer import Replayer
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.support.sessions import Session

TICK = 0.15  # s, of the kitchen


def recorded(tmp_path, world="gpo/Kitchen-v0", seconds=3.0, **wishes):
    """A short game."""
    with Session(tmp_path, world, player="someone", **wishes) as session:
        session.begin()
        session.down("up")
        session.play(seconds / 2)
        session.tap("m")
        session.up("up")
        session.down("right")
        session.play(seconds / 2)
        session.tap("3")
        session.tap("escape")
        return session.dataset.name


@pytest.mark.parametrize("wishes", [{}, {"partner": "random"}, {"people": 2}])
def test_a_game_is_played_again_from_its_seed_and_actions(tmp_path, wishes):
    name = recorded(tmp_path, **wishes)
    dataset = Store(tmp_path).open(name)
    playback = Playback(dataset, 0)
    assert playback.how == "played again from its seed and actions"
    assert playback.states is not None
    assert len(playback.states) == len(playback) + 1
    episode = dataset.load(0)
    batch_world = make_world("gpo/Kitchen-v0")
    assert playback.world is not None
    assert playback.world.fingerprint == batch_world.fingerprint
    assert playback.total("blocked", len(episode)) == episode.total("blocked")
    assert playback.total("blocked", 0) == 0


def test_a_game_that_differs_is_said_and_shown_as_it_was_seen(tmp_path):
    name = recorded(tmp_path)
    store = Store(tmp_path)
    good = store.open(name).load(0)
    world = make_world("gpo/Kitchen-v0")
    seen = good.observations.copy()
    seen[5] = 0
    facts = {key: getattr(good, key) for key in good.__dataclass_fields__} | {"observations": seen}
    with store.building_for(world, "odd") as odd:
        odd.append(Episode(**facts))
    playback = Playback(store.open("odd"), 0)
    assert playback.states is None
    assert "differs after step 5" in playback.how
    surface = pygame.Surface((640, 480))
    assert playback.paint(surface, surface.get_rect(), 3) == surface.get_rect()


def test_a_foreign_game_is_shown_by_its_numbers(tmp_path):
    name = recorded(tmp_path, "CartPole-v1", 0.1)
    playback = Playback(Store(tmp_path).open(name), 0)
    assert playback.states is None
    pygame.font.init()
    surface = pygame.Surface((640, 480))
    playback.paint(surface, surface.get_rect(), len(playback))
    assert len(np.unique(pygame.surfarray.array3d(surface).reshape(-1, 3), axis=0)) > 3


def replayer_of(tmp_path):
    return Replayer(Playback(Store(tmp_path).open(recorded(tmp_path)), 0), "it")


def press(replayer, key, character=""):
    event = pygame.event.Event(pygame.KEYDOWN, key=pygame.key.key_code(key), unicode=character)
    replayer.take(event, 0.0)


def test_time_runs_at_the_games_own_pace_and_stops_at_its_end(tmp_path):
    replayer = replayer_of(tmp_path)
    assert replayer.playing
    replayer.advance(4.5 * TICK)
    assert replayer.step == 4
    replayer.advance(100)
    assert replayer.step == len(replayer.playback) == 20
    assert not replayer.playing


def test_arrows_go_back_and_forth_and_keys_to_the_ends(tmp_path):
    pygame.display.init()
    replayer = replayer_of(tmp_path)
    pygame.display.init()
    for key, step in [
        ("right", 1),
        ("right", 2),
        ("left", 1),
        ("left", 0),
        ("left", 0),
        ("up", 7),
        ("down", 0),
        ("end", 20),
        ("right", 20),
        ("left", 19),
        ("home", 0),
    ]:
        press(replayer, key)
        assert replayer.step == step
        assert not replayer.playing
    press(replayer, "space")
    assert replayer.playing
    press(replayer, "end")
    press(replayer, "space")  # runs from the beginning again
    assert (replayer.step, replayer.playing) == (0, True)
    press(replayer, "=", "+")
    assert replayer.speed == 2.0
    for _ in range(20):
        press(replayer, "-", "-")
    assert replayer.speed == 0.1
    press(replayer, "escape")
    assert replayer.over
    pygame.display.quit()


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080)])
def test_every_step_looks_different_from_the_beginning(tmp_path, size):
    replayer = replayer_of(tmp_path)
    pygame.font.init()
    surface = pygame.Surface(size)
    draw_replay(surface, replayer)
    before = pygame.surfarray.array3d(surface)
    replayer.place = 20.0
    draw_replay(surface, replayer)
    assert (pygame.surfarray.array3d(surface) != before).any()


def test_the_command_shows_it_from_end_to_end_and_closes(tmp_path):
    name = recorded(tmp_path)
    assert replay_command(tmp_path, name, 0, headless=True) == 0
    assert not pygame.display.get_init()


def test_what_is_not_there_is_said(tmp_path):
    name = recorded(tmp_path)
    with pytest.raises(UserError, match="has no episode 7"):
        replay_command(tmp_path, name, 7, headless=True)
    with pytest.raises(UserError, match="no dataset nothing"):
        replay_command(tmp_path, "nothing", 0, headless=True)
    with pytest.raises(UserError, match="shows no window"):
        replay_command(tmp_path, name, 0)
