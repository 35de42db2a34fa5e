"""Read DICOM images, which medical devices take; the package for that is optional.

Only the elements that the pixels need are read, so nothing about a patient gets anywhere, not even
into a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from headstart.errors import ImageDamaged, ImageError, ImageUnsupported, MissingExtra
from headstart.images.bounded_file import BoundedFile
from headstart.images.depth import in_blocks, scaled, stretched
from headstart.images.in_flight import take_pixels
from headstart.images.jpeg import check_scans, stored_size
from headstart.images.limits import check_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

_MORE = "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"
# The transfer syntax in which everything behind the first group is compressed.
_DEFLATED = b"1.2.840.10008.1.2.1.99"
# Bytes for each pixel of what follows: floats, 8 bits, in Pillow, as RGB and turned upright.
_BYTES_OF_IMAGE = 14
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_PALETTE = [
    f"{colour}PaletteColorLookupTable{part}"
    for colour in ("Red", "Green", "Blue")
    for part in ("Descriptor", "Data")
]
#: Bytes of a frame of run lengths, which is decoded in Python.
MAX_RUN_LENGTHS = 32 * 2**20
_MOST_FRAMES = 1_000_000
# What decoders return as red, green and blue.
_COLOURS = ("RGB", "YBR_RCT", "YBR_ICT")
_NEEDED = [
    *_PIXELS,
    *_PALETTE,
    *("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "VOILUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "ExtendedOffsetTable"),
    *("ExtendedOffsetTableLengths", "SharedFunctionalGroupsSequence"),
    "PerFrameFunctionalGroupsSequence",
]


class _Elements(BoundedFile):
    """The bytes of a DICOM file, which pydicom reads in two steps or more for each element."""

    most_reads = 500_000


def read_dicom(data: bytes, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the first frame of a DICOM file as a viewer shows it, and notes.

    Grey values are rescaled (slope and intercept, or a table), then windowed: by the first window,
    or by a table (VOI LUT), or else by how many bits are used, as 16-bit greys are. MONOCHROME1,
    where zero is white, is inverted. Colours become RGB.

    Returns
    -------
    image : PIL.Image.Image
        Mode L or RGB.
    notes : tuple of str

    Raises
    ------
    ImageUnsupported
        pydicom is missing, or what its compression needs; or the file has no pixels.
    ImageTooLarge
        It has too many pixels.
    ImageDamaged
        It is truncated or corrupt.
    """
    _check_installed(name)
    try:
        return _read(data, name)
    except (ImageError, MemoryError):
        raise
    except Warning as error:
        raise ImageUnsupported(
            f"{name} is DICOM of which pydicom warns, and in this process warnings are errors. "
            "Let the warnings of pydicom pass."
        ) from error
    except Exception as error:  # noqa: BLE001 - pydicom raises exceptions of any type
        # What pydicom says may quote the file. Not chained for the same reason.
        raise ImageDamaged(
            f"{name} must be a whole DICOM file, but is truncated or corrupt "
            f"({type(error).__name__}). Fetch or export it again."
        ) from None


def _check_installed(name: str) -> None:
    try:
        import pydicom  # noqa: F401 - used further down
    except ImportError as error:
        raise ImageUnsupported(str(MissingExtra(f"{name} is DICOM, which", "dicom"))) from error


def _read(data: bytes, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    from pydicom import dcmread

    if _DEFLATED in data:
        raise ImageUnsupported(
            f"{name} must be DICOM that is not deflated as a whole: it could grow a thousandfold. "
            "Export it with another transfer syntax."
        )
    file = _Elements(data, name)
    try:
        dataset = dcmread(file, specific_tags=_NEEDED, force=True)
    except Exception:
        file.check()
        raise
    if not any(element in dataset for element in _PIXELS):
        raise ImageUnsupported(
            f"{name} must hold an image. Received: DICOM without pixels, such as a report or a "
            "plan. Leave it out."
        )
    check_pixels((dataset.Columns, dataset.Rows), name)
    # Samples as stored, decoded and rescaled to floats, and the image that is made of them.
    sample = max(1, int(dataset.BitsAllocated) // 8)
    each = 2 * sample * int(dataset.SamplesPerPixel) + _BYTES_OF_IMAGE
    take_pixels(dataset.Columns * dataset.Rows * each, name)
    values, kind = _first_frame(dataset, name)
    frames = int(dataset.get("NumberOfFrames") or 1)
    notes = (f"several frames: the first; {frames} in all",) if frames > 1 else ()
    if kind == "PALETTE COLOR":
        values, kind = _palette(dataset, values), "RGB"
    if kind.startswith("MONOCHROME"):
        grey, note = _shown(dataset, values)
        grey = 255 - grey if kind == "MONOCHROME1" else grey
        return Image.fromarray(grey), (*notes, *([note] if note else []))
    if kind not in _COLOURS:
        raise ImageUnsupported(
            f"{name} must be DICOM with grey, RGB, YBR or palette. Received: {kind}. "
            "Export it as RGB."
        )
    if values.dtype == np.uint8:
        return Image.fromarray(np.ascontiguousarray(values)), notes
    colour, note = _narrowed(values, "colour", dataset)
    return Image.fromarray(colour), (*notes, note)


def _first_frame(dataset: Any, name: str) -> tuple[NDArray[Any], str]:
    """Return the pixels of the first frame, and what they mean."""
    from pydicom.pixels import get_decoder
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is None:
        implicit, _ = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = syntax
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        decoder = None
    if decoder is None or not decoder.is_available:
        raise ImageUnsupported(
            f"{name} is DICOM with the compression {syntax.name}, which needs another package. "
            f"Install it: {_MORE}"
        )
    if syntax.is_compressed:
        _check_compressed(dataset, name, run_lengths=syntax == RLELossless)
    try:
        values, facts = decoder.as_array(dataset, index=0)
    except RuntimeError:
        if not syntax.is_compressed:
            raise
        raise ImageUnsupported(
            f"{name} is DICOM with the compression {syntax.name}, which the installed packages "
            f"could not decode. If the file is whole, install more decoders: {_MORE}"
        ) from None
    return values, str(facts["photometric_interpretation"])


def _check_compressed(dataset: Any, name: str, *, run_lengths: bool) -> None:
    """Check what decoding the first frame takes, which its size alone does not tell."""
    from pydicom.encaps import get_frame

    pixels, offsets = dataset.PixelData, dataset.get("ExtendedOffsetTable")
    # The first item says where each frame begins.
    n_offsets = max(int.from_bytes(pixels[4:8], "little") // 4, len(offsets or b"") // 8)
    if n_offsets > _MOST_FRAMES:
        raise ImageUnsupported(
            f"{name} must have at most {_MOST_FRAMES:,} frames, or reading it takes too long. "
            f"Received: {n_offsets:,}. Export fewer."
        )
    more = (offsets, dataset.get("ExtendedOffsetTableLengths")) if offsets else None
    frames = int(dataset.get("NumberOfFrames") or 1)
    frame = get_frame(pixels, 0, number_of_frames=frames, extended_offsets=more)
    if run_lengths:
        if len(frame) > MAX_RUN_LENGTHS:
            raise ImageUnsupported(
                f"{name} must have frames of at most {MAX_RUN_LENGTHS / 2**20:.0f} MiB, because it "
                f"is DICOM of run lengths. Received: {len(frame) / 2**20:.0f} MiB. "
                "Export it with another transfer syntax."
            )
        # Each pair of bytes can become 128, and what is too much is cut off only then.
        take_pixels(64 * len(frame), name)
        return
    check_scans(frame, name)
    size = stored_size(frame) or (dataset.Columns, dataset.Rows)
    if size != (dataset.Columns, dataset.Rows):
        raise ImageDamaged(
            f"{name} must hold frames of the size that it says, {dataset.Columns} x "
            f"{dataset.Rows}. Received: {size[0]} x {size[1]}. Export it again."
        )


def _palette(dataset: Any, values: NDArray[Any]) -> NDArray[Any]:
    from pydicom.pixels import apply_color_lut

    colours = apply_color_lut(values, dataset)
    # Tables have 16 bits, or 8.
    return np.asarray(colours if colours.dtype == np.uint8 else colours >> 8, np.uint8)


def _shown(dataset: Any, values: NDArray[Any]) -> tuple[Bytes, str]:
    """Return grey values as a viewer shows them, and a note that says how."""
    from pydicom.pixels import apply_modality_lut, apply_voi

    modality = _with_element(dataset, "RescaleSlope", "ModalityLUTSequence")
    rescaled = values if modality is None else apply_modality_lut(values, modality)
    window = _with_element(dataset, "WindowCenter")
    if window is not None and (limits := _window(window)) is not None:
        centre, width = limits
        shape = str(window.get("VOILUTFunction") or "LINEAR")
        note = f"DICOM window; centre {centre:g}, width {width:g}"

        def windowed(block: NDArray[Any]) -> NDArray[np.float64]:
            return _windowed(block.astype(np.float64), centre, width, shape)

        return in_blocks(windowed, rescaled), note
    table = _with_element(dataset, "VOILUTSequence")
    if table is not None:
        through = apply_voi(rescaled, table)
        top = 2 ** int(table.VOILUTSequence[0].LUTDescriptor[2]) - 1
        return np.rint(through * (255 / top)).clip(0, 255).astype(np.uint8), "DICOM VOI table"
    # Slope and intercept change neither what is darkest nor what is brightest, but a table does.
    plain = rescaled if modality is not None and "ModalityLUTSequence" in modality else values
    if plain.dtype == np.uint8:
        top = _declared(dataset, 8) or 255
        return (plain.astype(np.uint16) * 255 // top).clip(max=255).astype(np.uint8), ""
    narrow, note = _narrowed(plain, "grey", dataset)
    return narrow, f"DICOM without a window: {note}"


def _narrowed(values: NDArray[Any], what: str, dataset: Any) -> tuple[Bytes, str]:
    if values.dtype == np.uint16:
        return scaled(values, what, _declared(dataset, 16))
    return stretched(values)


def _with_element(dataset: Any, *names: str) -> Any:
    """Return what holds one of the elements: the file itself, or a group for its first frame."""
    return next((place for place in _places(dataset) if any(name in place for name in names)), None)


def _places(dataset: Any) -> Iterator[Any]:
    yield dataset
    for sequence in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        for group in (dataset.get(sequence) or [])[:1]:
            for inner in ("FrameVOILUTSequence", "PixelValueTransformationSequence"):
                yield from (group.get(inner) or [])[:1]


def _window(dataset: Any) -> tuple[float, float] | None:
    """Return centre and width of the first window; None if they can't be used."""
    values = []
    for name in ("WindowCenter", "WindowWidth"):
        value = dataset.get(name)
        first = value[0] if isinstance(value, list | tuple) or hasattr(value, "append") else value
        values.append(float(first) if first not in {None, ""} else 0.0)
    centre, width = values
    return (centre, width) if width >= 1 or (width > 0 and "VOILUTFunction" in dataset) else None


def _windowed(
    values: NDArray[np.float64], centre: float, width: float, shape: str
) -> NDArray[np.float64]:
    # The three functions of the standard, PS3.3 C.11.2.1.
    if shape == "SIGMOID":
        shares = 1 / (1 + np.exp((-4 * (values - centre) / width).clip(-700, 700)))
    elif shape == "LINEAR_EXACT":
        shares = (values - centre) / width + 0.5
    else:
        shares = (values - (centre - 0.5)) / max(width - 1, 1e-6) + 0.5
    return np.rint(shares * 255).clip(0, 255)


def _declared(dataset: Any, allocated: int) -> int | None:
    """Return the largest value that the bits stored can hold; None if they are all of them."""
    stored = int(dataset.get("BitsStored") or allocated)
    return 2**stored - 1 if stored < allocated else None
