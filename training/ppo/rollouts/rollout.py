"""A rollout: T steps of B games and what the networks say of them, as a function of weights, games and seed.

`play_rollout` changes neither weights nor settings, so that another process may call it as well. Values are
computed after the last step, all at once.

T steps, B games, C costs with a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.vec_env import VecEnv

from environments.simulation.reward_source import RolloutRewards
from training.compute.second_core import SecondCore
from training.compute.timers import StageTimer
from training.ppo.rollouts.advantages import generalised_advantages
from training.ppo.rollouts.buffer import CostMeter, EpisodeEnds, learner_acted, learner_rows
from training.ppo.rollouts.network_outputs import BackgroundForward, ForwardPasses, Outputs
from training.ppo.rollouts.observations import each, in_rows, stacked
from training.ppo.rollouts.rules import RolloutRules


class Rollout(NamedTuple):
    """What a rollout brought: step t is the action that was chosen on observation t."""

    observations: Any  # [T, B, ...], that the actions were chosen on; a dict of such by part
    actions: np.ndarray  # [T, B, ...]
    log_probs: np.ndarray  # [T, B], of the actions
    episode_starts: np.ndarray  # [T, B], whether the observation is the first of its episode
    dones: np.ndarray  # [T, B] bool, whether the step ended its episode, either way
    rewards: np.ndarray  # [T, B], times their scale
    costs: np.ndarray  # [T, B, C], as they were
    values: np.ndarray  # [T, B, 1 + C], of the observations
    following: (
        np.ndarray
    )  # [T, B, 1 + C], of what each step led to: 0 where that is a terminated end
    advantages: np.ndarray  # [T, B, 1 + C] float32
    returns: np.ndarray  # [T, B, 1 + C] float32
    outputs: Outputs  # [T x B, ...] each: what `ForwardPasses.of_steps` says beside the values
    acted: (
        np.ndarray
    )  # [T, B] bool, whether the learner was in the game: else nothing is learned of it


@dataclass
class Games:
    """The games as they stand: where a rollout begins, and where it leaves them."""

    env: VecEnv
    meter: CostMeter
    further_rewards: RolloutRewards  # of sources beside the world's terms
    observations: Any  # [B, ...], the last ones
    episode_starts: np.ndarray  # [B], whether they are the first of their episodes
    # `ReturnScale.rescale` of the networks; None keeps the scales of the rules.
    rescale: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None

    def begin(self, rules: RolloutRules) -> None:
        """Begin a rollout."""
        if rules.seed is not None:
            self.start_afresh(rules.seed)
        self.further_rewards.begin(self.env, rules.steps)

    def start_afresh(self, seed: int) -> None:
        """Reset every game, seeded; torch is seeded too."""
        torch.manual_seed(seed)
        self.env.seed(seed)
        self.observations = self.env.reset()
        self.episode_starts = np.ones(self.env.num_envs, bool)
        self.meter.restart()


AfterStep = Callable[[dict[str, Any]], bool]  # whether to go on, by what a step brought


def play_rollout(
    forward: ForwardPasses,
    games: Games,
    rules: RolloutRules,
    buffer: RolloutBuffer,
    after_step: AfterStep,
    second_core: SecondCore,
    clock: StageTimer,
) -> Rollout | None:
    """Play T steps in every game, and say what the networks say of them; None if `after_step` ended it.

    Args:
        forward: of the networks.
        games: that are played; they are left where the rollout ends.
        rules: of the rollout.
        buffer: SB3's, empty, which the steps are written into.
        after_step: is told `actions`, `log_prob`, `new_obs`, `rewards`, `dones` and `infos` of each step.
        second_core: passes steps forward meanwhile.
        clock: counts seconds.
    """
    games.begin(rules)
    env = games.env
    ends = EpisodeEnds(rules.steps, env.num_envs, len(games.meter.names))
    background = BackgroundForward(
        second_core, forward.of_steps, buffer.observations, buffer.actions
    )
    ask: Callable[[], bool] = getattr(env, "start_partner", bool)  # others' environments: False
    partner_chooses = ask()
    for t in range(rules.steps):
        with clock.part("inference"):
            actions, log_prob = forward.act(games.observations)
        with clock.part("world and partner"):
            new_obs, rewards, dones, infos = env.step(_within_bounds(actions, env.action_space))
            partner_chooses = t + 1 < rules.steps and ask()
        step = {"actions": actions, "log_prob": log_prob, "new_obs": new_obs, "rewards": rewards}
        if not after_step({**step, "dones": dones, "infos": infos, "t": t}):
            return None
        ends.write(t, dones, infos, games.meter.read(env, infos, dones), learner_acted(env))
        games.further_rewards.write(t, dones, infos)
        _add(buffer, games, actions, rewards, log_prob)
        games.observations, games.episode_starts = new_obs, dones
        if not partner_chooses:  # which takes the other core
            background.played(t + 1)
    with clock.part("inference"):
        return _with_advantages(forward, games, rules, buffer, ends, background.outputs())


def _add(
    buffer: RolloutBuffer, games: Games, actions: np.ndarray, rewards: Any, log_prob: Any
) -> None:
    flat = actions.reshape(len(actions), -1)
    no_values = torch.zeros(len(actions))
    buffer.add(games.observations, flat, rewards, games.episode_starts, no_values, log_prob)


def _within_bounds(actions: np.ndarray, space: spaces.Space[Any]) -> np.ndarray:
    if not isinstance(space, spaces.Box):
        return actions
    clipped: np.ndarray = np.clip(actions, space.low, space.high)
    return clipped


def _with_advantages(
    forward: ForwardPasses,
    games: Games,
    rules: RolloutRules,
    buffer: RolloutBuffer,
    ends: EpisodeEnds,
    outputs: Outputs,
) -> Rollout:
    """Values of every observation, then advantages and returns of the reward and of each cost."""
    steps, count = buffer.rewards.shape
    _add_further_rewards(games, buffer)
    values = outputs.pop("values").cpu().numpy().reshape(steps, count, -1)
    streams = np.concatenate([buffer.rewards[:, :, None], ends.costs], axis=2)
    scales = rules.scales
    if games.rescale is not None:
        scales, ratios = games.rescale(streams, ends.dones, ends.acted)
        values = values * ratios.astype(np.float32)
    streams = streams * scales
    buffer.rewards[:] = streams[:, :, 0]
    streams[:, :, 0] = buffer.rewards  # as it is kept
    last = forward.values_of(each(np.asarray, games.observations))
    final = last[:0]
    if ends.cut_off:
        final = forward.values_of(stacked([shown for _, _, shown in ends.cut_off]))
    following = ends.following(values, last, final)
    advantages, returns = generalised_advantages(
        streams, values, following, ends.dones, rules.gamma, rules.gae_lambda
    )
    return Rollout(
        buffer.observations,
        buffer.actions,
        buffer.log_probs,
        buffer.episode_starts,
        ends.dones,
        buffer.rewards,
        ends.costs,
        values,
        following,
        advantages,
        returns,
        outputs,
        ends.acted,
    )


def _add_further_rewards(games: Games, buffer: RolloutBuffer) -> None:
    """Add what further sources give to the rewards of a rollout that has been played."""
    if not games.further_rewards.sources:
        return
    space = games.env.action_space
    actions = buffer.actions.reshape(*buffer.rewards.shape, *(space.shape or ()))
    games.further_rewards.add_to(
        buffer.rewards,
        buffer.observations,
        _within_bounds(actions, space),
        games.observations,
        1.0,
    )


def flat_rollout(
    buffer: RolloutBuffer, rollout: Rollout | None, forward: ForwardPasses
) -> dict[str, torch.Tensor]:
    """What is learned from, as tensors [T x B, ...], without copying.

    Args:
        buffer: SB3's, which callbacks and imitation's trainers may have changed.
        rollout: that filled it, for the costs and `outputs`; None if it was filled otherwise.
        forward: of the networks.
    """
    samples = buffer.buffer_size * buffer.n_envs

    def flat(array: np.ndarray) -> np.ndarray:
        return array.reshape(samples, *array.shape[2:])

    arrays = {"log_prob": flat(buffer.log_probs)}
    arrays |= {name: flat(getattr(buffer, name)) for name in ("advantages", "returns")}
    if rollout is not None and rollout.costs.shape[2]:
        arrays["cost_advantages"] = flat(rollout.advantages[:, :, 1:])
        arrays["cost_returns"] = flat(rollout.returns[:, :, 1:])
    data = {name: torch.from_numpy(array).to(forward.device) for name, array in arrays.items()}
    data["inputs"] = forward.raw(in_rows(buffer.observations))
    data["actions"] = forward.actions(flat(buffer.actions))
    data |= rollout.outputs if rollout is not None else {}
    return data if rollout is None or rollout.acted.all() else learner_rows(data, rollout.acted)
