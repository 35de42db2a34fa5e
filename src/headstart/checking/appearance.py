"""Images that look odd by themselves: blank, dark, bright, blurred, tiny, of an odd shape."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from headstart.checking.base import Check
from headstart.checking.finding import Finding
from headstart.display.text import counted

if TYPE_CHECKING:
    from headstart.checking.evidence import Evidence
    from headstart.checking.finding import Severity
    from headstart.data.fix_columns import Action
    from headstart.duplicates.profile import ImageProfile

# Grey values are from 0 to 255.
_DARKEST_HIGHLIGHT, _BRIGHTEST_SHADOW = 50, 205
_BLANK = 4.0
_TINY = 32
_LONG = 3.0
_BLURRED = 4.0
#: The endings of each format, where others would mislead programs that go by the name.
_ENDINGS = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"},
    "PNG": {".png"},
    "WebP": {".webp"},
    "GIF": {".gif"},
    "BMP": {".bmp", ".dib"},
}


class Appearance(Check):
    """Base of the checks that look at one image at a time.

    A subclass says how odd an image is. Whether others look the same makes no difference: an odd
    image is never hidden because most are odd.

    Attributes
    ----------
    one, several : str
        What the images are: "image is dark".
    advice : str
        See `Finding`.
    severity : {"error", "warning", "note"}
    action : {"keep", "drop"}
        What a list of the dataset does with them.
    """

    one: ClassVar[str]
    several: ClassVar[str]
    advice: ClassVar[str]
    severity: ClassVar[Severity] = "warning"
    action: ClassVar[Action] = "keep"

    @abstractmethod
    def oddness(self, profile: ImageProfile) -> tuple[float, str] | None:
        """Return how odd an image is, and the figure in words; None if it is not."""

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the odd images, the oddest first."""
        found = [(self.oddness(profile), n) for n, profile in enumerate(evidence.profiles)]
        odd = sorted(
            ((*oddness, number) for oddness, number in found if oddness is not None),
            key=lambda each: (-each[0], each[2]),
        )
        if not odd:
            return None
        return Finding(
            check=self.name,
            severity=self.severity,
            headline=f"{counted(len(odd), self.one, self.several)}.",
            advice=self.advice,
            suspects=[evidence.suspect(n, why, action=self.action) for _, why, n in odd],
            figures={"n": len(odd), "share": len(odd) / len(evidence)},
        )


class BlankImages(Appearance):
    """Which images have nearly one colour."""

    name = "blank"
    question = "Are there images of one colour?"
    one, several = "image is blank", "images are blank"
    advice = "Nothing can be learned from an image of nearly one colour. Remove it."
    action = "drop"

    def oddness(self, profile: ImageProfile) -> tuple[float, str] | None:
        """Return how small the spread of the grey values is."""
        if profile.spread > _BLANK:
            return None
        return -profile.spread, f"grey values within ±{profile.spread:.1f}"


class DarkImages(Appearance):
    """Which images are dark even where they are brightest."""

    name = "dark"
    question = "Are there images that are too dark?"
    one, several = "image is dark", "images are dark"
    advice = "Even the bright parts are dark. Check whether one sees in them what the label says."

    def oddness(self, profile: ImageProfile) -> tuple[float, str] | None:
        """Return how dark the bright parts are."""
        if profile.bright_grey > _DARKEST_HIGHLIGHT:
            return None
        return -profile.bright_grey, f"95 % darker than {profile.bright_grey:.0f} of 255"


class BrightImages(Appearance):
    """Which images are bright even where they are darkest."""

    name = "bright"
    question = "Are there images that are overexposed?"
    one, several = "image is overexposed", "images are overexposed"
    advice = "Even the dark parts are bright. Check whether one sees in them what the label says."
    severity = "note"

    def oddness(self, profile: ImageProfile) -> tuple[float, str] | None:
        """Return how bright the dark parts are."""
        if profile.dark_grey < _BRIGHTEST_SHADOW:
            return None
        return profile.dark_grey, f"95 % brighter than {profile.dark_grey:.0f} of 255"


class TinyImages(Appearance):
    """Which images have fewer than 32 pixels on a side."""

    name = "tiny"
    question = "Are there images with few pixels?"
    one, several = "image is tiny", "images are tiny"
    advice = (
        f"A side has fewer than {_TINY} pixels. Networks were trained on more: use larger images "
        "if there are any."
    )
    severity = "note"

    def oddness(self, profile: ImageProfile) -> tuple[float, str] | None:
        """Return how short the shorter side is."""
        side = min(profile.width, profile.height)
        return None if side >= _TINY else (-side, f"{profile.width} x {profile.height} pixels")


class OddShapes(Appearance):
    """Which images are more than three times as long as they are wide."""

    name = "odd-shape"
    question = "Are there images of an odd shape?"
    one, several = "image has an odd shape", "images have an odd shape"
    advice = (
        f"One side is more than {_LONG:.0f} times the other. A network sees images as squares: "
        "squashed, cropped or padded, little is left of them."
    )
    severity = "note"

    def oddness(self, profile: ImageProfile) -> tuple[float, str] | None:
        """Return how many times the shorter side the longer one is."""
        width, height = profile.width, profile.height
        ratio = max(width, height) / min(width, height)
        return None if ratio <= _LONG else (ratio, f"{width} x {height} pixels")


class BlurredImages(Appearance):
    """Which images have no sharp edges, even when they are made smaller."""

    name = "blurred"
    question = "Are there images that are out of focus?"
    one, several = "image is blurred", "images are blurred"
    advice = (
        "There are no sharp edges, even at 256 pixels. Smooth subjects look the same: keep what "
        "shows what the label says."
    )

    def oddness(self, profile: ImageProfile) -> tuple[float, str] | None:
        """Return how weak the edges are. Blank images have none, and are another finding."""
        if profile.sharpness >= _BLURRED or profile.spread <= _BLANK:
            return None
        return -profile.sharpness, f"sharpness {profile.sharpness:.1f}"


class WrongEndings(Check):
    """Which files have the ending of another format."""

    name = "wrong-ending"
    question = "Do the endings of files say what is in them?"

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the files whose ending says another format."""
        suffixes = (PurePath(source.name).suffix.lower() for source in evidence.images.sources)
        named = zip(evidence.profiles, suffixes, strict=True)
        known = set().union(*_ENDINGS.values())
        wrong = [
            (number, f"{profile.format} named {suffix}")
            for number, (profile, suffix) in enumerate(named)
            if suffix in known and suffix not in _ENDINGS.get(profile.format, ())
        ]
        if not wrong:
            return None
        return Finding(
            check=self.name,
            severity="note",
            headline=(
                f"{counted(len(wrong), 'file has', 'files have')} the ending of another format."
            ),
            advice="headstart reads them all the same; other programs may not.",
            suspects=[evidence.suspect(number, why) for number, why in wrong],
            figures={"n": len(wrong), "share": len(wrong) / len(evidence)},
        )
