"""Loads every kind of artefact under an audit hook: `python -m tests.support.audited DIR`.

An audit hook cannot be taken away again, so this runs in a process of its own. It first makes the artefacts
and loads each once, so that what libraries import for the first time is not mistaken for theirs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# https://docs.python.org/3/library/audit_events.html. `compile` is there twice: of a text, and of a literal.
FORBIDDEN = (
    "exec", "compile", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
    "pty.spawn", "subprocess.Popen", "pickle.find_class", "marshal.loads", "code.__new__", "function.__new__",
    "webbrowser.open", "ctypes.dlopen", "ftplib.connect", "http.client.connect", "urllib.Request",
)  # fmt: skip
FAMILIES = ("socket.",)
LITERAL = "<unknown>"  # the file name under which `ast.literal_eval` parses; nothing is run of that


def watch(found: list[str]) -> Callable[[], None]:
    """Begin to write forbidden events down; returns what ends that."""
    listening = [True]
    known = {name.partition(".")[0] for name in sys.modules}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not listening[0]:
            return
        if event == "import" and arguments[0].partition(".")[0] not in known:
            found.append(f"import {arguments[0]}")
        elif event == "compile" and arguments[1] == LITERAL:
            return
        elif event in FORBIDDEN or event.startswith(FAMILIES):
            found.append(f"{event} {str(arguments)[:200]}")

    sys.addaudithook(hook)
    return lambda: listening.__setitem__(0, False)


def loaders(folder: Path) -> dict[str, Callable[[], Any]]:
    """Makes an artefact of every kind in the folder; what loads each, by its name."""
    from agents.export.onnx_export import export_onnx
    from agents.export.onnx_player import onnx_player
    from agents.files.agent_file import load_agent
    from agents.files.checkpoint_file import checkpoint_files, read_checkpoint_file
    from agents.files.run_agents import run_agents, run_facts
    from agents.lookup import resolve_player
    from agents.players.player import RandomPlayer
    from demos.collect.collect import collect
    from demos.data.dataset.store import Store
    from demos.data.exchange.formats import export, import_from
    from demos.data.inspection.verify import verify
    from demos.window.controls.table import read_table
    from demos.window.script import Script
    from environments.catalog import make_world
    from environments.files.trusted_code import allowed, remember
    from environments.recorded_worlds import described_world
    from tests.demos.support.runs import small_run
    from training.run.recipe import read_recipe

    world, run, store = make_world("CartPole-v1"), folder / "run", Store(folder / "datasets")
    small_run(run, "CartPole-v1")
    collect(store, "games", world, [RandomPlayer(world.action_space)], 3)
    export_onnx(load_agent(run / "agent.safetensors"), folder / "a.onnx")
    for kind in ("npz", "minari", "imitation"):
        export(store, "games", kind, folder / f"out.{kind}")
    remember("some_game:Env")
    (folder / "recipe.toml").write_text('[world]\nid = "CartPole-v1"\n[data]\ntrain = "games"\n')
    (folder / "keys.toml").write_text("[[event]]\nat = 0.1\nquit = true\n")
    table = next((Path(__file__).parents[2] / "demos/window/controls/tables").glob("*.toml"))
    count = iter(range(1000))

    def imported(kind: str) -> Callable[[], Any]:
        return lambda: import_from(store, kind, folder / f"out.{kind}", f"{kind}-{next(count)}")

    def dataset() -> None:
        games = store.open("games")
        games.check()
        games.arrays()
        games.load_all()

    return {
        "agent": lambda: resolve_player(
            str(run), described_world(load_agent(run / "agent.safetensors").world, "it")
        ),
        "checkpoint": lambda: [read_checkpoint_file(path) for path in checkpoint_files(run / "checkpoints")],
        "run": lambda: ([stage.load() for stage in run_agents(run)], run_facts(run)),
        "onnx": lambda: onnx_player(folder / "a.onnx", world),
        "dataset": dataset,
        "verify": lambda: verify(store.open("games")),
        "npz": imported("npz"),
        "minari": imported("minari"),
        "imitation": imported("imitation"),
        "recipe": lambda: read_recipe(str(folder / "recipe.toml"), ["refine.steps=5"]),
        "controls": lambda: read_table(table),
        "script": lambda: Script.read(folder / "keys.toml"),
        "trust": lambda: allowed("some_game:Env"),
    }  # fmt: skip


def main(folder: Path) -> None:
    """Print a JSON object: the forbidden events of each kind of artefact, and of a pickle as the control."""
    import pickle

    kinds = loaders(folder)
    pickled = pickle.dumps(Path)
    kinds["a pickle"] = lambda: pickle.loads(pickled)
    told: dict[str, list[str]] = {}
    for load in kinds.values():
        load()
    for kind, load in kinds.items():
        stop = watch(told.setdefault(kind, []))
        load()
        stop()
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
