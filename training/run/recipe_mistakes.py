"""Validation errors of a recipe, all of them, a sentence each, so that a person corrects it once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from environments.system.errors import UserError, shortened
from environments.system.suggestions import closest
from training.ppo.settings import FORMER, RefineSettings
from training.run.recipe_values import unfit_values, without

MOST_TOLD = 20  # mistakes; of more only the number


def recipe_mistakes(
    recipe: type[BaseModel], content: dict[str, Any], where: str
) -> list[UserError]:
    """What is wrong with the plain values of a recipe, in its order as far as that is known.

    Args:
        recipe: the model of a recipe.
        content: what was read.
        where: the file, for the beginning of each sentence.
    """
    unfit = unfit_values(content, where)
    rest: Any = content
    for place, _ in unfit:
        rest = without(rest, place)
    found = [mistake for _, mistake in unfit]
    try:
        recipe.model_validate(rest)
    except ValidationError as error:
        left_out = {part for place, _ in unfit for part in place}
        for complaint in error.errors():
            if complaint["type"] == "missing" and complaint["loc"][-1] in left_out:
                continue  # it is there, and was told of
            sentence = _sentence(recipe, complaint | {"loc": _written(rest, complaint)}, where)
            if sentence not in [str(mistake) for mistake in found]:
                found.append(UserError(sentence))
    if len(found) > MOST_TOLD:
        more = len(found) - MOST_TOLD
        found[MOST_TOLD:] = [UserError(f"{where}: {more:,} more settings are wrong.")]
    return found


def _written(content: Any, complaint: Any) -> tuple[Any, ...]:
    """The place of a complaint, as far as it was written: a single weight stands for a start and an end."""
    place = []
    for part in complaint["loc"]:
        if not isinstance(content, dict | list):
            break
        place.append(part)
        known = part in content if isinstance(content, dict) else part < len(content)
        content = content[part] if known else {}
    return tuple(place)


def _sentence(recipe: type[BaseModel], first: Any, where: str) -> str:
    """One of pydantic's complaints as a sentence."""
    place = ".".join(shortened(str(part), 40) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        model = _model_at(recipe, first["loc"][:-1])
        known = list(model.model_fields)
        inner = FORMER if model is RefineSettings else {}  # settings of its tables
        near = closest(str(first["loc"][-1]), [*known, *inner])
        listed = f"known here: {', '.join(known)}."
        hint = listed if near is None else f"did you mean '{'.'.join(inner.get(near, (near,)))}'?"
        return f"{where}: there is no setting '{place}': {hint}"
    if first["type"] == "missing":
        return f"{where}: the setting '{place}' is missing; add it."
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"{where}: {place} = {shortened(repr(first['input']))}: {message}."


def _model_at(recipe: type[BaseModel], place: Sequence[Any]) -> type[BaseModel]:
    """The settings at a place of a recipe."""
    model: Any = recipe
    for part in place:
        inner = get_args(model)  # of dict[str, CostSettings], tuple[MemberSettings, ...]
        found = (one for one in inner if hasattr(one, "model_fields"))
        model = next(found) if inner else model.model_fields[part].annotation
    settings: type[BaseModel] = model
    return settings
