"""The loss of behaviour cloning, and the epochs in which it is minimised.

M samples of a minibatch, A actions, C costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from gymnasium import spaces
from torch import Tensor
from torch.nn import functional

from agents.networks.layers import FORBIDDEN
from agents.networks.policy import AgentPolicy
from environments.system.errors import UserError
from training.imitation.settings import CloneSettings

JUDGED = 2048  # steps judged at once by a network that looks at pictures or remembers
NOISE = "log_std"  # the parameter that is the spread of continuous actions
LEAST_NOISE = (
    1e-4  # units of an action: who repeats themselves to the digit is no infinite likelihood
)
DIVERGED = "The cloning diverged, its loss is no number any more: lower clone.learning_rate."


class Objective:
    """Minus the weighted log-likelihood of the actions, plus the values' error.

    Args:
        policy: whose.
        settings: how to clone.
        action_weights: [A], of a discrete action, or None.
        see: makes what the policy is handed of the observations that this is called with.
    """

    def __init__(
        self,
        policy: AgentPolicy,
        settings: CloneSettings,
        action_weights: Tensor | None,
        see: Callable[[Tensor], Tensor] = lambda shown: shown,
    ) -> None:
        self.policy, self.settings, self.action_weights = policy, settings, action_weights
        self.see = see
        self.discrete = isinstance(policy.action_space, spaces.Discrete)

    def __call__(
        self, observations: Tensor, actions: Tensor, returns: Tensor | None = None
    ) -> Tensor:
        observations = self.see(observations)
        loss = self.imitation(observations, actions)
        if returns is not None:
            values = self.policy.predict_all_values(observations)
            known = ~returns.isnan()
            error = torch.where(known, values - returns.nan_to_num(), 0.0)
            loss = loss + self.settings.value_weight * error.square().mean()
        return loss

    def imitation(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Cross-entropy for a discrete action; else minus the mean log-density."""
        if self.discrete:
            return self._cross_entropy(self.policy.logits(observations), actions)
        try:
            likelihood: Tensor = self.policy.get_distribution(observations).log_prob(actions)
        except ValueError:  # torch's answer to a mean that is no number
            raise UserError(DIVERGED) from None
        return -likelihood.mean()

    def _cross_entropy(self, logits: Tensor, actions: Tensor) -> Tensor:
        smoothing = self.settings.label_smoothing
        masked = bool(self.policy.mask and smoothing)
        loss = functional.cross_entropy(
            logits,
            actions,
            weight=self.action_weights,
            label_smoothing=0.0 if masked else smoothing,
        )
        if masked:  # smooth over what is allowed alone
            allowed = logits > FORBIDDEN / 2
            odds = torch.where(allowed, torch.log_softmax(logits, dim=1), 0.0)
            smooth = -(odds.sum(1) / allowed.sum(1).clamp(min=1)).mean()
            loss = (1 - smoothing) * loss + smoothing * smooth
        return loss

    def fit_noise(self, held_back: list[Tensor]) -> None:
        """Set the spread of continuous actions to what is left of them: [A].

        It is the maximum of the likelihood in closed form, on steps never trained on, so that it holds what
        the network does not know beside what people do by chance.
        """
        policy = self.policy
        if not isinstance(policy.action_space, spaces.Box):
            return
        policy.set_training_mode(False)
        most = len(held_back[0]) if policy.encoder_settings is None else JUDGED
        squares = torch.zeros_like(policy.log_std)
        with torch.inference_mode():
            for shown, actions in zip(*(torch.split(d, most) for d in held_back[:2]), strict=True):
                missed = policy.logits(self.see(shown)) - actions.flatten(1)
                squares += missed.double().square().sum(0).float()
            unit = getattr(policy.action_net, "unit", torch.ones(1))
            spread = (squares / len(held_back[0])).sqrt()
        with torch.no_grad():
            policy.log_std.copy_(torch.maximum(spread, LEAST_NOISE * unit).log())

    def judge(self, data: list[Tensor]) -> dict[str, float]:
        """Loss and, for discrete actions, accuracy on steps that were held back."""
        self.policy.set_training_mode(False)
        most = len(data[0]) if self.policy.encoder_settings is None else JUDGED
        sums: dict[str, float] = {}
        with torch.inference_mode():
            for shown, actions in zip(*(torch.split(d, most) for d in data[:2]), strict=True):
                inputs = self.see(shown)
                if self.discrete:
                    logits = self.policy.logits(inputs)
                    found = {
                        "validation_loss": float(self._cross_entropy(logits, actions)),
                        "validation_accuracy": float((logits.argmax(1) == actions).float().mean()),
                    }
                else:
                    found = {"validation_loss": float(self.imitation(inputs, actions))}
                share = len(actions) / len(data[0])
                sums = {name: sums.get(name, 0.0) + share * v for name, v in found.items()}
        return sums


class Schedule(NamedTuple):
    """How long is learned, and how fast."""

    epochs: int
    learning_rate: float  # falls to 0 over all epochs
    batch_size: int


def schedule_of(settings: CloneSettings) -> Schedule:
    """The schedule of settings that are sized."""
    assert settings.epochs is not None
    assert settings.batch_size is not None
    return Schedule(settings.epochs, settings.learning_rate, settings.batch_size)


def epochs(
    objective: Objective,
    optimiser: torch.optim.Optimizer,
    data: list[Tensor],
    schedule: Schedule,
) -> Iterator[tuple[int, float]]:
    """Learn an epoch at a time; yields its number, counted from 1, and its mean loss."""
    for epoch in range(schedule.epochs):
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate * (1 - epoch / schedule.epochs)
        yield epoch + 1, one_epoch(objective, optimiser, data, schedule.batch_size)


def one_epoch(
    objective: Objective, optimiser: torch.optim.Optimizer, data: list[Tensor], batch_size: int
) -> float:
    """Every step once, in random order; the mean loss. The last minibatch may be smaller."""
    objective.policy.set_training_mode(True)
    order = torch.randperm(len(data[0]))
    # one gather an epoch, minibatches are views; `index_select` is four times as fast as `column[order]`
    shuffled = [column.index_select(0, order) for column in data]
    sum_of_losses = torch.zeros(())
    for minibatch in zip(*(torch.split(column, batch_size) for column in shuffled), strict=True):
        loss = objective(*minibatch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        sum_of_losses += loss.detach() * len(minibatch[0])
    return float(sum_of_losses) / len(order)
