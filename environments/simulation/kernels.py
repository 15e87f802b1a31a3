"""Compiled loops over a batch, written once and compiled inside each world's own file.

A world writes `reset_one`, `step_one` and `observe_one` for a single game; the loops below run them over
B games. They are compiled as if they stood in the world's file (`bind`), for two reasons: the calls are
inlined, and numba's on-disk cache is keyed by the world's files, so that an edit never runs stale code.

Terms that a world names in POTENTIALS are written here, from its `potential_one`, as discount x phi(next) -
phi(now): such a term cannot change which policy is best (Ng, Harada, Russell, ICML 1999). phi(next) is 0
where a game terminated, because nothing follows it; not where it was merely cut off.

B games, N agents, O numbers in an observation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import literal_unroll, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from environments.system.numba_cache import settle_cache

if TYPE_CHECKING:
    from collections.abc import Callable

settle_cache()  # before anything below, or in a world, is to be compiled

# Every world's STATE begins with these fields; the loops below keep them.
HEADER = [
    ("seed", np.uint64),  # of this game; the whole future follows from it and the actions
    ("episode", np.uint64),  # how many episodes this game has begun since it was seeded
    ("random", np.uint64),  # state of this episode's generator
    ("tick", np.int32),  # steps taken in this episode
    ("horizon", np.int32),  # steps after which the episode is truncated
]

# Of this many bytes a state is fetched while the game before it is played: a batch of thousands of such games
# fits in no cache, and its loops would wait for memory a third of the time (measured with the courier).
LARGE_STATE = 1024


@njit(cache=True, inline="always")
def _mix(z: Any) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def uniform(state: Any) -> Any:
    """Draw the next number in [0, 1) from the generator inside `state`."""
    state.random = state.random + np.uint64(0x9E3779B97F4A7C15)
    return np.float64(_mix(state.random) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def seed_episode(state: Any) -> None:
    """Set the generator to the start of the state's own episode."""
    state.random = _mix(state.seed + _mix(state.episode + np.uint64(0x632BE59BD9B4E019)))
    state.tick = 0


@njit(cache=True)
def weigh(terms: Any, weights: Any, reward: Any) -> None:
    """Write reward[b, n] = sum over k of weights[k] x terms[b, n, k], in the order of the terms."""
    for b in range(terms.shape[0]):
        for n in range(terms.shape[1]):
            total = 0.0
            for k in range(terms.shape[2]):
                total += weights[k] * terms[b, n, k]
            reward[b, n] = total


@njit(cache=True)
def first_outside(actions: Any, choices: Any) -> Any:
    """The first game whose actions [B, N] are not all in 0 .. choices - 1, or -1."""
    for b in range(actions.shape[0]):
        for n in range(actions.shape[1]):
            if actions[b, n] < 0 or actions[b, n] >= choices:
                return b
    return -1


@intrinsic
def _fetch(typingctx: Any, address: Any) -> Any:
    """Ask for the memory at an address that will soon be read and written, and wait for nothing."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
        insert: Any = cgutils.get_or_insert_function
        function = insert(builder.module, kind, "llvm.prefetch.p0i8")
        settings = [ir.Constant(whole, value) for value in (1, 3, 1)]  # for writing, near, data
        builder.call(function, [builder.inttoptr(arguments[0], byte), *settings])
        return context.get_dummy_value()

    return types.void(types.intp), generate


@njit(cache=True, inline="always")
def fetch_state(states: Any, b: Any) -> None:
    """Ask for the state of game b, if there is such a game."""
    if b < len(states):
        begin = states.ctypes.data + b * states.itemsize
        for line in range(begin, begin + states.itemsize, 64):
            _fetch(line)  # type: ignore[call-arg]


# The templates below are bound to a world by `bind`, which supplies the `*_one` they call.


def _look_one(table, state, seen):  # type: ignore[no-untyped-def]
    """What is seen, and the action mask after it."""
    size = seen.shape[1] - MASK_SIZE  # type: ignore[name-defined] # noqa: F821
    observe_one(table, state, seen[:, :size])  # type: ignore[name-defined] # noqa: F821
    mask_one(table, state, seen[:, size:])  # type: ignore[name-defined] # noqa: F821


def _shape_one(terms, before, after, discount):  # type: ignore[no-untyped-def]
    """Write every potential term of a game from the potentials before and after the step."""
    for n in range(len(terms)):
        for name in literal_unroll(POTENTIALS):  # type: ignore[name-defined] # noqa: F821
            terms[n][name] = discount * after[n][name] - before[n][name]


def _reset_batch(table, states, chosen, observations):  # type: ignore[no-untyped-def]
    for b in range(len(states)):
        t = b if len(table) > 1 else 0  # all games have one table, or each its own
        if chosen[b]:
            seed_episode(states[b])
            reset_one(table[t], states[b])  # type: ignore[name-defined] # noqa: F821
            look_one(table[t], states[b], observations[b])  # type: ignore[name-defined] # noqa: F821


def _observe_batch(table, states, observations):  # type: ignore[no-untyped-def]
    for b in range(len(states)):
        t = b if len(table) > 1 else 0
        look_one(table[t], states[b], observations[b])  # type: ignore[name-defined] # noqa: F821


def _step_batch(  # type: ignore[no-untyped-def]
    table,
    states,
    actions,
    terms,
    costs,
    terminated,
    truncated,
    observations,
    final,
    restart,
    *shaping,
):
    """Step every game; keep the last observation of one that ended and begin its next episode.

    `shaping` is empty unless a world has POTENTIALS: then it is scratch for the potentials before and after a
    step, [2][N], and the discount. Both are found from the state alone, so that it replays.
    """
    for b in range(len(states)):
        t = b if len(table) > 1 else 0
        if LARGE:  # type: ignore[name-defined] # noqa: F821
            fetch_state(states, b + 1)
        if SHAPED:  # type: ignore[name-defined] # noqa: F821
            potential_one(table[t], states[b], shaping[0])  # type: ignore[name-defined] # noqa: F821
        terminated[b] = step_one(table[t], states[b], actions[b], terms[b], costs[b])  # type: ignore[name-defined] # noqa: F821
        states[b].tick += 1
        if SHAPED:  # type: ignore[name-defined] # noqa: F821
            if not terminated[b]:
                potential_one(table[t], states[b], shaping[1])  # type: ignore[name-defined] # noqa: F821
            shape_one(terms[b], shaping[0], shaping[1], 0.0 if terminated[b] else shaping[2])  # type: ignore[name-defined] # noqa: F821
        truncated[b] = not terminated[b] and states[b].tick >= states[b].horizon
        look_one(table[t], states[b], observations[b])  # type: ignore[name-defined] # noqa: F821
        if restart and (terminated[b] or truncated[b]):
            final[b] = observations[b]
            states[b].episode += np.uint64(1)
            seed_episode(states[b])
            reset_one(table[t], states[b])  # type: ignore[name-defined] # noqa: F821
            look_one(table[t], states[b], observations[b])  # type: ignore[name-defined] # noqa: F821


def _shield_batch(table, states, requested, applied):  # type: ignore[no-untyped-def]
    for b in range(len(states)):
        t = b if len(table) > 1 else 0
        shield_one(table[t], states[b], requested[b], applied[b])  # type: ignore[name-defined] # noqa: F821


def _version(world: ModuleType) -> str:
    """Changes with this file and with every file of the world: those of its folder, or `dock*.py`."""
    place = Path(str(world.__file__))
    pattern = "*.py" if place.stem == "world" else f"{place.stem}*.py"
    files = [Path(__file__), *sorted(place.parent.glob(pattern))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


@dataclass(frozen=True)
class Kernels:
    """The compiled loops of one world."""

    reset: Callable[..., None]
    observe: Callable[..., None]
    step: Callable[..., None]


def bind(world: ModuleType, mask: int = 0) -> Kernels:
    """Compile the loops around a world's `reset_one`, `step_one` and `observe_one`.

    A world with a `mask_one` has an action mask of `mask` numbers after what `observe_one` writes, one with
    POTENTIALS has these terms written from its `potential_one`; for others that branch is never compiled.
    The version is part of a loop's name, and so of its file in numba's cache.
    """
    scope = vars(world)
    scope["seed_episode"] = seed_episode
    scope["LARGE"], scope["fetch_state"] = world.STATE.itemsize >= LARGE_STATE, fetch_state
    scope["SHAPED"] = bool(scope.get("POTENTIALS"))
    if scope["SHAPED"]:
        scope["literal_unroll"], scope["shape_one"] = literal_unroll, _compiled(world, _shape_one)
    scope["MASK_SIZE"], scope["look_one"] = mask, world.observe_one
    if mask:
        scope["look_one"] = _compiled(world, _look_one)
    return Kernels(
        *(_compiled(world, loop) for loop in (_reset_batch, _observe_batch, _step_batch))
    )


def bind_shield(world: ModuleType) -> Callable[..., None]:
    """Compile the loop around a world's `shield_one`."""
    return _compiled(world, _shield_batch)


def _compiled(world: ModuleType, template: Any) -> Callable[..., None]:
    """A template as if it stood in the world's file."""
    code = template.__code__.replace(co_filename=str(world.__file__))
    function = FunctionType(code, vars(world), template.__name__)
    function.__qualname__ = f"{template.__name__}_{_version(world)}"
    function.__module__ = world.__name__
    loop: Callable[..., None] = njit(cache=True, nogil=True)(function)
    return loop
