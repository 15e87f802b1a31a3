"""A recorded game out of its journal's records: one episode for each stream whose agent was in the game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import ABSENT, JOINED, Episode, first_stay
from demos.data.episodes.facts import META, Rules
from demos.data.journal.format import MARK, JournalFrame
from demos.data.journal.records import NOT_THERE, GameHeader, RecordLayout, Stream

ENDINGS: Rules = {
    name: META[name] for name in ("left", "broken_off")
}  # what `keep` may note of the end


def notes(
    entries: Sequence[JournalFrame], rating: int | None, ending: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What was noted of a game of at least one step: `marks`, its end, and, if there is one, `rating`."""
    last = entries[-1].steps - 1  # a mark behind the last step is of that one
    marks = sorted({min(entry.steps, last) for entry in entries if entry.kind == MARK})
    rated = {} if rating is None else {"rating": rating}
    return {"marks": marks, **(ending or {}), **rated}


def make_episodes(
    dataset: Dataset,
    game: GameHeader,
    first: bytes,
    steps: Sequence[bytes],
    notes: Mapping[str, Any],
) -> list[Episode]:
    """The game as episodes, one a stream; `notes` join the meta of each.

    An agent that was not in the game from the first step to the last has those alone in which it was, and one
    that never came has no episode.

    Raises:
        ValueError: the bytes are not of such a game.
    """
    layout = RecordLayout(dataset, game)
    record = np.frombuffer(b"".join(steps), layout.step)  # [T]
    begins = np.frombuffer(first, layout.first.base).reshape(len(game.streams), *layout.first.shape)
    stays = [first_stay(record[str(n)]["actor"] != NOT_THERE) for n in range(len(game.streams))]
    never = [one.agent for one, stay in zip(game.streams, stays, strict=True) if not stay]
    if never:
        notes = {**notes, ABSENT: never}
    made = []
    for seat, (stream, stay) in enumerate(zip(game.streams, stays, strict=True)):
        rows = record[str(seat)]
        begin = rows["observation"][stay.start - 1] if stay.start else begins[seat]
        if stay:
            own = _own_notes(notes, stay)
            made.append(_episode(game, stream, begin, rows[stay.start : stay.stop], own))
    return made


def _own_notes(notes: Mapping[str, Any], stay: range) -> dict[str, Any]:
    """Notes as they are of an agent's own steps."""
    marks = (
        {"marks": [m - stay.start for m in notes["marks"] if m in stay]} if "marks" in notes else {}
    )
    return {**notes, **marks, **({JOINED: stay.start} if stay.start else {})}


def _episode(
    game: GameHeader,
    stream: Stream,
    begin: np.ndarray,
    record: np.ndarray,
    notes: Mapping[str, Any],
) -> Episode:
    column = {name: np.ascontiguousarray(record[name]) for name in record.dtype.names or ()}
    scores = column["scores"]  # [T, 1+K+C]
    named = dict(zip((*game.terms, *game.costs), scores.T[1:].copy(), strict=True))
    own = {"device": stream.device, "raw_names": list(stream.raw_names)}
    return Episode(
        observations=np.concatenate([begin[None], column["observation"]]),
        actions=column["applied"],
        requested_actions=column["requested"],
        rewards=scores[:, 0].copy(),
        terms={name: named[name] for name in game.terms},
        costs={name: named[name] for name in game.costs},
        raw=column["raw"],
        actors=column["actor"],
        capture_times=column["time"],
        late=column["late"],
        terminated=bool(column["terminated"][-1]),
        truncated=bool(column["truncated"][-1]),
        world=game.world,
        fingerprint=game.fingerprint,
        agent=stream.agent,
        match=game.match,
        player=stream.player,
        seed=game.seed,
        options=game.options,
        meta={**game.meta, **own, **notes},
    )
