"""Image recognition by transfer learning: pre-trained networks put to your own problem.

>>> import headstart as hs
>>> hs.predict("tiger.jpg", backbone="resnet50", top=3)                  # doctest: +SKIP
>>> hs.ImageClassifier("mobilenet_v2").fit("vehicles/").save("model/")   # doctest: +SKIP

Importing this package loads nothing heavy: each name is fetched when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from headstart.version import __version__ as __version__

if TYPE_CHECKING:
    from headstart.augmentation.settings import Augmentation
    from headstart.backbones.catalogue import backbones
    from headstart.backbones.row import Backbone
    from headstart.classifier import ImageClassifier
    from headstart.evaluation.evaluation import Evaluation
    from headstart.features.embedder import Embedder
    from headstart.finetuning.job import fine_tune
    from headstart.finetuning.settings import FineTuning
    from headstart.jobs.evaluate import evaluate
    from headstart.jobs.predict import predict
    from headstart.jobs.train import TrainingSummary, train
    from headstart.model import SavedModel, load
    from headstart.prediction.answer import Prediction
    from headstart.pretraining.job import pretrain
    from headstart.pretraining.settings import Pretraining
    from headstart.pretraining.summary import PretrainingSummary

_HOMES = {
    "Augmentation": "augmentation.settings",
    "Backbone": "backbones.row",
    "Embedder": "features.embedder",
    "Evaluation": "evaluation.evaluation",
    "FineTuning": "finetuning.settings",
    "ImageClassifier": "classifier",
    "Prediction": "prediction.answer",
    "Pretraining": "pretraining.settings",
    "PretrainingSummary": "pretraining.summary",
    "SavedModel": "model",
    "TrainingSummary": "jobs.train",
    "backbones": "backbones.catalogue",
    "evaluate": "jobs.evaluate",
    "fine_tune": "finetuning.job",
    "load": "model",
    "predict": "jobs.predict",
    "pretrain": "pretraining.job",
    "train": "jobs.train",
}

__all__ = [
    "Augmentation",
    "Backbone",
    "Embedder",
    "Evaluation",
    "FineTuning",
    "ImageClassifier",
    "Prediction",
    "Pretraining",
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
