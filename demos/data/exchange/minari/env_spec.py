"""The environment of a minari dataset, `env_spec`: read key by key as data, written so that minari makes it.

Of what a file names only a registered id and plain keywords are taken, and nothing is made of them before
`environments.recorded_worlds` has allowed it; its entry points and wrappers are never imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.facts import LONGEST_NAME, shown
from demos.data.inspection.resimulate import world_of
from environments.files.readers import parse_json
from environments.system.errors import UserError

_LIMIT = "max_episode_steps"
_LONGEST = 2**20  # characters


def read_env_spec(told: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What a dataset was played in, `id` and `params`, empty if it does not say it; and what is not taken.

    Raises:
        ValueError: it is no such description.
    """
    text = told.get("env_spec")
    if not text:
        return {}, []
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise ValueError("its env_spec is no text of JSON")
    spec = parse_json(text)
    name, given, limit = (
        (spec.get(key) for key in ("id", "kwargs", _LIMIT))
        if isinstance(spec, dict)
        else (None, None, None)
    )
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise ValueError("its env_spec names no id")
    params = given if isinstance(given, dict) else {}
    if type(limit) is int and limit > 0 and limit != _registered_limit(name):
        params = {**params, _LIMIT: limit}
    wrappers = spec.get("additional_wrappers")
    lost = []
    if isinstance(wrappers, list) and wrappers:
        names = [str(one.get("name")) for one in wrappers if isinstance(one, dict)]
        lost.append(
            f"the wrappers {shown(', '.join(names))} of the environment, which are not made"
        )
    return {"id": name, "params": params}, lost


def _registered_limit(name: str) -> int | None:
    return gymnasium.registry[name].max_episode_steps if name in gymnasium.registry else None


def written_env_spec(dataset: Dataset) -> dict[str, str]:
    """How minari makes the environment again, where it is one of Gymnasium's kind that is here."""
    if dataset.world.startswith("gpo/"):
        return {}
    try:
        world = world_of(dataset)
    except UserError:  # not installed, or not allowed here
        return {}
    if len(world.agents) > 1:
        return {}
    module, _, name = dataset.world.rpartition(":")
    params = dict(world.params)
    limit = params.pop(_LIMIT, None)
    if module and name not in gymnasium.registry:
        importlib.import_module(module)  # which `world_of` has seen to be allowed, and made
    if name in gymnasium.registry:
        spec = EnvSpec.from_json(gymnasium.spec(name).to_json())
        spec.kwargs.update(params)
    elif module and "/" not in name and "-v" not in name:  # a class
        spec = EnvSpec(f"{name}-v0", f"{module}:{name}", kwargs=params)
    else:
        return {}
    spec.max_episode_steps = limit or spec.max_episode_steps
    return {"env_spec": spec.to_json()}
