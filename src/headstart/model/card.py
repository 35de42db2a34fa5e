"""The model card: what is in the folder, for whoever finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headstart.model.description import Description

_RULES = {
    "pad": "shrunk or enlarged as a whole, its shape kept, with grey beside it",
    "squash": "shrunk or enlarged as a whole, its shape lost",
    "crop": "shrunk or enlarged, and cut to the square in its middle",
    "keras": "squashed by nearest neighbour, as Keras's load_img does",
}


_CARD = """\
# An image classifier

It tells {n_classes} kinds of pictures apart:

{table}

{accuracy}

## How to use it

Install headstart from a checkout (`pip install .`) or from its wheel file. Then:

```sh
headstart predict photo.jpg --model THIS_FOLDER
```

```python
import headstart as hs

model = hs.load("THIS_FOLDER")
model.predict(["photo.jpg"])
```

## What it can't do

It knows nothing but the kinds above, and gives one of them to every picture, whatever it shows.
It can be trusted on pictures like those it learnt from: the same cameras, places and seasons. Test
it on your own before anything depends on it.

## How it was made

{making}

## The files

`graph.xml` and `graph.bin` are an OpenVINO network: RGB pixels (uint8) in, {outputs} out.
`head.npz` holds what was learnt on top of the features, `model.json` the settings, `golden.npz`
drawn test pictures with their answers, which are checked whenever the model is loaded. `SHA256SUMS`
lists all of them (`sha256sum -c SHA256SUMS`): a folder in which one was altered, this page
included, is refused. Notes of your own go into a file of their own.
"""


def model_card(model: Description) -> str:
    """Return the text of ``README.md``."""
    return _CARD.format(
        n_classes=len(model.classes),
        table="\n".join(_table(model)),
        accuracy=_accuracy(model.evaluation),
        making="\n".join(f"- {line}." for line in _making(model)),
        outputs=", ".join(f"`{name}`" for name in model.outputs),
    )


def _table(model: Description) -> list[str]:
    rows = zip(model.classes, model.training.counts, strict=True)
    lines = [f"| {_cell(label)} | {count} |" for label, count in rows]
    return ["| kind | training pictures |", "|---|---|", *lines]


def _cell(label: object) -> str:
    return " ".join(str(label).split()).replace("|", "\\|").replace("<", "&lt;")


def _accuracy(evaluation: Mapping[str, Any]) -> str:
    if "accuracy" not in evaluation:
        return "How often it is right was not measured when it was saved."
    right = f"On pictures it had not seen it was right {evaluation['accuracy']:.1%} of the time"
    if "interval" in evaluation:
        low, high = evaluation["interval"]
        right += f" (95 % interval: {low:.1%} to {high:.1%})"
    pictures = evaluation.get("n_test", evaluation.get("n"))
    return f"{right}." if pictures is None else f"{right}, tested on {pictures} pictures."


def _making(model: Description) -> list[str]:
    height, width = model.size
    n_broken = model.training.n_broken
    aside = f", and {n_broken} set aside that could not be read" if n_broken else ""
    tuned = model.training.fine_tuned
    since = f"fine-tuned on these pictures ({tuned})" if tuned else "left unchanged"
    backbone = f"Backbone: `{model.backbone}`, trained by others and {since}"
    mirror = "; the answer is the mean over it and its mirror image" if model.mirrored else ""
    used = ", ".join(f"{name} {version}" for name, version in model.versions.items())
    return [
        f"Trained on {model.training.n_images} pictures{aside}",
        f"{backbone}; the licence of its weights (sha256 `{model.weights_sha256}`) goes with it",
        f"Head on its features: {model.head}",
        f"Every picture is {_RULES[model.resize_rule]}: {height} x {width} pixels{mirror}",
        f"Computed in {model.precision}: {model.precision_reason}",
        f"Made with {used}",
    ]
