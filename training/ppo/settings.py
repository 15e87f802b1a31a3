"""Settings of PPO refining: `[refine]` of a recipe with its former keys, and what builds a `Refiner`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from torch import Tensor

from environments.simulation.reward_source import RewardSource
from training.compute.hardware import Precision
from training.ppo.controllers.kl_anchor import AnchorSettings
from training.ppo.controllers.lagrange import CostSettings
from training.ppo.losses import scheduled_parts
from training.settings import COUNT, EPOCHS, STEPS, Settings

Scheduled = float | Callable[[float], float]  # a number, or a function of the progress that remains
Ends = tuple[float, float]  # a weight at the start and at the end; a straight line over the steps

TABLES = ("rollout", "loss", "judge")
# Keys of `[refine]` that moved into a table of it; both are read, and runs are kept under the former ones.
FORMER = {
    "rollout": ("rollout", "steps"),
    "half_life": ("rollout", "half_life"),
    "gae_lambda": ("rollout", "gae_lambda"),
    "reward_scale": ("rollout", "reward_scale"),
    "clip": ("loss", "clip"),
    "entropy": ("loss", "entropy"),
    "kl_clone": ("loss", "kl_clone"),
    "kl_clone_reverse": ("loss", "kl_clone_reverse"),
    "imitation": ("loss", "imitation"),
    "value_weight": ("loss", "value_weight"),
    "judge_every": ("judge", "every"),
    "judge_games": ("judge", "games"),
}
# Read likewise, but no run has them from before: they are kept only where they say something.
BESIDE = {"judge_by": ("judge", "by")}


class RolloutSettings(Settings):
    """`[refine.rollout]`: how much is played between two updates, and what its rewards are worth."""

    steps: int | None = Field(None, ge=1, le=COUNT)
    """Played of each game between two updates, T; by the budget if left out. [steps]"""
    half_life: float | None = Field(None, gt=0)
    """Time after which a reward counts half: the discount; 250 steps if left out. [s]"""
    gae_lambda: float = Field(0.95, ge=0, le=1)
    """Lambda of the advantages: 0 trusts the values, 1 the rewards."""
    reward_scale: Annotated[float, Field(gt=0)] | Literal["running", "recorded"] = "running"
    """Factor of rewards before values are learned: one over the deviation of the returns, as they are
    met or as they were recorded, or a number."""

    @field_validator("reward_scale", mode="before")
    @classmethod
    def _left_out_before(cls, given: Any) -> Any:
        """Older runs have nothing where the scale was that of the recordings."""
        return "recorded" if given is None else given


class LossSettings(Settings):
    """`[refine.loss]`: the weights of the loss's parts (`training.ppo.losses`), and PPO's clip."""

    clip: float = Field(0.2, gt=0)
    """How far the ratio to the rollout's policy may go on either side of 1."""
    entropy: Ends = (0.01, 0.0)
    """Weight of the bonus for entropy, at the start and at the end."""
    kl_clone: Ends = (0.0, 0.0)
    """Weight of KL(policy from clone), at the start and at the end."""
    kl_clone_reverse: Ends = (0.0, 0.0)
    """Weight of KL(clone from policy), at the start and at the end."""
    imitation: Ends = (0.0, 0.0)
    """Weight of the recorded actions' log-likelihood, at the start and at the end."""
    value_weight: float = Field(0.5, gt=0)
    """Weight of the squared error of the values."""


class JudgeSettings(Settings):
    """`[refine.judge]`: the evaluations of the refining, which are also its checkpoints."""

    every: int | None = Field(None, ge=1, le=COUNT)
    """Distance between two evaluations, which are also checkpoints; by the budget if left out.
    [updates]"""
    games: int | None = Field(None, ge=2, le=COUNT)
    """Games of an evaluation, seats in turn; by the budget if left out."""
    by: str = "north_star"
    """What decides if an agent is better than its clone: "north_star", "reward" (the weighted sum of the
    recipe's terms, without what fades and potentials), or the name of a term."""


class RefineSettings(Settings):
    """`[refine]`: how to refine."""

    start: Literal["clone", "nothing"] = "clone"
    """What refining begins from; "nothing" is for comparison."""
    steps: int = Field(2_400_000, ge=0, le=STEPS)
    """Learned from in all games together; where the learner has every seat of a game, a step of it
    counts once for each. [steps]"""
    games: int | None = Field(None, ge=1, le=COUNT)
    """Games that are played at once, B; by the budget if left out."""
    epochs: int | None = Field(None, ge=1, le=EPOCHS)
    """Passes over each rollout; 5 if left out, 4 with pictures. [epochs]"""
    batch_size: int | None = Field(None, ge=2, le=COUNT)
    """Size of a minibatch, M; by the budget if left out. [steps]"""
    learning_rate: float | None = Field(None, gt=0)
    """Learning rate at the start, which falls to 0 over all steps. Left out it is 2e-3, 3e-4 with
    pictures, and the policy's steps are shortened by `step_kl`."""
    step_kl: float | None = Field(None, gt=0)
    """KL of an update from its rollout's policy to which the policy's steps are shortened; 0.01 if
    the learning rate is left out as well, else none. [nats]"""
    max_gradient: float = Field(0.5, gt=0)
    """Norm beyond which gradients are scaled down."""
    noise: float | None = Field(None, gt=0)
    """Standard deviation of continuous actions to begin with, as a share of half their range. Left
    out it is the clone's own, or 0.4, 0.2 or 0.1 if that is more: the largest with which the clone
    still knows what it knows, for a steady hand finds out too little."""
    warm_up: int | None = Field(None, ge=0, le=COUNT)
    """Most time in which only the values learn; 1 if left out. [updates]"""
    rollout: RolloutSettings = RolloutSettings()
    loss: LossSettings = LossSettings()
    kl: AnchorSettings = AnchorSettings()  # a distance to seek and a budget, beside loss.kl_clone
    judge: JudgeSettings = JudgeSettings()
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of updates; "auto" measures."""
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=1024)] = 1
    """Threads of torch in updates; "auto" measures one against all cores and keeps what is
    faster."""
    cores: Literal["auto"] | Annotated[int, Field(ge=1, le=2)] = "auto"
    """Cores to use: with 2 the values learn, partners choose, and further clones are made, on a
    core of their own; "auto" measures if the values gain by it, and clones on every core. The
    bits are the same."""

    @property
    def is_held(self) -> bool:
        """Whether anything holds the policy near its clone."""
        loss, kl = self.loss, self.kl
        return any((*loss.kl_clone, *loss.kl_clone_reverse, kl.target, kl.budget))

    @model_validator(mode="before")
    @classmethod
    def _read_former(cls, given: Any) -> Any:
        return regrouped(given) if isinstance(given, dict) else given

    @model_serializer(mode="wrap")
    def _under_former_keys(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As runs have kept them since the first: an older one goes on, and its recipe's hash is the same."""
        told: dict[str, Any] = plain(self)
        if self.step_kl is None:  # as it was before there was such a key
            del told["step_kl"]
        tables = {name: told.pop(name) for name in TABLES}
        former = {old: tables[table].pop(key) for old, (table, key) in FORMER.items()}
        # What came since then is kept only if it says something: an older recipe keeps its hash.
        added: dict[str, Any] = {}
        for table, rest in tables.items():
            settings = getattr(self, table)
            defaults = {key: field.default for key, field in type(settings).model_fields.items()}
            said = {key for key in rest if getattr(settings, key) != defaults[key]}
            added |= {f"{table}.{key}": rest[key] for key in rest if key in said}
        return told | former | added


def moved(key: str, value: Any) -> tuple[str, str] | None:
    """The table and the key of what was a key of `[refine]` itself; None if it is one still."""
    if isinstance(value, (dict, Settings)):  # `rollout` is a number of steps or the table
        return None
    table, _, inner = key.partition(".")  # so runs keep what has no former key
    return (table, inner) if table in TABLES and inner else (FORMER | BESIDE).get(key)


def regrouped(given: dict[str, Any]) -> dict[str, Any]:
    """`[refine]` with every former key in its table.

    Raises:
        ValueError: a setting is given under both of its keys, or where its table should be is none.
    """
    found: dict[str, Any] = {}
    for key, value in given.items():
        if moved(key, value) is None:
            found[key] = dict(value) if isinstance(value, dict) else value
    for key, value in given.items():
        place = moved(key, value)
        if place is None:
            continue
        table = found.setdefault(place[0], {})
        if not isinstance(table, dict):
            if not isinstance(table, Settings):
                continue  # which its own check refuses
            table = found[place[0]] = table.model_dump(exclude_unset=True)
        if place[1] in table:
            how = " by its former key" if key in FORMER else ""
            raise ValueError(f"'{key}' is '{'.'.join(place)}'{how}: give one of them")
        table[place[1]] = value
    return found


@dataclass(frozen=True)
class RefinerInputs:
    """What a `Refiner` has beyond PPO's settings. With all of it left out it is PPO."""

    clone: Any = None  # the frozen policy to stay near; None refines without an anchor
    # Weights of parts of the loss (`training.ppo.losses.POLICY_PARTS`), as SB3's learning rate: numbers, or
    # functions of the progress that remains (1 at the start, 0 at the end). "entropy" replaces `ent_coef`.
    weights: Mapping[str, Scheduled] = field(default_factory=dict)
    # A distance to seek and a budget, beside the weight.
    anchor: AnchorSettings = field(default_factory=AnchorSettings)
    demonstrations: tuple[Tensor, Tensor] | None = None  # observations and actions to draw from
    # Limits by the name of a cost; needs a policy with a value for each of the world's costs.
    costs: Mapping[str, CostSettings] = field(default_factory=dict)
    # Updates at the start, at most, in which the policy rests while the values learn and the optimiser's
    # moments fill; it ends when the values fit no better.
    warm_up: int = 0
    # Of rewards before values are learned: a number, "recorded" for the policy's own, or "running"
    # (`training.ppo.rollouts.return_scale`).
    reward_scale: float | Literal["running", "recorded"] = 1.0
    # KL of an update from its rollout's policy, to which the policy's steps are shortened
    # (`training.ppo.controllers.step_size`); None leaves them as they are. [nats]
    step_kl: float | None = None
    # Whether gradients of policy and values are clipped each by its own norm; PPO has one for both.
    clip_apart: bool = False
    # Whose weighted columns are added to the reward of each rollout.
    reward_sources: Sequence[RewardSource] = ()
    # Updates after which games and generators start afresh from hash(seed, update), so that a run can go on
    # from its weights and optimiser alone; 0 never does.
    reseed_every: int = 0
    # Of the update's layers. The rollout is in float32, and its log-probabilities are taken again in the
    # update's precision, so that the ratio begins at 1. "bfloat16" needs an `AgentPolicy`.
    precision: Precision = "float32"
    cores: int = (
        1  # 2: the values learn, and rollouts pass forward, on a second one; the bits are the same
    )

    def schedules(self, entropy: Scheduled) -> dict[str, Scheduled]:
        """The weight of every part of the loss that has a schedule; `entropy` where none is given.

        Raises:
            ValueError: a weight that no part has.
        """
        known = dict.fromkeys(scheduled_parts(), 0.0) | {"entropy": entropy}
        if unknown := self.weights.keys() - known.keys():
            raise ValueError(f"no part of the loss has the weights {sorted(unknown)}")
        without = {"imitation": 0.0} if self.demonstrations is None else {}
        return {**known, **self.weights, **without}
