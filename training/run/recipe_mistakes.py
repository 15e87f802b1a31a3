"""Validation errors of a recipe, all of them, a sentence each, so that a person corrects it once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from environments.system.errors import UserError, shortened
from environments.system.suggestions import closest
from environments.system.wanted_values import either, pair_like, wanted_value
from training.ppo.settings import BESIDE, FORMER, RefineSettings
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
        places: dict[tuple[Any, ...], list[Any]] = {}
        for complaint in error.errors():
            if complaint["type"] == "missing" and complaint["loc"][-1] in left_out:
                continue  # it is there, and was told of
            place = _written(rest, complaint)
            if isinstance(place[-1], int) and _default(recipe, place[:-1]) is not None:
                place = place[:-1]  # a pair is told of as a whole
            places.setdefault(place, []).append(complaint)
        found += [
            UserError(_sentence(recipe, place, complaints, rest, where))
            for place, complaints in places.items()
        ]
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
        if isinstance(content, list) and not isinstance(part, int):
            break  # no place but the name of a kind that the value was tried as
        place.append(part)
        known = part in content if isinstance(content, dict) else part < len(content)
        content = content[part] if known else {}
    return tuple(place)


def _sentence(
    recipe: type[BaseModel], loc: tuple[Any, ...], complaints: Sequence[Any], rest: Any, where: str
) -> str:
    """Pydantic's complaints about one place as a sentence: several where a value may be of several kinds."""
    first, place = complaints[0], ".".join(shortened(str(part), 40) for part in loc)
    if first["type"] == "extra_forbidden":
        model = _model_at(recipe, loc[:-1])
        known = list(model.model_fields)
        inner = FORMER | BESIDE if model is RefineSettings else {}  # settings of its tables
        near = closest(str(loc[-1]), [*known, *inner])
        listed = f"known here: {', '.join(known)}."
        hint = listed if near is None else f"did you mean '{'.'.join(inner.get(near, (near,)))}'?"
        return f"{where}: there is no setting '{place}': {hint}"
    pair = _default(recipe, loc)
    if first["type"] == "missing" and pair is None:
        return f"{where}: the setting '{place}' is missing; add it."
    wanted = [pair] if pair else [wanted_value(one) for one in complaints]
    value = _value_at(rest, loc, first["input"])
    given = shortened(repr(value))
    if pair and all(map(_is_negative, complaints)):
        ends = [] if isinstance(value, int | float) else [one["loc"][-1] for one in complaints]
        at = {(0,): " at the start", (1,): " at the end"}.get(tuple(ends), "")
        return f"{where}: {place} = {given}: the weight{at} must not be negative."
    if known_kinds := [one for one in wanted if one is not None]:
        return f"{where}: {place} = {given}: give {either(known_kinds)}."
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {place} = {given}: {message[0].lower()}{message[1:]}."


def _is_negative(complaint: Any) -> bool:
    """Whether it is of a number below 0 where only that is wrong."""
    return bool(complaint["type"] == "greater_than_equal" and complaint["ctx"]["ge"] == 0)


def _value_at(content: Any, place: tuple[Any, ...], otherwise: Any) -> Any:
    """What was written at a place."""
    for part in place:
        if isinstance(content, dict):
            known = part in content
        else:
            known = isinstance(content, list) and isinstance(part, int) and part < len(content)
        if not known:
            return otherwise
        content = content[part]
    return content


def _default(recipe: type[BaseModel], place: tuple[Any, ...]) -> str | None:
    """What a place wants that has a pair of numbers by default, None for any other."""
    try:
        model = _model_at(recipe, place[:-1])
        field = model.model_fields[str(place[-1])]
        return pair_like(field.annotation, field.default)
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError):
        return None


def _model_at(recipe: type[BaseModel], place: Sequence[Any]) -> type[BaseModel]:
    """The settings at a place of a recipe."""
    model: Any = recipe
    for part in place:
        inner = get_args(model)  # of dict[str, CostSettings], tuple[MemberSettings, ...]
        found = (one for one in inner if hasattr(one, "model_fields"))
        model = next(found) if inner else model.model_fields[part].annotation
    settings: type[BaseModel] = model
    return settings
