"""The network that acts: SB3's actor-critic with the normaliser, dropout and cost values inside.

It is an `ActorCriticPolicy`, so SB3's algorithms and tools and imitation's trainers take it. An
action mask is the tail of the observation (`environments.simulation.observation_parts`), and with
memory the observation is a window over the last steps (`environments.simulation.frame_stack`): an
observation is all that it needs.

B observations, O numbers each, H hidden units, C costs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import Distribution
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor, nn

from agents.networks.distributions import distribution_of
from agents.networks.encoders import ObservationEncoder
from agents.networks.layers import MaskedHead, MaskedTowers, Towers, activation
from agents.networks.scales import ActionHead, Normaliser, spread_actions
from environments.simulation.observation_parts import is_picture

UNKNOWN = "return_scale"  # the tensor that is NaN while values were fitted to nothing
_ACTOR, _CRITIC = "pi_features_extractor.", "vf_features_extractor."


class AgentPolicy(ActorCriticPolicy):
    """Policy and values for a clone that is to be refined.

    Args:
        dropout: share of hidden units dropped in the policy while cloning; refining switches it off,
            because a rollout and its update must see one policy.
        n_costs: number of cost values beside the reward's value.
        sight: keywords of `ObservationEncoder` for pictures, parts, masks and memory; None scales a
            vector of numbers. Policy and values then have one each, so that values can learn while the
            policy rests.
        own_units: whether continuous actions are made in units of their own (`scales.ActionHead`), so that
            what is learned does not depend on theirs. Older files have it not.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Any,
        *args: Any,
        dropout: float = 0.0,
        n_costs: int = 0,
        sight: dict[str, Any] | None = None,
        own_units: bool = False,
        **keywords: Any,
    ) -> None:
        if sight is None and is_picture(observation_space):
            sight = {}
        self.dropout, self.n_costs, self.encoder_settings = dropout, n_costs, sight
        self.own_units = own_units and isinstance(action_space, spaces.Box)
        if sight is not None:  # `ObservationEncoder` scales pictures itself
            keywords |= {
                "features_extractor_class": ObservationEncoder,
                "features_extractor_kwargs": sight,
            }
            keywords |= {"share_features_extractor": False, "normalize_images": False}
        keywords.setdefault("features_extractor_class", Normaliser)
        keywords.setdefault("activation_fn", nn.ReLU)
        keywords.setdefault("net_arch", {"pi": [128, 128], "vf": [128, 128]})
        super().__init__(observation_space, action_space, lr_schedule, *args, **keywords)
        # What returns of the reward and of each cost were multiplied by before values were fitted to them.
        self.return_scale: Tensor
        self.register_buffer("return_scale", torch.ones(1 + n_costs))

    def _build_mlp_extractor(self) -> None:
        arch = self.net_arch
        widths: Any = arch if isinstance(arch, dict) else {"pi": arch, "vf": arch}
        layers = (self.features_dim, widths["pi"], widths["vf"], self.activation_fn, self.dropout)
        self.mlp_extractor: Any = (
            MaskedTowers(*layers, mask=self.mask) if self.mask else Towers(*layers)
        )
        if self.n_costs:  # here, so that SB3 hands its weights to the optimiser
            self.cost_net = nn.Linear(self.mlp_extractor.latent_dim_vf, self.n_costs)
            nn.init.orthogonal_(self.cost_net.weight)
            nn.init.zeros_(self.cost_net.bias)

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        if self.mask:  # around the same weights, which the optimiser has already
            self.action_net: nn.Module = MaskedHead(self.action_net, self.mask)
        if self.own_units:
            self.action_net = ActionHead(self.action_net, math.prod(self.action_space.shape or ()))

    @property
    def mask(self) -> int:
        """How many numbers at the end of an observation are the action mask."""
        return int(getattr(self.features_extractor, "mask", 0))

    @property
    def memory(self) -> int:
        """How many steps its observation is a window of; 0 if it is a single one."""
        return int(getattr(self.features_extractor, "steps", 0))

    def fit_scales(self, observations: np.ndarray, floor: float | None) -> None:
        """Fit the normalisers to single steps' observations [S, ...], as `Normaliser.fit`."""
        for extractor in self._extractors():
            if hasattr(extractor, "fit"):
                extractor.fit(observations, floor)

    def take_scales(self, other: AgentPolicy) -> None:
        """Take another's normalisers and units, and nothing that it has learned."""
        pairs = list(zip(self._extractors(), other._extractors(), strict=True))
        pairs += [(self.action_net, other.action_net)]
        with torch.no_grad():
            for ours, theirs in pairs:
                for mine, its in zip(ours.buffers(), theirs.buffers(), strict=True):
                    mine.copy_(its)
        if self.own_units:
            spread_actions(self, 1.0)

    def _extractors(self) -> list[Any]:
        shared = self.share_features_extractor
        return [self.pi_features_extractor, *([] if shared else [self.vf_features_extractor])]

    def forget_values(self) -> None:
        """Mark the values as fitted to nothing; the policy stays as it is."""
        self.return_scale.fill_(torch.nan)

    @property
    def knows_values(self) -> bool:
        """Whether the values were fitted to anything."""
        return not bool(self.return_scale.isnan().any())

    def predict_all_values(self, observations: Tensor) -> Tensor:
        """Value of the reward and, after it, of each cost: [B, 1 + C]."""
        return self.values_of(self._features(observations, self.vf_features_extractor))

    def logits(self, observations: Tensor) -> Tensor:
        """What the action distribution is made of, before it is made: [B, A]."""
        return self.logits_of(self._features(observations, self.pi_features_extractor))

    @property
    def scales_only(self) -> bool:
        """Whether policy and values see an observation through the same normaliser, which does not learn."""
        return self.share_features_extractor and type(self.features_extractor) is Normaliser

    def scaled(self, observations: Tensor) -> Tensor:
        """What `logits_of` and `values_of` want, where the network `scales_only`: [B, O]."""
        return self._features(observations, self.features_extractor)

    def logits_of(self, features: Tensor) -> Tensor:
        """As `logits`, of what the features extractor gave: [B, A]."""
        logits: Tensor = self.action_net(self.mlp_extractor.forward_actor(features))
        return logits

    def values_of(self, features: Tensor, costs: bool = True) -> Tensor:
        """As `predict_all_values`, of what the features extractor gave: [B, 1 + C], or [B, 1]."""
        latent = self.mlp_extractor.forward_critic(features)
        value: Tensor = self.value_net(latent)
        if not self.n_costs or not costs:
            return value
        return torch.cat([value, self.cost_net(latent)], dim=1)

    def _features(self, observations: Tensor, extractor: Any) -> Tensor:
        found: Tensor = super(ActorCriticPolicy, self).extract_features(observations, extractor)
        return found

    def get_distribution(self, obs: Any) -> Distribution:
        """As SB3's, made as `distribution_of` makes it."""
        return self.distribution_of(self.logits(obs))

    def distribution_of(self, logits: Tensor) -> Distribution:
        """The action distribution that `logits` [B, A] make."""
        log_std = getattr(self, "log_std", None)
        return distribution_of(self.action_dist, logits, log_std, bool(self.mask))

    def stored(self) -> dict[str, Tensor]:
        """The state, each tensor once: SB3 lists a features extractor under two or three names."""
        again = (_ACTOR, _CRITIC) if self.share_features_extractor else (_ACTOR,)
        return {k: value for k, value in self.state_dict().items() if not k.startswith(again)}

    def tensors(self) -> dict[str, Tensor]:
        """`stored`, as it is saved."""
        return {name: value.detach().cpu().contiguous() for name, value in self.stored().items()}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave.

        Raises:
            RuntimeError: names or shapes do not fit this network.
        """
        state = dict(tensors)
        again = ("pi_", "vf_") if self.share_features_extractor else ("pi_",)
        own = {k: v for k, v in tensors.items() if k.startswith("features_extractor.")}
        state |= {f"{prefix}{k}": v for k, v in own.items() for prefix in again}
        self.load_state_dict(state)

    def settings(self) -> dict[str, Any]:
        """What it takes beside the spaces to build this network again, as JSON."""
        about = {
            "net_arch": self.net_arch,
            "activation": self.activation_fn.__name__,
            "dropout": self.dropout,
            "n_costs": self.n_costs,
        }
        if self.own_units:
            about["own_units"] = True
        return about if self.encoder_settings is None else {**about, "sight": self.encoder_settings}

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return {
            **super()._get_constructor_parameters(),
            "dropout": self.dropout,
            "n_costs": self.n_costs,
            "sight": self.encoder_settings,
            "own_units": self.own_units,
        }


def build_policy(
    observation_space: spaces.Space[Any],
    action_space: spaces.Space[Any],
    settings: dict[str, Any],
    learning_rate: float = 1e-3,
) -> AgentPolicy:
    """An `AgentPolicy` from its `settings()`.

    Raises:
        ValueError: an activation that is none of `layers.ACTIVATIONS`.
    """
    keywords = dict(settings)
    return AgentPolicy(
        observation_space,
        action_space,
        lambda _: learning_rate,
        activation_fn=activation(keywords.pop("activation", "ReLU")),
        **keywords,
    )
