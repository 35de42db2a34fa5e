"""Options that several commands share."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.backbones.spec import NetworkSpec
from headstart.cli.flags import REAL, SWITCH, TEXT, WHOLE, Flags, Kind, reader
from headstart.data.file_names import WORKBOOKS
from headstart.data.settings import DatasetSettings
from headstart.features.settings import FeatureSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headstart.augmentation.settings import Augmentation
    from headstart.cli.parser import CommandParser, Group, Heading

#: What a dataset is.
DATASET = (
    "holds one folder of images for each class, perhaps inside folders train and test; it may also "
    "be a zip archive of these, or a CSV, JSONL or parquet file"
)

positive = reader("must be a whole number of at least 1", int, lambda n: n >= 1)
_SECONDS = {"s": 1, "m": 60, "h": 3600}
# NumPy, Keras and scikit-learn take no other seeds.
seed = reader("must be a whole number from 0 to 4294967295", int, lambda n: 0 <= n < 2**32)
fraction = reader("must be between 0 and 1, such as 0.2", float, lambda share: 0 < share < 1)
#: Seconds, written as 90, 90s, 2m or 1h.
seconds = reader(
    "must be a time above 0, such as 30s, 2m or 1h",
    lambda text: float(text[:-1]) * unit if (unit := _SECONDS.get(text[-1:])) else float(text),
    lambda found: 0 < found < math.inf,
)
# An unset variable of a shell must not stand for the folder one is in.
path = reader("must name a file or folder", lambda text: Path(text) if text else None, bool)
path_text = reader("must name a file or folder", str, bool)
table = reader(
    "must be a table in text, such as answers.csv, which Excel opens, too",
    Path,
    lambda path: path.suffix.lower() not in WORKBOOKS,
)
png = reader("must end in .png", Path, lambda path: path.suffix.lower() == ".png")


def add_json(group: Group, what: str) -> None:
    """Add ``--json``."""
    group.add_argument("--json", action="store_true", help=f"print {what} as JSON")


def add_restart(group: Group) -> None:
    """Add ``--restart``."""
    text = "start again instead of continuing an interrupted training"
    group.add_argument("--restart", action="store_true", help=text)


# A height and width that are equal.
SQUARE = Kind(
    {"metavar": "PIXELS", "type": positive},
    convert=lambda side: (side, side),
    show=lambda size: str(size[0]),
)

BUDGET = Kind(
    {"metavar": "TIME", "type": lambda text: None if text == "none" else seconds(text)},
    show=lambda budget: "none" if budget is None else f"{budget:g}s",
    help="the time that it may take, about, such as 30s or 2m; none for no limit",
)


def network_flags(without: Mapping[str, str] | None = None, **helps: str) -> Flags[NetworkSpec]:
    """Return the flags that say which network is meant, and which variant of it.

    Parameters
    ----------
    without : mapping of str to str, optional
        Fields that have no flag, each with the reason.
    **helps
        For a field that means something else here: the help of its flag.
    """
    kinds = {"backbone": TEXT, "weights": TEXT, "size": SQUARE}
    kinds |= {name: replace(kinds[name], help=text) for name, text in helps.items()}
    return Flags(
        NetworkSpec(),
        names={
            "backbone": "--model NAME",
            "weights": "--weights FILE",
            "preprocessing": "--preprocessing NAME",
        },
        kinds=kinds,
        without=without,
    )


#: A network that features are computed with.
NETWORK = network_flags()

_OWN = "a network computes its classes from its own features"
#: A network that predicts its own classes; or a saved model.
PREDICTING = network_flags(
    {"layer": _OWN, "pooling": _OWN},
    backbone="the folder of a saved model, or the name or folder of a pre-trained backbone "
    "('headstart models' lists them)",
)

#: What ``--model auto`` does.
AUTO = " ".join(f"--model {each}." for each in NETWORK.told("backbone") if each[:1] == '"')


def add_predicting(parser: CommandParser, model: str) -> Heading:
    """Add the flags of a network that predicts, besides ``--model``, under a heading of their own.

    Parameters
    ----------
    parser : CommandParser
    model : str
        What the command calls the network: for help.
    """
    network = parser.heading("network", f"Of {model}, where it is a backbone.")
    PREDICTING.add_others(network, "backbone")
    return network


#: A number of threads.
WORKERS = replace(WHOLE, how={"metavar": "N", "type": positive})

FEATURES = Flags(
    FeatureSettings(),
    kinds={"workers": WORKERS},
    without={"cache": "the environment variable HEADSTART_CACHE names the folder"},
)

#: How a dataset is read.
READING = Flags(
    DatasetSettings(),
    names={"label_from": "--label-from PATTERN", "image_folder": "--image-folder FOLDER"},
)


def add_reading(parser: CommandParser) -> None:
    """Add the flags that say how a dataset is read."""
    READING.add(parser.heading("dataset", "Where the dataset itself does not say it."))


#: The heading of the flags of `view_flags`.
VIEWS = "random views of training images"

# The flag says only the smaller of the two shares: the larger is the whole image.
_SMALLEST = Kind(
    {**REAL.how, "metavar": "SHARE"},
    convert=lambda share: (share, 1.0),
    show=lambda crop: f"{crop[0]:.3g}",
    help="the smallest share of an image's area that a view keeps; 1 keeps the whole image",
)
_HALF = replace(SWITCH, convert=lambda on: 0.5 * on, show=lambda share: SWITCH.show(share > 0))
_FLIP = "mirror half of the views; not for letters or anything else with a left and a right"
_VERTICAL_FLIP = (
    "turn half of the views upside down; for images without an up and a down, such as those of "
    "microscopes"
)


def view_flags(defaults: Augmentation) -> Flags[Augmentation]:
    """Return the flags that say which random views of images a training sees."""
    return Flags(
        defaults,
        names={"rotation": "--rotation DEGREES", "colour": "--colour SHARE"},
        kinds={
            "crop": _SMALLEST,
            "flip": replace(_HALF, help=_FLIP),
            "vertical_flip": replace(_HALF, help=_VERTICAL_FLIP),
        },
        without={"layers": "only Python can name layers and functions"},
    )
