"""States of MuJoCo's environments: Gymnasium's, gymnasium-robotics' Adroit hands, and robosuite's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from environments.external.states.state_access import FLATTENED, InvalidState, State, numbers


class MujocoStates:
    """Gymnasium's `MujocoEnv`: positions and velocities, `set_state(qpos, qvel)`."""

    def fits(self, env: Any) -> bool:
        """Whether it has a model, its data, and takes both."""
        return hasattr(_data(env), "qpos") and callable(getattr(env, "set_state", None))

    def set(self, env: Any, state: State) -> Any:
        """As `StateAccess.set`, from `qpos` and `qvel` or from `flattened`."""
        env.set_state(*_positions(env, state))
        return env._get_obs()

    def get(self, env: Any) -> dict[str, Any]:
        """As `StateAccess.get`."""
        data = _data(env)
        return {"qpos": data.qpos.ravel().tolist(), "qvel": data.qvel.ravel().tolist()}


class AdroitStates:
    """gymnasium-robotics' Adroit hands: `set_env_state`, which places door, ball or nail, too."""

    def fits(self, env: Any) -> bool:
        """Whether it takes and gives such states."""
        return callable(getattr(env, "set_env_state", None)) and callable(
            getattr(env, "get_env_state", None)
        )

    def set(self, env: Any, state: State) -> Any:
        """As `StateAccess.set`; whatever a state leaves out is as the reset has made it."""
        own = {name: np.array(value) for name, value in env.get_env_state().items()}
        given = {name: value for name, value in state.items() if name in own}
        if FLATTENED in state:
            given["qpos"], given["qvel"] = _positions(env, state)
        if "qpos" not in given or "qvel" not in given:
            raise InvalidState("the state has no qpos and qvel")
        env.set_env_state(own | {name: numbers(given, name, own[name].shape) for name in given})
        return env._get_obs()

    def get(self, env: Any) -> dict[str, Any]:
        """As `StateAccess.get`."""
        return {name: np.asarray(value).tolist() for name, value in env.get_env_state().items()}


class RobosuiteStates:
    """robosuite's environments, also in its `GymWrapper`: `sim` with flattened states."""

    def fits(self, env: Any) -> bool:
        """Whether it has a simulation that takes flattened states."""
        return hasattr(getattr(env, "sim", None), "set_state_from_flattened")

    def set(self, env: Any, state: State) -> Any:
        """As `StateAccess.set`, from `flattened`."""
        size = len(self.get(env)[FLATTENED])
        env.sim.set_state_from_flattened(numbers(state, FLATTENED, (size,)))
        env.sim.forward()
        for controller in _controllers(env):
            _hold_still(controller)
        inner = env.env if hasattr(env, "_flatten_obs") else env
        try:
            seen = inner._get_observations(force_update=True)
        except TypeError:  # releases before 1.1
            seen = inner._get_observations()
        return env._flatten_obs(seen) if hasattr(env, "_flatten_obs") else seen

    def get(self, env: Any) -> dict[str, Any]:
        """As `StateAccess.get`."""
        return {FLATTENED: np.asarray(env.sim.get_state().flatten()).tolist()}


def _controllers(env: Any) -> Iterator[Any]:
    """Those of robosuite's robots: one a robot before release 1.5, several since."""
    for robot in getattr(env, "robots", ()):
        whole = getattr(robot, "composite_controller", None)
        yield from getattr(whole, "part_controllers", {}).values()
        if getattr(robot, "controller", None) is not None:
            yield robot.controller


def _hold_still(controller: Any) -> None:
    """Let a controller want what is, instead of what was before the state was set."""
    if hasattr(controller, "update"):
        controller.update(force=True)
    joints = getattr(controller, "joint_pos", None)
    if joints is not None and hasattr(controller, "update_initial_joints"):
        controller.update_initial_joints(np.array(joints))
    if hasattr(controller, "reset_goal"):
        controller.reset_goal()


def _data(env: Any) -> Any:
    return getattr(env, "data", None)


def _positions(env: Any, state: State) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Positions and velocities out of a state."""
    places, speeds = _data(env).qpos.size, _data(env).qvel.size
    if FLATTENED in state:
        held = np.size(state[FLATTENED])
        if held not in (places + speeds, 1 + places + speeds):
            raise InvalidState(
                f"the state holds {held} numbers, and the environment has {places} positions and "
                f"{speeds} velocities"
            )
        row = numbers(state, FLATTENED, (held,))[-(places + speeds) :]
        return row[:places], row[places:]
    return numbers(state, "qpos", (places,)), numbers(state, "qvel", (speeds,))
