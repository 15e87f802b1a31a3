"""Labels of the steps of a corrected dataset: corrections, steps left to the agent, and who asked for what.

S recorded steps, E episodes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.arrays import Arrays
from demos.data.episodes.episode import Actor
from environments.system.errors import UserError
from training.imitation.holdout import split

HELD_BACK_FROM = 4  # corrected games, from which on some are held back


@dataclass(frozen=True)
class Corrections:
    """A dataset of games in which a person took over, or played all of it."""

    arrays: Arrays
    groups: np.ndarray  # [S], which match a step is of
    corrected: np.ndarray  # [S] bool, what the person did
    trusted: np.ndarray  # [S] bool, what they left to the agent, well before taking over


def read_corrections(dataset: Dataset, doubt: float) -> Corrections:
    """Read a dataset of corrections.

    The pause between letting go and the agent driving on is the person's, but no correction: nothing was
    pressed in it.

    Raises:
        UserError: there are none in it.
    """
    arrays = dataset.arrays()
    facts = [dataset.episode_facts(number) for number in arrays.numbers]
    names = [one["match"] or str(number) for number, one in zip(arrays.numbers, facts, strict=True)]
    groups = np.repeat(np.unique(names, return_inverse=True)[1], np.diff(arrays.starts))
    actors = asked_by(arrays.actors, arrays.starts)
    human = actors == Actor.HUMAN
    corrected, trusted = human.copy(), np.zeros(len(human), bool)
    for e, (start, end) in enumerate(zip(arrays.starts[:-1], arrays.starts[1:], strict=True)):
        told = facts[e]["meta"].get("play", {})
        settle = int(told.get("settle_steps", 0))
        before = round(doubt / float(facts[e]["meta"].get("tick", 1.0)))
        if told.get("coach") and told["seat"] == facts[e]["agent"]:
            trusted[start:end] = actors[start:end] == Actor.AGENT
        turns = np.flatnonzero(np.diff(human[start:end].astype(np.int8))) + start + 1
        for turn in turns.tolist():
            if human[turn]:  # the person takes over here
                trusted[max(start, turn - before) : turn] = False
            else:  # and the agent drives on here
                corrected[max(start, turn - settle) : turn] = False
    if not corrected.any():
        raise UserError(
            f"Nobody took over in dataset {dataset.name}: coach the agent with gpo play --coach."
        )
    return Corrections(arrays, groups, corrected, trusted)


def people_only(arrays: Arrays) -> np.ndarray | None:
    """Which steps to clone where people and agents acted: those of the people, [S]; else None, for all.

    Recordings of scripts and agents alone are demonstrations; beside people, agents are company. A step in
    which the shield stepped in is theirs who asked for it.
    """
    human = asked_by(arrays.actors, arrays.starts) == Actor.HUMAN
    return human if human.any() and not human.all() else None


def asked_by(actors: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Who asked for what was done in each step, [S]: behind a shield the actor before, or else after it.

    A step in which the shield stepped in is stored with that actor, not with who asked. In an episode that
    has no other steps it is unknown, and they stay the shield's.
    """
    found = actors.copy()
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        known = np.flatnonzero(actors[start:end] != Actor.SHIELD)
        if 0 < len(known) < end - start:
            last = np.searchsorted(known, np.arange(end - start), side="right") - 1
            found[start:end] = actors[start:end][known[np.maximum(last, 0)]]
    return found


def as_asked(dataset: Dataset, arrays: Arrays) -> Arrays:
    """All steps of a dataset with the requested actions instead of the applied ones, where these may differ.

    A clone that will play behind the shield (`[world] shield = true`) learns these: the shield is part of its
    world as it was of theirs, refining learns what to ask for too, and a policy with memory remembers what it
    asked for. One that will play without learns what was done, as arrays have it, which is safer. Measured
    once, from 60 episodes of a careless courier: behind the shield the clone of the requests delivered 2.19
    parcels an episode, that of what was done 1.57, and neither ran into anything; without it they collided
    20.9 and 14.5 times.
    """
    shielded = np.unique(arrays.episode[arrays.actors == Actor.SHIELD])
    if not len(shielded):
        return arrays
    actions = np.array(arrays.actions)
    for number in shielded.tolist():
        e = arrays.numbers.index(number)
        actions[arrays.starts[e] : arrays.starts[e + 1]] = dataset.load(number).requested_actions
    return replace(arrays, actions=actions)


def hold_back(corrections: Corrections, share: float, seed: int) -> np.ndarray:
    """Which corrected steps are only judged by, not learned from: [S] bool, of whole matches."""
    rows = np.flatnonzero(corrections.corrected)
    held = np.zeros(len(corrections.corrected), bool)
    if len(np.unique(corrections.groups[rows])) >= HELD_BACK_FROM:
        held[rows[split(corrections.groups[rows], share, seed)[1]]] = True
    return held
