"""Our kitchen agents in the game of the package `overcooked-ai` 1.1.0, by its rules and by those of 2019.

    python -m tests.studies.overcooked_ai runs/demo-cramped_room [--games 100]

Since 1.0 the package wants a cook to start a full pot by using it with empty hands. None had to in 2019,
when the people played whom we learn from, so their agents never do; and empty hands that met a pot with
one onion did nothing, where they now cook it. `Rules2019` is the difference.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from agents.evaluation.games import HELD_OUT
from agents.evaluation.statistics import bootstrap_mean
from agents.files.agent_file import load_agent
from agents.players.from_agent import make_player
from demos.data.exchange.overcooked.states import DIRECTIONS, OBJECTS
from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.simulation.world import World
from environments.worlds.kitchen.constants import COUNTER, INTERACT, POT, STAY

HORIZON = 400  # steps, as published


def overcooked() -> Any:
    """The package's module of the game; it asks for the old gym, of which it only needs a name."""
    if "gym" not in sys.modules:
        gym, envs, registration = (
            ModuleType(f"gym{end}") for end in ("", ".envs", ".envs.registration")
        )
        registration.register = lambda **_: None  # type: ignore[attr-defined]
        sys.modules.update({"gym": gym, "gym.envs": envs, "gym.envs.registration": registration})
    from overcooked_ai_py.mdp import overcooked_mdp

    return overcooked_mdp


def kitchen_of(layout: str, rules_2019: bool) -> Any:
    """The package's game of a layout."""
    game = overcooked().OvercookedGridworld

    class Rules2019(game):  # type: ignore[misc, valid-type]
        """A pot cooks by itself, once it is full, and by nothing else."""

        def soup_to_be_cooked_at_location(self, *_: Any) -> bool:
            """Whether empty hands start what is in a pot."""
            return False

        def resolve_interacts(self, new_state: Any, *rest: Any) -> Any:
            """As the package's, and then full pots begin."""
            rewards = super().resolve_interacts(new_state, *rest)
            for soup in (thing for thing in new_state.objects.values() if thing.name == "soup"):
                if soup.is_full and soup.is_idle:
                    soup.begin_cooking()
            return rewards

    kitchen = game.from_layout_name(layout)  # a static method: it makes no subclass
    if rules_2019:
        kitchen.__class__ = Rules2019
    return kitchen


def write_state(theirs: Any, ours: np.void, table: np.void) -> None:
    """Copy a state of the package into one of ours."""
    width = int(table["width"])
    for name in ("held", "held_ticks", "item", "item_ticks", "onions", "ticks"):
        ours[name] = 0
    for n, player in enumerate(theirs.players):
        ours["position"][n] = player.position[1] * width + player.position[0]
        ours["facing"][n] = DIRECTIONS[player.orientation]
        if player.has_object():
            ours["held"][n], _, ours["held_ticks"][n] = written(player.get_object())
    for (x, y), thing in theirs.objects.items():
        code, onions, ticks = written(thing)
        cell = y * width + x
        if table["terrain"][cell] == POT:
            ours["onions"][table["pot_at"][cell]] = onions
            ours["ticks"][table["pot_at"][cell]] = ticks
        else:
            assert table["terrain"][cell] == COUNTER
            ours["item"][cell], ours["item_ticks"][cell] = code, ticks


def written(thing: Any) -> tuple[int, int, int]:
    """Our code of an object of the package's, its onions, and for how long they have cooked."""
    if thing.name != "soup":
        return OBJECTS.index(thing.name), 0, 0
    return OBJECTS.index("soup"), len(thing.ingredients), max(0, thing._cooking_tick)


def their_action(action: int) -> Any:
    """One of our actions as the package writes it."""
    if action == INTERACT:
        return "interact"
    return (
        (0, 0) if action == STAY else {code: offset for offset, code in DIRECTIONS.items()}[action]
    )


def play(world: World, layout: str, rules_2019: bool, players: list[Any], games: int) -> np.ndarray:
    """The points of each game, 20 a soup: [E]."""
    kitchen = kitchen_of(layout, rules_2019)
    theirs = [kitchen.get_standard_start_state() for _ in range(games)]
    batch = Batch(world, games, restart=False)
    batch.reset(seed=HELD_OUT)
    points, memory = np.zeros(games), [None, None]
    for step in range(HORIZON):
        for b, state in enumerate(theirs):
            write_state(state, batch.state[b], world.table[0])
        batch.state["tick"], batch.state["horizon"] = step, HORIZON
        seen = batch.observe()
        chosen = []
        for seat, player in enumerate(players):
            begin = np.full(games, step == 0)
            actions, memory[seat] = player.predict(seen[:, seat], memory[seat], begin, False)
            chosen.append(actions)
        for b, joint in enumerate(zip(*chosen, strict=True)):
            theirs[b], told = kitchen.get_state_transition(
                theirs[b], tuple(their_action(int(action)) for action in joint)
            )
            points[b] += sum(told["sparse_reward_by_agent"])
    return points


def main() -> None:
    """Print a line for each set of rules and seat."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    asked.add_argument("run", type=Path, help="the folder of a run of `gpo demo` or `gpo train`")
    asked.add_argument("--layout", default="cramped_room")
    asked.add_argument("--games", type=int, default=100)
    given = asked.parse_args()
    world = make_world("gpo/Kitchen-v0", layout=given.layout)
    agent = load_agent(given.run / "agent.safetensors")
    human = load_agent(given.run / "human_model.safetensors")
    for rules_2019 in (False, True):
        for seat in (0, 1):
            players = [
                make_player(agent if n == seat else human, world, HELD_OUT + n) for n in (0, 1)
            ]
            points = play(world, given.layout, rules_2019, players, given.games)
            rules = "rules of 2019" if rules_2019 else "as it comes"
            print(f"{given.layout}, seat {seat}, {rules}: {bootstrap_mean(points)}", flush=True)


if __name__ == "__main__":
    main()
