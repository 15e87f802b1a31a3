"""Any recipe: it is read and written as it is, or every mistake in it is one sentence with its place."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from environments.system.errors import UserError
from training.commands.recipe_rows import REQUIRED, sections
from training.run.recipe import Recipe, check_recipe

PLACES = [
    (*(section.name.split(".") if section.name else ()), setting.key)
    for section in sections()
    if not section.is_array and "NAME" not in section.name
    for setting in section.settings
]
DEFAULTS = {
    (*(section.name.split(".") if section.name else ()), setting.key): setting.default
    for section in sections()
    for setting in section.settings
    if setting.default is not REQUIRED
}
NUMBERS = st.one_of(
    st.integers(-2, 2**70), st.floats(), st.sampled_from([0, 1, 2, 0.5, 1.0, 400, 1e-3, 10**9])
)
VALUES = st.one_of(
    NUMBERS,
    st.booleans(),
    st.text(max_size=8),
    st.sampled_from(["auto", "clone", "nothing", "float32", "memory", "CartPole-v1"]),
    st.lists(st.one_of(NUMBERS, st.text(max_size=3)), max_size=3),
    st.dictionaries(st.text(max_size=5), NUMBERS, max_size=2),
)
# A place of a recipe, sometimes with a letter too many, and what stands there: the default, or anything.
ENTRIES = st.sampled_from(PLACES).flatmap(
    lambda place: st.tuples(
        st.one_of(st.just(place), st.just((*place[:-1], place[-1] + "x"))),
        st.one_of(st.just(DEFAULTS.get(place)), VALUES),
    )
)


def content_of(entries: list[tuple[tuple[str, ...], Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {"world": {"id": "CartPole-v1"}, "data": {"train": "cart"}}
    for place, value in entries:
        table: Any = content
        for part in place[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                break
        else:
            if value is not None:
                table[place[-1]] = value
    return content


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRIES, max_size=6))
def test_any_recipe_is_read_or_refused_in_sentences(entries):
    content = content_of(entries)
    try:
        recipe = check_recipe(content, "mine.toml")
    except UserError as refused:
        told = str(refused).splitlines()
        assert all(line.startswith("mine.toml: ") and line.endswith((".", "?")) for line in told)
        assert len(set(told)) == len(told)
        assert all(len(line) < 600 for line in told)
    else:
        told_again = recipe.model_dump(mode="json")
        assert Recipe.model_validate(told_again).model_dump(mode="json") == told_again
