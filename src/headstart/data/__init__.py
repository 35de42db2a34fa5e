"""Images and labels: where they come from, how they are read, and how they are split."""

from headstart.data.datasets import read_dataset
from headstart.data.decoding import decode
from headstart.data.discovery import Found, find_images
from headstart.data.fingerprint import fingerprint
from headstart.data.inputs import Images, Labels, image_sources, labelled_images
from headstart.data.interpolation import Interpolation
from headstart.data.labelled_images import LabelledImages
from headstart.data.reader import Loaded, load, read_images, usable_cores
from headstart.data.resizing import RESIZE_RULES, Resize
from headstart.data.sources import (
    ArraySource,
    BytesSource,
    FileSource,
    ImageLike,
    ImageSource,
    UnreadableImage,
    as_source,
    content_hash,
)
from headstart.data.splits import (
    ALWAYS_TRAINS,
    folds,
    stratified_folds,
    stratified_sample,
    stratified_split,
)

__all__ = [
    "ALWAYS_TRAINS",
    "RESIZE_RULES",
    "ArraySource",
    "BytesSource",
    "FileSource",
    "Found",
    "ImageLike",
    "ImageSource",
    "Images",
    "Interpolation",
    "LabelledImages",
    "Labels",
    "Loaded",
    "Resize",
    "UnreadableImage",
    "as_source",
    "content_hash",
    "decode",
    "find_images",
    "fingerprint",
    "folds",
    "image_sources",
    "labelled_images",
    "load",
    "read_dataset",
    "read_images",
    "stratified_folds",
    "stratified_sample",
    "stratified_split",
    "usable_cores",
]
