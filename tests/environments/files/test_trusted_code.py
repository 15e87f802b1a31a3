"""Names of environments: what a person typed may be run, what a file says is data."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gymnasium
import pytest
from pettingzoo.classic import rps_v2

from environments.catalog import make_world
from environments.external.games.factories import find_factory, require_named
from environments.files import trusted_code as trust
from environments.recorded_worlds import described_world, named_world
from environments.system.errors import UserError
from environments.terminal.command_line import read_options
from environments.terminal.shared_options import ProcessOptions

ROOT = Path(__file__).resolve().parents[3]
GAME = """
import gymnasium, numpy as np
from os import system
class Env(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    def __init__(self, length=5, **others): self.length = length
    def reset(self, *, seed=None, options=None): return np.zeros(2, np.float32), {}
    def step(self, action): return np.zeros(2, np.float32), 1.0, True, False, {}
class Loud(Env):
    def __init__(self, volume=1, **others): super().__init__(**others)
def make(): return Env()
def env(): return Env()
"""


@pytest.fixture
def nothing_trusted(monkeypatch, tmp_path):
    """A folder with a game in it, and a person who has not typed anything yet."""
    monkeypatch.setattr(trust, "_typed", set())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "some_game.py").write_text(GAME)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_a_name_out_of_a_file_is_refused_until_it_is_typed(nothing_trusted):
    with pytest.raises(UserError, match=r"a\.onnx is of .*type --trust some_game \(once"):
        named_world("some_game:Env", {}, "a.onnx")
    make_world("some_game:Env")
    assert named_world("some_game:Env", {}, "a.onnx").id == "some_game:Env"
    assert named_world("some_game:Loud", {}, "a.onnx").id == "some_game:Loud"  # the module counts
    with pytest.raises(UserError, match="--trust some_games"):
        named_world("some_games:Env", {}, "a.onnx")


def test_what_was_typed_counts_in_its_process_and_what_was_trained_with_in_its_folder(
    nothing_trusted, monkeypatch, tmp_path
):
    trust.type_in("some_game:Env")
    monkeypatch.setattr(trust, "_typed", set())  # another process
    assert not trust.allowed("some_game:Env")
    trust.remember("some_game:Env")
    assert trust.allowed("some_game:Loud")
    monkeypatch.chdir(tmp_path)  # another folder
    assert not trust.allowed("some_game:Env")


def test_ids_and_worlds_of_ours_need_no_trust_and_are_not_kept(nothing_trusted, tmp_path):
    for name in ("gpo/Balance-v0", "CartPole-v1", "classic/rps_v2"):
        trust.remember(name)
        assert named_world(name, {}, "a file").id == name
    assert not (tmp_path / "config").exists()
    with pytest.raises(UserError, match="which no installed package registers"):
        named_world("Nowhere-v0", {}, "a file")


def test_trust_is_an_option_and_says_so_in_a_file(nothing_trusted, tmp_path):
    def verb(arguments):
        """Nothing."""

    given = read_options(ProcessOptions, verb, ["--trust", "some_game"], trust=True)
    assert given == ProcessOptions()
    found = json.loads((tmp_path / "config" / "gpo" / "trusted.json").read_text())
    assert found["folders"] == {str(nothing_trusted): ["some_game"]}
    assert "may run" in found["about"]
    assert named_world("some_game:Env", {}, "a file").id == "some_game:Env"


@pytest.mark.parametrize(
    "name", ["os", "os.path", "subprocess:run", "", "a b", "1a", "a..b", "a/b"]
)
def test_what_is_no_module_of_environments_cannot_be_trusted(nothing_trusted, name):
    with pytest.raises(UserError):
        trust.allow(name)
    assert not trust.allowed(name if ":" in name else f"{name}:E")


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "null", '{"folders": 3}', '{"folders": {"FOLDER": "some_game"}}',
             '{"folders": {"FOLDER": [3, null]}}', "[" * 99999],
)  # fmt: skip
def test_a_damaged_file_trusts_nothing_and_is_made_anew(nothing_trusted, tmp_path, text):
    path = tmp_path / "config" / "gpo" / "trusted.json"
    path.parent.mkdir(parents=True)
    path.write_text(text.replace("FOLDER", str(nothing_trusted)))
    assert not trust.allowed("some_game:Env")
    trust.remember("some_game:Env")
    assert trust.allowed("some_game:Env")


def test_without_a_home_what_is_typed_still_works(nothing_trusted, monkeypatch, tmp_path, caplog):
    (tmp_path / "config").write_text("a file where a folder should be")
    trust.allow("some_game")
    assert trust.allowed("some_game:Env")
    assert "cannot be kept" in caplog.text
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    monkeypatch.setenv("HOME", "relative")  # a folder that is sent could hold it
    Path("relative/.config/gpo").mkdir(parents=True)
    Path("relative/.config/gpo/trusted.json").write_text(
        json.dumps({"folders": {str(Path.cwd()): ["other_game"]}})
    )
    assert not trust.allowed("other_game:Env")


def test_a_typed_name_calls_environments_alone(nothing_trusted):
    assert isinstance(find_factory("some_game:Env"), type)
    assert callable(find_factory("some_game:env"))  # as PettingZoo's are called
    for name in ("some_game:make", "some_game:system", "some_game:np", "some_game:GAME", "os:system",
                 "subprocess:Popen", "builtins:exec", "gymnasium.spaces:Discrete"):  # fmt: skip
        with pytest.raises((UserError, gymnasium.error.Error)):
            find_factory(name)()


@pytest.mark.parametrize(
    ("name", "known", "unknown"),
    [
        ("CartPole-v1", ["render_mode", "max_episode_steps"], ["id", "kwargs", "self"]),
        ("some_game:Env", ["length"], ["others", "volume"]),
        ("some_game:Loud", ["length", "volume"], ["others"]),
        ("pettingzoo.classic:rps_v2", ["num_actions", "max_cycles"], ["kwargs"]),
        ("classic/rps_v2", ["num_actions", "max_cycles"], ["kwargs", "env_type", "id"]),
    ],
)  # fmt: skip
def test_keywords_of_a_file_are_named_parameters(nothing_trusted, name, known, unknown):
    maker = find_factory(name)
    require_named(name, maker, dict.fromkeys(known))
    for word in unknown:
        with pytest.raises(UserError, match=f"no parameter '{word}'"):
            require_named(name, maker, {word: 1})
    assert rps_v2.raw_env is not None


@pytest.mark.parametrize(
    "words", ["os.system('x')", "{1, 2}", "b'x'", "1j", "[" * 5000, "'some.where:Thing'", "x", 3, None,
              "{1: 2}", "'" + "a" * 20_000 + "'"],
)  # fmt: skip
def test_parameters_of_a_file_are_plain_values(nothing_trusted, words):
    with pytest.raises(UserError):
        described_world({"world": "CartPole-v1", "params": {"render_mode": words}}, "a file")


@pytest.mark.parametrize(
    "described", [{}, {"world": None}, {"world": ["x"]}, {"world": "CartPole-v1", "params": [1]}]
)
def test_a_description_that_is_none_gets_a_sentence(described):
    with pytest.raises(UserError, match="a file"):
        described_world(described, "a file")


def test_parameters_come_back_from_their_words_and_typed_ones_go_before(nothing_trusted):
    trust.allow("some_game")
    told = {"world": "some_game:Env", "params": {"length": "7"}}
    assert described_world(told, "a file").params == {"length": 7}
    assert described_world(told, "a file", {"length": 9}).params == {"length": 9}
    ours = {"world": "gpo/Kitchen-v0", "params": {"layout": "counter_circuit"}}
    assert described_world(ours, "a file").params.layout == "counter_circuit"


def test_the_current_folder_is_searched_for_typed_names_alone(nothing_trusted, monkeypatch):
    here = str(Path.cwd())
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place != here])
    with pytest.raises(UserError):
        named_world("some_game:Env", {}, "a file")
    named_world("CartPole-v1", {}, "a file")
    assert here not in sys.path
    monkeypatch.delitem(sys.modules, "some_game", raising=False)
    find_factory("some_game:Env")  # of a name that is allowed
    assert here in sys.path


@pytest.mark.parametrize("times", [1, 2, 5])
def test_our_own_modules_open_no_other_door(nothing_trusted, times):
    name = "environments.catalog:" * times
    make_world(f"{name}gpo/Balance-v0")
    with pytest.raises(UserError, match="--trust some_game "):
        named_world(f"{name}some_game:Env", {}, "a file")
    for module in (
        "environments.catalog",
        "environments",
        "agents.files.agent_file",
        "gpo",
        "training:x",
    ):
        with pytest.raises(UserError, match="GPO's own"):
            trust.allow(module)
        trust.type_in(f"{module}:x")
        assert not trust.allowed(f"{module}:x")


def test_what_an_installed_module_lacks_is_not_searched_here(nothing_trusted, monkeypatch):
    here = str(nothing_trusted)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place != here])
    with pytest.raises((UserError, gymnasium.error.Error)):
        find_factory("gymnasium.spaces:Nothing-v0")()
    assert here not in sys.path
    monkeypatch.delitem(sys.modules, "some_game", raising=False)
    find_factory("some_game:Env")
    assert here in sys.path


@pytest.mark.parametrize(
    "name", ["some_game:", "some_game:a:b-v0", ":Env", "a b:Env", "environments.catalog:"]
)
def test_a_name_has_one_colon_between_two_words(nothing_trusted, name):
    with pytest.raises(UserError) as caught:
        make_world(name)
    assert "\n" not in str(caught.value)


def test_parameters_of_a_file_are_short(nothing_trusted):
    named_world("CartPole-v1", {"render_mode": None}, "a file")
    with pytest.raises(UserError, match="more than 10,000 characters"):
        named_world("CartPole-v1", {"render_mode": ["F" * 100] * 100}, "a file")


EVALUATE = "evaluate random --world gpo/Balance-v0 --episodes 1 --horizon 3"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("cache_dir: poison\ndisable_jit: 1", EVALUATE),
        *(
            (text, "worlds") for text in ("a: [", "- 1", "1: 2")
        ),  # no settings: read on import alone
    ],
)
def test_numba_takes_no_settings_from_a_folder_that_was_sent(nothing_trusted, text, command):
    (nothing_trusted / ".numba_config.yaml").write_text(text)
    code = (
        f"import gpo, sys; code = gpo.main({command.split()}); from numba import config; "
        "print(config.CACHE_DIR, config.DISABLE_JIT); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split()[-1] == "0"
    assert "poison" not in done.stdout
    assert ".numba_config.yaml of this folder is not read" in done.stderr
    assert not (nothing_trusted / "poison").exists()
