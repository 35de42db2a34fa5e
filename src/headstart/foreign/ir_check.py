"""Look into graphs in OpenVINO's format of strangers before OpenVINO reads them.

Other programs write more operations than headstart's own graphs have, which
`headstart.networks.graph_check` checks; what becomes of these is checked there after conversion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.escaping import quoted
from headstart.foreign.sizes import check_total, n_values
from headstart.untrusted.regular_files import read_bytes
from headstart.untrusted.xml_text import read_xml

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes and layers of the text of a graph.
MAX_BYTES = 2**26
MAX_LAYERS = 100_000
#: Parts of operations that run others again and again.
REFUSED = ("body", "then_body", "else_body", "port_map", "back_edges")

# Bits of a value of a constant.
_BITS = {
    **dict.fromkeys(("u1", "boolean", "u8", "i8", "f8e4m3", "f8e5m2", "f8e8m0"), 8),
    **dict.fromkeys(("u16", "i16", "f16", "bf16"), 16),
    **dict.fromkeys(("u32", "i32", "f32"), 32),
    **dict.fromkeys(("u64", "i64", "f64"), 64),
    **dict.fromkeys(("u4", "i4", "nf4", "f4e2m1"), 4),
    "u1": 1,
}


def check_ir(path: Path) -> None:
    """Check the text of a graph, and that its constants are in the file beside it.

    Parameters
    ----------
    path : Path
        The ``.xml``; the ``.bin`` must lie beside it.

    Raises
    ------
    ValueError
        If it is no such text (see `read_xml`), has more than `MAX_LAYERS` layers, loops or
        conditions, or constants that are not stored.
    OSError
        If a file can't be read.
    """
    stored = path.with_suffix(".bin").stat().st_size
    reader = _Reader(stored)
    reader.read(read_bytes(path, MAX_BYTES))
    check_total(reader.sizes, stored)


class _Reader:
    """Reads the constants of a graph."""

    def __init__(self, stored: int) -> None:
        self.sizes: list[int] = []
        self._stored = stored
        self._kinds: list[str] = []

    def read(self, xml: bytes) -> None:
        try:
            read_xml(xml, self._begin)
        except KeyError as error:
            raise ValueError(f"no graph: {error!r}") from error
        if not self._kinds:
            raise ValueError("a graph without layers")

    def _begin(self, path: list[str], attributes: dict[str, str]) -> None:
        if "rt_info" in path:
            return  # notes about layers and the conversion
        name = path[-1]
        if name in REFUSED:
            raise ValueError(f"loops or conditions ({quoted(name)})")
        if name == "layer":
            self._kinds.append(attributes["type"])
            if len(self._kinds) > MAX_LAYERS:
                raise ValueError(f"more than {MAX_LAYERS:,} layers")
        elif name == "data" and self._kinds and self._kinds[-1] == "Const":
            self.sizes.append(self._checked_size(attributes))

    def _checked_size(self, data: dict[str, str]) -> int:
        """Return the size of a constant, and check that it is stored."""
        offset, size, kind = int(data["offset"]), int(data["size"]), data["element_type"]
        if min(offset, size) < 0 or offset + size > self._stored:
            raise ValueError(f"a constant at {offset}, beyond the end of the weights")
        shape = [int(side) for side in data["shape"].split(",") if side.strip()]
        values = n_values(shape)
        if kind != "string" and -(-values * _BITS[kind] // 8) != size:
            raise ValueError(f"a constant of the shape {shape} of {size:,} bytes")
        return size
