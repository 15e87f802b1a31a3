"""What all settings have in common: frozen, checked, and strict about unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Settings stand beside the function that reads them; their defaults are what a recipe may leave out."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def discount(half_life: float, tick: float) -> float:
    """The discount per step at which a reward `half_life` seconds away counts half.

    Args:
        half_life: s.
        tick: s a step.
    """
    return float(0.5 ** (tick / half_life))
