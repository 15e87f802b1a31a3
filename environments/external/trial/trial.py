"""The trial of an external environment: it is made, looked at, reset, stepped once, played on and closed.

It takes place in a process of its own, which is ended if it takes too long
(`environments.external.trial.isolated`), or here where that is not possible.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import gymnasium

from environments.external.games.adapters import (
    GymGame,
    PettingZooGame,
    StepResult,
    flatten_observation,
    offered_mask,
)
from environments.external.games.games import EnvironmentSpec
from environments.external.games.global_state import (
    ExternalGlobals,
    Handlers,
    is_our_signal,
    mark_interrupts,
)
from environments.external.games.make import make_env
from environments.external.games.named_values import check_values
from environments.external.games.own_actions import counted_space
from environments.external.games.step_values import (
    InvalidObservation,
    error_text,
    observation_reader,
    picture,
)
from environments.external.trial.facts import Facts, positive
from environments.external.trial.names import (
    PlayedNames,
    declared,
    declared_version,
    declared_word,
    names_in,
    play_on,
    some_actions,
)
from environments.external.trial.offered_keys import offered_keys
from environments.simulation.observation_parts import MASK, Part, choices, parts_of_space, with_mask
from environments.system.errors import UserError

WHEN = {  # how a sentence about what happened in each phase ends
    "start": "before it was opened",
    "import": "when its module was imported",
    "constructor": "when it was made",
    "spaces": "when its spaces were read",
    "reset": "in its first reset",
    "step": "in its first step",
    "render": "when it was to draw",
    "play": "when it was played at random",
    "close": "when it was closed",
}


class Trial:
    """One trial.

    Args:
        spec: what the environment is made from.
        enter: called with each phase as it begins.
        draws: whether it is also asked for a picture, if it was made to give one.
    """

    def __init__(
        self,
        spec: EnvironmentSpec,
        enter: Callable[[str], None] = lambda phase: None,
        draws: bool = False,
    ) -> None:
        self.spec, self.draws = spec, draws
        self._report, self._phase = enter, ""
        self._game: GymGame | PettingZooGame | None = None

    def enter(self, phase: str) -> None:
        """A phase begins."""
        self._phase = phase
        self._report(phase)

    def run(self) -> Facts:
        """Try it.

        Raises:
            UserError: it raises, sees or acts in a way that we cannot handle, or there is none.
        """
        name = self.spec.name
        try:
            return self._run(name)
        except UserError:
            raise
        except InvalidObservation as invalid:
            raise UserError(
                f"The environment '{name}' {invalid}, {WHEN[self._phase]}."
            ) from invalid
        except BaseException as error:  # external code: any exception
            if is_our_signal(error):
                raise
            words = f"raised {error_text(error)}, {WHEN[self._phase]}"
            raise UserError(f"The environment '{name}' {words}.") from error

    def close(self) -> None:
        """Close it; errors of its own are ignored."""
        self.enter("close")
        try:
            if self._game is not None:
                self._game.env.close()
        except BaseException as error:  # external code: any exception
            if is_our_signal(error):
                raise

    def _run(self, name: str) -> Facts:
        self.enter("constructor")
        game = self._game = make_env(name, self.spec.params, self.spec.recorded)
        self.enter("spaces")
        seen, flatten = flatten_observation(game.observation_space, name)
        done = counted_space(game.action_space, name)
        parts, read = (
            parts_of_space(game.observation_space),
            observation_reader(game.observation_space, flatten),
        )
        self.enter("reset")
        first = game.reset(0, None)
        _look(game, first, read)
        masked = any(offered_mask(game.env, info) is not None for info in first.infos)
        self.enter("step")
        game.action_space.seed(0)
        second = self._last = game.step(some_actions(game, first.infos))
        _look(game, second, read)
        check_values(second.infos)
        if self.draws and self.spec.params.get("render_mode") == "rgb_array":
            self.enter("render")
            if isinstance(drawn := picture(game.env.render()), str):
                raise InvalidObservation(drawn)
        if masked:
            count = choices(done)
            seen, parts = with_mask(seen, count), (*parts, Part(MASK, "mask", (count,)))
        infos = first.infos[0], second.infos[0]
        return _facts(game, infos, (seen, done, parts), name)

    def names(self, episodes: int | None = None) -> PlayedNames:
        """What it names when it is played on for a while, unless it declares its names: as `play_on`."""
        found = PlayedNames()
        assert self._game is not None
        found.read(self._last.infos)
        if not (declared(self._game.env, "term") or declared(self._game.env, "cost")):
            self.enter("play")
            play_on(self._game, self._last, found, episodes)
        return found


def try_here(spec: EnvironmentSpec) -> Facts:
    """Try an environment in this process: it may not hang.

    Raises:
        UserError: as `Trial.run`.
    """
    trial = Trial(spec)
    mark_interrupts()
    with Handlers(), ExternalGlobals():
        facts = trial.run()
        played = trial.names(episodes=1)
        trial.close()
    return facts.with_names(*played.found)


def _look(game: GymGame | PettingZooGame, result: StepResult, read: Callable[[Any], Any]) -> None:
    """Refuse what is seen if it is not as declared, its bounds apart."""
    for seen in result.observations:
        if seen is not None:
            read(seen)
        elif isinstance(game, GymGame):
            raise InvalidObservation("gave no observation")


def _facts(
    game: GymGame | PettingZooGame, infos: tuple[Any, Any], spaces: tuple[Any, Any, Any], name: str
) -> Facts:
    seen, done, parts = spaces
    metadata = getattr(game.env, "metadata", None)
    fps = positive(metadata.get("render_fps")) if isinstance(metadata, Mapping) else None
    horizon = positive(game.horizon)
    return Facts(
        agents=game.agents,
        version=declared_version(game.env),
        tick=None if fps is None else 1.0 / fps,
        horizon=None if horizon is None else max(1, int(horizon)),
        terms=names_in(infos, "term", name),
        costs=names_in(infos, "cost", name),
        observation_space=seen,
        action_space=done,
        own_action_space=game.action_space,
        own_observation_space=game.own_observation_space,
        parts=parts if len(parts) > 1 and any(part.kind != "vector" for part in parts) else (),
        keys=offered_keys(game.env, game.action_space) if isinstance(game, GymGame) else (),
        success=declared_word(game.env, "success"),
        north_star=declared_word(game.env, "north_star"),
    ).with_names(declared(game.env, "term"), declared(game.env, "cost"))


class Imports(importlib.abc.MetaPathFinder):
    """Notices when the module of an environment is imported; it finds nothing itself.

    Args:
        name: the environment's.
        enter: called with "import" when that begins, and "constructor" when it is done.
    """

    def __init__(self, name: str, enter: Callable[[str], None]) -> None:
        self._enter = enter
        self._module = name.partition(":")[0] if ":" in name else ""
        with suppress(Exception):  # no such id: `find_factory` says so
            made_by = gymnasium.spec(name).entry_point if not self._module else ""
            self._module = self._module or str(made_by).partition(":")[0]

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        """What the other finders find, its execution noticed if it is the environment's module."""
        if self._module != fullname and not self._module.startswith(f"{fullname}."):
            return None
        found: Any = None
        for finder in sys.meta_path:
            if finder is not self and found is None:
                found = finder.find_spec(fullname, path, target)
        if found is not None and found.loader is not None:
            with suppress(AttributeError, TypeError):  # a loader that cannot be changed
                self._notice(found.loader)
        return found

    def _notice(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: Any) -> None:
            self._enter("import")
            execute(module)
            self._enter("constructor")

        loader.exec_module = exec_module
