"""The model card: what is in the folder, for anyone who finds it."""

from collections.abc import Mapping
from typing import Any

from headstart import records
from headstart.display.markdown import code, markdown, markdown_cell
from headstart.display.text import json_text, percent
from headstart.images.resize_rules import IN_WORDS
from headstart.model.description import Description

# Letters of a sentence with figures, such as why a network computes in 8 bits.
_SENTENCE = 500

_CARD = """\
# An image classifier

Version {version}{created}. It distinguishes {n_classes} classes of images:

| class | training images |
|---|---|
{classes}

{accuracy}

## How to use it

Install headstart, from a checkout of its source (`pip install .`) or from its wheel (`pip install
FILE.whl`). Then, on the command line:

```sh
headstart predict photo.jpg --model THIS_FOLDER
```

Or in Python:

```python
import headstart as hs

model = hs.load("THIS_FOLDER")
model.predict(["photo.jpg"])
```

## What it can't do

The model knows only the classes above. It gives one of them to every image, whatever the image
shows. Trust it on images like those it was trained on: the same cameras, places and seasons. Test
it on your own images before you rely on it.

## How it was made

{making}

These are all settings. Images are resized as `resize` says; the rule under `network` is the one
that the backbone was made for.

```json
{settings}
```

## The files

`graph.xml` and `graph.bin` are an OpenVINO network, which takes RGB pixels (uint8) and gives
{outputs}.
`head.npz` holds what was trained on top of the features, `model.json` the settings, `golden.npz`
drawn test images with the expected probabilities, which are checked whenever the model is loaded.
`hashes.npz`, if it is there, tells whether the model learnt from an image that somebody has.
`SHA256SUMS` lists these files (`sha256sum -c SHA256SUMS`): if one of them is altered, headstart
does not load the model. You may edit everything else in the folder, including this page.
"""


def model_card(model: Description) -> str:
    """Return the text of ``README.md``."""
    network = records.to_json(
        model.network, without=("folder", "key", "files", "classes", "outputs")
    )
    settings = {"resize": records.to_json(model.resize), "network": network}
    counted = zip(model.classes, model.training.counts, strict=True)
    return _CARD.format(
        version=markdown(model.version),
        created=f", saved at {markdown(model.created)}" if model.created else "",
        n_classes=len(model.classes),
        classes="\n".join(f"| {markdown_cell(label)} | {n} |" for label, n in counted),
        accuracy=_accuracy(model.evaluation),
        making="\n".join(f"- {line}." for line in _making(model)),
        settings=json_text(settings, indent=1),
        outputs=", ".join(map(code, model.network.outputs)),
    )


def _accuracy(evaluation: Mapping[str, Any]) -> str:
    if "accuracy" not in evaluation:
        return "The accuracy was not measured when the model was saved."
    text = f"Its accuracy is {percent(evaluation['accuracy'])} on images that it was not trained on"
    if "interval" in evaluation:
        low, high = evaluation["interval"]
        text += f" (95 % interval: {percent(low)} to {percent(high)})"
    images = evaluation.get("n_test", evaluation.get("n"))
    return f"{text}." if images is None else f"{text}, measured on {images} images."


def _making(model: Description) -> list[str]:
    training, resize, mirror = model.training, model.resize, model.network.mirror
    others = f"; {training.unreadable} more could not be read" if training.unreadable else ""
    tuned = training.fine_tuned
    network = f"fine-tuned on these images ({markdown(tuned)})" if tuned else "left unchanged"
    known = f" (fingerprint {code(training.fingerprint)})" if training.fingerprint else ""
    license_ = model.network.license or "not known"
    used = (markdown(f"{name} {version}") for name, version in model.versions.items())
    return [
        f"Trained on {training.n_images} images{others}{known}"
        if training.n_images
        else "Not trained on images: its classes are texts",
        f"Network: {code(model.network.name)}, pre-trained and {network}",
        f"Licence of its weights, which applies to this model as well: {markdown(license_)}",
        f"Head on its features: {markdown(model.head)}",
        f"Each image is {IN_WORDS[resize.rule]}: {resize.height} x {resize.width} pixels"
        + ("; the probabilities are the mean over it and its mirror image" if mirror else "")
        + (f"; {markdown(training.resize_choice)}" if training.resize_choice else ""),
        f"Computed in {model.precision.precision}: {markdown(model.precision.reason, _SENTENCE)}",
        f"Made with {', '.join(used)}",
    ]
