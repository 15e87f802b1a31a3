"""Filter of episodes: those that do not match are left out, and can be brought back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.editing.delete import leave_out
from demos.data.editing.episode_filter import EpisodeFilter
from demos.data.editing.revise import editing
from demos.data.episodes.episode import Episode
from environments.system.errors import UserError
from environments.system.suggestions import nearest


def filter_episodes(store: Store, name: str, wanted: EpisodeFilter) -> str:
    """Leave out the episodes that are not wanted; returns what was done, as a sentence.

    Raises:
        UserError: nothing is asked, a cost or player nobody knows, nothing or all would be left out.
    """
    if wanted == EpisodeFilter():
        raise UserError(
            "Say which episodes to keep, for example with --min-return 10 or --rating 4."
        )
    with editing(store.open(name)) as dataset:
        _require_known(dataset, wanted)
        star = dataset.facts["north_star"]
        gone = [n for n in range(len(dataset)) if not fits(dataset.load(n), wanted, star)]
        if not gone:
            raise UserError(f"Every episode of dataset {name} is as wanted: nothing was left out.")
        what = f"kept those with {describe_filter(wanted)}, left out {len(gone)}"
        return leave_out(dataset, "filter", gone, what)


def fits(episode: Episode, wanted: EpisodeFilter, star: str | None) -> bool:
    """Whether an episode is all that is wanted."""
    total = float(episode.rewards.sum(dtype="float64"))
    reached = episode.total(star) if star is not None and star in episode.terms else 0.0
    rules: list[tuple[Any, Callable[[], bool]]] = [
        (wanted.rating, lambda: (episode.meta.get("rating") or 0) >= (wanted.rating or 0)),
        (wanted.player or None, lambda: episode.player in wanted.player),
        (wanted.min_return, lambda: total >= (wanted.min_return or 0)),
        (wanted.max_return, lambda: total <= (wanted.max_return or 0)),
        (wanted.min_star, lambda: reached >= (wanted.min_star or 0)),
        (wanted.max_star, lambda: reached <= (wanted.max_star or 0)),
        (wanted.min_steps, lambda: len(episode) >= (wanted.min_steps or 0)),
        (wanted.max_late, lambda: float(episode.late.mean()) <= (wanted.max_late or 0)),
        (wanted.finished or None, lambda: not episode.aborted),
    ]
    limits = all(episode.total(cost) <= limit for cost, limit in wanted.max_cost.items())
    return limits and all(rule() for asked, rule in rules if asked is not None)


def describe_filter(wanted: EpisodeFilter) -> str:
    """What is asked, as it was typed: `--min-return 10 --player Ada`."""
    words = []
    for field_ in fields(wanted):
        value = getattr(wanted, field_.name)
        option = f"--{field_.name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif isinstance(value, Mapping):
            words += [f"{option} {cost}={limit:g}" for cost, limit in value.items()]
        elif isinstance(value, (list, tuple)):
            words += [f"{option} {one}" for one in value]
        elif value is not None and value is not False:
            words.append(f"{option} {value:g}")
    return " ".join(words)


def _require_known(dataset: Dataset, wanted: EpisodeFilter) -> None:
    for cost in wanted.max_cost:
        if cost not in dataset.facts["costs"]:
            raise UserError(
                f"Dataset {dataset.name} has no cost '{cost}': {nearest(cost, dataset.facts['costs'])}"
            )
    if wanted.player:
        known = {dataset.episode_facts(number)["player"] for number in range(len(dataset))}
        for player in wanted.player:
            if player not in known:
                cure = f"`gpo demos info {dataset.name}` lists who did."
                raise UserError(
                    f"Nobody called '{player}' played in dataset {dataset.name}: "
                    + nearest(player, filter(None, known), cure)
                )
