"""`gpo demos collect`: what it keeps, that it keeps the same again, and what it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest

import gpo
from agents.files.agent_file import save_agent
from demos.collect.collect import GAMES, MEMORY, games_at_once
from demos.collect.command import collect_command
from demos.collect.options import CollectOptions
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from demos.sessions.replay.playback import Playback
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.support.runs import CLONE, network

DUEL, COURIER = "gpo/Duel-v0", "gpo/Courier-v0"
FOES = ("rusher-3", "ambusher-3", "beginner-1")


def collected(root, name="shots", world=DUEL, player="sharpshooter-3", **asked):
    asked = {"episodes": 5, "horizon": 60, **asked}
    assert collect_command(CollectOptions(name, world, player, root=Path(root), **asked)) == 0
    return Store(Path(root)).open(name)


def files(dataset):
    return {
        path.relative_to(dataset.data).as_posix(): path.read_bytes()
        for path in sorted(dataset.data.rglob("*"))
        if path.is_file()
    }


def test_the_streams_of_the_player_are_kept_from_every_seat_with_who_they_were(tmp_path):
    dataset = collected(tmp_path, against=FOES, episodes=12, seed=40)
    episodes = dataset.load_all()
    world = make_world(DUEL)
    assert [e.agent for e in episodes] == [world.agents[k % 2] for k in range(12)]
    assert [e.seed for e in episodes] == list(range(40, 52))
    assert {e.player for e in episodes} == {"sharpshooter-3"}
    others = [who for e in episodes for seat, who in e.meta["players"].items() if seat != e.agent]
    assert len(others) == 12
    assert len(set(others)) > 1  # of twelve draws from three
    assert set(others) <= set(FOES)
    assert all((e.actors == Actor.AGENT).all() for e in episodes)
    words = dataset.facts["description"]
    assert words == f"scripted: sharpshooter-3 against {', '.join(FOES)}, seeds 40 to 51"


def test_the_same_seeds_give_the_same_bytes(tmp_path):
    asked = {"against": FOES, "episodes": 4, "seed": 3}
    one = files(collected(tmp_path / "one", **asked))
    other = files(collected(tmp_path / "other", **asked))
    assert one == other
    apart = files(collected(tmp_path / "apart", **{**asked, "seed": 4}))
    assert apart.keys() == one.keys()
    assert apart != one


def test_how_many_are_asked_for_does_not_change_the_games_of_a_full_batch(tmp_path, monkeypatch):
    monkeypatch.setattr("demos.collect.collect.GAMES", 3)
    some = collected(tmp_path / "some", against=FOES, episodes=3)
    more = collected(tmp_path / "more", against=FOES, episodes=7)
    assert [more.checksum(e) for e in range(3)] == [some.checksum(e) for e in range(3)]
    assert [e.seed for e in more.load_all()] == list(range(7))


def test_batches_fit_into_the_memory_set_aside():
    duel, pictures = make_world(DUEL), make_world("CartPole-v1")
    assert games_at_once(duel, {}) == GAMES
    assert games_at_once(duel, {"horizon": 10**9}) == 1
    horizon = 10**5
    games = games_at_once(pictures, {"horizon": horizon})
    assert 1 <= games < GAMES
    assert games * horizon * 4 * 4 < MEMORY


@pytest.mark.parametrize("keep", ["player", "all"])
def test_what_was_collected_verifies_and_replays(tmp_path, keep, capsys):
    dataset = collected(tmp_path, against=FOES, keep=keep)
    assert len(dataset) == (5 if keep == "player" else 10)
    assert gpo.main(["demos", "verify", "shots", "--root", str(tmp_path)]) == 0
    assert f"of {len(dataset)} episodes {len(dataset)} play again" in capsys.readouterr().out
    assert gpo.main(["demos", "info", "shots", "--root", str(tmp_path)]) == 0
    assert "scripted: sharpshooter-3" in re.sub(r"\s+", " ", capsys.readouterr().out)
    playback = Playback(dataset, 1)
    assert playback.how == "played again from its seed and actions"
    assert gpo.main(["demos", "replay", "shots", "1", "--headless", "--root", str(tmp_path)]) == 0


def test_behind_the_shield_its_steps_are_labelled_and_counted(tmp_path, capsys):
    dataset = collected(tmp_path, "safe", COURIER, "random", shield=True, horizon=300)
    acted = 0
    for episode in dataset.load_all():
        changed = (episode.requested_actions != episode.actions).any(1)
        assert np.array_equal(changed, episode.actors == Actor.SHIELD)
        assert episode.costs["collision"].sum() == 0
        acted += int(changed.sum())
    assert acted > 20
    assert dataset.facts["description"].endswith("behind the shield")
    capsys.readouterr()
    assert gpo.main(["demos", "info", "safe", "--root", str(tmp_path)]) == 0
    said = re.sub(r"\W+", " ", capsys.readouterr().out)
    assert f"stood by in 5 of 5 episodes and stepped in {acted} times" in said
    assert gpo.main(["demos", "verify", "safe", "--root", str(tmp_path)]) == 0
    playback = Playback(dataset, 0)
    at = np.flatnonzero(playback.episode.actors == Actor.SHIELD)
    assert playback.shielded(int(at[0]) + 1)
    assert not playback.shielded(0)


def test_an_agent_that_was_trained_behind_the_shield_plays_behind_it(tmp_path):
    world = make_world(COURIER)
    for shield in (False, True):
        path = tmp_path / f"agent-{shield}.safetensors"
        save_agent(path, network(world, 1), world, {**CLONE, "shield": shield})
        dataset = collected(tmp_path, f"by-{shield}", COURIER, str(path), episodes=2)
        assert dataset.facts["provenance"]["shield"] == ("on" if shield else "")
        assert dataset.load(0).player == f"{tmp_path.name}/agent-{shield}"


def test_one_who_plays_alone_needs_no_opponent_and_can_have_none(tmp_path):
    assert len(collected(tmp_path, "alone", "gpo/Balance-v0", "random")) == 5
    with pytest.raises(UserError, match="no seat is left for 'still'"):
        collected(tmp_path, "two", "gpo/Balance-v0", "random", against=["still"])


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"player": "sharpshoter-3"}, "did you mean 'sharpshooter-3'"),
        ({"against": ["rusher-9"]}, "'rusher-9' is no player"),
        ({"player": "human"}, "gpo record"),
        ({"world": "gpo/Dual-v0"}, "gpo/Duel-v0"),
        ({"shield": True}, "has no shield"),
        ({"options": {"horizn": 3}}, "horizon"),
        ({"params": {"colour": 3}}, "colour"),
        ({"name": "a name"}, "cannot name a dataset"),
        ({"player": "nowhere.safetensors"}, "There is no agent at nowhere"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_is_compiled(
    tmp_path, monkeypatch, asked, sentence
):
    def slow(*_, **__):
        raise AssertionError("something slow began")

    monkeypatch.setattr("demos.collect.command.warm_up", slow)
    with pytest.raises(UserError, match=sentence):
        collected(tmp_path, **asked)
    assert Store(tmp_path).names() == []


def test_a_name_that_is_taken_is_refused_at_once(tmp_path, monkeypatch):
    collected(tmp_path, world="gpo/Balance-v0", player="random")
    monkeypatch.setattr("demos.collect.command.make_world", None)
    with pytest.raises(UserError, match="There is already a dataset shots"):
        collected(tmp_path)


def test_ctrl_c_keeps_nothing_and_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("demos.collect.collect.GAMES", 2)
    played = []

    def interrupted(*games):
        played.append(games)
        if len(played) > 3:
            raise KeyboardInterrupt
        return plain(*games)

    from demos.collect.collect import _episode as plain

    monkeypatch.setattr("demos.collect.collect._episode", interrupted)
    code = gpo.main(
        ["demos", "collect", "shots", "gpo/Balance-v0", "--player", "random", "--episodes", "9",
         "--root", str(tmp_path)]
    )  # fmt: skip
    assert code == 130
    assert "stopped; nothing was kept" in capsys.readouterr().out
    assert Store(tmp_path).names() == []
    assert not list(tmp_path.glob(".building-*"))
