"""Measure the time until the help of the command appears, and until the first prediction."""

import sys
from collections.abc import Iterator

from finding import Finding, ratios
from settings import Settings, say


def measure(settings: Settings) -> Iterator[Finding]:
    """Start the programs in turn."""
    photo = next(
        file
        for file in sorted(settings.photos.rglob("*"))
        if file.suffix.lower() in {".jpg", ".jpeg", ".png"}
    )
    ours = settings.headstart(
        "predict", photo, "--model", settings.model, "--weights", settings.weights, "--json"
    )
    script = (*settings.script("keras_one"), settings.model, settings.weights, photo)
    say("first predictions")
    settings.time(*ours)  # converts the network, which happens once on a machine
    settings.time(*script)
    bare, usage, first, keras = [], [], [], []
    for _ in range(settings.repeats):
        bare.append(settings.time(sys.executable, "-c", "pass"))
        usage.append(settings.time(*settings.headstart("--help")))
        first.append(settings.time(*ours))
        keras.append(settings.time(*script))
    beyond = [ours - none for ours, none in zip(usage, bare, strict=True)]
    yield Finding("python -c pass", "s", bare)
    yield Finding("headstart --help", "s", usage)
    yield Finding("headstart --help beyond python -c pass", "s", beyond, at_most=0.25)
    yield Finding("one photo, Keras script", "s", keras)
    yield Finding("one photo, headstart predict", "s", first)
    yield Finding("one photo, headstart against Keras", "x", ratios(first, keras), at_most=1 / 6)
