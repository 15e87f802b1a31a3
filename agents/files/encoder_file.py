"""An encoder on disk, apart from policy and values: one sealed safetensors file; reading it runs no code.

The metadata holds the observation space, the encoder's settings, where it comes from, and a SHA-256 over all
of it, which is checked on every load.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from minari.serialization import serialize_space
from safetensors.torch import save
from torch import Tensor

from agents.files.sealed_tensors import (
    is_whole,
    not_finite,
    read_tensors,
    seal_tensors,
    sealed_facts,
)
from agents.networks.encoder import EncoderWeights, build_encoder
from agents.schema.agent_schema import check_network, read_facts
from agents.schema.space_schema import printable, read_observation_space
from environments.files.atomic import replace
from environments.files.readers import Unreadable
from environments.system.errors import UserError

FORMAT = "gpo-encoder-1"
_CURE = "make it again, or get it again from where it came"


def save_encoder(path: Path, weights: EncoderWeights) -> str:
    """Write an encoder in one step; returns its SHA-256."""
    about = {
        "format": FORMAT,
        "observation_space": json.loads(serialize_space(weights.observation_space)),
        "settings": weights.settings,
        "facts": dict(weights.facts),
    }
    metadata, sha256 = seal_tensors(weights.tensors, about)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, save(dict(weights.tensors), metadata))
    return sha256


def load_encoder(path: Path) -> EncoderWeights:
    """Read an encoder.

    Raises:
        UserError: no such file, not an encoder, or damaged.
    """
    if not path.is_file():
        raise UserError(f"There is no encoder at {path}: give the path of a file of save_encoder.")
    try:
        metadata, tensors = read_tensors(path)
        about = sealed_facts(metadata)
        if about.get("format") != FORMAT:
            raise Unreadable(f"is not an encoder of this program: its format is not {FORMAT}")
        if not is_whole(tensors, about):
            raise Unreadable("was changed or damaged: its SHA-256 is wrong")
        return _read(about, tensors)
    except Unreadable as error:
        raise UserError(f"{path} {error}; {_CURE}.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None


def _read(about: dict[str, Any], tensors: dict[str, Tensor]) -> EncoderWeights:
    """What a file holds, once it is known to be what it says.

    Raises:
        Unreadable: there is no such encoder, or these are not its weights.
    """
    space, settings = read_observation_space(about.get("observation_space")), about.get("settings")
    check_network({"sight": settings}, space)
    facts = read_facts(about.get("facts"))
    try:
        with torch.device("meta"):  # no memory for weights
            wanted = build_encoder(space, settings).state_dict()
    except (
        ArithmeticError,
        AssertionError,
        LookupError,
        TypeError,
        ValueError,
        RuntimeError,
    ) as why:
        raise Unreadable(
            f"holds no encoder that this program can build ({printable(why, 200)})"
        ) from None
    for name in sorted({*wanted, *tensors}):
        here, there = wanted.get(name), tensors.get(name)
        if here is None or there is None or (here.shape, here.dtype) != (there.shape, there.dtype):
            raise Unreadable(f"holds the weights of another encoder: see its '{printable(name)}'")
    if (wrong := not_finite(tensors)) is not None:
        raise Unreadable(f"has numbers in its tensor '{wrong}' that are not finite")
    return EncoderWeights(space, settings, tensors, facts)
