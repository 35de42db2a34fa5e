"""The saved model: a folder that predicts on any machine, without the weights it was built from."""

from headstart.bundle.loading import load
from headstart.bundle.saved import SavedModel
from headstart.bundle.saving import save_model
from headstart.bundle.training import Training

__all__ = ["SavedModel", "Training", "load", "save_model"]
