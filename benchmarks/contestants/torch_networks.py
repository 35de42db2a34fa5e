"""MobileNetV2 and ResNet50 in plain torch, with random weights, which are as fast as real ones."""

from typing import Any

import torch
from torch import nn

# Expansion, channels, how many, and the stride of the first.
MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# Channels, how many, and the stride of the first.
RESNET50 = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))


class Residual(nn.Module):  # type: ignore[misc]
    """A sum of two branches, and what follows it."""

    def __init__(self, branch: Any, shortcut: Any, after: Any) -> None:
        super().__init__()
        self.branch, self.shortcut, self.after = branch, shortcut, after

    def forward(self, values: Any) -> Any:
        """Return the sum."""
        return self.after(self.branch(values) + self.shortcut(values))


def build(name: str, n_classes: int) -> Any:
    """Return a network from preprocessed images, channels first, to one number for each class."""
    layers, channels = {"mobilenet_v2": _mobilenet_v2, "resnet50": _resnet50}[name]()
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, n_classes))
    return nn.Sequential(*layers, *head)


def preprocess(images: Any, dtype: Any) -> Any:
    """Return uint8 images of shape (n, height, width, 3) as numbers from -1 to 1, channels first.

    The result is a view in channels-last memory.
    """
    return images.permute(0, 3, 1, 2).to(dtype) / 127.5 - 1


def wait(device: str) -> None:
    """Wait until a device has done everything."""
    if device != "cpu":
        getattr(torch, device).synchronize()


def to_device(array: Any, device: str) -> Any:
    """Return a tensor in the memory from which a device uploads fastest."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory() if device == "cuda" else tensor


def _mobilenet_v2() -> tuple[list[Any], int]:
    layers, channels = [_conv(3, 32, 3, stride=2, activation=nn.ReLU6)], 32
    for expansion, n_out, times, first_stride in MOBILENET_V2:
        for number in range(times):
            stride = 1 if number else first_stride
            layers.append(_inverted(channels, n_out, expansion, stride))
            channels = n_out
    return [*layers, _conv(channels, 1280, activation=nn.ReLU6)], 1280


def _inverted(n_in: int, n_out: int, expansion: int, stride: int) -> Any:
    n_inner = n_in * expansion
    branch = nn.Sequential(
        *([_conv(n_in, n_inner, activation=nn.ReLU6)] if expansion > 1 else []),
        _conv(n_inner, n_inner, 3, stride=stride, groups=n_inner, activation=nn.ReLU6),
        _conv(n_inner, n_out),
    )
    if stride > 1 or n_in != n_out:
        return branch
    return Residual(branch, nn.Identity(), nn.Identity())


def _resnet50() -> tuple[list[Any], int]:
    stem = [_conv(3, 64, 7, stride=2, activation=nn.ReLU), nn.MaxPool2d(3, 2, padding=1)]
    layers, channels = stem, 64
    for n_inner, times, first_stride in RESNET50:
        for number in range(times):
            layers.append(_bottleneck(channels, n_inner, 1 if number else first_stride))
            channels = 4 * n_inner
    return layers, channels


def _bottleneck(n_in: int, n_inner: int, stride: int) -> Any:
    n_out = 4 * n_inner
    branch = nn.Sequential(
        _conv(n_in, n_inner, stride=stride, activation=nn.ReLU),
        _conv(n_inner, n_inner, 3, activation=nn.ReLU),
        _conv(n_inner, n_out),
    )
    shortcut = nn.Identity() if n_in == n_out else _conv(n_in, n_out, stride=stride)
    return Residual(branch, shortcut, nn.ReLU())


def _conv(
    n_in: int,
    n_out: int,
    size: int = 1,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: Any = nn.Identity,
) -> Any:
    convolution = nn.Conv2d(n_in, n_out, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(n_out), activation())
