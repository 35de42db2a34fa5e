"""Names that mean a device on Windows, wherever they stand."""

import re

_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?")


def is_device(name: str) -> bool:
    """Tell whether Windows takes the name of a file or folder for that of a device.

    Examples
    --------
    >>> is_device("nul.txt"), is_device("null.txt")
    (True, False)
    """
    return _DEVICE.fullmatch(name) is not None
