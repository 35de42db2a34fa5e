"""Pictures and labels: where they come from, and how they become arrays."""

from headstart.data.datasets import read_dataset
from headstart.data.decoding import Decoded, decode
from headstart.data.discovery import Found, find_images
from headstart.data.labelled_images import LabelledImages
from headstart.data.limits import Limits
from headstart.data.reader import Loaded, load, read_images
from headstart.data.resizing import RESIZE_RULES, Resize
from headstart.data.sources import (
    ArraySource,
    BytesSource,
    FileSource,
    ImageSource,
    as_source,
    content_hash,
)
from headstart.data.splits import folds, stratified_split

__all__ = [
    "RESIZE_RULES",
    "ArraySource",
    "BytesSource",
    "Decoded",
    "FileSource",
    "Found",
    "ImageSource",
    "LabelledImages",
    "Limits",
    "Loaded",
    "Resize",
    "as_source",
    "content_hash",
    "decode",
    "find_images",
    "folds",
    "load",
    "read_dataset",
    "read_images",
    "stratified_split",
]
