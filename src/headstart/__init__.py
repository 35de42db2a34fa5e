"""Image recognition by transfer learning: pre-trained networks adapted to your own problem.

>>> import headstart as hs
>>> hs.predict("tiger.jpg", backbone="resnet50", top=3)                  # doctest: +SKIP
>>> hs.ImageClassifier("mobilenet_v2").fit("vehicles/").save("model/")   # doctest: +SKIP

Importing this package loads nothing heavy: each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING

from headstart.version import __version__ as __version__

if TYPE_CHECKING:
    from headstart.augmentation.settings import Augmentation as Augmentation
    from headstart.backbones.catalogue import backbones as backbones
    from headstart.backbones.row import Backbone as Backbone
    from headstart.backbones.spec import NetworkSpec as NetworkSpec
    from headstart.checking.data_check import DataCheck as DataCheck
    from headstart.checking.finding import Finding as Finding
    from headstart.classifier import ImageClassifier as ImageClassifier
    from headstart.comparing.comparison import CandidateResult as CandidateResult
    from headstart.comparing.comparison import Comparison as Comparison
    from headstart.data.datasets import read_dataset as read_dataset
    from headstart.data.discovery import find_images as find_images
    from headstart.data.labelled_images import LabelledImages as LabelledImages
    from headstart.data.settings import DatasetSettings as DatasetSettings
    from headstart.errors import ConversionError as ConversionError
    from headstart.errors import DamagedModel as DamagedModel
    from headstart.errors import DatasetError as DatasetError
    from headstart.errors import DownloadError as DownloadError
    from headstart.errors import ForkError as ForkError
    from headstart.errors import HeadstartError as HeadstartError
    from headstart.errors import ImageDamaged as ImageDamaged
    from headstart.errors import ImageError as ImageError
    from headstart.errors import ImageNotFound as ImageNotFound
    from headstart.errors import ImageTooLarge as ImageTooLarge
    from headstart.errors import ImageUnreadable as ImageUnreadable
    from headstart.errors import ImageUnsupported as ImageUnsupported
    from headstart.errors import MissingExtra as MissingExtra
    from headstart.errors import NewerFormat as NewerFormat
    from headstart.errors import NotASavedModel as NotASavedModel
    from headstart.errors import NotTested as NotTested
    from headstart.errors import SavedModelError as SavedModelError
    from headstart.errors import StorageError as StorageError
    from headstart.errors import TrainingDiverged as TrainingDiverged
    from headstart.errors import UnknownBackbone as UnknownBackbone
    from headstart.errors import UsageError as UsageError
    from headstart.errors import WeightsError as WeightsError
    from headstart.errors import WeightsMismatch as WeightsMismatch
    from headstart.errors import WeightsNotFound as WeightsNotFound
    from headstart.evaluation.evaluation import Evaluation as Evaluation
    from headstart.evaluation.plots import plot_history as plot_history
    from headstart.explaining.explainer import Explainer as Explainer
    from headstart.explaining.explanation import Explanation as Explanation
    from headstart.explaining.overlay import overlay as overlay
    from headstart.exporting.export import ExportSummary as ExportSummary
    from headstart.features.embedder import Embedder as Embedder
    from headstart.finetuning.job import fine_tune as fine_tune
    from headstart.finetuning.settings import FineTuning as FineTuning
    from headstart.finetuning.summary import FineTuningSummary as FineTuningSummary
    from headstart.foreign.added import AddedBackbone as AddedBackbone
    from headstart.foreign.added import remove_backbone as remove_backbone
    from headstart.foreign.measuring import MeasuredPreprocessing as MeasuredPreprocessing
    from headstart.heads.dense import DenseHead as DenseHead
    from headstart.heads.logistic import LogisticHead as LogisticHead
    from headstart.heads.nearest_mean import NearestMeanHead as NearestMeanHead
    from headstart.heads.neighbours import NeighboursHead as NeighboursHead
    from headstart.heads.ridge import RidgeHead as RidgeHead
    from headstart.jobs.adding import add_backbone as add_backbone
    from headstart.jobs.bench import Benchmark as Benchmark
    from headstart.jobs.bench import bench as bench
    from headstart.jobs.check import check as check
    from headstart.jobs.compare import compare as compare
    from headstart.jobs.evaluate import evaluate as evaluate
    from headstart.jobs.explain import explain as explain
    from headstart.jobs.export import export as export
    from headstart.jobs.learning_curve import learning_curve as learning_curve
    from headstart.jobs.measuring import measure_preprocessing as measure_preprocessing
    from headstart.jobs.predict import predict as predict
    from headstart.jobs.report import report as report
    from headstart.jobs.show import draw_samples as draw_samples
    from headstart.jobs.show import plot_counts as plot_counts
    from headstart.jobs.train import TrainingSummary as TrainingSummary
    from headstart.jobs.train import train as train
    from headstart.jobs.zero_shot import text_start as text_start
    from headstart.jobs.zero_shot import zero_shot as zero_shot
    from headstart.model import SavedModel as SavedModel
    from headstart.model import load as load
    from headstart.prediction.answer import Answer as Answer
    from headstart.prediction.answer import Prediction as Prediction
    from headstart.prediction.predictor import Predictor as Predictor
    from headstart.prediction.unsure_rule import UnsureRule as UnsureRule
    from headstart.pretraining.job import pretrain as pretrain
    from headstart.pretraining.settings import Pretraining as Pretraining
    from headstart.pretraining.summary import PretrainingSummary as PretrainingSummary
    from headstart.progress import Bars as Bars
    from headstart.progress import NoProgress as NoProgress
    from headstart.progress import Progress as Progress

#: Every public name, and the module that it is imported from when it is first used.
# tests/test_package.py holds that this table and the imports above name the same.
_HOMES = {
    "AddedBackbone": "foreign.added",
    "Answer": "prediction.answer",
    "Augmentation": "augmentation.settings",
    "Backbone": "backbones.row",
    "Bars": "progress",
    "Benchmark": "jobs.bench",
    "CandidateResult": "comparing.comparison",
    "Comparison": "comparing.comparison",
    "ConversionError": "errors",
    "DamagedModel": "errors",
    "DataCheck": "checking.data_check",
    "DatasetError": "errors",
    "DatasetSettings": "data.settings",
    "DenseHead": "heads.dense",
    "DownloadError": "errors",
    "Embedder": "features.embedder",
    "Evaluation": "evaluation.evaluation",
    "Explainer": "explaining.explainer",
    "Explanation": "explaining.explanation",
    "ExportSummary": "exporting.export",
    "Finding": "checking.finding",
    "FineTuning": "finetuning.settings",
    "FineTuningSummary": "finetuning.summary",
    "ForkError": "errors",
    "HeadstartError": "errors",
    "ImageClassifier": "classifier",
    "ImageDamaged": "errors",
    "ImageError": "errors",
    "ImageNotFound": "errors",
    "ImageTooLarge": "errors",
    "ImageUnreadable": "errors",
    "ImageUnsupported": "errors",
    "LabelledImages": "data.labelled_images",
    "LogisticHead": "heads.logistic",
    "MeasuredPreprocessing": "foreign.measuring",
    "MissingExtra": "errors",
    "NearestMeanHead": "heads.nearest_mean",
    "NeighboursHead": "heads.neighbours",
    "NetworkSpec": "backbones.spec",
    "NewerFormat": "errors",
    "NoProgress": "progress",
    "NotASavedModel": "errors",
    "NotTested": "errors",
    "Prediction": "prediction.answer",
    "Predictor": "prediction.predictor",
    "Pretraining": "pretraining.settings",
    "PretrainingSummary": "pretraining.summary",
    "Progress": "progress",
    "RidgeHead": "heads.ridge",
    "SavedModel": "model",
    "SavedModelError": "errors",
    "StorageError": "errors",
    "TrainingDiverged": "errors",
    "TrainingSummary": "jobs.train",
    "UnknownBackbone": "errors",
    "UnsureRule": "prediction.unsure_rule",
    "UsageError": "errors",
    "WeightsError": "errors",
    "WeightsMismatch": "errors",
    "WeightsNotFound": "errors",
    "add_backbone": "jobs.adding",
    "backbones": "backbones.catalogue",
    "bench": "jobs.bench",
    "check": "jobs.check",
    "compare": "jobs.compare",
    "draw_samples": "jobs.show",
    "evaluate": "jobs.evaluate",
    "explain": "jobs.explain",
    "export": "jobs.export",
    "find_images": "data.discovery",
    "fine_tune": "finetuning.job",
    "learning_curve": "jobs.learning_curve",
    "load": "model",
    "measure_preprocessing": "jobs.measuring",
    "overlay": "explaining.overlay",
    "plot_counts": "jobs.show",
    "plot_history": "evaluation.plots",
    "predict": "jobs.predict",
    "pretrain": "pretraining.job",
    "read_dataset": "data.datasets",
    "remove_backbone": "foreign.added",
    "report": "jobs.report",
    "text_start": "jobs.zero_shot",
    "train": "jobs.train",
    "zero_shot": "jobs.zero_shot",
}

if not TYPE_CHECKING:  # a type checker would take any name for an attribute of this package
    __all__ = list(_HOMES)

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # First: from then on a fork waits for the imports of other threads.
        importlib.import_module(f"{__name__}.features.forking")
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*_HOMES, *(name for name in globals() if name.startswith("__"))])
