"""How the machine at hand is used best: threads and precision, measured in a moment at the start of a run.

Brain floats (bfloat16) keep float32's range with 8 bits of precision. Processors that multiply them in
hardware (AVX512-BF16, AMX) do an update of our networks two to three times as fast; others are slower.
"""

from __future__ import annotations

import copy
import time
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

Precision = Literal["float32", "bfloat16"]
WORTH = 1.1  # a choice must pay by this factor, or the plain one is kept
REPEATS = 7


def fastest_precision(policy: Any, batch_size: int) -> Precision:
    """The precision in which this machine does an update of `policy` fastest; float32 unless it pays."""
    if not hasattr(policy, "logits"):
        return "float32"
    took = {False: np.inf, True: np.inf}
    subject = copy.deepcopy(policy)
    seen = torch.zeros(batch_size, *policy.observation_space.shape)
    for half in (False, True) * REPEATS:  # interleaved, so that both meet the same neighbours
        began = time.perf_counter()
        _step(subject, seen, half)
        took[half] = min(took[half], time.perf_counter() - began)
    return "bfloat16" if took[False] > WORTH * took[True] else "float32"


def fastest_threads(policy: Any, batch_size: int, most: int) -> int:
    """How many torch threads do an update of `policy` fastest, up to `most`; one unless more pay."""
    before = torch.get_num_threads()
    took = dict.fromkeys({1, most}, np.inf)
    subject = copy.deepcopy(policy)
    seen = torch.zeros(batch_size, *policy.observation_space.shape)
    for threads in (1, most) * REPEATS:
        torch.set_num_threads(threads)
        began = time.perf_counter()
        _step(subject, seen, False)
        took[threads] = min(took[threads], time.perf_counter() - began)
    torch.set_num_threads(before)
    return most if took[1] > WORTH * took[most] else 1


def _step(policy: Any, seen: Tensor, half: bool) -> None:
    """The arithmetic of a gradient step, without the step."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        made: Tensor = (
            policy.logits(seen).float().sum() + policy.predict_all_values(seen).float().sum()
        )
    made.backward()  # type: ignore[no-untyped-call]
