"""Other people's programs that headstart is compared with: timm, torchvision, transformers."""

import functools
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def import_or_skip(name: str) -> ModuleType:
    """Return a package that may need torchvision; skip the test where it is not installed."""
    pytest.importorskip("torch")
    _mend_torchvision()
    package: ModuleType = pytest.importorskip(name)
    return package


@functools.cache
def _mend_torchvision() -> Any:
    """Let torchvision be imported where it was built for another torch.

    A build for CUDA beside a torch for processors can't load its operators. Its import then fails,
    and with it that of timm and transformers, though neither needs those operators to run a
    classifier.
    """
    import torch

    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return None
    try:
        for operators in Path(found.origin).parent.glob("_C*.so"):
            torch.ops.load_library(str(operators))
    except OSError:
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library  # kept: with it, its operators would go
    return None
