"""A player of a person's own, named `module:Class` on the command line: anything with a `predict`.

Names that stand in files never come here: only what a person typed may import a module.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from environments.external.games.factories import import_typed
from environments.external.games.step_values import error_text
from environments.simulation.world import World
from environments.system.errors import UserError


def make_typed_player(name: str, world: World) -> TypedPlayer:
    """The player of that name: an instance of the class, or the object itself.

    Args:
        name: `module:Class` or `module:player`, as it was typed.
        world: that it is to play.

    Raises:
        UserError: there is none, it cannot be made without arguments, or it has no `predict`.
    """
    try:
        found = import_typed(name)
        made = found() if isinstance(found, type) else found
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"The player '{name}' raised {error_text(error)}, when it was made."
        ) from error
    if not callable(getattr(made, "predict", None)):
        raise UserError(
            f"'{name}' is no player: give it a method `predict(observation, state, episode_start, "
            "deterministic)` that returns actions and the next state."
        )
    return TypedPlayer(name, made, world)


class TypedPlayer:
    """A person's own player, whose mistakes are sentences.

    Args:
        name: as it was typed.
        player: with Stable-Baselines3's `predict`.
        world: that it plays.
    """

    def __init__(self, name: str, player: Any, world: World) -> None:
        self.name, self.player, self.space = name, player, world.action_space

    def predict(
        self,
        observation: npt.NDArray[Any],
        state: Any = None,
        episode_start: npt.NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[npt.NDArray[Any], Any]:
        """Its actions, [B, ...], and its next state.

        Raises:
            UserError: it raises, or what it returns is no action for each game.
        """
        try:
            told = self.player.predict(observation, state, episode_start, deterministic)
            actions, state = told
            given = np.asarray(actions)
        except Exception as error:
            raise UserError(f"The player '{self.name}' raised {error_text(error)}.") from error
        wanted = (len(observation), *self.space.shape)
        if given.shape != wanted or given.dtype.kind not in "biuf":
            raise UserError(
                f"The player '{self.name}' gave {given.dtype} of shape {given.shape} as actions; "
                f"{wanted} is wanted: one of {self.space} for each game."
            )
        return given, state
