"""Learning from corrections: what a person did who took over from an agent is weighted into its cloning.

Human-gated DAgger (Kelly et al. 2019): the person drives where they would not leave it to the agent, so their
steps say what to do in just the states that the agent brings itself into. After each round of games the agent
learns on from where it is, from all corrections so far beside what it was cloned from.

`imitation` 1.0.1 has a DAgger, but not this one: its trainer draws by chance, step by step, who acts, asks an
expert for a label in every state, and then clones with its own BC. Here the person chooses when to act, there
is no label for the rest, and the cloning has weights, values, masks and memory that BC lacks. So only the
loop is DAgger's; what is learned with is ours (`training.clone`).

S recorded steps, R chosen ones, E episodes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from gymnasium import spaces
from pydantic import Field
from torch import Tensor

from agents.policy import AgentPolicy, build_policy
from demos.arrays import Arrays
from demos.dataset import Dataset
from demos.episode import Actor
from environments.problem import Problem
from training.clone import DIVERGED, CloneSettings, Objective, one_epoch, split
from training.network import Recorded
from training.rollout import CHUNK
from training.settings import Settings

MOST = 50.0  # recorded steps that a corrected one may count as: a handful is only learned by heart
HELD_BACK_FROM = 4  # corrected games, from which on some are held back
RESAMPLES = 2000  # of a bootstrap


class CorrectionsSettings(Settings):
    """How to learn from corrections."""

    start: str | None = (
        None  # the run or agent file that is corrected; the recipe's run if left out
    )
    share: float = Field(0.5, gt=0, lt=1)  # of what is learned from that the corrections make up
    weight: float | None = Field(
        None, gt=0
    )  # how many recorded steps a corrected one counts as, instead of the share
    doubt: float = Field(1.0, ge=0)  # s before the person took over, in which a refined agent's own
    # steps are not kept: they led to it (Liu et al. 2022, "Robot learning on the job")
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(3e-4, gt=0)  # falls to 0 over all epochs
    games: int = Field(100, ge=2)  # per seat, that it is judged by beside what it was before
    refine: bool = False  # go on with [refine] from there


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
        Problem: there are none in it.
    """
    arrays = dataset.arrays()
    facts = [dataset.episode_facts(e) for e in range(len(dataset))]
    names = [one["match"] or str(e) for e, one in enumerate(facts)]
    groups = np.unique(names, return_inverse=True)[1]
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
        raise Problem(
            f"Nobody took over in dataset {dataset.name}: coach the agent with gpo play --coach."
        )
    return Corrections(arrays, groups[arrays.episode], corrected, trusted)


def people_only(arrays: Arrays) -> np.ndarray | None:
    """Which steps to clone where people and agents acted: those of the people, [S]; else None, for all.

    Recordings of scripts and agents alone are demonstrations; beside people, agents are company. A step in
    which the shield stepped in is theirs who asked for it.
    """
    human = asked_by(arrays.actors, arrays.starts) == Actor.HUMAN
    return human if human.any() and not human.all() else None


def asked_by(actors: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Who asked for what was done in each step, [S]: behind a shield whoever acted last, or else next.

    A step in which the shield stepped in is stored with that actor, not with who asked. In an episode that
    has no other steps nobody knows, and they stay the shield's.
    """
    found = actors.copy()
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        known = np.flatnonzero(actors[start:end] != Actor.SHIELD)
        if 0 < len(known) < end - start:
            last = np.searchsorted(known, np.arange(end - start), side="right") - 1
            found[start:end] = actors[start:end][known[np.maximum(last, 0)]]
    return found


def joined(first: Arrays, second: Arrays) -> Arrays:
    """The episodes of two datasets end to end."""

    def both(name: str) -> np.ndarray:
        return np.concatenate([getattr(first, name), getattr(second, name)])

    plain = ("observations", "actions", "rewards", "actors", "final_observations")
    return Arrays(
        **{name: both(name) for name in (*plain, "terminated", "truncated")},
        terms={n: np.concatenate([v, second.terms[n]]) for n, v in first.terms.items()},
        costs={n: np.concatenate([v, second.costs[n]]) for n, v in first.costs.items()},
        episode=np.concatenate([first.episode, second.episode + first.episode.max(initial=-1) + 1]),
        starts=np.concatenate([first.starts, second.starts[1:] + first.starts[-1]]),
    )


def hold_back(corrections: Corrections, share: float, seed: int) -> np.ndarray:
    """Which corrected steps are only judged by, not learned from: [S] bool, of whole matches."""
    rows = np.flatnonzero(corrections.corrected)
    held = np.zeros(len(corrections.corrected), bool)
    if len(np.unique(corrections.groups[rows])) >= HELD_BACK_FROM:
        held[rows[split(corrections.groups[rows], share, seed)[1]]] = True
    return held


# ------------------------------------------------------------------ learning


def weight_of(settings: CorrectionsSettings, base: int, corrected: int) -> float:
    """How many steps of the base a corrected one counts as."""
    if settings.weight is not None:
        return settings.weight
    fair = settings.share / (1 - settings.share) * base / corrected if base else 1.0
    return min(max(fair, 1.0), MOST)


def weighted(base: np.ndarray, corrected: np.ndarray, weight: float, seed: int) -> np.ndarray:
    """Rows to learn from, the corrected ones so many times each, on average: [R]."""
    draw = np.random.default_rng(seed).random(len(corrected))
    times = int(weight) + (draw < weight - int(weight))
    return np.concatenate([base, np.repeat(corrected, times)])


def learn_on(
    policy: AgentPolicy,
    arrays: Arrays,
    rows: np.ndarray,
    settings: CorrectionsSettings,
    cloning: CloneSettings,
    *,
    returns: np.ndarray | None = None,
    action_weights: Tensor | None = None,
    dropout: float = 0.0,
    seed: int = 0,
    tick: Callable[[int], None] = lambda epoch: None,
) -> AgentPolicy:
    """A policy that has learned on, from the rows of recordings; the one that is given stays as it is.

    Args:
        policy: to begin with.
        arrays: recordings.
        rows: [R] of them, each as often as it counts.
        settings: how long.
        cloning: how, otherwise.
        returns: [S, 1 + C], as `clone`.
        action_weights: as `Objective`.
        dropout: while it learns; a refined agent goes without, as it was refined.
        seed: of the order.
        tick: told of each epoch.

    Raises:
        Problem: the loss is no number any more.
    """
    torch.manual_seed(seed)
    about = {**policy.settings(), "dropout": dropout}
    learner = build_policy(policy.observation_space, policy.action_space, about)
    learner.load_tensors(copy.deepcopy(policy.tensors()))
    recorded = Recorded(arrays, learner)
    objective = Objective(learner, cloning, action_weights, recorded.see)
    kind = np.int64 if objective.discrete else np.float32
    data = [recorded.shown[rows], torch.from_numpy(arrays.actions[rows].astype(kind))]
    if returns is not None:
        data.append(torch.from_numpy(returns[rows].astype(np.float32)) * learner.return_scale)
    optimiser = torch.optim.Adam(learner.parameters(), lr=settings.learning_rate, fused=True)
    for epoch in range(settings.epochs):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * (1 - epoch / settings.epochs)
        if not np.isfinite(one_epoch(objective, optimiser, data, cloning.batch_size)):
            raise Problem(DIVERGED.replace("clone.", "corrections."))
        tick(epoch + 1)
    learner.set_training_mode(False)
    return learner


# ------------------------------------------------------------------ what changed


@dataclass(frozen=True)
class Change:
    """A mean before and after, and the change with its 95 % interval, where that is known."""

    before: float
    after: float
    change: float
    low: float | None
    high: float | None


def likelihoods(policy: AgentPolicy, arrays: Arrays, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """Log-likelihood of recorded actions [R]; for choices also whether they are the likeliest, [R]."""
    recorded = Recorded(arrays, policy)
    choices = isinstance(policy.action_space, spaces.Discrete)
    actions = torch.from_numpy(arrays.actions[rows])
    actions = actions.long() if choices else actions.float()
    found, agreed = [], []
    policy.set_training_mode(False)
    with torch.inference_mode():
        for at in torch.split(torch.arange(len(rows)), CHUNK):
            logits = policy.logits(recorded[torch.from_numpy(rows)[at]])
            found.append(policy.distribution_of(logits).log_prob(actions[at]).numpy())
            if choices:
                agreed.append((logits.argmax(1) == actions[at]).float().numpy())
    told = [np.concatenate(found)] + ([np.concatenate(agreed)] if choices else [])
    return tuple(told)


def changes(
    before: AgentPolicy,
    after: AgentPolicy,
    arrays: Arrays,
    rows: np.ndarray,
    groups: Sequence[int] | np.ndarray,
) -> dict[str, Change]:
    """What changed on some recorded steps: "log-likelihood" in nats a step, and "agreement" where it can be.

    Intervals resample whole groups (matches), because the steps of one are alike; of one alone nothing is
    known.
    """
    names = ("log-likelihood", "agreement")
    pairs = zip(likelihoods(before, arrays, rows), likelihoods(after, arrays, rows), strict=True)
    return {
        name: _change(old, new, np.asarray(groups))
        for name, (old, new) in zip(names, pairs, strict=False)
    }


def _change(old: np.ndarray, new: np.ndarray, groups: np.ndarray) -> Change:
    _, group = np.unique(groups, return_inverse=True)
    before, after, change = float(old.mean()), float(new.mean()), float(np.mean(new - old))
    sums, counts = np.bincount(group, new - old), np.bincount(group)
    if len(counts) < 2:
        return Change(before, after, change, None, None)
    drawn = np.random.default_rng(0).integers(len(counts), size=(RESAMPLES, len(counts)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Change(before, after, change, float(low), float(high))
