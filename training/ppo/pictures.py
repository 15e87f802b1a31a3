"""Pictures as a policy sees them: one of SB3's with channels first, one of ours as the world gives them."""

from __future__ import annotations

from typing import Any

from stable_baselines3 import PPO
from stable_baselines3.common.base_class import maybe_make_env
from stable_baselines3.common.save_util import load_from_zip_file
from stable_baselines3.common.vec_env import VecEnv, VecTransposeImage


class Untransposed(VecTransposeImage):
    """Keeps SB3 from turning pictures: it takes one that is there for one that has done so."""

    def __init__(self, venv: VecEnv) -> None:
        super().__init__(venv, skip=True)


def as_seen(policy: Any, env: Any) -> Any:
    """The games, with pictures that SB3 leaves as they are if the policy's class is of ours.

    The clone that an `AgentPolicy` is anchored to saw them so.
    """
    if env is None or not hasattr(policy, "distribution_of"):
        return env
    made = maybe_make_env(env, 0)
    wrapped = PPO._wrap_env(made)
    turned = type(wrapped) is VecTransposeImage and wrapped is not made
    return Untransposed(wrapped.venv) if turned else made  # type: ignore[attr-defined]


def as_seen_by_saved(path: Any, env: Any, custom_objects: dict[str, Any] | None) -> Any:
    """The games as they are `as_seen` by the policy of a file, or of a stream that is rewound."""
    if env is None:
        return None
    begun = path.tell() if hasattr(path, "seek") else 0
    data, _, _ = load_from_zip_file(path, custom_objects=custom_objects, device="cpu")
    if hasattr(path, "seek"):
        path.seek(begun)
    return as_seen((data or {}).get("policy_class"), env)


def bare(env: Any) -> Any:
    """The games without what `as_seen` put around them."""
    return env.venv if isinstance(env, Untransposed) else env
