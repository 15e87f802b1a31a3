"""A session that runs an ONNX file: its cost is checked before, and its outputs before they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from agents.export.onnx_cost import require_small
from agents.export.onnx_file import CURE, OnnxFile, in_short
from agents.export.onnx_multiplications import Shape
from environments.files.readers import Unreadable
from environments.system.errors import UserError


class OnnxSession:
    """An `onnxruntime.InferenceSession` of one thread.

    Args:
        file: which.
        given: the shapes that it is first run with.

    Raises:
        UserError: it would take too much, or onnxruntime cannot run it.
    """

    def __init__(self, file: OnnxFile, given: Mapping[str, Shape]) -> None:
        import onnxruntime

        self.file = file
        self._allowed: set[tuple[Shape, ...]] = set()  # shapes that were looked at
        self._allow(given)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what is wrong is raised; it need not be logged too
        try:
            self._session = onnxruntime.InferenceSession(
                file.data, options, ["CPUExecutionProvider"]
            )
        except failures() as error:
            raise UserError(
                f"{file.path} cannot be run by onnxruntime ({in_short(error)}); {CURE}."
            ) from None
        self.inputs = self._session.get_inputs()
        self.outputs = [value.name for value in self._session.get_outputs()]

    def run(self, names: Sequence[str], feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Some of the outputs.

        Raises:
            UserError: it would take too much, fails, or gives NaN.
        """
        self._allow({name: array.shape for name, array in feeds.items()})
        try:
            found: list[np.ndarray] = self._session.run(list(names), dict(feeds))
        except failures() as error:
            raise UserError(
                f"{self.file.path} failed when run ({in_short(error)}); {CURE}."
            ) from None
        for name, array in zip(names, found, strict=True):
            if array.dtype.kind == "f" and np.isnan(array).any():
                raise UserError(
                    f"{self.file.path} gave NaN as its {name}, which is no number to act by; {CURE}."
                )
        return found

    def _allow(self, given: Mapping[str, Shape]) -> None:
        shapes = tuple(given.values())
        if shapes in self._allowed:
            return
        if set(given) != set(self.file.inputs):
            raise UserError(f"{self.file.path} takes other inputs than {', '.join(given)}; {CURE}.")
        try:
            require_small(self.file.data, given)
        except Unreadable as error:
            raise UserError(f"{self.file.path} {error}; {CURE}.") from None
        self._allowed.add(shapes)


def failures() -> tuple[type[Exception], ...]:
    """What running a file raises that is not as it should be; the runtime's own have no one parent."""
    from onnxruntime.capi import onnxruntime_pybind11_state as known

    raised = (v for v in vars(known).values() if isinstance(v, type) and issubclass(v, Exception))
    return (*raised, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
