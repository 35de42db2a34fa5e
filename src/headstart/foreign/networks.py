"""From a file of another program to the converted network in the cache."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.errors import DamagedModel, UsageError
from headstart.escaping import printable
from headstart.foreign import conversion
from headstart.foreign.contents import hash_of
from headstart.foreign.facts import Facts
from headstart.foreign.labels import imagenet_with_background
from headstart.foreign.metadata import read_sources, together
from headstart.networks.network import GRAPH, Network, cached_network
from headstart.networks.preprocessing import INSIDE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from headstart.foreign.files import ForeignFile
    from headstart.foreign.metadata import Source
    from headstart.networks.classes import ClassName

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def find_foreign(
    file: ForeignFile,
    given: Facts,
    convention: Facts | None = None,
    *,
    size: tuple[int, int] | None = None,
    layer: str | None = None,
    name: str | None = None,
    origin: str | None = None,
) -> Network:
    """Return the converted network of a file; convert it if it is not in the cache.

    Parameters
    ----------
    file : ForeignFile
    given : Facts
        What is known from elsewhere: it counts more than what the file says.
    convention : Facts, optional
        What holds where neither says anything.
    size : tuple of int, optional
        Height and width of the images, instead of those the file says.
    layer : str, optional
        The layer that gives the features.
    name : str, optional
        What the network is called. The default is the name of the file.
    origin : str, optional
        Where the file is from. The default is its name.

    Raises
    ------
    ConversionError
        If the file is no network that headstart can take.
    UsageError
        If something must be known that is not, or the classes are not those of the network.
    StorageError
        If the cache can't be written.
    """
    sources = read_sources(file)
    facts = given.over(together(sources)).over(convention or Facts())
    size = size or facts.size
    layer = layer or facts.feature_layer
    digest = hash_of(file)
    called = name or file.path.resolve().name
    key = _key(called, digest, facts, size, layer)

    def make(folder: Path) -> Network:
        answer = conversion.convert(file, facts, folder / GRAPH, size=size, layer=layer)
        # Under this key, no other network may be kept.
        if hash_of(file) != digest:
            raise DamagedModel(
                f"{file.path} must stay as it is. Received: it was written to while it was "
                "converted. Try again."
            )
        height, width = answer["size"]
        outputs = {name: tuple(shape) for name, shape in answer["outputs"].items()}
        return Network(
            folder=folder,
            name=called,
            size=(height, width),
            outputs=outputs,
            classes=_classes(file, facts, sources, outputs),
            resize=facts.resize or "crop",
            crop_fraction=facts.crop_fraction or 0.875,
            interpolation=facts.interpolation or "bilinear",
            antialias=True if facts.antialias is None else facts.antialias,
            macs=answer["macs"],
            weights_sha256=digest,
            key=key,
            layer=layer,
            quantised=answer["quantised"],
            preprocessing=INSIDE if answer["inside"] else facts.preprocessing,
            license=facts.license,
            source=facts.source,
            weights_source=origin or file.path.name,
        )

    return cached_network(key, make)


def _key(
    name: str, digest: str, facts: Facts, size: tuple[int, int] | None, layer: str | None
) -> str:
    what: dict[str, Any] = {
        "name": name,
        "files": digest,
        "facts": records.to_json(facts),
        "size": size,
        "layer": layer,
        "format": conversion.FORMAT,
        "openvino": importlib.metadata.version("openvino"),
    }
    hashed = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
    return f"{_NO_NAME.sub('-', name)[:60]}-{hashed[:32]}"


def _classes(
    file: ForeignFile,
    facts: Facts,
    sources: Sequence[Source],
    outputs: dict[str, tuple[int, ...]],
) -> tuple[ClassName, ...] | None:
    n_outputs = outputs.get("probabilities", (None,))[0]
    if n_outputs is None:
        return None
    if facts.classes is not None:
        if len(facts.classes) != n_outputs:
            read = (each for each in sources if each.facts.classes == facts.classes)
            where = next((f" in {printable(each.name)}" for each in read), "")
            raise UsageError(
                f"{file.path.name} must have as many classes as outputs, {n_outputs:,}. Received: "
                f"{len(facts.classes):,} names of classes{where}. Correct them, or move the file "
                "that has them away."
            )
        return facts.classes
    # The networks of TensorFlow's researchers have a class that means no class.
    background = imagenet_with_background()
    return background if n_outputs == len(background) else None
