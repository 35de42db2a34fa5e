"""The saved model: a folder that predicts on any machine and checks itself."""

from headstart.model.loading import load
from headstart.model.saved import SavedModel
from headstart.model.saving import add_results, save_model
from headstart.model.training_data import TrainingData

__all__ = ["SavedModel", "TrainingData", "add_results", "load", "save_model"]
