"""All checks, and how they are run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.checking.appearance import (
    BlankImages,
    BlurredImages,
    BrightImages,
    DarkImages,
    OddShapes,
    TinyImages,
    WrongEndings,
)
from headstart.checking.copies import AcrossSplits, ExactCopies, NearCopies, TwoLabels
from headstart.checking.counts import SmallClasses, UnevenClasses
from headstart.checking.outliers import Outliers
from headstart.checking.shortcuts import Shortcuts
from headstart.checking.unreadable import UnreadableImages
from headstart.checking.wrong_labels import WrongLabels

if TYPE_CHECKING:
    from headstart.checking.base import Check

#: The checks. Findings of one severity stand in this order: what costs most comes first. To add a
#: check, add a class and a row.
CHECKS: tuple[Check, ...] = (
    UnreadableImages(),
    TwoLabels(),
    AcrossSplits(),
    WrongLabels(),
    ExactCopies(),
    NearCopies(),
    Shortcuts(),
    SmallClasses(),
    UnevenClasses(),
    BlankImages(),
    DarkImages(),
    BrightImages(),
    BlurredImages(),
    TinyImages(),
    OddShapes(),
    WrongEndings(),
    Outliers(),
)
