import io
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attacks import image_bombs
from tests.images.odd_images import encoded, photo

from headstart.errors import ImageDamaged, ImageError, ImageTooLarge, ImageUnsupported
from headstart.images import limits
from headstart.images.decoding import decode

pydicom = pytest.importorskip("pydicom")
encaps = pytest.importorskip("pydicom.encaps")

PATIENT = "Meier^Anna"
GREY = np.asarray(photo().convert("L"))


def dicom(values, *, preamble=bytes(128), frames=None, syntax="ExplicitVRLittleEndian", **elements):
    """A DICOM file of an array of integers, (height, width) or (height, width, 3)."""
    from pydicom.dataset import FileDataset, FileMetaDataset

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = getattr(pydicom.uid, syntax)
    data = FileDataset("", {}, file_meta=meta, preamble=preamble)
    data.PatientName = PATIENT
    bits = values.dtype.itemsize * 8
    data.Rows, data.Columns = values.shape[:2]
    data.SamplesPerPixel = 3 if values.ndim == 3 else 1
    data.PhotometricInterpretation = "RGB" if values.ndim == 3 else "MONOCHROME2"
    if values.ndim == 3:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = bits
    data.HighBit = bits - 1
    data.PixelRepresentation = int(values.dtype.kind == "i")
    data.PixelData = values.tobytes() * (frames or 1)
    if frames:
        data.NumberOfFrames = frames
    for name, value in elements.items():
        setattr(data, name, value)
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    return file.getvalue()


def shown(data):
    return np.asarray(decode(data, name="x").image)[..., 0]


def test_8_bit_grey_and_colour_are_read_as_they_are():
    decoded = decode(dicom(GREY), name="x")
    assert decoded.notes == ()
    assert np.array_equal(np.asarray(decoded.image)[..., 0], GREY)
    colour = decode(dicom(np.asarray(photo())), name="x")
    assert np.array_equal(np.asarray(colour.image), np.asarray(photo()))


@pytest.mark.parametrize("preamble", [bytes(128), b"II*\0" + bytes(124), b"MM\0*" + bytes(124)])
def test_the_preamble_may_be_that_of_another_format(preamble):
    assert np.array_equal(shown(dicom(GREY, preamble=preamble)), GREY)


def test_slope_intercept_and_the_first_window_are_applied():
    stored = np.array([[0, 924, 1064, 1104, 1264, 4095]], np.uint16)
    data = dicom(
        stored,
        RescaleSlope=1,
        RescaleIntercept=-1024,
        WindowCenter=[40, 500],
        WindowWidth=[401, 2000],
    )
    decoded = decode(data, name="x")
    assert decoded.notes == ("DICOM window; centre 40, width 401",)
    # In the window, -160.5 is black and 239.5 white.
    expected = ((stored[0] - 1024.0 - 39.5) / 400 + 0.5) * 255
    assert np.abs(np.asarray(decoded.image)[0, :, 0] - expected.clip(0, 255)).max() <= 1


@pytest.mark.parametrize(("shape", "middle"), [("LINEAR_EXACT", 191), ("SIGMOID", 186)])
def test_other_shapes_of_window_are_applied(shape, middle):
    stored = np.array([[0, 100, 125, 150, 4000]], np.uint16)
    data = dicom(stored, WindowCenter=100, WindowWidth=100, VOILUTFunction=shape)
    values = shown(data)[0].tolist()
    assert values[1:3] == [128, middle]
    assert values[0] < 10
    assert values[4] == 255


def test_the_window_of_a_frame_is_applied():
    window, group = pydicom.Dataset(), pydicom.Dataset()
    window.WindowCenter, window.WindowWidth = 50, 101
    group.FrameVOILUTSequence = [window]
    data = dicom(np.array([[0, 50, 100]], np.uint16), PerFrameFunctionalGroupsSequence=[group])
    assert decode(data, name="x").notes == ("DICOM window; centre 50, width 101",)


def test_a_voi_table_is_applied():
    table = pydicom.Dataset()
    table.LUTDescriptor, table.LUTData = [4, 0, 8], [0, 10, 200, 255]
    table["LUTDescriptor"].VR = "US"
    table["LUTData"].VR = "US"
    data = dicom(np.array([[0, 1, 2, 3]], np.uint16), VOILUTSequence=[table])
    assert shown(data)[0].tolist() == [0, 10, 200, 255]


def test_where_zero_is_white_the_image_is_inverted():
    assert np.array_equal(shown(dicom(GREY, PhotometricInterpretation="MONOCHROME1")), 255 - GREY)


def test_without_a_window_the_bits_stored_are_scaled():
    stored = (GREY.astype(np.uint16) * 16).clip(0, 3000)
    decoded = decode(dicom(stored, BitsStored=12, HighBit=11), name="x")
    assert "12 bits used: 4095 became 255" in decoded.notes[0]
    signed = decode(dicom(GREY.astype(np.int16) - 100), name="x")
    assert "16-bit integers stretched; " in signed.notes[0]


@pytest.mark.parametrize("width", [0, "", -5])
def test_an_empty_window_is_not_applied(width):
    assert np.array_equal(shown(dicom(GREY, WindowCenter=5, WindowWidth=width)), GREY)


def test_one_bit_is_black_or_white():
    mask = dicom(np.array([[0, 1] * 8], np.uint8), BitsStored=1, HighBit=0)
    assert set(shown(mask)[0].tolist()) == {0, 255}


def test_the_first_of_several_frames_is_read_and_noted():
    decoded = decode(dicom(GREY, frames=3), name="x")
    assert decoded.notes == ("several frames: the first; 3 in all",)
    assert np.array_equal(np.asarray(decoded.image)[..., 0], GREY)


def test_a_palette_is_applied():
    tables = {}
    for number, colour in enumerate(("Red", "Green", "Blue")):
        entries = bytes([0, 0, 0, 50 * number + 100])  # little-endian 16 bits: 0 and a colour
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        tables[f"{colour}PaletteColorLookupTableData"] = entries
    data = dicom(np.array([[0, 1]], np.uint8), PhotometricInterpretation="PALETTE COLOR", **tables)
    assert np.asarray(decode(data, name="x").image)[0].tolist() == [[0, 0, 0], [100, 150, 200]]


def test_jpeg_inside_is_decoded():
    data = dicom(
        np.asarray(photo()),
        syntax="JPEGBaseline8Bit",
        PhotometricInterpretation="YBR_FULL_422",
        PixelData=encaps.encapsulate([encoded(photo(), "JPEG", quality=95)]),
    )
    plain = decode(encoded(photo(), "JPEG", quality=95), name="x").image
    difference = np.asarray(decode(data, name="x").image, int) - np.asarray(plain, int)
    assert np.abs(difference).mean() < 2


def test_a_compression_without_a_decoder_is_named_with_what_to_install():
    data = dicom(GREY, syntax="JPEGLSLossless", PixelData=encaps.encapsulate([b"12345678"]))
    with pytest.raises(ImageUnsupported, match=r"^x is DICOM .*JPEG-LS.*pip install pylibjpeg "):
        decode(data, name="x")


def test_a_deflated_file_is_refused():
    data = dicom(GREY, syntax="DeflatedExplicitVRLittleEndian")
    with pytest.raises(ImageUnsupported, match="not deflated as a whole"):
        decode(data, name="x")


def test_other_colours_are_refused():
    data = dicom(np.asarray(photo()), PhotometricInterpretation="HSV")
    with pytest.raises(ImageUnsupported, match="Received: HSV"):
        decode(data, name="x")


def test_a_file_without_pixels_is_refused():
    data = dicom(GREY)
    from pydicom import dcmread

    whole = dcmread(io.BytesIO(data))
    del whole.PixelData
    file = io.BytesIO()
    whole.save_as(file)
    with pytest.raises(ImageUnsupported, match="without pixels"):
        decode(file.getvalue(), name="x")


def test_nothing_about_the_patient_is_told():
    whole = dicom(GREY)
    for data in (
        whole[:-500],
        whole.replace(b"US", b"XX"),
        whole.replace(b"\x28\0\x10\0", b"####"),
    ):
        try:
            decoded = decode(data, name="x")
        except ImageError as error:
            assert "Meier" not in str(error)  # noqa: PT017 - both outcomes are right
            assert error.__cause__ is None  # noqa: PT017 - the same
        else:
            assert "Meier" not in " ".join(decoded.notes)


def test_the_number_of_pixels_is_checked_before_decoding(monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 100)
    with pytest.raises(ImageTooLarge, match="64 x 48"):
        decode(dicom(GREY), name="x")


def test_a_cut_file_is_damaged():
    with pytest.raises(ImageDamaged, match=r"^x must be a whole DICOM file"):
        decode(dicom(GREY)[:-500], name="x")


@settings(max_examples=150, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), patch=st.binary(min_size=1, max_size=12))
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_raise_nothing_but_image_errors(at, patch):
    whole = dicom(GREY)
    # Half of the damage is in the first bytes, which hold the structure.
    place = int(at * 2 * 700) if at < 0.5 else int(at * len(whole))
    try:
        decode(whole[:place] + patch + whole[place + len(patch) :], name="damaged")
    except ImageError as error:
        assert "damaged" in str(error)  # noqa: PT017 - both outcomes are right


def test_without_the_package_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ImageUnsupported, match=r'^a is DICOM, which needs the extra "dicom"'):
        decode(dicom_header(), name="a")


def dicom_header():
    return bytes(128) + b"DICM" + bytes(20)


@pytest.mark.parametrize("before", [b"", image_bombs.element(2, 1, b"OB", bytes(6000))])
def test_a_file_that_is_deflated_as_a_whole_is_refused_wherever_it_says_so(before):
    data = image_bombs.dicom(bytes(99), syntax=b"1.2.840.10008.1.2.1.99", before=before)
    with pytest.raises(ImageUnsupported, match="not deflated as a whole"):
        decode(data, name="x")


def test_elements_are_limited(monkeypatch):
    monkeypatch.setattr("headstart.images.dicom._Elements.most_reads", 50)
    item = b"\xfe\xff\0\xe0" + bytes(4)
    for data in (
        image_bombs.dicom(image_bombs.element(8, 0x20, b"LO", b"") * 60),
        image_bombs.dicom_of_sequence(item * 60),
        image_bombs.dicom_of_items(item * 60),
    ):
        with pytest.raises(ImageUnsupported, match="made of fewer parts"):
            decode(data, name="x")


def test_run_lengths_are_limited(monkeypatch):
    with pytest.raises(ImageTooLarge, match="at most 4,096 MiB"):
        monkeypatch.setattr("headstart.images.dicom.MAX_RUN_LENGTHS", 2**28)
        decode(image_bombs.dicom_of_runs(2**25 + 1), name="x")
    monkeypatch.setattr("headstart.images.dicom.MAX_RUN_LENGTHS", 80)
    with pytest.raises(ImageUnsupported, match="because it is DICOM of run lengths"):
        decode(image_bombs.dicom_of_runs(20), name="x")


def test_the_places_of_frames_are_limited(monkeypatch):
    monkeypatch.setattr("headstart.images.dicom._MOST_FRAMES", 2)
    places = b"\xfe\xff\0\xe0\x10\0\0\0" + bytes(16)
    with pytest.raises(ImageUnsupported, match="at most 2 frames"):
        decode(image_bombs.dicom_of_items(places), name="x")


def in_frame(data):
    return dicom(
        GREY, syntax="JPEGBaseline8Bit", PixelData=encaps.encapsulate([data]), SamplesPerPixel=1
    )


def test_a_frame_of_another_size_is_damage():
    whole = encoded(photo().convert("L"), "JPEG")
    assert decode(in_frame(whole), name="x").size == photo().size
    other = encoded(photo(300, 200).convert("L"), "JPEG")
    with pytest.raises(ImageDamaged, match=r"frames of the size.*Received: 300 x 200"):
        decode(in_frame(other), name="x")


def test_the_scans_of_a_frame_are_limited():
    data = image_bombs.jpeg_of_scans(70, 32)
    with pytest.raises(ImageUnsupported, match="64 scans"):
        decode(in_frame(data), name="x")
