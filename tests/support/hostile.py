"""Files whose world is another's code, sealed as ours are: what anybody could send."""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import onnx

from agents.export.onnx_export import export_onnx
from agents.export.onnx_file import OnnxFile, pack
from agents.files.agent_file import load_agent, save_agent
from agents.networks.policy import build_policy
from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.exchange.formats import export
from environments.catalog import make_world
from environments.simulation.world import World
from environments.system.errors import UserError

MARKER = "PWNED"  # the file that the code would leave in the current folder
MODULE = f"""
open({MARKER!r}, "w").close()
import gymnasium, numpy as np
class E(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-4.8, 4.8, (4,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    def reset(self, *, seed=None, options=None): return np.zeros(4, np.float32), {{}}
    def step(self, action): return np.zeros(4, np.float32), 1.0, True, False, {{}}
"""
# Name and parameters of the world; the first two call a function, the third only imports, the others are ids.
WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    "system": ("os:system", {"command": f"touch {MARKER}"}),
    "popen": ("subprocess:Popen", {"args": ["touch", MARKER]}),
    "module": ("evilmod:E", {}),
    "module id": ("evilmod:E-v0", {}),
    "unpickle": ("pandas:read_pickle", {"filepath_or_buffer": "evil.pkl"}),
    "id": ("CartPole-v1", {"render_mode": "evilmod:E"}),
}


def evil_world(kind: str) -> World:
    """The description of a world that nobody should make, drawn on a harmless one."""
    name, params = WORLDS[kind]
    harmless: Any = make_world("CartPole-v1")
    evil: World = replace(harmless, id=name, params=params)
    return evil


@cache
def harmless_export() -> OnnxFile:
    """The ONNX file of an agent of a harmless world: tracing takes a second, and the graphs are all alike."""
    world: Any = make_world("CartPole-v1")
    policy = build_policy(world.observation_space, world.action_space, {"net_arch": [4]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.safetensors"
        save_agent(path, policy, world, {"role": "clone"})
        return export_onnx(load_agent(path), path.with_suffix(".onnx")).file


def exported(path: Path) -> bytes:
    """The bytes of an agent's ONNX file: the facts of the agent, sealed, on the graph of a harmless one."""
    agent, harmless = load_agent(path), harmless_export()
    model = onnx.load_model_from_string(harmless.data)
    del model.metadata_props[:]
    text = json.dumps(agent.world, sort_keys=True)
    known = {"world": agent.world, "fingerprint": hashlib.sha256(text.encode()).hexdigest()}
    return pack(model, {**harmless.about, **known, "agent": agent.sha256})


def everything(folder: Path, kind: str) -> None:
    """An agent, its ONNX file, a run, a dataset and what it is exported to, and a recipe, in a folder."""
    (folder / "evilmod.py").write_text(MODULE)
    world, harmless = evil_world(kind), make_world("CartPole-v1")
    policy = build_policy(world.observation_space, world.action_space, {"net_arch": [4]})
    for path in (
        folder / "a.safetensors",
        folder / "run/agent.safetensors",
        folder / "run/clone.safetensors",
    ):
        save_agent(path, policy, world, {"role": "clone"})
    (folder / "a.onnx").write_bytes(exported(folder / "a.safetensors"))
    name, params = WORLDS[kind]
    recipe = {"world": {"id": name, "params": params, "horizon": None}, "costs": {}, "reward": {}}
    (folder / "run/recipe.json").write_text(json.dumps(recipe))
    store = Store(folder / "datasets")
    collect(store, "harmless", harmless, [RandomPlayer(harmless.action_space)], 2)
    with store.building_for(world, "evil") as dataset:
        about: Any = {"world": world.id, "fingerprint": world.fingerprint}
        dataset.append_many([replace(e, **about) for e in store.open("harmless").load_all()])
    for form in ("npz", "minari", "imitation"):
        with suppress(UserError):  # minari's makes the environment again, where it knows the id
            export(store, "evil", form, folder / f"evil.{form}")
    words = ", ".join(f"{key} = {json.dumps(value)}" for key, value in params.items())
    (folder / "recipe.toml").write_text(
        f'[world]\nid = "{name}"\nparams = {{{words}}}\n[data]\ntrain = "harmless"\n'
    )
