"""Developing a source model: a network trained from scratch, for others to build on."""

from headstart.pretraining.job import pretrain
from headstart.pretraining.summary import PretrainingSummary

__all__ = ["PretrainingSummary", "pretrain"]
