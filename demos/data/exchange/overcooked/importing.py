"""The import of the play of people that Carroll et al. published in 2019 (arXiv 1910.05789).

Each recorded game is played again in our own kitchen, from its first state, with its actions:
observations, terms and costs come from that replay, and a replay that does not earn what the people
earned, step by step, or that ends in another state, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.store import Store
from demos.data.episodes.episode import NANOSECONDS, Episode
from demos.data.exchange.file_format import Imported, Progress
from demos.data.exchange.overcooked.files import FILES, RecordedGame, published_bytes, read_games
from demos.data.exchange.overcooked.states import encode_states
from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.worlds.kitchen import world as kitchen
from environments.worlds.kitchen.layouts import named_layout

WORLD = "gpo/Kitchen-v0"
RECORDED_SOUP = 5.0  # what a soup earned in the recordings
LATE = 1.5  # a step that came this many ticks after the one before it came late
COMPARED = ("position", "facing", "held", "held_ticks", "item", "item_ticks", "onions", "ticks")


@dataclass(frozen=True)
class ReplayedGames:
    """What our kitchen said to the recorded actions. G = games, T = steps of the longest, N = 2."""

    observations: npt.NDArray[np.float32]  # [T+1, G, N, O]
    rewards: npt.NDArray[np.float32]  # [T, G, N]
    terms: npt.NDArray[np.float32]  # [T, G, N, K]
    costs: npt.NDArray[np.float32]  # [T, G, N, C]


def dataset_name(layout: str, split: str) -> str:
    """What the dataset of a layout and split is called."""
    return f"overcooked-{layout}-{split}"


def import_layouts(store: Store, layouts: Sequence[str], progress: Progress) -> list[Imported]:
    """Make the datasets of the layouts, both splits; those already there are left alone.

    `progress` is told what comes next and which part of the whole is finished.

    Raises:
        UserError: an unknown layout, a missing package, a file that is not the published one, or a
            dataset of that name that holds something else.
    """
    for layout in layouts:
        named_layout(layout)
    places = [(split, layout) for split in FILES for layout in layouts]
    missing = [place for place in places if not _present(store, *place)]
    # Both files before the first dataset: a bad one stops the import while nothing is written.
    tables = {split: published_bytes(split) for split in {split for split, _ in missing}}
    progress("reading the recordings", 0.0)
    games = {split: read_games(data, layouts) for split, data in tables.items()}
    for number, (split, layout) in enumerate(missing):
        progress(dataset_name(layout, split), number / len(missing))
        _write(store, split, layout, games[split][layout])
    progress("done", 1.0)
    return [_imported(store, place, place in missing) for place in places]


def _imported(store: Store, place: tuple[str, str], is_new: bool) -> Imported:
    split, layout = place
    dataset = store.open(dataset_name(layout, split))
    return Imported(dataset.name, len(dataset), is_new)


# ------------------------------------------------------------------ the replay


def replay(world: World, games: Sequence[RecordedGame]) -> ReplayedGames:
    """Play the games again, side by side; a game that is over stands still until all are."""
    batch = Batch(world, len(games), restart=False)
    batch.state[:] = encode_states([game.first for game in games], world)
    batch.state["horizon"] = [len(game.actions) for game in games]
    steps = max(len(game.actions) for game in games)
    actions = np.full((steps, len(games), 2), kitchen.IDLE, np.int64)
    for number, game in enumerate(games):
        actions[: len(game.actions), number] = game.actions
    played = ReplayedGames(
        np.empty((steps + 1, *batch.observation.shape), np.float32),
        np.empty((steps, *batch.reward.shape), np.float32),
        np.empty((steps, *batch.terms.shape), np.float32),
        np.empty((steps, *batch.costs.shape), np.float32),
    )
    last = batch.state.copy()
    played.observations[0] = batch.observe()
    for step in range(steps):
        played.observations[step + 1] = batch.step(actions[step])
        played.rewards[step] = batch.reward
        played.terms[step] = batch.terms
        played.costs[step] = batch.costs
        over = batch.state["tick"] == batch.state["horizon"]
        last[over] = batch.state[over]
    _compare_states(world, games, last)
    _compare_rewards(world, games, played)
    return played


def _compare_states(world: World, games: Sequence[RecordedGame], ours: np.ndarray) -> None:
    recorded = encode_states([game.last for game in games], world)
    for name in COMPARED:
        for number, game in enumerate(games):
            if not np.array_equal(recorded[name][number], ours[name][number]):
                raise UserError(
                    f"{_where(world, game)} ends with another `{name}` in our kitchen than was "
                    "recorded, so this layout was not imported: the kitchen's rules have changed."
                )


def _compare_rewards(world: World, games: Sequence[RecordedGame], played: ReplayedGames) -> None:
    soup = list(world.terms).index(world.north_star)
    for number, game in enumerate(games):
        ours = played.terms[: len(game.rewards), number, 0, soup] * RECORDED_SOUP
        if not np.array_equal(ours, game.rewards):
            step = int(np.argmax(ours != game.rewards))
            raise UserError(
                f"{_where(world, game)} earned {game.rewards[step]} in step {step} and "
                f"{ours[step]} in our kitchen, so it was not imported: the rules have changed."
            )


def _where(world: World, game: RecordedGame) -> str:
    return f"Pairing {game.pairing} in {world.params.layout}"


# ------------------------------------------------------------------ the datasets


def _present(store: Store, split: str, layout: str) -> bool:
    """Whether the dataset is there already, as this import would make it.

    Raises:
        UserError: something else is there under its name.
    """
    name = dataset_name(layout, split)
    if name not in store.names():
        return False
    dataset = store.open(name)
    dataset.require_world(make_world(WORLD, layout=layout))
    if dataset.facts["provenance"] != _provenance(layout, split):
        raise UserError(
            f"Dataset {name} is there but holds something else: move {dataset.folder} away and "
            "import again."
        )
    return True


def _write(store: Store, split: str, layout: str, games: Sequence[RecordedGame]) -> None:
    world = make_world(WORLD, layout=layout)
    played = replay(world, games)
    with store.building_for(
        world,
        dataset_name(layout, split),
        f"People cooking together in {layout}, {split} split of Carroll et al. 2019.",
        _provenance(layout, split),
    ) as dataset:
        dataset.append_many(
            [
                _stream(world, split, game, number, seat, played)
                for number, game in enumerate(games)
                for seat in range(len(world.agents))
            ]
        )


def _provenance(layout: str, split: str) -> dict[str, Any]:
    name, published = FILES[split]
    return {
        "paper": "Carroll et al., On the Utility of Learning about Humans for Human-AI "
        "Coordination, NeurIPS 2019, arXiv 1910.05789",
        "licence": "MIT",
        "package": "overcooked-ai 1.1.0",
        "file": name,
        "sha256": published,
        "layout": layout,
        "split": split,
    }


def _stream(
    world: World, split: str, game: RecordedGame, number: int, seat: int, played: ReplayedGames
) -> Episode:
    """The game as one of its cooks saw it."""
    steps = len(game.actions)
    return Episode(
        observations=played.observations[: steps + 1, number, seat],
        actions=game.actions[:, seat],
        rewards=played.rewards[:steps, number, seat],
        terminated=False,
        truncated=True,  # the clock ended it: a kitchen never closes by itself
        world=world.id,
        fingerprint=world.fingerprint,
        agent=world.agents[seat],
        terms=_named(world.terms, played.terms[:steps, number, seat]),
        costs=_named(world.costs, played.costs[:steps, number, seat]),
        capture_times=game.times,
        late=late_steps(game.times, world.tick),
        match=f"{world.params.layout}-{split}-{game.pairing}",
        player=f"{split} pair {game.pairing}, {world.agents[seat]}",
        options={"horizon": steps},
        meta={
            "device": "keyboard",
            "tick": world.tick,
            "source": {"pairing": game.pairing, "split": split, "file": FILES[split][0]},
        },
    )


def late_steps(times: npt.NDArray[np.int64], tick: float) -> npt.NDArray[np.bool_]:
    """Which steps came late: [T].

    Args:
        times: of the steps, ns.
        tick: s between two of them, as intended.
    """
    gaps = np.diff(times, prepend=times[0])
    return np.asarray(gaps > LATE * tick * NANOSECONDS)


def _named(names: Iterable[str], values: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Columns of [T, K] by name."""
    return {name: values[:, column] for column, name in enumerate(names)}
