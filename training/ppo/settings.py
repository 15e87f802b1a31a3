"""`[refine]` of a recipe: how a clone is refined."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from training.ppo.kl_anchor import AnchorSettings
from training.settings import COUNT, EPOCHS, STEPS, Settings


class RefineSettings(Settings):
    """How to refine."""

    start: Literal["clone", "nothing"] = "clone"  # "nothing" is for comparison
    steps: int = Field(2_400_000, ge=0, le=STEPS)
    games: int = Field(80, ge=1, le=COUNT)  # B, played at once
    rollout: int = Field(400, ge=1, le=COUNT)  # T, steps of a game between two updates
    epochs: int = Field(4, ge=1, le=EPOCHS)
    batch_size: int = Field(4000, ge=2, le=COUNT)
    learning_rate: float = Field(1e-3, gt=0)  # falls to 0 over all steps
    half_life: float = Field(10.3, gt=0)  # s, after which a reward counts half
    gae_lambda: float = Field(0.98, ge=0, le=1)
    clip: float = Field(0.2, gt=0)
    entropy: tuple[float, float] = (0.02, 0.003)  # weight of the bonus at the start and the end
    kl_clone: tuple[float, float] = (0.0, 0.0)  # weight of KL(policy from clone), likewise
    kl_clone_reverse: tuple[float, float] = (0.0, 0.0)  # of KL(clone from policy)
    value_weight: float = Field(0.5, gt=0)
    max_gradient: float = Field(0.5, gt=0)
    # Standard deviation of continuous actions to begin with; the clone's own if left out. A steady hand tries
    # little: where people were cautious, it is too little to find out what else is possible.
    noise: float | None = Field(None, gt=0)
    warm_up: int = Field(4, ge=0, le=COUNT)  # updates, at most, in which only the values learn
    kl: AnchorSettings = (
        AnchorSettings()
    )  # a distance to seek and a budget, beside the weights above
    imitation: tuple[float, float] = (
        0.0,
        0.0,
    )  # weight of the recorded actions' log-likelihood, likewise
    reward_scale: float | None = Field(
        None, gt=0
    )  # None: one over the deviation of recorded returns
    precision: Literal["auto", "float32", "bfloat16"] = (
        "auto"  # of the update's layers; auto measures
    )
    # Of torch, in updates; "auto" measures one against all cores and keeps what is faster.
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=1024)] = 1
    # With 2 the values learn, partners choose, and further clones are made, on a core of their own; "auto"
    # measures if the values gain by it, and clones on every core. The bits are the same.
    cores: Literal["auto"] | Annotated[int, Field(ge=1, le=2)] = "auto"
    judge_every: int = Field(
        5, ge=1, le=COUNT
    )  # updates between two evaluations, which are also checkpoints
    judge_games: int = Field(80, ge=2, le=COUNT)  # games of such an evaluation, seats in turn
