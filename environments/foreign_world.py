"""Any foreign environment described as a `World`, after one trial step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.foreign_games import costs_of, in_words, terms_of
from environments.foreign_opening import Alone, Together, deed, offered_mask, open_game, sight
from environments.guard import Guard
from environments.kernels import HEADER, Kernels
from environments.layout import Part, choices, flat_mask, parts_of, with_mask
from environments.problem import Problem
from environments.world import World

HORIZON = 1000  # steps, for an environment that names no limit of its own
TICK = 0.05  # s, for one that names no `render_fps`
PATIENCE = 30.0  # s, for a game's answer


@dataclass(frozen=True)
class ForeignWorld(World):
    """A foreign environment described as ours are; `params` are the keywords it is made with.

    Its module is no file: it holds what one trial step told, under the names that a world's file uses.
    """

    workers: int = 0  # processes that a batch's games are played in; 0 plays them here
    patience: float = (
        PATIENCE  # s, after which a game that does not answer is ended, if it is not here
    )
    guard: Guard = field(default_factory=Guard, compare=False, repr=False)  # of all its batches

    def apart(self, workers: int, patience: float = PATIENCE) -> ForeignWorld:
        """The same world with a batch's games in processes of their own, so that one may hang or die."""
        return replace(self, workers=workers, patience=patience)

    def check_option(self, name: str) -> None:
        """Accept it: what is not `horizon` is handed on as it is."""

    @property
    def kernels(self) -> Kernels:
        """None: it is played by `ForeignBatch`.

        Raises:
            Problem: always.
        """
        raise Problem(f"'{self.id}' is a foreign environment; `catalog.make_batch` plays it.")


def foreign_world(name: str, /, **params: Any) -> ForeignWorld:
    """Describe a foreign environment after one trial step: `foreign_world("CartPole-v1")`.

    Raises:
        Problem: as `describe_foreign`.
    """
    return describe_foreign(name, params)


def describe_foreign(name: str, params: dict[str, Any], recorded: bool = False) -> ForeignWorld:
    """Describe a foreign environment after one trial step.

    The trial runs in this process: it may not hang.

    Args:
        name: as `open_game`.
        params: keywords for it.
        recorded: both were read from a file.

    Raises:
        Problem: see `open_game`; it fails at once; or it sees or acts in a way that we cannot handle.
    """
    game = open_game(name, params, recorded)
    seen, done = sight(game.observation_space, name)[0], deed(game.action_space, name)[0]
    try:
        tried = _tried(game)
        told = [(terms_of(info), costs_of(info)) for info in tried]
        masked = offered_mask(game.env, tried[0]) is not None
    except (Exception, SystemExit) as error:  # somebody else's code
        raise Problem(f"The environment '{name}' raised {in_words(error)}, when tried.") from error
    parts = parts_of(game.observation_space)
    if masked:
        count = choices(done)
        seen, parts = with_mask(seen, count), (*parts, Part("action_mask", "mask", (count,)))
    module = ModuleType(name)
    module.__dict__.update(
        VERSION=getattr(game.env.unwrapped, "VERSION", 0),
        AGENTS=game.agents,
        TICK=1.0 / ((getattr(game.env, "metadata", None) or {}).get("render_fps") or 1 / TICK),
        HORIZON=int(game.horizon or HORIZON),
        TERMS={"return": "what the environment itself gives"}
        | {key: "a part that it names in its info" for terms, _ in told for key in terms},
        COSTS={key: "a cost that it names in its info" for _, costs in told for key in costs},
        NORTH_STAR="return",
        WEIGHTS={"return": 1.0},
        STATE=np.dtype(HEADER),
        IDLE=np.clip(0, done.low, done.high) if isinstance(done, spaces.Box) else 0,
        OBSERVATION_SPACE=seen,
        PARTS=parts if len(parts) > 1 and any(part.kind != "vector" for part in parts) else (),
        ACTION_SPACE=done,
    )
    game.env.close()
    return ForeignWorld(name, module, params)


def _tried(game: Alone | Together) -> tuple[dict[str, Any], dict[str, Any]]:
    """The infos of a reset and a step."""
    turn, space = game.reset(0, None), game.action_space
    space.seed(0)
    actions = [space.sample(mask=_sampled(space, game.env, info)) for info in turn.infos]
    return turn.infos[0], game.step(actions).infos[0]


def _sampled(space: Any, env: Any, info: Mapping[str, Any]) -> Any:
    """The mask that `space.sample` is to heed, as Gymnasium wants it."""
    mask = offered_mask(env, info)
    if mask is None:
        return None
    allowed = flat_mask(mask, choices(space), "the environment").astype(np.int8)
    if isinstance(space, spaces.MultiDiscrete):
        return tuple(np.split(allowed, np.cumsum(space.nvec)[:-1]))
    return 2 * allowed if isinstance(space, spaces.MultiBinary) else allowed  # 2: either
