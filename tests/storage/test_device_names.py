"""Names that mean a device on Windows."""

import pytest

from headstart.storage.device_names import is_device


@pytest.mark.parametrize("name", ["con", "NUL.txt", "aux .tar.gz", "com1", "LPT¹.png", "conin$"])
def test_devices(name):
    assert is_device(name)


@pytest.mark.parametrize("name", ["", "cone", "com", "com10", "a.con", "_nul", "lpt1x.txt"])
def test_other_names(name):
    assert not is_device(name)
