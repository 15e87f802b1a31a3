"""Pictures in minari's datasets: JPEG and nothing else, of the size that the space has."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from PIL import Image

from demos.data.exchange.folder_limits import memory


def is_picture(space: Any) -> bool:
    """Whether minari keeps observations of a space as JPEG, where it is told to."""
    from minari.dataset.minari_storage import is_image_space

    return isinstance(space, spaces.Box) and bool(is_image_space(space))


def pictures(rows: Iterable[bytes], space: Any, count: int, size: int) -> npt.NDArray[np.uint8]:
    """Unpack JPEGs, of which only the size is believed: [count, ...].

    Args:
        rows: the bytes of each.
        space: what each has to be.
        count: how many there are.
        size: bytes of the file that they are from; together they cannot have more.

    Raises:
        ValueError, OSError: one is no such picture.
    """
    height, width = space.shape[:2]
    if count * height * width * int(np.prod(space.shape[2:])) > memory():
        raise ValueError(
            f"{count:,} pictures of {width} x {height} are more than there is room for"
        )
    made, left = np.empty((count, *space.shape), np.uint8), size
    for row, data in enumerate(rows):
        left -= len(data)
        if left < 0:
            raise ValueError("its pictures have more bytes than its file")
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:  # no other is tried
            if picture.size != (width, height):
                raise ValueError(f"picture {row} is of {picture.size}, not {(width, height)}")
            made[row] = np.asarray(picture, np.uint8).reshape(space.shape)
    return made
