"""Which check a file gets before a front end reads it."""

import pytest
from tests.foreign.protobufs import onnx, tensor, values

from headstart.errors import ConversionError
from headstart.foreign.checking import check
from headstart.foreign.files import FORMATS, ForeignFile


def test_whole_file_is_taken(tmp_path):
    (tmp_path / "net.onnx").write_bytes(onnx((5, tensor())))
    check(ForeignFile(tmp_path / "net.onnx", "onnx"))
    check(ForeignFile(tmp_path / "net.keras", "keras"))


@pytest.mark.parametrize("form", sorted({*FORMATS} - {"keras"}))
def test_every_other_format_is_refused_by_name(tmp_path, form):
    place = tmp_path / "net.xml"
    if form == "saved_model":
        place.mkdir()
        (place / "saved_model.pb").write_bytes(b"\xff" * 40)
    else:
        place.write_bytes(b"\xff" * 40)
        (tmp_path / "net.bin").touch()
    with pytest.raises(ConversionError, match=r"net\.xml must hold a network that.*Received"):
        check(ForeignFile(place, form))


def test_bomb_is_refused_by_name(tmp_path):
    (tmp_path / "net.onnx").write_bytes(onnx((5, values(2**40))))
    with pytest.raises(ConversionError, match="1,099,511,627,776 values that are not all stored"):
        check(ForeignFile(tmp_path / "net.onnx", "onnx"))


def test_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ConversionError, match="No such file"):
        check(ForeignFile(tmp_path / "net.onnx", "onnx"))
