"""Convolutional encoders of pictures, chosen by size.

B pictures, C channels, H x W pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import NatureCNN
from torch import Tensor, nn
from torch.nn import functional

LEAST_NATURE = 36  # pixels a side that NatureCNN's three layers need


class NatureEncoder(NatureCNN):
    """The network of Mnih et al. (2015), SB3's."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__(spaces.Box(0, 255, (channels, height, width), np.uint8))
        self.features = self.features_dim


class ImpalaEncoder(nn.Module):
    """The small residual network of Espeholt et al. (2018, figure 3): [B, C, H, W] -> [B, 256]."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for depth in (16, 32, 32):
            layers += [nn.Conv2d(channels, depth, 3, padding=1), nn.MaxPool2d(3, 2, padding=1)]
            layers += [ResidualBlock(depth), ResidualBlock(depth)]
            channels, height, width = depth, (height + 1) // 2, (width + 1) // 2
        self.features = 256
        last = nn.Linear(channels * height * width, self.features)
        self.layers = nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), last, nn.ReLU())

    def forward(self, pixels: Tensor) -> Tensor:
        """Features of pictures from 0 to 1."""
        found: Tensor = self.layers(pixels)
        return found


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut: [B, C, H, W] -> the same."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(depth, depth, 3, padding=1)
        self.second = nn.Conv2d(depth, depth, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """x and what is added to it."""
        added: Tensor = self.second(functional.relu(self.first(functional.relu(x))))
        return x + added


def picture_network(shape: tuple[int, ...], kind: str) -> NatureEncoder | ImpalaEncoder:
    """The network for pictures of a shape; "auto" takes NatureCNN where it fits.

    Raises:
        ValueError: an unknown kind, or a picture too small for it.
    """
    if kind not in ("auto", "nature", "impala"):
        raise ValueError(
            f"there is no network '{kind}' for pictures: choose auto, nature or impala"
        )
    first = channels_first(torch.empty(1, *shape), shape)
    channels, height, width = first.shape[1:]
    fits = min(height, width) >= LEAST_NATURE
    if kind == "nature" and not fits:
        raise ValueError(
            f"pictures of {height} x {width} are too small for 'nature': choose impala"
        )
    return (ImpalaEncoder if kind == "impala" or not fits else NatureEncoder)(
        channels, height, width
    )


def channels_first(pixels: Tensor, shape: tuple[int, ...]) -> Tensor:
    """[B, H, W], [B, H, W, C] or [B, C, H, W] -> [B, C, H, W]; channels are fewest, as SB3 tells them."""
    if len(shape) == 2:
        return pixels.unsqueeze(1)
    return pixels if shape[0] == min(shape) and shape[-1] > shape[0] else pixels.movedim(-1, 1)
