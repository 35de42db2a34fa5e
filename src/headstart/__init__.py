"""Image recognition by transfer learning: pre-trained networks put to your own problem.

>>> import headstart as hs
>>> hs.predict("tiger.jpg", backbone="resnet50", top=3)                  # doctest: +SKIP
>>> hs.ImageClassifier("mobilenet_v2").fit("vehicles/").save("model/")   # doctest: +SKIP

Importing this package loads nothing heavy: each name is fetched when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headstart.backbones.catalogue import Backbone, backbones
    from headstart.bundle import SavedModel, load
    from headstart.evaluation.evaluation import Evaluation
    from headstart.features.embedder import Embedder
    from headstart.finetuning import fine_tune
    from headstart.gradients.augmentation import Augmentation
    from headstart.learn import TrainingSummary, evaluate, train
    from headstart.pretraining import PretrainingSummary, pretrain
    from headstart.recognise import Prediction, predict
    from headstart.training.classifier import ImageClassifier

__version__ = "0.1.0"

_HOMES = {
    "Augmentation": "gradients.augmentation",
    "Backbone": "backbones.catalogue",
    "Embedder": "features.embedder",
    "Evaluation": "evaluation.evaluation",
    "ImageClassifier": "training.classifier",
    "Prediction": "recognise",
    "PretrainingSummary": "pretraining",
    "SavedModel": "bundle",
    "TrainingSummary": "learn",
    "backbones": "backbones.catalogue",
    "evaluate": "learn",
    "fine_tune": "finetuning",
    "load": "bundle",
    "predict": "recognise",
    "pretrain": "pretraining",
    "train": "learn",
}

__all__ = [
    "Augmentation",
    "Backbone",
    "Embedder",
    "Evaluation",
    "ImageClassifier",
    "Prediction",
    "PretrainingSummary",
    "SavedModel",
    "TrainingSummary",
    "backbones",
    "evaluate",
    "fine_tune",
    "load",
    "predict",
    "pretrain",
    "train",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the names above
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
