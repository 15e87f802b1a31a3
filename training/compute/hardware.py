"""Hardware settings of a run: precision, threads and cores, measured at its start.

Brain floats (bfloat16) keep float32's range with 8 bits of precision. Processors that multiply them in
hardware (AVX512-BF16, AMX) do an update of our networks two to three times as fast; others are slower.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from training.compute.second_core import SecondCore, free_cores

Precision = Literal["float32", "bfloat16"]
Choice = TypeVar("Choice")
WORTH = 1.1  # a choice must pay by this factor, or the plain one is kept
REPEATS = 7
LONGEST = 0.25  # s that a comparison may take, but for two rounds of it
CALL = 0.02  # s that a call of what is compared should take
ROWS = 32  # of a first look at how long that is
ALONE = SecondCore(1)


@dataclass(frozen=True)
class ComputeChoice:
    """What a run computes with; once chosen it is kept, or resuming would not be exact."""

    precision: Precision  # of the layers in updates
    threads: int  # of torch
    cores: int = 1  # for the two sides of an update; the bits are the same


PLAIN = ComputeChoice("float32", 1)


def choose_compute(
    policy: Any,
    batch_size: int,
    precision: Precision | None,
    threads: int | None,
    cores: int | None = 1,
) -> ComputeChoice:
    """Measure what is None: the precision on one thread, then torch's threads, then a core for each side."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    choices: list[Precision] = ["float32", "bfloat16"] if precision is None else [precision]
    if not hasattr(policy, "logits"):
        choices = ["float32"]
    subject = copy.deepcopy(policy)
    inputs = torch.zeros(batch_size, *policy.observation_space.shape)
    if len(choices) > 1 or threads is None or cores is None:
        inputs = inputs[: _rows(subject, inputs)]
    rough = _fastest(choices, lambda choice: _step(subject, inputs, choice == "bfloat16"))
    half = rough == "bfloat16"
    several = sorted({1, free_cores()}) if threads is None else [threads]
    many = _fastest(several, lambda choice: _step(subject, inputs, half, choice))
    torch.set_num_threads(1)
    core_counts = (
        [1] if many > 1 else sorted({1, min(2, free_cores())}) if cores is None else [cores]
    )
    second_cores = {choice: SecondCore(choice) for choice in core_counts}
    sides = _fastest(
        core_counts, lambda choice: _step(subject, inputs, half, None, second_cores[choice])
    )
    torch.set_num_threads(before)
    return ComputeChoice(rough, many, sides)


def _rows(policy: Any, inputs: Tensor) -> int:
    """How many rows of a minibatch tell enough: of a large network a whole one would take seconds."""
    some, took = inputs[:ROWS], math.inf
    for _ in range(2):  # the first has more to do
        began = time.perf_counter()
        _step(policy, some, False)
        took = min(took, time.perf_counter() - began)
    return min(len(inputs), max(len(some), int(len(some) * CALL / max(took, 1e-9))))


def _fastest(choices: list[Choice], work: Callable[[Choice], None]) -> Choice:
    """The choice that does the work fastest; the first unless another pays."""
    if len(choices) == 1:
        return choices[0]
    took = dict.fromkeys(choices, math.inf)
    until = time.perf_counter() + LONGEST
    for repeat in range(REPEATS):
        if repeat >= 2 and time.perf_counter() > until:
            break
        for choice in choices:  # interleaved, so that all meet the same neighbours
            began = time.perf_counter()
            work(choice)
            took[choice] = min(took[choice], time.perf_counter() - began)
    best = min(choices, key=lambda choice: took[choice])
    return best if took[choices[0]] > WORTH * took[best] else choices[0]


def _step(
    policy: Any,
    inputs: Tensor,
    half: bool,
    threads: int | None = None,
    second_core: SecondCore = ALONE,
) -> None:
    """The arithmetic of a gradient step, without the step."""
    if threads is not None:
        torch.set_num_threads(threads)
    second_core.both(
        lambda: _side(policy.logits, inputs, half),
        lambda: _side(policy.predict_all_values, inputs, half),
    )


def _side(forward: Callable[[Tensor], Tensor], inputs: Tensor, half: bool) -> None:
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        made = forward(inputs).float().sum()
    made.backward()  # type: ignore[no-untyped-call]
