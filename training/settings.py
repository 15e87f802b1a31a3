"""The base class of all settings: frozen, checked, and strict about unknown keys."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

# Of games, steps and updates; what they take of memory is added up by `training.run.memory_needs`.
COUNT = 10**9
EPOCHS, STEPS = 10**6, 10**12  # more than any machine gets done
Units = Annotated[int, Field(ge=1, le=10**6)]  # of a layer


class Settings(BaseModel):
    """Settings stand beside the function that reads them; their defaults are what a recipe may leave out.

    Numbers are finite unless a field says otherwise.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch(cls, given: Any, about: ValidationInfo) -> Any:
        """Pydantic would take `true` for 1."""
        kind = cls.model_fields[str(about.field_name)].annotation
        if isinstance(given, bool) and kind is not bool and bool not in get_args(kind):
            raise ValueError("it is no switch, true and false say nothing")
        return given


def discount(half_life: float, tick: float) -> float:
    """The discount per step at which a reward `half_life` seconds away counts half.

    Args:
        half_life: s.
        tick: s a step.
    """
    return float(0.5 ** (tick / half_life))
