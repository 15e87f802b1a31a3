"""A player named `module:Class`, as a person typed it: it plays, and its mistakes are sentences."""

import numpy as np
import pytest
from stable_baselines3 import PPO

import gpo
from agents.evaluation.games import play_games
from agents.experts.typed_player import TypedPlayer
from agents.lookup import find
from agents.lookup_names import PLAYERS, TYPED_PLAYERS, NameKind
from agents.players.mixture import Mixture
from demos.data.dataset.store import Store
from environments.catalog import make_batch, make_world
from environments.external.trial.trial import try_here
from environments.system.errors import UserError
from tests.environments.support.sense_toys import LENGTH, Senses, game, same, shown

HERE = "tests.agents.experts.test_typed_player"


class Left:
    """Always goes left; remembers how often it was asked."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.zeros(len(observation), np.int64), (state or 0) + 1


class Demanding(Left):
    def __init__(self, something):
        self.something = something


class Raising(Left):
    def predict(self, *given):
        raise RuntimeError("out of fuel")


class Single(Left):
    def predict(self, observation, *rest):
        return 0, None


class Nothing:
    """Has no predict."""


left = Left()


@pytest.mark.parametrize("what", ["Left", "left"])
def test_a_class_or_an_object_plays(what):
    world = make_world("gpo/Balance-v0")
    found = find(f"{HERE}:{what}", TYPED_PLAYERS, world)
    assert found.kind is NameKind.TYPED
    action, state = found.player(world).predict(np.zeros((3, 4), np.float32))
    assert action.tolist() == [0, 0, 0]
    assert state == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (f"{HERE}:Lefft", "has no 'Lefft': did you mean 'Left'?"),
        (f"{HERE}:Demanding", "when it was made"),
        (f"{HERE}:Nothing", "is no player: give it a method `predict("),
        (
            "nowhere_at_all:Left",
            "There is no module 'nowhere_at_all' here or installed, for the player",
        ),
        ("os:system", "is of Python's own library"),
        (f"{HERE}:", "is no player: write module:Class, with one colon"),
    ],
)
def test_what_is_no_player_is_refused(name, told):
    world = make_world("gpo/Balance-v0")
    with pytest.raises(UserError) as caught:
        find(name, TYPED_PLAYERS, world).player(world)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [("Raising", "raised RuntimeError in test_typed_player.py"), ("Single", "of shape () as")],
)
def test_mistakes_in_a_game_are_sentences(name, told):
    world = make_world("gpo/Balance-v0")
    player = find(f"{HERE}:{name}", TYPED_PLAYERS, world).player(world)
    with pytest.raises(UserError) as caught:
        player.predict(np.zeros((3, 4), np.float32))
    assert told in str(caught.value)


def test_a_name_out_of_a_file_imports_nothing():
    with pytest.raises(UserError, match="is a world, and here a player is wanted"):
        find(f"{HERE}:Left", PLAYERS)


def test_it_is_collected_from(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_script.py").write_text(
        "import numpy as np\nclass Right:\n"
        "    def predict(self, observation, state=None, episode_start=None, deterministic=False):\n"
        "        return np.ones(len(observation), int), state\n"
    )
    wanted = ["right", "gpo/Balance-v0", "--player", "my_script:Right", "--episodes", "3"]
    assert gpo.main(["demos", "collect", *wanted]) == 0
    dataset = Store(tmp_path / "datasets").open("right")
    assert (dataset.arrays().actions == 1).all()
    assert dataset.facts["provenance"]["collected from"] == "my_script:Right"


class Watcher:
    """Remembers what it is shown, and asks for the first choice, in the environment's own numbers."""

    def __init__(self, action=0):
        self.action, self.seen = action, []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.seen.append(observation)
        return np.full(len(episode_start), self.action), state


class Masked(Watcher):
    """As sb3-contrib's MaskablePPO."""

    def predict(
        self, observation, state=None, episode_start=None, deterministic=False, action_masks=None
    ):
        self.seen.append((observation, action_masks))
        return action_masks.argmax(1), state


def watcher():
    """A function that makes a player."""
    return Watcher()


SENSES = "tests.environments.support.sense_toys:Senses"


@pytest.fixture
def _tried_here(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)
    shown.clear()


@pytest.mark.usefixtures("_tried_here")
@pytest.mark.parametrize("kind", ["dict", "nested", "tuple", "choice", "wide", "text"])
def test_it_sees_what_the_environment_showed_and_nothing_else(kind):
    world = make_world(SENSES, kind=kind, start=2)
    player = Watcher(action=2)
    batch = make_batch(world, 1, seed=4)
    shown.clear()
    batch.reset(seed=4)
    play_games(batch, [TypedPlayer("watcher", player, world)])
    assert len(player.seen) == LENGTH
    assert all(same(game(seen, 0), one) for seen, one in zip(player.seen, shown, strict=False))


@pytest.mark.usefixtures("_tried_here")
def test_in_a_mixture_it_sees_its_own_games_alone():
    world = make_world(SENSES, kind="dict")
    players = [Watcher(), Watcher()]
    typed = [TypedPlayer(f"{n}", player, world) for n, player in enumerate(players)]
    batch = make_batch(world, 8, seed=0)
    shown.clear()
    batch.reset(seed=0)
    play_games(batch, [Mixture(typed, [1.0, 1.0], 5)])
    places = [one["place"].tolist() for one in shown[:8]]
    at = [[places.index(row) for row in player.seen[0]["place"].tolist()] for player in players]
    assert sorted(at[0] + at[1]) == list(range(8))
    assert all(at)


@pytest.mark.usefixtures("_tried_here")
def test_masks_are_where_the_environment_has_them():
    inside, beside = (make_world(SENSES, kind="dict", mask=how) for how in ("part", "info"))
    one, other = Watcher(), Masked()
    player = TypedPlayer("one", one, inside)
    player.predict(make_batch(inside).observation[:, 0], None, np.ones(1, bool))
    assert list(one.seen[0]) == ["action_mask", "camera", "gear", "place"]
    assert one.seen[0]["action_mask"].dtype == np.int8
    player = TypedPlayer("other", other, beside)
    batch = make_batch(beside, 2)
    batch.step([[0], [1]])
    action, _ = player.predict(batch.observation[:, 0])
    seen, masks = other.seen[0]
    assert list(seen) == ["camera", "gear", "place"]
    assert masks.tolist() == [[False, True, True], [True, False, True]]
    assert action.tolist() == [1, 0]


@pytest.mark.usefixtures("_tried_here")
@pytest.mark.parametrize(
    ("action", "said"),
    [
        (1, r"gave the action 1 in game 0; it must be in Discrete\(3, start=2\)"),
        (5, r"gave the action 5 in game 0"),
        (2.5, "gave float64 of shape"),
    ],
)
def test_an_action_is_the_environments_own_or_none(action, said):
    world = make_world(SENSES, kind="dict", start=2)
    rows, starts = make_batch(world).observation[:, 0], np.ones(1, bool)
    with pytest.raises(UserError, match=said):
        TypedPlayer("wrong", Watcher(action), world).predict(rows, None, starts)
    assert TypedPlayer("right", Watcher(4), world).predict(rows, None, starts)[0].tolist() == [2]


@pytest.mark.usefixtures("_tried_here")
def test_a_model_of_sb3_plays_what_it_was_trained_in():
    world = make_world(SENSES, kind="dict")
    model = PPO("MultiInputPolicy", Senses("dict"), n_steps=8, batch_size=8, device="cpu", seed=0)
    batch = make_batch(world, 3, seed=2)
    player, asked = TypedPlayer("model", model, world), []
    shown.clear()
    batch.reset(seed=2)
    for _ in range(LENGTH):
        wanted = [int(model.predict(one, deterministic=True)[0]) for one in shown[-3:]]
        action, _ = player.predict(batch.observation[:, 0], None, None, deterministic=True)
        assert action.tolist() == wanted
        asked += wanted
        batch.step(action[:, None])
    assert len(asked) == 3 * LENGTH


def test_a_function_makes_a_player():
    world = make_world("gpo/Balance-v0")
    player = find(f"{HERE}:watcher", TYPED_PLAYERS, world).player(world)
    assert player.predict(np.zeros((1, 4)), None, np.ones(1))[0].tolist() == [0]
