"""A player named `module:Class`, as a person typed it: it plays, and its mistakes are sentences."""

import numpy as np
import pytest

import gpo
from agents.lookup import find
from agents.lookup_names import PLAYERS, TYPED_PLAYERS, NameKind
from demos.data.dataset.store import Store
from environments.catalog import make_world
from environments.system.errors import UserError

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
