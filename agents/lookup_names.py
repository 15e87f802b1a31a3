"""The kinds of things that a name can mean, and the sentence about a name that is of no use."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from agents.experts.registry import EXPERTS, expert_names
from environments.catalog import WORLDS
from environments.simulation.world import World
from environments.system.suggestions import closest

RUNS = Path("runs")  # where a run is looked for by its name alone


class NameKind(Enum):
    """What a name can mean; the value is how a sentence calls it."""

    AGENT = "an agent file"
    RUN = "a run"
    ONNX = "an ONNX file"
    SCRIPT = "a scripted player"
    RANDOM = "a player of random actions"
    STILL = "a player that does nothing"
    HUMAN = "a person at this machine"
    WORLD = "a world"
    TYPED = "a player's class"


AGENTS = frozenset({NameKind.AGENT, NameKind.RUN})
FILES = AGENTS | {NameKind.ONNX}
PLAYERS = FILES | {NameKind.SCRIPT, NameKind.RANDOM, NameKind.STILL}
TYPED_PLAYERS = PLAYERS | {NameKind.TYPED}  # where a person typed the name: it may import a module
WORDS = {"random": NameKind.RANDOM, "still": NameKind.STILL, "human": NameKind.HUMAN}


def is_path(name: str) -> bool:
    """Whether a name leads into a folder that is there."""
    with suppress(OSError, ValueError):
        parent = Path(name).parent
        return parent != Path() and parent.is_dir()
    return False


def all_scripts() -> set[str]:
    """The names of all scripted players."""
    return {name for players in EXPERTS.values() for name in players}


def refusal(
    name: str, kind: NameKind | None, kinds: Collection[NameKind], world: World | None
) -> str:
    """The sentence about a name that is of no use."""
    what = _wanted(kinds)
    if kind is NameKind.HUMAN:
        return f"'{name}' is {kind.value}, and here {what} is wanted: people play in gpo record and gpo play."
    if kind in (NameKind.SCRIPT, NameKind.RANDOM, NameKind.STILL) and NameKind.WORLD in kinds:
        return (
            f"'{name}' is {kind.value}: name a world to see it in, and give it as --player {name}."
        )
    if kind is not None:
        return f"'{name}' is {kind.value}, and here {what} is wanted: {_advice(kinds, world)}"
    if is_path(name):
        return f"There is no run folder and no agent file {name}: correct the path."
    near = closest(name, _known(kinds, world))
    hint = f"did you mean '{near}'?" if near is not None else _advice(kinds, world)
    return f"'{name}' is no {what.partition(' ')[2]}: {hint}"


def _wanted(kinds: Collection[NameKind]) -> str:
    if NameKind.WORLD in kinds:
        return "an agent, run or world"
    return "a player" if NameKind.RANDOM in kinds else "an agent or run"


def _known(kinds: Collection[NameKind], world: World | None) -> list[str]:
    """The names that might have been meant."""
    known = [word for word, kind in WORDS.items() if kind in kinds]
    if NameKind.SCRIPT in kinds:
        known += sorted(all_scripts()) if world is None else expert_names(world)
    if NameKind.RUN in kinds:
        known += known_runs()
    return known + (list(WORLDS) if NameKind.WORLD in kinds else [])


def known_runs() -> list[str]:
    """The names of the runs under `runs/`."""
    with suppress(OSError):
        return sorted(path.parent.name for path in RUNS.glob("*/recipe.json"))
    return []


def _advice(kinds: Collection[NameKind], world: World | None) -> str:
    """What to give instead, as the end of a sentence."""
    given: list[Any] = ["'random'", "'still'"] if NameKind.RANDOM in kinds else []
    scripts = expert_names(world) if NameKind.SCRIPT in kinds and world is not None else ()
    given += [f"a script such as '{scripts[0]}'"] if scripts else []
    endings = " or ".join(
        ending
        for ending, kind in ((".safetensors", NameKind.AGENT), (".onnx", NameKind.ONNX))
        if kind in kinds
    )
    given += ["module:Class"] if NameKind.TYPED in kinds else []
    given += [f"a {endings} file", "a run folder"]
    last = "the id of a world" if NameKind.WORLD in kinds else f"the name of a run in {RUNS}"
    return f"give {', '.join(given)} or {last}."
