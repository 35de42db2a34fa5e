"""Tell which of the many processes of the JPEG standard a file uses."""

import struct

_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_SCAN = 0xDA
# Other frames than these say how the image is compressed: DHT, JPG and DAC are no frames.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_UNKNOWN = {
    **dict.fromkeys((0xC3, 0xC7, 0xCB, 0xCF), "lossless"),
    **dict.fromkeys((0xC5, 0xC6, 0xCD, 0xCE), "hierarchical"),
    **dict.fromkeys((0xC9, 0xCA), "arithmetic"),
}


def unusual_process(data: bytes) -> str:
    """Return the name of a process that few decoders know; empty for the usual ones.

    Parameters
    ----------
    data : bytes
        A JPEG file, whole or not.
    """
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _FRAMES:
            return _UNKNOWN.get(marker, "")
        if marker == _SCAN:
            break
        if marker in _STANDALONE or marker == 0xFF:
            place += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, place + 2)
        place += 2 + length
    return ""
