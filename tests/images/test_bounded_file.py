import pytest

from headstart.errors import ImageUnsupported
from headstart.images.bounded_file import BoundedFile


class Short(BoundedFile):
    most_reads = 3


def test_bytes_are_read_in_a_limited_number_of_steps():
    file = Short(b"abcdefgh", "x")
    assert [file.read(1), file.read(2), file.read()] == [b"a", b"bc", b"defgh"]
    with pytest.raises(ImageUnsupported, match=r"^x must be made of fewer parts.*more than 3\."):
        file.read(1)
    with pytest.raises(ImageUnsupported):
        file.check()


def test_a_check_passes_as_long_as_there_are_steps_left():
    file = Short(b"abc", "x")
    file.read()
    file.check()
