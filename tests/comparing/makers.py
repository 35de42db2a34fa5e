"""Makers of what a comparison compares."""

from types import SimpleNamespace

import numpy as np

from headstart.comparing.candidates import Candidate
from headstart.comparing.standing import Standing


def standing(right, losses=None, images=None, candidate=None, groups=None):
    """Return a standing; the loss of an image is 0.1 if it is right, else 1."""
    right = np.array(right, bool)
    return Standing(
        candidate or Candidate("mini", "crop", "knn"),
        np.arange(len(right)) if images is None else np.array(images),
        right,
        np.where(right, 0.1, 1.0) if losses is None else np.array(losses, float),
        np.ones(len(right)),
        groups,
    )


class StandInProbe:
    """A probe whose heads have the losses that are given, on however many images."""

    def __init__(self, name, losses, *, seconds=0.01, rule="crop", same_as=None):
        self.extractor = SimpleNamespace(network=name)
        self.extractor.network = SimpleNamespace(name=name)
        self.rule, self.losses, self.seconds = rule, losses, seconds
        self.heads = tuple(losses)
        self.judged_on, self.same_as, self.asked = [], same_as, 0

    @property
    def name(self):
        return f"{self.extractor.network.name}, resize {self.rule!r}"

    def cost(self, size):
        return self.seconds * (size - self.asked)

    def judged(self, size, _progress=None):
        self.judged_on.append((size, self.heads))
        self.asked = size
        return [
            standing(
                np.arange(size) % 10 != 0,
                np.full(size, self.losses[head]),
                candidate=Candidate(self.extractor.network.name, self.rule, head),
            )
            for head in self.heads
        ]

    def keep_heads(self, heads):
        self.heads = tuple(heads)

    def does_the_same(self, other):
        return self is other.same_as or other is self.same_as
