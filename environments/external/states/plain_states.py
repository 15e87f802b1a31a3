"""States of environments that keep theirs in plain attributes: PushT, Gymnasium's classic control."""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.external.states.state_access import SEEN, InvalidState, State, numbers, plain

_CLASSIC = "gymnasium.envs.classic_control"


class OwnStates:
    """An environment that offers `get_state()` and `set_state(state)` itself."""

    def fits(self, env: Any) -> bool:
        """Whether it offers both."""
        return callable(getattr(env, "get_state", None)) and callable(
            getattr(env, "set_state", None)
        )

    def set(self, env: Any, state: State) -> Any:
        """As `StateAccess.set`: what `set_state` returns, or else `_get_obs()` or `get_obs()`."""
        seen = env.set_state(dict(state))
        for name in ("_get_obs", "get_obs"):
            if seen is None and callable(getattr(env, name, None)):
                seen = getattr(env, name)()
        if seen is None:
            raise InvalidState("its set_state returns no observation, and it has no _get_obs")
        return seen

    def get(self, env: Any) -> dict[str, Any]:
        """As `StateAccess.get`."""
        found = plain(env.get_state())
        if not isinstance(found, dict) or not found:
            raise InvalidState("its get_state gives no table of names and numbers")
        return found


class PushTStates:
    """gym-pusht: agent and block, each with its place and speed.

    `options={"reset_to_state": ...}` of its own puts the block's place before its angle, which turns it
    around its centre of gravity and leaves it up to 54 px away; here the angle comes first.
    """

    def fits(self, env: Any) -> bool:
        """Whether it is that environment."""
        return type(env).__module__.split(".")[0] == "gym_pusht" and hasattr(env, "block")

    def set(self, env: Any, state: State) -> Any:
        """As `StateAccess.set`, from what `get` gives or from an observation of `obs_type="state"`."""
        if SEEN in state:
            row = numbers(state, SEEN, (5,))
            state = {"agent": row[:2], "block": row[2:4], "angle": row[4]}
        at, block = numbers(state, "agent", (2,)), numbers(state, "block", (2,))
        angle = float(numbers(state, "angle", ()))
        speeds = {"agent_speed": (2,), "block_speed": (2,), "turn": ()}
        known = {n: numbers({n: state.get(n, np.zeros(s))}, n, s) for n, s in speeds.items()}
        env._setup()  # anew: the reset's own state has left contacts behind
        env.agent.position, env.agent.velocity = at.tolist(), known["agent_speed"].tolist()
        env.block.angle = angle
        env.block.position, env.block.velocity = block.tolist(), known["block_speed"].tolist()
        env.block.angular_velocity = float(known["turn"])
        env.space.reindex_shapes_for_body(env.agent)
        env.space.reindex_shapes_for_body(env.block)
        return env.get_obs()

    def get(self, env: Any) -> dict[str, Any]:
        """As `StateAccess.get`."""
        return {
            "agent": list(env.agent.position),
            "agent_speed": list(env.agent.velocity),
            "block": list(env.block.position),
            "block_speed": list(env.block.velocity),
            "angle": float(env.block.angle),
            "turn": float(env.block.angular_velocity),
        }


class ClassicStates:
    """Gymnasium's CartPole, MountainCar, Pendulum and Acrobot: their attribute `state`."""

    def fits(self, env: Any) -> bool:
        """Whether it is one of these, after a reset."""
        return type(env).__module__.startswith(_CLASSIC) and np.size(getattr(env, "state", ())) > 1

    def set(self, env: Any, state: State) -> Any:
        """As `StateAccess.set`; an observation is one where the environment shows its state."""
        size = np.size(env.state)
        name = SEEN if SEEN in state else "state"
        shown = env.observation_space.shape == (size,)
        if name == SEEN and not shown:
            raise InvalidState("what it shows is not its state")
        env.state = numbers(state, name, (size,))
        seen = np.array(env.state, env.observation_space.dtype)
        if shown:
            return seen
        return env._get_obs() if hasattr(env, "_get_obs") else env._get_ob()

    def get(self, env: Any) -> dict[str, Any]:
        """As `StateAccess.get`."""
        return {"state": [float(value) for value in env.state]}
