"""The classes of a network, and those of ImageNet."""

import csv
import functools
from collections.abc import Hashable
from importlib import resources
from typing import NamedTuple


class ClassName(NamedTuple):
    """A class: its identifier in the dataset, and its name in words or a user's own label."""

    id: str
    label: Hashable


@functools.cache
def imagenet_classes() -> tuple[ClassName, ...]:
    """Return the 1,000 classes of ImageNet-1k, in the order of the networks' outputs.

    Returns
    -------
    tuple of ClassName
        Such as ``ClassName(id='n02129604', label='tiger')``. The identifiers are WordNet's.
    """
    table = resources.files(__package__).joinpath("imagenet_classes.csv").read_text("utf-8")
    return tuple(ClassName(row["wnid"], row["name"]) for row in csv.DictReader(table.splitlines()))
