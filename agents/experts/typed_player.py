"""A player of a person's own, named `module:Class` on the command line: anything with a `predict`.

Names that stand in files never come here: only what a person typed may import a module.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from environments.external.games.factories import import_typed
from environments.external.games.own_actions import to_counted
from environments.external.games.own_observations import own_observations
from environments.external.games.step_values import error_text
from environments.simulation.world import World
from environments.system.errors import UserError


def make_typed_player(name: str, world: World) -> TypedPlayer:
    """The player of that name: an instance of the class, what the function makes, or the object itself.

    Args:
        name: `module:Class`, `module:function` or `module:player`, as it was typed.
        world: that it is to play.

    Raises:
        UserError: there is none, it cannot be made without arguments, or it has no `predict`.
    """
    try:
        found = import_typed(name)
        makes = isinstance(found, type) or not hasattr(found, "predict")
        made = found() if makes and callable(found) else found
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

    It is shown what the environment itself shows, as `predict` of a Stable-Baselines3 model that was trained
    in it: arrays of its own types and shapes, in its dicts and tuples. What it returns is an action of the
    environment's own. Masks that stand beside an observation are handed to a `predict` that takes
    `action_masks`, as sb3-contrib's does.

    Args:
        name: as it was typed.
        player: with Stable-Baselines3's `predict`.
        world: that it plays.
    """

    def __init__(self, name: str, player: Any, world: World) -> None:
        self.name, self.player = name, player
        own = world.own_action_space
        self.space = world.action_space if own is None else own
        self._to_counted, self._ends = to_counted(self.space), _ends(self.space)
        self._own = own_observations(world)
        self._takes_masks = self._own is not None and self._own.mask > 0 and _takes_masks(player)

    def predict(
        self,
        observation: npt.NDArray[Any],
        state: Any = None,
        episode_start: npt.NDArray[Any] | None = None,
        deterministic: bool = False,
    ) -> tuple[npt.NDArray[Any], Any]:
        """Its actions as we count them, [B, ...], and its next state.

        Raises:
            UserError: it raises, or what it returns is no action for each game.
        """
        # A copy: it may keep what it is shown, and the batch writes over it.
        seen = np.array(observation) if self._own is None else self._own.shown(observation)
        more: dict[str, Any] = {}
        if self._own is not None and self._takes_masks:
            more["action_masks"] = self._own.masks(observation)
        try:
            told = self.player.predict(seen, state, episode_start, deterministic, **more)
            actions, state = told
            given = np.asarray(actions)
        except Exception as error:
            raise UserError(f"The player '{self.name}' raised {error_text(error)}.") from error
        wanted = (len(observation), *self.space.shape)
        kinds = "biu" if self._ends else "biuf"
        if given.shape != wanted or given.dtype.kind not in kinds:
            raise UserError(
                f"The player '{self.name}' gave {given.dtype} of shape {given.shape} as actions; "
                f"{wanted} is wanted: one of {self.space} for each game."
            )
        self._require_choices(given)
        return self._to_counted(given), state

    def _require_choices(self, given: npt.NDArray[Any]) -> None:
        """Refuse a choice that there is not; numbers may lie outside of their bounds."""
        if self._ends is None:
            return
        wrong = ((given < self._ends[0]) | (given > self._ends[1])).reshape(len(given), -1).any(1)
        if wrong.any():
            game = int(wrong.argmax())
            raise UserError(
                f"The player '{self.name}' gave the action {given[game].tolist()} in game {game}; it must be "
                f"in {self.space}."
            )


def _ends(space: Any) -> tuple[Any, Any] | None:
    """The first and the last number of each choice; None where an action is no choice."""
    if isinstance(space, spaces.Box):
        return None
    first = getattr(space, "start", 0)
    count = getattr(space, "nvec", 2) if not isinstance(space, spaces.Discrete) else space.n
    return first, first + count - 1


def _takes_masks(player: Any) -> bool:
    """Whether a player's `predict` has an argument for the masks."""
    try:
        return "action_masks" in signature(player.predict).parameters
    except (TypeError, ValueError):  # of a kind that does not tell its arguments
        return False
