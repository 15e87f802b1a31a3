"""A viewer without a window: time runs, stands still and goes back, and the keys do what they say."""

import numpy as np
import pygame
import pytest

from demos.sessions.match.cast_by_name import cast_for
from demos.sessions.match.match import BUFFERS
from demos.sessions.match.watch_pace import SPEEDS
from demos.sessions.watch.viewer import Viewer
from tests.demos.support.runs import checkpoint, small_run

KITCHEN = "gpo/Kitchen-v0"


@pytest.fixture(autouse=True)
def _display():
    pygame.display.init()
    yield
    pygame.display.quit()


@pytest.fixture
def run(tmp_path):
    return small_run(tmp_path / "kitchen", KITCHEN)


def press(viewer, key, now=0.0, character="", mod=0):
    code = pygame.key.key_code(key)
    viewer.take(pygame.event.Event(pygame.KEYDOWN, key=code, unicode=character, mod=mod), now)


def picture_of(match):
    """All that a game is at a moment, as bytes."""
    batch = match.batch
    parts = [batch.state.tobytes(), *(getattr(batch, name).tobytes() for name in BUFFERS)]
    parts += [match.terms.tobytes(), match.costs.tobytes(), match.asked.tobytes()]
    parts += [np.asarray(thought.action).tobytes() for thought in match.decisions]
    return parts


@pytest.mark.parametrize("partner", [None, "random", "still"])
@pytest.mark.parametrize("agent", ["clone", "best", "memory"])
def test_a_step_back_and_on_again_gives_the_same_state_and_actions_to_the_byte(
    run, tmp_path, partner, agent
):
    if agent == "memory":
        run, agent = small_run(tmp_path / "m", KITCHEN, settings={"kind": "memory"}), "best"
    cast = cast_for(str(run), partner=partner)
    cast.at = [entrant.name for entrant in cast.entrants].index(agent)
    viewer = Viewer(cast, 3)
    match, seen = viewer.main.match, []
    for _ in range(25):
        seen.append(picture_of(match))
        press(viewer, ".")
    seen.append(picture_of(match))
    assert match.steps == 25
    for back in range(24, -1, -1):
        press(viewer, ",")
        assert match.steps == back
        assert picture_of(match) == seen[back]
    press(viewer, ",")  # there is nothing before the beginning
    assert match.steps == 0
    for on in range(1, 26):
        press(viewer, ".")
        assert picture_of(match) == seen[on]
    assert len(match.earned) == 26


def test_going_back_is_undone_only_by_somebody_who_acts_otherwise(run):
    viewer = Viewer(cast_for(str(run)), 3)
    match = viewer.main.match
    for _ in range(5):
        match.step()
    after = picture_of(match)
    match.back()
    match.step({0: (int(match.decisions[0].action) + 1) % 6})
    assert picture_of(match) != after
    assert match.asked[0] != match.moments[-1].decisions[0].action
    match.back()
    match.step()
    assert picture_of(match) == after


def test_the_same_seed_gives_the_same_game(run):
    viewer = Viewer(cast_for(str(run)), 3)
    first = []
    for _ in range(10):
        press(viewer, ".")
        first.append(picture_of(viewer.main.match))
    press(viewer, "home")
    again = []
    for _ in range(10):
        press(viewer, ".")
        again.append(picture_of(viewer.main.match))
    assert first == again


def test_a_foreign_world_says_that_it_cannot_go_back():
    viewer = Viewer(cast_for("CartPole-v1"), 3)
    press(viewer, ".")
    press(viewer, ",")
    assert viewer.main.match.steps == 1
    assert viewer.display.message is not None
    assert "cannot go back" in viewer.display.message.words
    viewer.close()


def test_tab_goes_through_the_agents_of_the_run_in_the_order_of_training(run):
    viewer = Viewer(cast_for(str(run)), 3)
    names, seeds = [viewer.main.entrant.name], set[int | None]()
    for _ in range(5):
        press(viewer, ".")
        press(viewer, "tab")
        names.append(viewer.main.entrant.name)
        seeds.add(viewer.main.match.seed)
        assert viewer.main.match.steps == 0
    assert names == ["best", "clone", "update 5", "update 10", "best", "clone"]
    assert seeds == {3}


def test_tab_leaves_out_a_checkpoint_that_has_gone(run):
    viewer = Viewer(cast_for(str(run)), 3)
    press(viewer, "tab")
    (run / "checkpoints" / "00000005.safetensors").unlink()
    press(viewer, "tab")
    assert viewer.main.entrant.name == "best"
    assert viewer.display.message is not None
    assert "update 5 is gone or torn" in viewer.display.message.words
    assert [entrant.name for entrant in viewer.cast.entrants] == ["clone", "update 10", "best"]


def test_a_ghost_plays_the_same_seed_and_games_are_won_against_it(run):
    viewer = Viewer(cast_for(str(run)), 3)
    press(viewer, ".")
    press(viewer, "g")
    assert viewer.ghost is not None
    assert viewer.ghost.entrant.name == "clone"
    main, ghost = (side.match for side in viewer.sides)
    assert (main.seed, ghost.seed, main.steps, ghost.steps) == (3, 3, 0, 0)
    assert main.batch.state.tobytes() == ghost.batch.state.tobytes()
    press(viewer, "n")
    assert (main.seed, ghost.seed) == (4, 4)
    viewer.start(0.0)
    press(viewer, ".")
    assert main.steps == ghost.steps == 1
    press(viewer, ",")
    assert main.steps == ghost.steps == 0
    for _ in range(40):
        press(viewer, ".")
    assert viewer.ended
    assert viewer.tally.record is not None
    assert sum(viewer.tally.record) == 1
    press(viewer, "tab", mod=pygame.KMOD_LSHIFT)
    assert viewer.ghost.entrant.name == "update 5"
    press(viewer, "tab")  # on to the clone
    press(viewer, "tab")  # over the ghost, who would play the same game
    assert viewer.main.entrant.name == "update 10"
    press(viewer, "g")
    assert viewer.ghost is None


def test_two_of_the_same_agent_play_the_same_game(run):
    viewer = Viewer(cast_for(str(run)), 3)
    viewer.toggle_ghost(0.0)
    assert viewer.ghost is not None
    viewer.ghost.entrant = viewer.main.entrant
    viewer.again(0.0)
    for _ in range(20):
        press(viewer, ".")
        assert picture_of(viewer.main.match) == picture_of(viewer.ghost.match)


def test_time_runs_at_the_chosen_speed_and_stands_still_on_space(run):
    viewer = Viewer(cast_for(str(run)), 3)
    viewer.start(0.0)
    tick = viewer.world.tick

    def pass_time(start, seconds):
        for k in range(round(seconds / 0.01) + 1):
            viewer.advance(start + 0.01 * k)

    pass_time(0.0, 4.5 * tick)
    assert viewer.main.match.steps == 4
    press(viewer, "]", 1.0, "]")
    assert viewer.pace.speed == 2.0
    pass_time(1.0, 4.75 * tick)
    assert viewer.main.match.steps == 13
    press(viewer, "space", 2.0)
    pass_time(2.0, 3.0)
    assert viewer.main.match.steps == 13
    for _ in range(9):
        press(viewer, "[", 5.0, "[")
    assert viewer.pace.speed == SPEEDS[0] == 0.1
    for _ in range(9):
        press(viewer, "]", 5.0, "]")
    assert viewer.pace.speed == SPEEDS[-1] == 16.0


def test_games_follow_one_another_until_there_were_enough(run):
    viewer = Viewer(cast_for(str(run)), 7, games=3, hold=0.5)
    viewer.start(0.0)
    now, seeds = 0.0, []
    while not viewer.over:
        now = max(now, viewer.next_due) + 1e-9
        viewer.advance(now)
        if viewer.ended and viewer.seed not in seeds:
            seeds.append(viewer.seed)
    assert seeds == [7, 8, 9]
    assert len(viewer.tally) == 3


def test_a_seed_is_typed_and_digits_show_no_panels_meanwhile(run):
    viewer = Viewer(cast_for(str(run)), 3)
    press(viewer, "s")
    for digit in "128":
        press(viewer, digit, character=digit)
    press(viewer, "backspace")
    assert viewer.display.panels == set(range(1, 9))
    press(viewer, "return")
    assert (viewer.seed, viewer.main.match.seed, viewer.display.typing) == (12, 12, None)
    press(viewer, "s")
    press(viewer, "5", character="5")
    press(viewer, "escape")
    assert (viewer.seed, viewer.over) == (12, False)
    press(viewer, "escape")
    assert viewer.over


def test_digits_show_and_hide_panels(run):
    viewer = Viewer(cast_for(str(run)), 3)
    press(viewer, "3")
    press(viewer, "8")
    assert viewer.display.panels == {1, 2, 4, 5, 6, 7}
    press(viewer, "3")
    assert 3 in viewer.display.panels
    press(viewer, "0", character="0")
    assert not viewer.display.panels
    press(viewer, "0", character="0")
    assert viewer.display.panels == {1, 2, 3, 4, 5, 6, 7}
    assert Viewer(cast_for(str(run)), 3, panels=False).display.panels == set()


def test_a_live_run_swaps_in_the_newest_checkpoint_between_games_and_not_within_one(tmp_path):
    run = small_run(tmp_path / "young", KITCHEN, done=False)
    viewer = Viewer(cast_for(str(run), live=True), 3)
    press(viewer, ".")
    checkpoint(run, viewer.world, 15)
    press(viewer, ".")
    assert viewer.main.entrant.name == "update 10"
    before = viewer.main.match.players[0]
    press(viewer, "n")
    assert viewer.main.entrant.name == "update 15"
    assert viewer.main.match.players[0] is not before
    (run / "checkpoints" / "00000020.safetensors").write_bytes(b"torn")
    press(viewer, "n")
    assert viewer.main.entrant.name == "update 15"
    press(viewer, "tab")  # whoever looks at another one is left with it
    assert viewer.main.entrant.name == "clone"
    press(viewer, "n")
    assert viewer.main.entrant.name == "clone"


def test_the_parts_of_the_reward_add_up_to_the_score(tmp_path):
    weights = {"soup": 20.0, "blocked": -0.5, "fumbled": 0.25}
    run = small_run(tmp_path / "weighed", KITCHEN, reward={"weights": weights})
    viewer = Viewer(cast_for(str(run)), 3)
    for _ in range(40):
        press(viewer, ".")
    match = viewer.main.match
    assert match.score[0] != 0
    assert match.earned.table[-1].sum() == pytest.approx(match.score[0], abs=1e-4)


def test_watching_changes_nothing_in_the_play(run):
    """The players draw as they do in a game that nobody looks into."""
    from agents.files.agent_file import load_agent
    from agents.players.from_agent import make_player
    from demos.sessions.game.game import Game

    viewer = Viewer(cast_for(str(run / "clone.safetensors"), partner="still"), 5)
    agent, world = load_agent(run / "clone.safetensors"), viewer.world
    player, memory = make_player(agent, world), None
    player.reseed(5)  # type: ignore[attr-defined]
    game = Game(world, (0,), None, {"horizon": 40})
    game.begin(5)
    for step in range(40):
        assert game.batch.state.tobytes() == viewer.main.match.batch.state.tobytes()
        seen = game.batch.observation[:, 0]
        action, memory = player.predict(seen, memory, np.array([step == 0]))
        game.step({0: action[0]})
        press(viewer, ".")
    assert game.over
    assert viewer.main.match.over
