"""A recipe: the TOML file that says what to train, on whose play, and how.

    seed = 0

    [world]    which world, with which parameters
    [reward]   the weights of its terms, and which of them fade out
    [data]     whose play to learn from, and whose to be judged beside
    [network]  `training.imitation.inputs.NetworkSettings`: what policy and values are made of
    [clone]    `training.imitation.settings.CloneSettings`
    [partner]  `training.partners.partners.PartnerSettings`: who plays the other seats meanwhile
    [refine]   `training.ppo.settings.RefineSettings`: PPO; its tables are
    [refine.rollout], [refine.loss], [refine.kl] and [refine.judge]
    [costs.NAME]  `training.ppo.controllers.lagrange.CostSettings`: the limit of a cost
    [evaluate] the protocol of the last judgement
    [corrections]  `training.imitation.corrections.CorrectionsSettings`, if [data] names some

Every setting can be overridden on the command line: `--refine.steps 2_000_000`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from environments.catalog import is_ours
from environments.files.readers import DEPTH, Unreadable, read_toml
from environments.system.errors import UserError, raise_all, shortened
from environments.system.suggestions import nearest
from environments.terminal.arguments import meant
from training.imitation.corrections import CorrectionsSettings
from training.imitation.inputs import NetworkSettings
from training.imitation.settings import CloneSettings
from training.partners.partners import PartnerSettings
from training.ppo.controllers.lagrange import CostSettings, finite
from training.ppo.settings import FORMER, RefineSettings, moved, regrouped
from training.run.recipe_mistakes import recipe_mistakes
from training.settings import COUNT, Settings
from training.world_settings import WorldSettings

RECIPES = Path(__file__).parents[1] / "recipes"
SEEDS = 2**32 - 1  # as Stable-Baselines3 seeds numpy with it


class RewardSettings(Settings):
    """What the agent is paid for while it trains; what it is judged by is `refine.judge.by`."""

    weights: dict[str, float] | None = None
    """Weight of each term; the world's own if left out."""
    faded: list[str] = []
    """Terms whose weight falls to 0."""
    fade_until: float = Field(0.6, gt=0, le=1)
    """Point of the training at which those weights are 0. [share of the steps]"""


class DataSettings(Settings):
    """Whose play."""

    root: Path = Path("datasets")
    """Folder in which datasets are kept."""
    train: str | None = None
    """The dataset that is cloned; only refine.start = "nothing" can do without."""
    held_out: str | None = None
    """Dataset of other people: their clone is only ever played with to judge."""
    corrections: str | None = None
    """Dataset of an agent that was coached: it learns on from it."""


class EvaluateSettings(Settings):
    """The protocol of the last judgement."""

    games: int = Field(100, ge=1, le=COUNT)
    """Games of the last judgement, per seat; fewer, but 30 at the least, if left out where they would take
    more steps than the budget bears."""
    greedy: bool = False
    """Take the likeliest actions instead of samples."""


class Recipe(Settings):
    """A whole recipe."""

    seed: int = Field(0, ge=0, le=SEEDS)
    """Where everything drawn by chance begins: the same recipe and seed give the same agent."""
    world: WorldSettings
    reward: RewardSettings = RewardSettings()
    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    clone: CloneSettings = CloneSettings()
    partner: PartnerSettings = PartnerSettings()
    refine: RefineSettings = RefineSettings()
    costs: dict[str, CostSettings] = {}  # by the name of a cost
    evaluate: EvaluateSettings = EvaluateSettings()
    corrections: CorrectionsSettings = CorrectionsSettings()

    @property
    def limits(self) -> dict[str, float]:
        """The limits that there are, by cost."""
        return {name: cost.limit for name, cost in finite(self.costs).items()}

    @model_serializer(mode="wrap")
    def _told(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without corrections or shield as if there were no such things: older runs have the same recipe.

        A limit of infinity is left out too: the run is the one without it.
        """
        told: dict[str, Any] = plain(self)
        told["costs"] = {name: told["costs"][name] for name in self.limits}
        told["world"] = self.world.told(told["world"])
        if self.partner.player is None and is_ours(self.world.id):  # as it was written before
            told["partner"]["player"] = "clone"
        if self.data.corrections is None:
            del told["corrections"], told["data"]["corrections"]
        return told


def read_recipe(
    name: str, overrides: Sequence[str] = (), say: Callable[[str], None] = print
) -> Recipe:
    """Read a recipe by path or by the name of one of ours, then apply `section.key=value` overrides.

    Args:
        name: a path, or a name without `.toml`.
        overrides: `refine.steps=2_000_000`, ...
        say: is told in one sentence of settings that have moved, and are read under their former keys.

    Raises:
        UserError: no such recipe, not TOML within its limits; or all unknown keys and values out of bounds.
    """
    path = _find(name)
    return overridden_recipe(read_toml(path), str(path), overrides, say)


def overridden_recipe(
    content: dict[str, Any],
    where: str,
    overrides: Sequence[str] = (),
    say: Callable[[str], None] = lambda sentence: None,
) -> Recipe:
    """A recipe from plain values, with `section.key=value` overrides applied to them.

    Args:
        content: what would stand in the file; it is changed.
        where: it comes from, for sentences.
        overrides: `refine.steps=2_000_000`, ...
        say: as `read_recipe`.

    Raises:
        UserError: all unknown keys and values out of bounds.
    """
    mistakes: list[UserError] = []
    former: dict[str, None] = {}
    try:
        former |= _regroup(content, where)
    except UserError as mistake:
        mistakes.append(mistake)
        del content["refine"]  # nothing can be said of the rest of it
    for override in overrides:
        try:
            former |= _override(content, override)
        except UserError as mistake:
            mistakes.append(mistake)
    mistakes += recipe_mistakes(Recipe, content, where)
    raise_all(mistakes)
    recipe = Recipe.model_validate(content)
    if former:
        new = ", ".join(f"refine.{key} is now refine.{'.'.join(FORMER[key])}" for key in former)
        say(f"{where}: {new}; what was written before is still read.")
    return recipe


def _regroup(content: dict[str, Any], where: str) -> dict[str, None]:
    """Put every former key of `[refine]` into its table; returns those that there were."""
    refine = content.get("refine")
    if not isinstance(refine, dict):
        return {}
    try:
        content["refine"] = regrouped(refine)
    except ValueError as error:
        raise UserError(f"{where}: refine: {error}.") from None
    return {key: None for key, value in refine.items() if key in FORMER and moved(key, value)}


def check_recipe(content: dict[str, Any], where: str) -> Recipe:
    """A recipe from plain values.

    Raises:
        UserError: an unknown key or a value out of bounds, named with the nearest that is known; if there are
            several, all of them.
    """
    raise_all(recipe_mistakes(Recipe, content, where))
    return Recipe.model_validate(content)


def _find(name: str) -> Path:
    for path in (Path(name), RECIPES / name, RECIPES / f"{name}.toml"):
        if _is_file(path):
            return path
    ours = sorted(path.stem for path in RECIPES.glob("*.toml"))
    hint = nearest(Path(name).stem, ours, f"ours are {', '.join(ours)}.")
    if _is_file(Path(f"{name}.toml")):
        hint = f"did you mean '{name}.toml'?"
    raise UserError(f"There is no recipe '{name}': {hint}")


def _is_file(path: Path) -> bool:
    with suppress(OSError, ValueError):  # no name of a file: too long, or no text
        return path.is_file()
    return False


def _override(content: dict[str, Any], override: str) -> dict[str, None]:
    """Apply `refine.steps=2_000_000`; the value is read as TOML, and as plain text where that fails.

    Returns the former key of `[refine]` that it names, if it does.
    """
    name, _, text = override.partition("=")
    *sections, key = name.split(".")
    if len(sections) >= DEPTH:
        raise UserError(
            f"--{shortened(name)} has {len(sections) + 1:,} parts; no setting has more than {DEPTH}."
        )
    try:
        value = meant(text)
    except Unreadable as error:
        raise UserError(f"The value of --{shortened(name)} {error}.") from None
    former: dict[str, None] = {}
    if sections == ["refine"] and (place := moved(key, value)) is not None:
        former = {key: None} if key in FORMER else {}
        sections, key = ["refine", place[0]], place[1]
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise UserError(f"--{shortened(name)} cannot be set: '{section}' is a single value.")
    content[key] = value
    return former
