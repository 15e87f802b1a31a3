"""The plan of a refining: what a recipe leaves out, from its budget of steps and the kind of game.

T steps of a game between two updates, B games, in each of which S seats are learned from, M samples of a
minibatch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from training.ppo.settings import RefineSettings

UPDATES = 50  # that the steps are shared out among, as far as the bounds of a rollout allow
LEAST_UPDATES = 8  # below which rollouts become smaller than their least
LEAST_ROLLOUT, MOST_ROLLOUT = 2048, 32768  # steps of all games together
MINIBATCHES = 8  # of a rollout
LEAST_BATCH, MOST_BATCH = 64, 2048  # steps
MOST_GAMES = 64
EPOCHS, PICTURE_EPOCHS = 5, 4  # a convolution costs more than what a further pass brings
RATE, PICTURE_RATE = 2e-3, 3e-4
STEP_KL = 0.01  # nats
HALF_LIFE = 250.0  # steps
JUDGEMENTS = 8  # before the last, at the most: fewer where games are long and steps few
JUDGED = 0.3  # steps of judgements, as a part of all: they take no updates, so half of that in time
LEAST_JUDGED, MOST_JUDGED = 8, 80  # games of a judgement
LIMITED = 60  # games of one where a cost has a limit, whatever they take
PAIRINGS = 4  # rows of the last judgement: clone and agent, each sampled and greedy
LEAST_LAST, MOST_LAST = 30, 100  # games of each, which take no more steps than judgements before


@dataclass(frozen=True)
class PlanFacts:
    """What a plan depends on beside the settings."""

    # Steps of an episode: between those recorded and as many as may be, for a better agent may last longer.
    episode: float = 500.0
    tick: float = 0.05  # s a step
    pictures: bool = False  # whether agents see such
    limited: bool = False  # whether a cost has a limit, which few games cannot show to be kept
    seats: int = 1  # S


@dataclass(frozen=True)
class RefinePlan:
    """How many of what; every number of `RefineSettings` that may be left out."""

    games: int  # B
    rollout: int  # T
    batch_size: int  # M
    epochs: int
    learning_rate: float
    step_kl: float | None  # nats
    warm_up: int  # updates
    half_life: float  # s
    judge_every: int  # updates
    judge_games: int
    steps: int  # of the whole refining
    seats: int = 1  # S

    @property
    def samples(self) -> int:
        """Steps between two updates, of all games and seats together."""
        return self.games * self.seats * self.rollout

    @property
    def updates(self) -> int:
        """Of the whole refining."""
        return math.ceil(self.steps / self.samples)

    def __str__(self) -> str:
        """A sentence."""
        resting = f"; {self.warm_up} fit values only" if self.warm_up else ""
        times = max(self.updates - 1, 0) // self.judge_every + 2  # and at the end
        seats = f" x {self.seats} seats" if self.seats > 1 else ""
        return (
            f"{self.steps:,} steps: {self.updates:,} updates of {self.samples:,} "
            f"({self.games} games{seats} x {self.rollout}){resting}; judged {times} times on "
            f"{self.judge_games} games."
        )


def plan_of(settings: RefineSettings, facts: PlanFacts | None = None) -> RefinePlan:
    """The plan of some settings: what they say, and for what they leave out what suits the rest.

    A rollout is a fiftieth of the steps: enough updates for the policy to get somewhere, and each from enough
    games to point somewhere; with half as many a walker learned next to nothing. Few passes over it in few
    minibatches, at a high rate, for the policy's steps are shortened where they go too far
    (`controllers.step_size`): near the best of `tests.studies.search`, and on other people's environments
    (`tests.studies.strangers`) about as good as twice the passes in twice the minibatches, in two thirds of
    the time.
    Andrychowicz et al. 2021, "What matters for on-policy deep actor-critic methods?", sections 3.3 and 3.5,
    find these to matter more than most.
    """
    about = facts or PlanFacts()
    together = _rollout(settings)
    games = settings.games or _games(together, settings, about.seats)
    rollout = settings.rollout.steps or max(1, round(together / (games * about.seats)))
    samples = games * about.seats * rollout
    batch = _power(samples / MINIBATCHES, LEAST_BATCH, MOST_BATCH)
    updates = max(1, math.ceil(settings.steps / samples))
    least = LIMITED if about.limited else LEAST_JUDGED
    affordable = _affordable(settings, about)
    looks = min(max(int(affordable / least) - 2, 1), JUDGEMENTS)  # between the first and the last
    every = settings.judge.every or max(1, round(updates / looks))
    judged = affordable / (updates / every + 2)
    return RefinePlan(
        games,
        rollout,
        settings.batch_size or max(2, min(batch, samples // 4)),
        settings.epochs or (PICTURE_EPOCHS if about.pictures else EPOCHS),
        settings.learning_rate or (PICTURE_RATE if about.pictures else RATE),
        settings.step_kl or (STEP_KL if settings.learning_rate is None else None),
        _warm_up(settings, updates),
        settings.rollout.half_life or HALF_LIFE * about.tick,
        every,
        settings.judge.games or min(max(round(judged), least), MOST_JUDGED),
        settings.steps,
        about.seats,
    )


def planned(settings: RefineSettings, plan: RefinePlan) -> RefineSettings:
    """The settings with nothing left out."""
    changes = {"steps": plan.rollout, "half_life": plan.half_life}
    rollout = settings.rollout.model_copy(update=changes)
    judge = settings.judge.model_copy(update={"every": plan.judge_every, "games": plan.judge_games})
    return settings.model_copy(
        update={
            "games": plan.games,
            "batch_size": plan.batch_size,
            "epochs": plan.epochs,
            "learning_rate": plan.learning_rate,
            "step_kl": plan.step_kl,
            "warm_up": plan.warm_up,
            "rollout": rollout,
            "judge": judge,
        }
    )


def last_games(settings: RefineSettings, facts: PlanFacts) -> int:
    """Games of each row of the last judgement, if a recipe leaves it out."""
    if facts.limited or not settings.steps:
        return MOST_LAST
    return min(max(round(_affordable(settings, facts) / PAIRINGS), LEAST_LAST), MOST_LAST)


def _affordable(settings: RefineSettings, about: PlanFacts) -> float:
    """Games, of all judgements before the last."""
    return JUDGED * settings.steps / about.seats / about.episode


def _rollout(settings: RefineSettings) -> int:
    """Steps of all games between two updates, if neither games nor their steps say otherwise."""
    few = 2 ** int(math.log2(max(settings.steps // LEAST_UPDATES, LEAST_BATCH)))
    least = min(LEAST_ROLLOUT, few)
    return _power(settings.steps / UPDATES, least, MOST_ROLLOUT)


def _games(together: int, settings: RefineSettings, seats: int) -> int:
    """So many that who learns in them and the steps of each grow alike."""
    if settings.rollout.steps:
        return max(1, together // (settings.rollout.steps * seats))
    return max(1, round(_power(math.sqrt(together) / 4, 4, MOST_GAMES) / seats))


def _warm_up(settings: RefineSettings, updates: int) -> int:
    """None where the policy knows nothing that bad values could undo, or where updates are few."""
    if settings.start == "nothing":
        return 0
    return min(1, updates // LEAST_UPDATES) if settings.warm_up is None else settings.warm_up


def _power(wanted: float, least: int, most: int) -> int:
    """The nearest power of two within bounds."""
    return int(min(max(2 ** round(math.log2(max(wanted, 1))), least), most))
