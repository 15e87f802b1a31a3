"""The scripted duellists: only what they see, the same again from a seed, seats alike, better with level."""

import numpy as np
import pytest

from agents.evaluation.games import play_games
from agents.experts.duel.styles import LEVELS, STYLES
from agents.experts.registry import expert_names, make_expert
from agents.lookup import resolve_player
from agents.players.state_index import index_state
from environments.catalog import make_batch, make_world
from environments.worlds.duel import observation as view
from environments.worlds.duel.constants import FIRE
from tests.studies.duel_table import play

WORLD = make_world("gpo/Duel-v0")


def actions_of(name, steps=150, seed=3, games=16):
    batch = make_batch(WORLD, games, seed=7)
    me, other = resolve_player(name, WORLD, seed), resolve_player("rusher-3", WORLD, 1)
    memory, theirs, starts, found = None, None, np.ones(games, bool), []
    for _ in range(steps):
        acts, memory = me.predict(batch.observation[:, 0], memory, starts)
        reply, theirs = other.predict(batch.observation[:, 1], theirs, starts)
        found.append(acts)
        batch.step(np.stack([acts, reply], 1))
        starts = batch.ended.copy()
    return np.array(found), memory


def test_every_style_has_five_levels_by_name():
    assert len(expert_names(WORLD)) == len(STYLES) * len(LEVELS) == 20
    assert all(f"{style}-{level}" in expert_names(WORLD) for style in STYLES for level in LEVELS)
    assert make_expert("rusher-6", WORLD) is None


@pytest.mark.parametrize("style", STYLES)
def test_a_seed_says_all_that_a_duellist_does_and_it_stays_within_the_actions(style):
    one, memory = actions_of(f"{style}-3")
    again, _ = actions_of(f"{style}-3")
    other, _ = actions_of(f"{style}-3", seed=4)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert (one >= 0).all()
    assert (one < WORLD.action_space.nvec).all()
    half = index_state(memory, np.arange(0, 16, 2))
    assert np.array_equal(half.error, memory.error[::2])
    assert np.array_equal(half.delay.kept, memory.delay.kept[::2])


def test_better_levels_perceive_the_other_sooner():
    """Somebody steps into sight, straight ahead: how many ticks until it is fired at."""
    fired = {}
    for level, about in LEVELS.items():
        player = resolve_player(f"rusher-{level}", WORLD, 0)
        seen, memory = np.zeros((32, view.SIZE), np.float32), None
        seen[:, view.OWN + 2] = 1  # looks to the east
        seen[:, [view.OWN + 6, view.OWN + 7, view.OWN + 8]] = 1
        seen[:, view.RAY : view.RAY + 16] = 1
        for tick in range(30):
            if tick == 10:
                seen[:, [view.OTHER, view.OTHER + 1]] = 1
                seen[:, view.OTHER + 3] = 0.4  # 4 m away
            acts, memory = player.predict(seen, memory, np.full(32, tick == 0))
            if acts[:, FIRE].any():
                fired[level] = tick - 10
                break
        assert fired[level] >= round(about.delay / 50)
    assert sorted(fired.values(), reverse=True) == list(fired.values())


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_at_its_best_each_style_beats_a_random_player(style):
    match = play(WORLD, f"{style}-5", "random", 600)
    assert match.won >= 594


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_against_itself_the_seat_decides_nothing(style):
    batch = make_batch(WORLD, 1200, seed=40_000)
    name = f"{style}-4"
    played = play_games(batch, [resolve_player(name, WORLD, 1), resolve_player(name, WORLD, 2)])
    win = played.terms["win"][:, 0]
    score = (win + 1).mean() / 2
    assert abs(score - 0.5) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_two_levels_up_is_better(style):
    for level in (1, 3):
        match = play(WORLD, f"{style}-{level + 2}", f"{style}-{level}", 300)
        assert match.won > 1.3 * match.lost
