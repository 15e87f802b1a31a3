"""An external environment, Gymnasium's or PettingZoo's, as a `World`, by what a trial of it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from environments.external.games.named_values import SUCCESS
from environments.external.guard import Guard
from environments.external.parameters import completed
from environments.external.trial.isolated import PATIENCE
from environments.external.trial.names import SEEN, SUCCESS_MEANING, check_name
from environments.shields.rules import read_rules
from environments.simulation.kernels import Kernels
from environments.simulation.spec import WorldSpec
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.system.suggestions import closest, nearest

MISSPELT = 0.75  # how alike an option is to one of ours that it was meant to be


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExternalWorld(World):
    """An external environment, played by `ExternalBatch`; `params` are the keywords it is made with."""

    workers: int = 0  # processes that a batch's games are played in; 0 plays them here
    patience: float = PATIENCE  # s, after which the process of a game that does not answer is ended
    closes: bool = True  # whether a game can be closed without a hang
    success: str | None = None  # key of the info that says whether a game is solved, if unusual
    guard: Guard = field(default_factory=Guard)  # of all its batches

    def with_workers(self, workers: int, patience: float = PATIENCE) -> ExternalWorld:
        """The same world with a batch's games in processes of their own, so that one may hang or die."""
        return replace(self, workers=workers, patience=patience)

    def named_as(self, other: World) -> ExternalWorld:
        """The same world with the terms and costs of another one, which differs in how it draws alone."""
        return replace(
            self,
            terms=other.terms,
            costs=other.costs,
            occasional=other.occasional,
            north_star=other.north_star,
            shield_rules=other.shield_rules,
            vary=other.vary,
            star_chosen=other.star_chosen,
            success=getattr(other, "success", None),
        )

    def as_recorded(self, terms: Sequence[str], costs: Sequence[str]) -> ExternalWorld:
        """The same world with the terms and costs that a dataset has, beside those of its first step."""

        def kept(known: Mapping[str, str], names: Sequence[str], kind: str) -> dict[str, str]:
            first = {name: known[name] for name in known if name not in self.occasional}
            later = sorted(name for name in names if name not in first)
            return first | {name: known.get(name, SEEN[kind]) for name in later}

        mine, theirs = kept(self.terms, terms, "term"), kept(self.costs, costs, "cost")
        first = {name for name in (*self.terms, *self.costs) if name not in self.occasional}
        late = tuple(name for name in (*mine, *theirs) if name not in first)
        return replace(self, terms=mine, costs=theirs, occasional=late)

    def check_option(self, name: str) -> None:
        """Accept it: what is not `horizon` is handed on as it is, if it is not meant to be that.

        Raises:
            UserError: it is a misspelt `horizon`.
        """
        if name != "horizon" and closest(name, ["horizon"], MISSPELT):
            raise UserError(f"There is no option '{name}': did you mean 'horizon'?")

    def describe(self) -> dict[str, Any]:
        """As every world, with the key of its own that says whether a game is solved."""
        described = WorldSpec.describe(self)
        return described if self.success is None else {**described, "success": self.success}

    @property
    def kernels(self) -> Kernels:
        """None: it is played by `ExternalBatch`.

        Raises:
            UserError: always.
        """
        raise UserError(f"'{self.id}' is an external environment; `catalog.make_batch` plays it.")


@dataclass(frozen=True)
class Declared:
    """What a recipe, a command line, an environment or a file says of a world beside what its trial shows."""

    terms: tuple[str, ...] = ()
    costs: tuple[str, ...] = ()
    north_star: str | None = None  # the term that everything is judged by
    success: str | None = None  # the key of its info that says whether a game is solved
    options: Mapping[str, Any] = field(default_factory=dict)  # of every episode
    shield: Any = None  # rules, as `environments.shields.rules.read_rules` takes them
    vary: Any = (
        None  # what is drawn for each episode, as `environments.external.parameters` reads it
    )

    @classmethod
    def of_description(cls, described: Mapping[str, Any]) -> Declared:
        """What a `World.describe()` holds of that, in whatever file it stood."""
        more = described.get("occasional")
        more = more if isinstance(more, Mapping) else {}
        names = {kind: more.get(kind) for kind in ("terms", "costs")}
        return cls(
            **{
                kind: tuple(found) if isinstance(found, list) else ()
                for kind, found in names.items()
            },
            north_star=described.get("north_star"),
            success=described.get("success"),
            options=described.get("options") or {},
            shield=described.get("shield"),
            vary=described.get("vary"),
        )


def declare(world: World, given: Declared) -> World:
    """The world with further names, rules, variation, and judged by another term, if that is asked for.

    Raises:
        UserError: a native world has no such name, a name cannot be one, a rule does not fit, or it has no
            term to judge by.
    """
    if isinstance(world, ExternalWorld):
        world = _with_names(world, given)
    else:
        _require_native(world, given)
    if given.vary:
        world = replace(world, vary=completed(given.vary, world))
    if given.options:
        if not isinstance(given.options, Mapping):
            raise UserError(f"The options of '{world.id}' are no table of names and values.")
        for name in given.options:
            world.check_option(name)
        world = replace(world, episode_options={**world.episode_options, **given.options})
    if given.shield:
        world = replace(world, shield_rules=read_rules(given.shield, world))
    star = given.north_star
    if star is None or star == world.north_star:
        return world
    if star not in world.terms:
        raise UserError(
            f"'{star}' cannot be the north star of '{world.id}': {nearest(str(star), world.terms)}"
        )
    return replace(world, north_star=star, star_chosen=True)


def _with_names(world: ExternalWorld, given: Declared) -> ExternalWorld:
    success = given.success or world.success
    wanted_terms = dict.fromkeys(given.terms, SEEN["term"])
    if SUCCESS in wanted_terms or given.success:
        wanted_terms[SUCCESS] = SUCCESS_MEANING
    wanted_costs = dict.fromkeys(given.costs, SEEN["cost"])
    for kind, names in (("term", wanted_terms), ("cost", wanted_costs)):
        for name in names:
            check_name(name, kind, world.id)
    terms = _more(world.terms, wanted_terms, world.occasional)
    costs = _more(world.costs, wanted_costs, world.occasional)
    if both := terms.keys() & costs.keys():
        raise UserError(
            f"In '{world.id}' the name '{min(both)}' is a term and a cost: one of the two needs another."
        )
    first = {name for name in (*world.terms, *world.costs) if name not in world.occasional}
    occasional = tuple(name for name in (*terms, *costs) if name not in first)
    return replace(world, terms=terms, costs=costs, occasional=occasional, success=success)


def _more(known: dict[str, str], wanted: dict[str, str], late: tuple[str, ...]) -> dict[str, str]:
    """Names with their meanings: those of the first step as they came, then the others by the alphabet."""
    first = {name: meaning for name, meaning in known.items() if name not in late}
    rest = {name: meaning for name, meaning in (wanted | known).items() if name not in first}
    return first | dict(sorted(rest.items()))


def _require_native(world: World, given: Declared) -> None:
    for kind, names, known in (
        ("term", given.terms, world.terms),
        ("cost", given.costs, world.costs),
    ):
        for name in names:
            if name not in known:
                raise UserError(
                    f"The world '{world.id}' has no {kind} '{name}': {nearest(name, known)}"
                )
    if given.success is not None:
        raise UserError(f"The world '{world.id}' names its own terms: leave out `success`.")


def in_processes(world: World, workers: int, patience: float = PATIENCE) -> World:
    """The world with its games in so many processes, if they are to be any.

    Raises:
        UserError: it is a native world, whose games cannot hang.
    """
    if not isinstance(world, ExternalWorld):
        if not workers:
            return world
        raise UserError(
            f"'{world.id}' is played in this process: leave out `workers`, which are for environments "
            "of other people."
        )
    return world.with_workers(workers, patience)
