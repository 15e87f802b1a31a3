"""Settings of behaviour cloning: `[clone]` of a recipe."""

from __future__ import annotations

import math
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from training.settings import COUNT, EPOCHS, Settings, Units

SMALLEST, LARGEST = 64, 512  # minibatches
MINIBATCHES = 64  # of an epoch, as far as these two allow
GRADIENT_STEPS = 6_000  # of a cloning whose epochs are left out
FEWEST, MOST = 10, 300  # epochs of it


class CloneSettings(Settings):
    """How to clone."""

    hidden: list[Units] = Field([128, 128], max_length=100)
    """Size of each layer; policy and values have a tower each. [units]"""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Hidden units of the policy that are left out while it learns. [share]"""
    action_weights: dict[str, float] = {}
    """Weight in the loss by action, 1 for those not named; people mostly "stay"."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Part of each label's probability that is spread over all actions. [share]"""
    learning_rate: float = Field(1e-3, gt=0)
    """Learning rate at the start; it falls to 0 over all epochs."""
    batch_size: int | None = Field(None, ge=1, le=COUNT)
    """Size of a minibatch; by how much was recorded if left out. [steps]"""
    epochs: int | None = Field(None, ge=1, le=EPOCHS)
    """Most passes over the recordings; as many as make up the gradient steps that they need if left
    out. [epochs]"""
    tolerance: float = Field(0.02, ge=0)
    """How far above its best the validation loss still counts as as good. [share]"""
    patience: int = Field(8, ge=1, le=EPOCHS)
    """How long the loss may stay beyond the tolerance before cloning stops. [epochs]"""
    validation: float = Field(0.15, gt=0, lt=1)
    """Matches that are held back to validate on. [share]"""
    value_weight: float = Field(0.5, ge=0)
    """Weight of the values' squared error in the loss."""
    scale_floor: float | None = Field(None, gt=0)
    """Least deviation that an observation is scaled by; each number's own if left out, so that nothing
    depends on its unit."""
    encoder: str | None = None
    """File of an encoder (`agents/files/encoder_file.py`) that policy and values begin with; drawn if
    left out."""

    def sized(self, steps: int) -> CloneSettings:
        """The same with what is left out, for so many recorded steps to learn from."""
        batch = 2 ** round(math.log2(max(steps / MINIBATCHES, 1)))
        size = self.batch_size or min(max(batch, SMALLEST), LARGEST)
        epochs = GRADIENT_STEPS * size // max(steps, 1)
        epochs = self.epochs or min(max(epochs, FEWEST), MOST)
        return self.model_copy(update={"batch_size": size, "epochs": epochs})

    @model_serializer(mode="wrap")
    def _without_encoder(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what is left out, as if there were no such setting: older runs have the same recipe."""
        told: dict[str, Any] = plain(self)
        return {k: value for k, value in told.items() if k != "encoder" or value is not None}
