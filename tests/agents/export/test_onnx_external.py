"""Policies as other programs export them go on playing: what is refused is none of what they are made of."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from agents.export.onnx_player import onnx_player
from environments.catalog import make_world
from tests.agents.support.hostile import BALANCE

SEEN = np.random.default_rng(3).normal(size=(7, 4)).astype(np.float32)


class Remembering(nn.Module):
    """A recurrent policy over the numbers of one observation."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LSTM(1, 6, batch_first=True), nn.GRU(6, 5, batch_first=True)
        self.last = nn.Linear(5, 2)

    def forward(self, seen: Tensor) -> Tensor:
        found, _ = self.first(seen.unsqueeze(-1))
        scores: Tensor = self.last(self.second(found)[0][:, -1])
        return scores


class Attending(nn.Module):
    """A transformer over the numbers of one observation."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.enter, self.layers = nn.Linear(1, 8), nn.TransformerEncoder(layer, 2)
        self.last = nn.Linear(8, 2)

    def forward(self, seen: Tensor) -> Tensor:
        scores: Tensor = self.last(self.layers(self.enter(seen.unsqueeze(-1))).mean(1))
        return scores


class Masking(nn.Module):
    """Scores of which some are forbidden, beside what is repeated for each game."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.bias = nn.Linear(4, 2), nn.Parameter(torch.zeros(2))

    def forward(self, seen: Tensor) -> Tensor:
        scores = self.last(seen) + self.bias.unsqueeze(0).repeat(seen.shape[0], 1)
        scores = scores + torch.zeros(seen.shape[0], 2, device=seen.device)
        allowed = torch.stack([seen[:, 0] > 0, seen[:, 0] <= 0], dim=1)
        return torch.log_softmax(torch.where(allowed, scores, float("-inf")), 1)


def looking() -> nn.Module:
    """A convolutional policy, which sees the numbers as a picture."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(8, 8, 1, groups=2), nn.ELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 2),
    )  # fmt: skip


def layered() -> nn.Module:
    """Plain layers."""
    return nn.Sequential(
        nn.Linear(4, 8), nn.Tanh(), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 2), nn.Softmax(1)
    )


def of_sb3() -> nn.Module:
    """SB3's own policy, with its value and the probability of its action."""
    from stable_baselines3 import PPO

    policy: Any = PPO("MlpPolicy", "CartPole-v1").policy

    class Asked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.policy = policy

        def forward(self, seen: Tensor) -> Any:
            return self.policy(seen, deterministic=True)

    return Asked()


NETWORKS = {
    "layers": layered,
    "pictures": looking,
    "memory": Remembering,
    "attention": Attending,
    "mask": Masking,
    "sb3": of_sb3,
}
QUICK = [("layers", True), ("pictures", False), ("memory", False), ("mask", False)]
EVERY = [(name, new) for name in NETWORKS for new in (True, False)]
SLOW = [pair for pair in EVERY if pair not in QUICK and pair != ("sb3", False)]  # which has an If


def exported(network, path, new):
    """Write a network by torch's exporter, the new one or the old."""
    seen = torch.from_numpy(SEEN[:3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if new:
            free = ({0: torch.export.Dim("batch", min=1)},)
            program: Any = torch.onnx.export(
                network, (seen,), dynamo=True, dynamic_shapes=free, verbose=False
            )
            path.write_bytes(program.model_proto.SerializeToString())
        else:
            names: Any = {"input_names": ["x"], "output_names": ["y"]}
            axes = {"x": {0: "batch"}, "y": {0: "batch"}}
            torch.onnx.export(network, (seen,), str(path), dynamo=False, dynamic_axes=axes, **names)


@pytest.mark.parametrize(
    ("name", "new"), [*QUICK, *(pytest.param(*pair, marks=pytest.mark.slow) for pair in SLOW)]
)
def test_a_policy_of_another_program_plays_as_it_does_there(tmp_path, name, new):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    exported(network, tmp_path / "other.onnx", new)
    player = onnx_player(tmp_path / "other.onnx", make_world(BALANCE))
    with torch.inference_mode():
        found: Any = network(torch.from_numpy(SEEN))
    wanted = found[0] if isinstance(found, tuple) else found.argmax(1)
    for games in (1, 2, 7):  # each number of games is looked at for itself
        action, _ = player.predict(SEEN[:games])
        assert np.array_equal(action, wanted[:games].numpy())
