"""The records of a journal: the header of a game, and each of its steps as bytes for all seats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes import facts as kinds
from demos.data.episodes.episode import Actor, check_json
from environments.files.readers import parse_json


@dataclass(frozen=True)
class Stream:
    """Who sits in one recorded seat of the game."""

    agent: str  # the seat, as in World.agents
    player: str | None
    device: str  # "keyboard", "gamepad", "mouse", "script", "none", ...
    raw_names: tuple[str, ...] = ()  # what the numbers of the raw device state mean


@dataclass(frozen=True)
class StepRecord:
    """One step of one stream. R numbers of the device, K terms, C costs."""

    observation: np.ndarray  # what the step led to, before any reset
    requested: Any  # the action that was asked for
    applied: Any  # the action after clipping or a shield
    raw: np.ndarray  # float32 [R], may be empty
    reward: float
    terms: np.ndarray  # [K], in the dataset's order
    costs: np.ndarray  # [C]
    terminated: bool
    truncated: bool
    time: int  # ns, monotonic
    late: bool
    actor: Actor
    present: bool = True  # whether the agent was in the game: else nothing of this is its own


NOT_THERE = 255  # in the place of a code of Actor: the agent was not in the game
_STREAM: kinds.Rules = {
    "agent": kinds.NAME,
    "player": kinds.maybe(kinds.TEXT),
    "device": kinds.TEXT,
    "raw_names": kinds.META["raw_names"],
}
_GAME: kinds.Rules = {
    **{n: kinds.EPISODE[n] for n in ("world", "fingerprint", "seed", "options", "meta")},
    **{n: kinds.REVISION_FACTS[n] for n in ("terms", "costs")},
    "streams": kinds.listed(kinds.TABLE, 1000),
    "match": kinds.NAME,
}


@dataclass(frozen=True)
class GameHeader:
    """What is known when a game begins, as it stands in the journal."""

    world: str
    fingerprint: str
    terms: tuple[str, ...]
    costs: tuple[str, ...]
    streams: tuple[Stream, ...]
    match: str
    seed: int | None
    options: dict[str, Any]
    meta: dict[str, Any]

    @classmethod
    def of(cls, dataset: Dataset, streams: Sequence[Stream], **game: Any) -> GameHeader:
        """Of a game that is recorded into `dataset`; `game` has the other fields of this class."""
        facts = dataset.facts
        names: dict[str, Any] = {n: tuple(facts[n]) for n in ("terms", "costs")}
        return cls(dataset.world, dataset.fingerprint, **names, streams=tuple(streams), **game)

    def to_json(self) -> bytes:
        """Raises ValueError if options or meta would not come back as they are."""
        check_json("options", self.options)
        check_json("meta", self.meta)
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> GameHeader:
        """From `to_json`; ValueError, as the end of a sentence, if it is something else."""
        facts = parse_json(text)
        kinds.require(facts, _GAME)
        for stream in facts["streams"]:
            kinds.require(stream, _STREAM, "streams.")
            if len(stream) > len(_STREAM):
                raise ValueError("holds a stream of something else")
        if len(facts) > len(_GAME):
            raise ValueError("holds more than a game")
        streams = tuple(
            Stream(**{**stream, "raw_names": tuple(stream["raw_names"])})
            for stream in facts["streams"]
        )
        names = {name: tuple(facts[name]) for name in ("terms", "costs")}
        return cls(**{**facts, **names, "streams": streams})

    def fits(self, dataset: Dataset) -> bool:
        """Whether its episodes may stand in the dataset."""
        facts = dataset.facts
        ours = (self.world, self.fingerprint, list(self.terms), list(self.costs))
        return ours == tuple(facts[name] for name in ("world", "fingerprint", "terms", "costs"))


class RecordLayout:
    """How a game's steps lie in memory: a numpy structured type, the same for every step."""

    def __init__(self, dataset: Dataset, game: GameHeader) -> None:
        """`game` fits `dataset`."""
        seen, act = dataset.revision.observation_space, dataset.revision.action_space
        scores = 1 + len(game.terms) + len(game.costs)
        self._costs = 1 + len(game.terms)  # where they begin among the scores
        self.first = np.dtype((seen.dtype, seen.shape))
        self.step = np.dtype(
            [
                (
                    str(seat),
                    [
                        ("observation", seen.dtype, seen.shape),
                        ("requested", act.dtype, act.shape),
                        ("applied", act.dtype, act.shape),
                        ("raw", np.float32, (len(stream.raw_names),)),
                        ("scores", np.float32, (scores,)),  # reward, terms, costs
                        ("time", np.int64),
                        ("terminated", np.bool_),
                        ("truncated", np.bool_),
                        ("late", np.bool_),
                        ("actor", np.uint8),
                    ],
                )
                for seat, stream in enumerate(game.streams)
            ]
        )
        # One record that every step is written into; the views of its fields are made once.
        self._record = np.zeros(1, self.step)
        self._fields = [
            {name: self._record[seat][name] for name in self.step[seat].names or ()}
            for seat in self.step.names or ()
        ]
        self._last = [np.iinfo(np.int64).min] * len(game.streams)  # ns
        self._ended = [False] * len(game.streams)  # each agent's own game

    def pack_first(self, first: Sequence[np.ndarray]) -> bytes:
        """The observation of each stream before its first step."""
        if len(first) != len(self._fields):
            raise ValueError(f"first: {len(first)} observations for {len(self._fields)} streams")
        beginning = np.zeros(len(first), self.first)
        for seat, observation in enumerate(first):
            _assign("first", beginning[seat : seat + 1], observation)
        return beginning.tobytes()

    def pack(self, rows: Sequence[StepRecord]) -> bytes:
        """A step, a row for each stream; ValueError if a row could not be kept as it is."""
        if len(rows) != len(self._fields):
            raise ValueError(f"rows: {len(rows)} for {len(self._fields)} streams")
        if any(over and row.present for over, row in zip(self._ended, rows, strict=True)):
            raise ValueError("rows: the game ended with a step before")
        for seat, (fields, row) in enumerate(zip(self._fields, rows, strict=True)):
            for name in ("observation", "requested", "applied", "raw"):
                _assign(name, fields[name], getattr(row, name))
            self._score(fields["scores"], row)
            if row.terminated and row.truncated:
                raise ValueError("terminated: an episode that terminated was not truncated")
            if row.time < self._last[seat]:
                raise ValueError(f"time: {row.time} ns runs backwards")
            fields["time"][0] = row.time
            fields["terminated"][0], fields["truncated"][0] = row.terminated, row.truncated
            fields["late"][0] = row.late
            fields["actor"][0] = Actor(row.actor) if row.present else NOT_THERE
        self._last = [row.time for row in rows]
        self._ended = [
            over or (row.present and (row.terminated or row.truncated))
            for over, row in zip(self._ended, rows, strict=True)
        ]
        return self._record.tobytes()

    def _score(self, scores: npt.NDArray[np.float32], row: StepRecord) -> None:
        terms, costs = scores[:, 1 : self._costs], scores[:, self._costs :]
        scores[0, 0] = row.reward
        _assign("terms", terms, row.terms)
        _assign("costs", costs, row.costs)
        if not np.isfinite(scores).all():
            raise ValueError(f"reward, terms or costs: not finite in {scores[0].tolist()}")
        if costs.size and costs.min() < 0:
            raise ValueError(f"costs: negative in {costs[0].tolist()}")


def _assign(name: str, field: npt.NDArray[Any], value: Any) -> None:
    """Put `value` into the one row of `field`, or raise ValueError; numpy would stretch and cut it."""
    given = np.asarray(value)
    if given.shape != field.shape[1:]:
        raise ValueError(f"{name}: shape {given.shape}, need {field.shape[1:]}")
    field[0] = given
    if given.dtype == field.dtype:
        return
    whole = given.dtype.kind == "f" and field.dtype.kind == "f"  # rounded to what the world takes
    if not whole and not np.array_equal(field[0], given):
        raise ValueError(f"{name}: {value!r} is no {field.dtype}")
