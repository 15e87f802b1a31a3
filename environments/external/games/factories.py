"""Factories of external environments, found by name and checked before they are called."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import gymnasium

from environments.files.trusted_code import refuse_standard_library
from environments.system.errors import UserError
from environments.system.suggestions import closest, nearest

FACTORIES = ("parallel_env", "env", "raw_env")  # the names of the factories in PettingZoo's modules
OF_GYMNASIUM = {"render_mode", "max_episode_steps"}  # that `gymnasium.make` itself takes
Maker = Callable[..., Any]
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def find_factory(name: str) -> Maker:
    """What is to be called with the keywords of the environment of that name; imports what the name says.

    Raises:
        UserError: there is none, or it makes no environments.
    """
    return _of_module(name) if ":" in name else _of_registry(name)


def import_typed(name: str) -> Any:
    """What a person named as `module:Class` that is no environment: a player of their own.

    Raises:
        UserError: there is no such module, or nothing of that name in it.
    """
    module, what = _imported(name, "player")
    if not hasattr(module, what):
        hint = nearest(what, [one for one in vars(module) if not one.startswith("_")])
        raise UserError(f"The module '{module.__name__}' has no '{what}': {hint}")
    return getattr(module, what)


def _imported(name: str, kind: str) -> tuple[ModuleType, str]:
    """The module of a `module:Class`, and the name of what is meant in it."""
    where, what = name.split(":", 1)
    if not what or ":" in what:
        raise UserError(f"'{name}' is no {kind}: write module:Class, with one colon.")
    if not all(part.replace("-", "_").isidentifier() for part in where.split(".")):
        raise UserError(f"'{name}' is no {kind}: '{where}' can be no module's name.")
    refuse_standard_library(name, where)
    _search_here_for(where)
    try:
        return importlib.import_module(where), what
    except ModuleNotFoundError as error:
        if error.name is not None and (where == error.name or where.startswith(error.name + ".")):
            raise UserError(
                f"There is no module '{where}' here or installed, for the {kind} '{name}'."
            ) from error
        raise


def _of_module(name: str) -> Maker:
    """`module:Class`, or Gymnasium's `module:Id` if the module has no such class."""
    module, what = _imported(name, "environment")
    found: Any = getattr(module, what, None)
    if isinstance(found, ModuleType):  # as PettingZoo's are imported: `pettingzoo.classic:rps_v2`
        what = next((known for known in FACTORIES if known in vars(found)), what)
        found = vars(found).get(what, found)
    if found is None:
        return partial(gymnasium.make, name, disable_env_checker=True)
    if not _makes_environments(found, what):
        raise UserError(
            f"'{name}' is no environment: a class of gymnasium.Env or pettingzoo.ParallelEnv is; what a "
            "function makes is registered: gymnasium.register(id, entry_point=it), and named 'module:id'."
        )
    maker: Maker = found
    return maker


def _search_here_for(where: str) -> None:
    """Search the current folder, where people keep their own, for a module that is nowhere else.

    Last, so that it hides nothing; and not for one that is installed, whose own imports it could serve.
    """
    here = str(Path.cwd())
    try:
        known = importlib.util.find_spec(where.partition(".")[0]) is not None
    except ValueError:  # it runs, and was not imported: a script
        known = True
    if not known and here not in sys.path:
        sys.path.append(here)


def _makes_environments(found: Any, what: str) -> bool:
    """Whether something in a module may be called to make an environment: not just any function."""
    if isinstance(found, type):
        from pettingzoo import AECEnv, ParallelEnv

        return issubclass(found, (gymnasium.Env, ParallelEnv, AECEnv))
    return isinstance(found, FunctionType) and what in FACTORIES


def _of_registry(name: str) -> Maker:
    """A Gymnasium id, or else one of PettingZoo's."""
    if is_gymnasium_id(name):
        return partial(gymnasium.make, name, disable_env_checker=True)
    if not is_pettingzoo_id(name):
        raise UserError(f"There is no environment '{name}': {_meant(name)}")
    import pettingzoo

    return partial(pettingzoo.make, "parallel", name)


def is_gymnasium_id(name: str) -> bool:
    """Whether an installed package has registered a name with Gymnasium."""
    try:
        gymnasium.spec(name)
    except gymnasium.error.Error:
        return False
    return True


def is_pettingzoo_id(name: str) -> bool:
    """Whether an installed package has registered a name with PettingZoo, as a parallel environment."""
    import pettingzoo
    from pettingzoo.env_registry.exceptions import PettingZooRegistryError

    try:
        pettingzoo.spec("parallel", name)
    except PettingZooRegistryError:
        return False
    return True


def _meant(name: str) -> str:
    known = list(gymnasium.registry)  # ours are among them
    near = closest(name, known, alike=0.6) if name else "CartPole-v1"
    near = near or next((one for one in known if name.lower() in one.lower()), None)
    if near:
        return f"did you mean '{near}'?"
    return "if a package registers it, write 'package:Id'."


def require_named(name: str, maker: Maker, params: Mapping[str, Any]) -> None:
    """Refuse keywords that are not among the named parameters of what makes an environment.

    Raises:
        UserError: the first of them, by name.
    """
    known: dict[str, None] = {}
    if params:
        named = (word for one in _constructors(maker) for word in _words(one))
        known = dict.fromkeys([*named, *sorted(OF_GYMNASIUM)])
    for word in params:
        if word not in known:
            hint = nearest(word, known)
            raise UserError(f"The environment '{name}' has no parameter '{word}': {hint}")


def require_all(name: str, maker: Maker, params: Mapping[str, Any]) -> None:
    """Refuse to go on without a parameter that an environment cannot be made without.

    Raises:
        UserError: the first of them, by name.
    """
    if isinstance(maker, partial):  # a registered id has values of its own
        return
    first = next(iter(_constructors(maker)), None)
    for word, one in inspect.signature(first).parameters.items() if first is not None else ():
        needed = one.default is inspect.Parameter.empty and one.kind in _NAMED and word != "self"
        if needed and word not in params:
            raise UserError(
                f"The environment '{name}' needs a {word}: give it as --param {word}=VALUE."
            )


def _constructors(maker: Maker) -> Iterator[Any]:
    """What names the parameters: of a class its constructors, as far as they hand on others."""
    if isinstance(maker, partial):  # by a registered id
        maker = _registered(maker)
    if isinstance(maker, type):
        for kind in maker.__mro__:
            if "__init__" in vars(kind):
                yield vars(kind)["__init__"]
                if not _hands_on(vars(kind)["__init__"]):
                    return
        return
    yield maker
    if _hands_on(maker):  # PettingZoo's factories: wrappers around the `raw_env` of their module
        for cell in getattr(maker, "__closure__", None) or ():
            if isinstance(cell.cell_contents, FunctionType):
                yield from _constructors(cell.cell_contents)
        raw = getattr(maker, "__globals__", {}).get("raw_env")
        if raw is not None and raw is not maker:
            yield from _constructors(raw)


def _registered(maker: partial[Any]) -> Any:
    """The entry point of what is made by its registered id."""
    if maker.func is gymnasium.make:
        entry: Any = gymnasium.spec(maker.args[0].rpartition(":")[2]).entry_point  # of `module:Id`
    else:
        import pettingzoo

        entry = pettingzoo.spec(*maker.args).entry_point
    if isinstance(entry, str):
        module, _, what = entry.partition(":")
        entry = getattr(importlib.import_module(module), what)
    return entry


def _words(maker: Any) -> list[str]:
    """The parameters that a function names."""
    found = inspect.signature(maker).parameters.values()
    return [one.name for one in found if one.kind in _NAMED and one.name != "self"]


def _hands_on(maker: Any) -> bool:
    found = inspect.signature(maker).parameters.values()
    return any(one.kind is inspect.Parameter.VAR_KEYWORD for one in found)


def keywords_of(name: str) -> dict[str, Any]:
    """The keywords that the environment of a name can be made with, and their defaults; None without.

    Raises:
        UserError: there is no such environment.
    """
    found: dict[str, Any] = {}
    for one in _constructors(find_factory(name)):
        parameters = inspect.signature(one).parameters
        for word in _words(one):
            default = parameters[word].default
            found.setdefault(word, None if default is inspect.Parameter.empty else default)
    return found
