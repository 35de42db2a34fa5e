"""Image recognition by transfer learning: pre-trained networks put to your own problem.

>>> import headstart as hs
>>> hs.predict("tiger.jpg", backbone="resnet50", top=3)                  # doctest: +SKIP
>>> hs.ImageClassifier("mobilenet_v2").fit("vehicles/").save("model/")   # doctest: +SKIP

Importing this package loads nothing heavy: each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING

from headstart.version import __version__ as __version__

if TYPE_CHECKING:
    from headstart.augmentation.settings import Augmentation
    from headstart.backbones.catalogue import backbones
    from headstart.backbones.row import Backbone
    from headstart.backbones.spec import NetworkSpec
    from headstart.classifier import ImageClassifier
    from headstart.data.datasets import read_dataset
    from headstart.data.discovery import find_images
    from headstart.data.labelled_images import LabelledImages
    from headstart.errors import (
        ConversionError,
        DamagedModel,
        DatasetError,
        DownloadError,
        HeadstartError,
        ImageDamaged,
        ImageError,
        ImageNotFound,
        ImageTooLarge,
        ImageUnreadable,
        ImageUnsupported,
        MissingExtra,
        NewerFormat,
        NotASavedModel,
        SavedModelError,
        StorageError,
        TrainingDiverged,
        UnknownBackbone,
        UsageError,
        WeightsError,
        WeightsMismatch,
        WeightsNotFound,
    )
    from headstart.evaluation.evaluation import Evaluation
    from headstart.features.embedder import Embedder
    from headstart.finetuning.job import fine_tune
    from headstart.finetuning.settings import FineTuning
    from headstart.finetuning.summary import FineTuningSummary
    from headstart.heads.dense import DenseHead
    from headstart.heads.logistic import LogisticHead
    from headstart.heads.nearest_mean import NearestMeanHead
    from headstart.heads.neighbours import NeighboursHead
    from headstart.heads.ridge import RidgeHead
    from headstart.jobs.evaluate import evaluate
    from headstart.jobs.predict import predict
    from headstart.jobs.train import TrainingSummary, train
    from headstart.model import SavedModel, load
    from headstart.prediction.answer import Answer, Prediction
    from headstart.prediction.predictor import Predictor
    from headstart.pretraining.job import pretrain
    from headstart.pretraining.settings import Pretraining
    from headstart.pretraining.summary import PretrainingSummary
    from headstart.progress import Bars, NoProgress, Progress

__all__ = [
    "Answer",
    "Augmentation",
    "Backbone",
    "Bars",
    "ConversionError",
    "DamagedModel",
    "DatasetError",
    "DenseHead",
    "DownloadError",
    "Embedder",
    "Evaluation",
    "FineTuning",
    "FineTuningSummary",
    "HeadstartError",
    "ImageClassifier",
    "ImageDamaged",
    "ImageError",
    "ImageNotFound",
    "ImageTooLarge",
    "ImageUnreadable",
    "ImageUnsupported",
    "LabelledImages",
    "LogisticHead",
    "MissingExtra",
    "NearestMeanHead",
    "NeighboursHead",
    "NetworkSpec",
    "NewerFormat",
    "NoProgress",
    "NotASavedModel",
    "Prediction",
    "Predictor",
    "Pretraining",
    "PretrainingSummary",
    "Progress",
    "RidgeHead",
    "SavedModel",
    "SavedModelError",
    "StorageError",
    "TrainingDiverged",
    "TrainingSummary",
    "UnknownBackbone",
    "UsageError",
    "WeightsError",
    "WeightsMismatch",
    "WeightsNotFound",
    "backbones",
    "evaluate",
    "find_images",
    "fine_tune",
    "load",
    "predict",
    "pretrain",
    "read_dataset",
    "train",
]

# The homes of the names that are not errors. tests/test_package.py holds that this table, __all__
# and the imports above name the same.
_HOMES = {
    "Answer": "prediction.answer",
    "Augmentation": "augmentation.settings",
    "Backbone": "backbones.row",
    "Bars": "progress",
    "DenseHead": "heads.dense",
    "Embedder": "features.embedder",
    "Evaluation": "evaluation.evaluation",
    "FineTuning": "finetuning.settings",
    "FineTuningSummary": "finetuning.summary",
    "ImageClassifier": "classifier",
    "LabelledImages": "data.labelled_images",
    "LogisticHead": "heads.logistic",
    "NearestMeanHead": "heads.nearest_mean",
    "NeighboursHead": "heads.neighbours",
    "NetworkSpec": "backbones.spec",
    "NoProgress": "progress",
    "Prediction": "prediction.answer",
    "Predictor": "prediction.predictor",
    "Pretraining": "pretraining.settings",
    "PretrainingSummary": "pretraining.summary",
    "Progress": "progress",
    "RidgeHead": "heads.ridge",
    "SavedModel": "model",
    "TrainingSummary": "jobs.train",
    "backbones": "backbones.catalogue",
    "evaluate": "jobs.evaluate",
    "find_images": "data.discovery",
    "fine_tune": "finetuning.job",
    "load": "model",
    "predict": "jobs.predict",
    "pretrain": "pretraining.job",
    "read_dataset": "data.datasets",
    "train": "jobs.train",
}

if not TYPE_CHECKING:  # a type checker would take any name for an attribute of this package

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = importlib.import_module(f"{__name__}.{_HOMES.get(name, 'errors')}")
        return getattr(home, name)


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
