"""What is in a network's file: its layers, and what is known and what is not."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.backbones.finding import find_network
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import counted
from headstart.errors import UsageError
from headstart.foreign.added import DESCRIPTION, AddedBackbone
from headstart.foreign.facts import Facts
from headstart.foreign.metadata import Source, together
from headstart.jobs.foreign_files import foreign_file
from headstart.networks.layers import GraphLayer, count_parameters, list_layers
from headstart.networks.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.backbones.spec import NetworkSpec
    from headstart.foreign.files import ForeignFile
    from headstart.hub.handles import Handle
    from headstart.networks.network import Network
    from headstart.progress import Progress

# What is said of each fact in words; the others go with them.
_SHOWN = {
    "preprocessing": "preprocessing",
    "size": "size",
    "resize": "resize rule",
    "classes": "classes",
    "license": "licence",
    "source": "source",
}
# Where preprocessing stands that is part of the network.
_GRAPH = "its first operations"
_HOW = (
    "How its pixels are prepared is unknown. Name it with --preprocessing; or write it into the "
    "file's metadata; or let it be measured: headstart models add FILE --name NAME --images "
    "FOLDER, with labelled images of its classes."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NetworkDescription(Displayed):
    """What is in a network's file.

    Attributes
    ----------
    network : Network
        The network as it was converted.
    format : str
        The format of the file.
    layers : tuple of GraphLayer
        Those that `layer` may name, in the order that an image passes through them.
    parameters : int
        Number of parameters of the network.
    sources : tuple of Source
        What the file, and each small file beside it, says of it.
    """

    network: Network
    format: str
    layers: tuple[GraphLayer, ...]
    parameters: int
    sources: tuple[Source, ...]

    @property
    def facts(self) -> Facts:
        """All that is known of the network."""
        return together(self.sources)

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the headline, the layers, and what is known."""
        height, width = self.network.size
        outputs = ", ".join(
            f"{name} {' x '.join(map(str, shape))}" for name, shape in self.network.outputs.items()
        )
        yield (
            f"{self.network.name} ({self.format}): images of {height} x {width} pixels, "
            f"{counted(len(self.layers), 'layer')}, {self.parameters:,} parameters, "
            f"{self.network.macs / 1e9:.2f} G multiply-accumulates an image. Outputs: {outputs}."
        )
        yield Table(
            headings=("kind", "output", "parameters", "layer"),
            align="<>><",
            rows=[
                (
                    layer.kind,
                    " x ".join(map(str, layer.shape)),
                    f"{layer.parameters:,}",
                    layer.name,
                )
                for layer in self.layers
            ],
        )
        yield Table(title="Known:", rows=list(self._known()), headings=("what", "from", "value"))
        unknown = [
            word
            for name, word in _SHOWN.items()
            if name != "size" and getattr(self.facts, name) is None
        ]
        if unknown:
            yield f"Not known: {', '.join(unknown)}."
        if self.facts.preprocessing is None and "preprocessing" in unknown:
            yield _HOW

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types, with the number of classes instead of their names.

        Sources have the names.
        """
        outputs = {name: list(shape) for name, shape in self.network.outputs.items()}
        return {
            "name": self.network.name,
            "format": self.format,
            **records.to_json(self.facts, without=("classes",)),
            "size": list(self.network.size),
            "n_features": outputs["features"][0],
            "n_classes": outputs.get("probabilities", [None])[0],
            "parameters": self.parameters,
            "macs": self.network.macs,
            "outputs": outputs,
            "layers": [records.to_json(layer) for layer in self.layers],
            "sources": [records.to_json(source) for source in self.sources],
        }

    def _known(self) -> Iterator[tuple[str, str, str]]:
        for each in fields(Facts):
            for source in self.sources:
                value = getattr(source.facts, each.name)
                if each.name in _SHOWN and value is not None:
                    yield _SHOWN[each.name], source.name, _in_words(value)
                    break


def describe(
    meant: ForeignFile | Handle | AddedBackbone,
    spec: NetworkSpec,
    progress: Progress | None = None,
) -> NetworkDescription:
    """Return what is in a network's file.

    Parameters
    ----------
    meant : ForeignFile, Handle or AddedBackbone
    spec : NetworkSpec
        What `meant` was named by, and the variant that is wanted.
    progress : Progress, optional
        Shows the download.

    Raises
    ------
    UsageError, ConversionError, DamagedModel, DownloadError, StorageError
    """
    sources: tuple[Source, ...]
    if isinstance(meant, AddedBackbone):
        file, sources = meant.file, (Source(DESCRIPTION.name, meant.facts),)
    else:
        file, sources = foreign_file(
            meant, allow_non_commercial=spec.allow_non_commercial, progress=progress
        )
    if all(source.facts.preprocessing is None for source in sources):
        network, own = _without_saying(spec)
        sources += own
    else:
        network = find_network(spec)
    return NetworkDescription(
        network, file.format, list_layers(network), count_parameters(network), sources
    )


def _without_saying(spec: NetworkSpec) -> tuple[Network, tuple[Source, ...]]:
    """Return a network whose preprocessing nobody says, and what its own graph says of it."""
    try:
        network = find_network(spec)
    except UsageError:
        # Its layers are the same however pixels are prepared.
        return find_network(replace(spec, preprocessing="inside")), ()
    return network, (Source(_GRAPH, Facts(preprocessing=network.preprocessing)),)


def _in_words(value: Any) -> str:
    if isinstance(value, Preprocessing):
        return value.in_words()
    if not isinstance(value, tuple):
        return str(value)
    if isinstance(value[0], int):
        return " x ".join(map(str, value))
    return f"{len(value):,}: {value[0].label}, ..., {value[-1].label}"
