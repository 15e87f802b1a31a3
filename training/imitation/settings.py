"""`[clone]` of a recipe: how a policy is cloned from recordings."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from training.settings import COUNT, EPOCHS, Settings, Units


class CloneSettings(Settings):
    """How to clone."""

    # Units of each layer; policy and values have a tower each.
    hidden: list[Units] = Field([128, 128], max_length=100)
    dropout: float = Field(0.25, ge=0, lt=1)  # share of the policy's hidden units
    action_weights: dict[str, float] = {}  # weight in the loss by action; people mostly "stay"
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    learning_rate: float = Field(1e-3, gt=0)  # falls to 0 over all epochs
    batch_size: int = Field(512, ge=1, le=COUNT)
    epochs: int = Field(40, ge=1, le=EPOCHS)  # at most
    # Share above its best at which the validation loss still counts as as good.
    tolerance: float = Field(0.02, ge=0)
    patience: int = Field(8, ge=1, le=EPOCHS)  # epochs beyond the tolerance before it stops
    validation: float = Field(0.15, gt=0, lt=1)  # share of the matches held back
    value_weight: float = Field(0.5, ge=0)  # of the values' squared error in the loss
    scale_floor: float = Field(0.25, gt=0)  # least deviation that an observation is scaled by
    # A file of `agents.files.encoder_file` whose encoder policy and values begin with; drawn if left out.
    encoder: str | None = None

    @model_serializer(mode="wrap")
    def _without_encoder(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what is left out, as if there were no such setting: older runs have the same recipe."""
        told: dict[str, Any] = plain(self)
        return {k: value for k, value in told.items() if k != "encoder" or value is not None}
