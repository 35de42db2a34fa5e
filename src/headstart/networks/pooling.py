"""The ways to make features from a feature map."""

from typing import Literal, get_args

Pooling = Literal["auto", "avg", "max", "flatten"]

POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
