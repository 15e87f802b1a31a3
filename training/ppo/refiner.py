"""Refiner: Stable-Baselines3's PPO, begun from a clone without wrecking it.

Only the rollout and the update are overridden, so SB3's callbacks, loggers and tools take it, and so do
imitation's trainers. Loading a clone into plain PPO is known to undo it (SB3 #543, #1453; imitation #691);
what keeps it here: values are fitted before the policy moves, the policy is held near the frozen clone, and
`training.gate.best_agent` never hands on an agent that is worse than its clone.

T steps of a rollout, B games, M samples of a minibatch, C costs with a limit.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from stable_baselines3.common.utils import explained_variance
from torch import Tensor

from training.compute.hardware import Precision
from training.ppo.gradient_step import UpdatePPO
from training.ppo.kl_anchor import AnchorSettings, KLAnchor
from training.ppo.lagrange import surrogate_weights

IN_A_ROW = 3  # rejected updates after which the run is stopped
FIT_GAIN = 0.01  # explained variance that another update of warming up must bring

Scheduled = float | Callable[[float], float]


class Diverged(RuntimeError):
    """Refining gives no numbers any more; the message is a sentence for the person."""


class Refiner(UpdatePPO):
    """PPO that starts from a clone and stays in its reach.

    Weights of the loss are numbers, or functions of the progress that remains (1 at the start, 0 at the end),
    as SB3's learning rate may be.

    Args:
        clone: the frozen policy to stay near; None refines without an anchor.
        kl_clone: weight of KL(policy from clone): forbids what the clone never does.
        kl_clone_reverse: weight of KL(clone from policy): asks to keep doing all that the clone does.
        anchor: a distance to seek and a budget, instead of the weight alone.
        entropy: weight of the entropy bonus; it replaces `ent_coef` if given.
        imitation: weight of minus the log-likelihood of `demonstrations` (as DAPG, Rajeswaran et al. 2018).
        demonstrations: observations and actions to draw from.
        costs: limits by the name of a cost; needs a policy with a value for each of the world's costs.
        warm_up: updates at the start, at most, in which the policy rests while the values learn and the
            optimiser's moments fill; it ends when the values fit no better.
        reward_scale: rewards are multiplied by this before values are learned; None takes the policy's own.
        reseed_every: updates after which games and generators start afresh from hash(seed, update), so that
            a run can go on from its weights and optimiser alone; 0 never does.
        precision: of the update's layers; the rollout is in float32, and its log-probabilities are taken
            again in the update's precision, so that the ratio begins at 1. Needs an `AgentPolicy`.
        reward_sources: whose weighted columns are added to the reward of each rollout.
        cores: 2 lets a second core learn the values and read the rollout; the result has the same bits.
        keywords: PPO's own, and those of `RolloutPPO` described here.

    Raises:
        ValueError: one of PPO's settings that this update would ignore.
    """

    def __init__(
        self,
        policy: Any,
        env: Any,
        *,
        clone: Any = None,
        kl_clone: Scheduled = 0.0,
        kl_clone_reverse: Scheduled = 0.0,
        anchor: AnchorSettings | None = None,
        entropy: Scheduled | None = None,
        imitation: Scheduled = 0.0,
        demonstrations: tuple[Tensor, Tensor] | None = None,
        warm_up: int = 0,
        precision: Precision = "float32",
        **keywords: Any,
    ) -> None:
        for name in _NOT_OURS:
            if keywords.get(name):
                raise ValueError(f"Refiner does not have PPO's {name}; leave it out")
        self.schedules: dict[str, Scheduled] = {
            "kl_clone": kl_clone,
            "kl_clone_reverse": kl_clone_reverse,
            "entropy": keywords.get("ent_coef", 0.0) if entropy is None else entropy,
            "imitation": imitation if demonstrations is not None else 0.0,
        }
        start = kl_clone(1.0) if callable(kl_clone) else kl_clone
        self.anchor = KLAnchor(anchor or AnchorSettings(), start)
        self.warm_up, self.warmed, self.best_fit = warm_up, 0, -math.inf
        self.rejected = 0
        super().__init__(
            policy,
            env,
            clone=clone,
            demonstrations=demonstrations,
            precision=precision,
            **keywords,
        )

    @property
    def warming(self) -> bool:
        """Whether the policy still rests."""
        return self.warmed < self.warm_up

    # ------------------------------------------------------------------ the update

    def train(self) -> None:
        """Several epochs over the rollout, in minibatches, as PPO's, with the parts of `losses`.

        An update that leaves no numbers behind is undone.

        Raises:
            Diverged: several updates in a row had to be undone.
        """
        self.policy.set_training_mode(False)  # a rollout and its update see one policy: no dropout
        self._update_learning_rate(self.policy.optimizer)
        for name, cost in self.meter.per_episode().items():
            self.multipliers[name].update(cost)
        schedule: Any = self.clip_range
        clip = float(schedule(self._current_progress_remaining))
        weights = self.loss_weights()
        good = self._snapshot()
        with self.clock.part("update"):
            logged = _columns(self._epochs(self._flatten_rollout(), weights, clip))
        self._n_updates += self.n_epochs
        if not self._finite(logged):
            self._restore(good)
            return
        self.rejected = 0
        self._log(logged, weights, clip)
        self._adapt(logged)

    def _epochs(
        self, data: dict[str, Tensor], weights: dict[str, float], clip: float
    ) -> list[dict[str, Tensor]]:
        """Every sample `n_epochs` times; what each step said, or nothing where numbers end."""
        logged: list[dict[str, Tensor]] = []
        resting = [
            p for n, p in self.policy.named_parameters() if self.warming and not _of_values(n)
        ]
        kept = [p.detach().clone() for p in resting]
        for _ in range(self.n_epochs):
            for minibatch in self._minibatches(data):
                try:
                    logged.append(self.gradient_step(minibatch, weights, clip))
                except ValueError:  # torch's distributions refuse what is no number
                    return []
                with torch.no_grad():  # a learning rate of 0, to the bit
                    for parameter, value in zip(resting, kept, strict=True):
                        parameter.copy_(value)
        return logged

    def _minibatches(self, data: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
        """Every sample once, in random order; the next are gathered while these are learned from."""
        some = torch.split(torch.randperm(len(data["returns"])), self.batch_size)
        coming = [self.crew.begin(partial(_rows, data, some[0]))]
        for chosen in some[1:]:
            here = coming.pop().result()
            coming.append(self.crew.begin_after(partial(_rows, data, chosen)))
            yield here
        yield coming.pop().result()

    def loss_weights(self) -> dict[str, float]:
        """The weight of every part now."""
        remaining = self._current_progress_remaining
        now = {k: float(v(remaining) if callable(v) else v) for k, v in self.schedules.items()}
        now["kl_clone"] = self.anchor.weight(now["kl_clone"]) if self.clone is not None else 0.0
        values = {"value": self.vf_coef}
        if self.multipliers:
            values["cost_value"] = self.vf_coef
        return {**now, **surrogate_weights(self.multipliers), **values}

    # ------------------------------------------------------------------ after the update

    def _snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return copy.deepcopy(self.policy.state_dict()), copy.deepcopy(
            self.policy.optimizer.state_dict()
        )

    def _finite(self, logged: dict[str, Tensor]) -> bool:
        everything = [*logged.values(), *self.policy.parameters()]
        return bool(logged) and all(bool(numbers.isfinite().all()) for numbers in everything)

    def _restore(self, good: tuple[dict[str, Any], dict[str, Any]]) -> None:
        self.policy.load_state_dict(good[0])
        self.policy.optimizer.load_state_dict(good[1])
        self.rejected += 1
        self.logger.record("train/rejected", self.rejected)
        if self.rejected >= IN_A_ROW:
            raise Diverged(
                f"The refining diverged: {IN_A_ROW} updates in a row left no numbers behind and were undone; "
                "lower its learning rate."
            )

    def _adapt(self, logged: dict[str, Tensor]) -> None:
        """Move the anchor, and end the warming up once the values fit no better."""
        if not self.warming:  # a policy at rest is near its clone without being held
            self.anchor.update(float(logged["kl_clone"][-1]))
        else:
            buffer = self.rollout_buffer
            fit = float(explained_variance(buffer.values.flatten(), buffer.returns.flatten()))
            self.warmed = self.warmed + 1 if fit > self.best_fit + FIT_GAIN else self.warm_up
            self.best_fit = max(self.best_fit, fit)

    def facts(self) -> dict[str, Any]:
        """What a checkpoint must keep beside weights and optimiser."""
        return {
            "steps": self.num_timesteps,
            "n_updates": self._n_updates,
            "warmed": self.warmed,
            "best_fit": None if self.best_fit == -math.inf else self.best_fit,
            "rejected": self.rejected,
            "anchor": self.anchor.facts(),
            "multipliers": {name: m.facts() for name, m in self.multipliers.items()},
        }

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Put back what `facts` gave."""
        self.num_timesteps, self._n_updates = facts["steps"], facts["n_updates"]
        self.warmed, self.rejected = facts["warmed"], facts["rejected"]
        self.best_fit = -math.inf if facts["best_fit"] is None else facts["best_fit"]
        self.anchor.restore(facts["anchor"])
        for name, kept in facts["multipliers"].items():
            self.multipliers[name].restore(kept)

    def _log(self, logged: dict[str, Tensor], weights: dict[str, float], clip: float) -> None:
        """Write means over the update, under SB3's names where it has them."""
        columns = {**logged, **_moved(logged["log_ratio"], clip)}
        mean = {name: column.mean().item() for name, column in columns.items()}
        for part, weight in weights.items():
            self.logger.record(f"loss/{part}", mean[part])
            self.logger.record(f"weight/{part}", weight)
        for name in ("loss", "approx_kl", "clip_fraction", "gradient_norm", "kl_clone"):
            self.logger.record(f"train/{name}", mean[name])
        for name, sb3 in _SB3_NAMES.items():
            self.logger.record(f"train/{sb3}", mean[name])
        for name, value in self.further_rewards.means.items():
            self.logger.record(f"reward/{name}", value)
        for name, cost in self.meter.per_episode().items():
            self.logger.record(f"cost/{name}", cost)
            self.logger.record(f"multiplier/{name}", self.multipliers[name].value)
        buffer = self.rollout_buffer
        fit = explained_variance(buffer.values.flatten(), buffer.returns.flatten())
        self.logger.record("train/explained_variance", fit)
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/clip_range", clip)


_NOT_OURS = ("clip_range_vf", "target_kl", "use_sde")  # PPO's settings that our update would ignore
_SB3_NAMES = {"surrogate": "policy_gradient_loss", "value": "value_loss", "entropy": "entropy_loss"}


def _columns(rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """What the steps said, by name: [steps], or what they said of every sample one after the other."""
    names = rows[0] if rows else ()
    return {name: torch.cat([row[name].reshape(-1) for row in rows]) for name in names}


def _moved(log_ratio: Tensor, clip: float) -> dict[str, Tensor]:
    """How far the policy moved from the rollout's, by sample."""
    ratio = torch.exp(log_ratio)
    return {
        "approx_kl": ratio - 1 - log_ratio,  # Schulman, "Approximating KL", 2020
        "clip_fraction": ((ratio - 1).abs() > clip).float(),
    }


def _rows(data: dict[str, Tensor], chosen: Tensor) -> dict[str, Tensor]:
    return {name: column.index_select(0, chosen) for name, column in data.items()}


def _of_values(name: str) -> bool:
    """Whether a parameter belongs to the values alone."""
    own = ("mlp_extractor.value_net", "value_net", "cost_net", "vf_features_extractor")
    return name.startswith(own)
