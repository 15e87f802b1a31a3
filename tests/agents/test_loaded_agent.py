"""An agent in a loop of one's own: it takes what its environment shows, and does what it does in ours."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from agents.loaded_agent import LoadedAgent
from agents.players.player import NetworkPlayer
from agents.schema.own_observation import read_layout
from environments.catalog import make_batch, make_world
from environments.external.games.own_observations import own_observations
from environments.external.trial.trial import try_here
from environments.files.readers import Unreadable
from environments.system.errors import UserError
from tests.agents.support.exports import agent_of_world
from tests.environments.support.sense_toys import LENGTH, SENSES, Senses

TOY = "tests.environments.support.sense_toys:Senses"
KINDS = [kind for kind in SENSES if kind != "text"]


@pytest.fixture(autouse=True)
def _tried_here(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


def loaded(tmp_path, steps=0, **params) -> tuple[Any, LoadedAgent]:
    world = make_world(TOY, **params)
    return world, LoadedAgent(agent_of_world(world, steps, tmp_path / "a.safetensors"))


def own_of(env):
    """What a game of one's own hands over: the observation, and the mask where it stands in the info."""
    seen, info = env
    return {"observation": seen, "action_masks": info.get("action_mask")}


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("mask", ["", "part", "info"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_does_in_the_game_itself_what_it_does_in_our_rows(tmp_path, kind, mask, steps):
    if mask == "part" and not isinstance(SENSES[kind], spaces.Dict):
        pytest.skip("a mask is a part of dicts alone")
    world, agent = loaded(tmp_path, steps, kind=kind, mask=mask, start=2)
    batch, env = make_batch(world, 1, seed=5), Senses(kind, 2, mask)
    ours, state = NetworkPlayer(agent.agent.policy), None
    answer, own_state = env.reset(seed=5), None
    for step in range(LENGTH):
        starts = np.array([step == 0])
        counted, state = ours.predict(batch.observation[:, 0], state, starts, deterministic=True)
        action, own_state = agent.predict(**own_of(answer), state=own_state)
        assert world.own_action_space.contains(action)
        assert action == counted[0] + 2
        seen, _, _, _, info = env.step(action)
        answer = seen, info
        batch.step(counted[:, None])


@pytest.mark.parametrize("kind", KINDS)
def test_several_games_are_asked_at_once(tmp_path, kind):
    world, agent = loaded(tmp_path, kind=kind)
    batch = make_batch(world, 40, seed=0)
    own: Any = own_observations(world)
    actions, _ = agent.predict(own.shown(batch.observation[:, 0]))
    rows = np.array(batch.observation[:, 0])
    wanted = NetworkPlayer(agent.agent.policy).predict(rows, deterministic=True)[0]
    assert actions.tolist() == wanted.tolist()
    assert len(set(wanted.tolist())) > 1, "it always does the same"
    again, _ = agent.predict(rows)  # rows of ours are taken as before
    assert again.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"place": None}, "sees 'place', and the observation has none"),
        ({"place": np.zeros(2)}, r"sees 'place' as float64 \[3\], not float64 \[2\]"),
        ({"gear": 3}, r"sees 'gear' in Discrete\(3\), not"),
        ({"gear": 0.5}, r"sees 'gear' in Discrete\(3\), not"),
        ({"gear": "first"}, r"sees 'gear' as int64 \[\], not <U5 \[\]"),
        ({"gear": np.array([1, 1])}, "of different numbers of games"),
    ],
)
def test_what_is_not_shown_is_a_sentence(tmp_path, change, said):
    _, agent = loaded(tmp_path, kind="dict")
    seen = {**Senses("dict").reset(seed=0)[0], **change}
    seen = {name: part for name, part in seen.items() if part is not None}
    with pytest.raises(UserError, match=said) as caught:
        agent.predict(seen)
    assert "\n" not in str(caught.value)


def test_a_mask_is_asked_for_where_the_observation_has_none(tmp_path):
    _, agent = loaded(tmp_path, kind="dict", mask="info")
    seen, info = Senses("dict", 0, "info").reset(seed=0)
    with pytest.raises(UserError, match=r"hand it action_masks, which .* has in info"):
        agent.predict(seen)
    with pytest.raises(UserError, match="a mask of 3 choices, not of 2"):
        agent.predict(seen, action_masks=[1, 0])
    for only in range(3):
        assert agent.predict(seen, action_masks=np.arange(3) == only)[0] == only
    assert info["action_mask"].all()


def test_a_text_is_a_sentence_and_its_numbers_are_taken(tmp_path):
    world, agent = loaded(tmp_path, kind="text")
    seen = Senses("text").reset(seed=0)[0]
    with pytest.raises(UserError, match=r"is shown 'said', a Text, .*: play it in gymnasium"):
        agent.predict(seen)
    row = spaces.flatten(world.own_observation_space, seen)
    assert agent.predict(row)[0] in (0, 1, 2)


GOOD = {"name": "a", "path": ["a"], "at": 0, "numbers": 2, "space": "Box", "dtype": "float32"}
GOOD |= {"shape": [2], "low": None, "high": 1.0}
CHOICE = {
    "name": "a",
    "path": ["a"],
    "at": 0,
    "numbers": 2,
    "space": "Discrete",
    "n": 2,
    "start": 0,
}


@pytest.mark.parametrize(
    "described",
    [
        None,
        {},
        [],
        [GOOD, GOOD],
        ["a"],
        [{**GOOD, "name": 3}],
        [{**GOOD, "path": None}],
        [{**GOOD, "path": [["a"]]}],
        [{**GOOD, "path": ["a"] * 33}],
        [{**GOOD, "at": 1}],
        [{**GOOD, "numbers": 2**60}],
        [{**GOOD, "numbers": 1}],
        [{**GOOD, "numbers": True}],
        [{**GOOD, "shape": [2**40, 2**40]}],
        [{**GOOD, "shape": "2"}],
        [{**GOOD, "low": [1, 2, 3]}],
        [{**GOOD, "low": {"a": 1}}],
        [{**GOOD, "low": 2.0}],
        [{**GOOD, "dtype": "O"}],
        [{**GOOD, "dtype": "uint8"}],
        [{**GOOD, "dtype": ["float32"]}],
        [{**GOOD, "space": "Dict"}],
        [{**GOOD, "space": ["Box"]}],
        [{**GOOD, "space": "mask"}],
        [{**CHOICE, "n": 10**30}],
        [{**CHOICE, "start": 2**63}],
        [{**CHOICE, "n": None}],
        [{**CHOICE, "space": "MultiDiscrete", "nvec": [[1], [1, 2]], "start": [0]}],
    ],
)
def test_a_file_that_describes_no_observation_is_refused(described):
    with pytest.raises(Unreadable):
        read_layout(described, 2)
    read_layout([GOOD], 2)
    read_layout([CHOICE], 2)
