"""Behind the shield: what a recording, a game with an agent and a viewer make of it."""

import numpy as np
import pygame
import pytest

import gpo
from agents.files.agent_file import save_agent
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.sessions.game.phases import Phase
from demos.sessions.match.cast_by_name import cast_for
from demos.sessions.match.rivals import lineup_for
from demos.sessions.record.hud import SHIELDED, draw_hud
from demos.sessions.watch.viewer import Viewer
from demos.window.drawing.scenery import Scenery
from environments.catalog import make_world
from environments.shields.shield import ShieldedBatch
from environments.system.errors import UserError
from tests.demos.support.plays import PlaySession
from tests.demos.support.runs import CLONE, network
from tests.demos.support.sessions import Session

COURIER = "gpo/Courier-v0"
KEYS = """
world = "gpo/Courier-v0"
idle = [0.0, 0.0]
[[axis]]
component = 0
label = "back / ahead"
negative = ["down"]
positive = ["up"]
[[axis]]
component = 1
label = "left / right"
negative = ["left"]
positive = ["right"]
"""
AHEAD = [1.0, 0.0]


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(KEYS)
    return path


@pytest.fixture
def agent(tmp_path):
    world = make_world(COURIER)
    path = tmp_path / "agent.safetensors"
    save_agent(path, network(world, 1), world, {**CLONE, "shield": True})
    return path


def driven(session):
    """Drive straight on until something is in the way for a while, and keep it."""
    session.begin()
    session.down("up")
    session.play(15.0)


def keep(session):
    """Finish the game with its next step, and keep it."""
    session.tap("return")
    session.play(0.2)
    session.tap("return")


def picture(session):
    """The head-up display, and where it is lit as for a shield that acts."""
    surface = pygame.Surface((960, 720))
    draw_hud(surface, session.recorder)
    return (pygame.surfarray.array3d(surface) == SHIELDED).all(2).any()


def test_a_recording_says_where_the_shield_stepped_in(tmp_path, keys):
    with Session(tmp_path, COURIER, controls=keys, shield=True) as session:
        session.begin()
        assert not picture(session)
        session.down("up")
        session.play(15.0)
        game = session.ready.game
        assert game.shield_acted(0)
        assert picture(session)
        surface, places = pygame.Surface((960, 720)), pygame.Rect(0, 0, 960, 720)
        lit = Scenery(game.world, game.batch)
        lit.paint(surface, places, 1, {})
        shown = pygame.surfarray.array3d(surface)
        game.batch.intervened[:] = False
        lit.paint(surface, places, 2, {})
        assert (pygame.surfarray.array3d(surface) != shown).any()
        keep(session)
        (episode,) = session.dataset.load_all()
    changed = (episode.requested_actions != episode.actions).any(1)
    assert changed.sum() > 20
    assert np.array_equal(episode.actors == Actor.SHIELD, changed)
    assert set(episode.actors.tolist()) == {Actor.HUMAN, Actor.SHIELD}
    assert episode.requested_actions[changed].tolist()[0] == AHEAD
    assert episode.meta["shield"] is True
    assert episode.costs["collision"].sum() == 0
    assert gpo.main(["demos", "verify", session.dataset.name, "--root", str(tmp_path)]) == 0


def test_without_it_nothing_is_said_of_a_shield(tmp_path, keys):
    with Session(tmp_path, COURIER, controls=keys) as session:
        driven(session)
        assert not picture(session)
        keep(session)
        (episode,) = session.dataset.load_all()
    assert "shield" not in episode.meta
    assert set(episode.actors.tolist()) == {Actor.HUMAN}
    assert episode.costs["collision"].sum() > 0


def test_who_plays_with_an_agent_of_the_shield_plays_behind_it(tmp_path, keys, agent):
    with PlaySession(tmp_path, agent, controls=keys) as session:
        assert session.ready.shielded
        assert isinstance(session.ready.game.batch, ShieldedBatch)
        session.begin()
        session.down("up")
        session.play(15.0)
        assert session.at(Phase.PLAY)
        keep(session)
        episode = session.dataset.load(0)
    assert (episode.actors == Actor.SHIELD).sum() > 20
    assert lineup_for(str(agent)).conditions == {"shield": True}


def test_an_agent_of_the_shield_is_watched_behind_it(tmp_path, agent):
    viewer = Viewer(cast_for(str(agent)), 3)
    assert isinstance(viewer.main.match.batch, ShieldedBatch)
    for _ in range(30):
        viewer.step_on(0.0)
    assert np.isfinite(viewer.main.match.shielded.table).all()
    viewer.close()
    other = cast_for(COURIER, shield=True)
    assert isinstance(other.match().batch, ShieldedBatch)
    assert not isinstance(cast_for(COURIER).match().batch, ShieldedBatch)


def test_a_world_without_one_says_so_at_every_command(tmp_path, capsys):
    script = tmp_path / "s.toml"
    script.write_text('event = [{at = 0.5, press = "escape"}]')
    world = make_world("gpo/Balance-v0")
    agent = tmp_path / "agent.safetensors"
    save_agent(agent, network(world, 1), world, CLONE)
    unseen = ["--headless", "--script", str(script)]
    for words in (
        ["record", "gpo/Balance-v0", *unseen, "--root", str(tmp_path)],
        ["watch", "gpo/Balance-v0", *unseen],
        ["play", str(agent), *unseen, "--root", str(tmp_path)],
        ["evaluate", str(agent)],
        [
            "demos",
            "collect",
            "safe",
            "gpo/Balance-v0",
            "--player",
            "random",
            "--root",
            str(tmp_path),
        ],
    ):
        assert gpo.main([*words, "--shield"]) == 2
        said = capsys.readouterr().err
        assert said.startswith("gpo: The world 'gpo/Balance-v0' has no shield: play it without, or")
    assert Store(tmp_path).names() == []


def test_a_foreign_environment_has_none():
    with pytest.raises(UserError, match="has no shield"):
        cast_for("CartPole-v1", shield=True)
