"""The bytes of an image file, which a parser must read in a limited number of steps."""

import io

from headstart.errors import ImageUnsupported


class BoundedFile(io.BytesIO):
    """The bytes of a file that a parser must read in a limited number of steps.

    Parsers in Python take a microsecond or more for each step, and a hostile file can make them
    take a step for each of its bytes.

    Parameters
    ----------
    data : bytes
    name : str
        The name for messages.
    """

    most_reads = 1_000_000

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self._name = name
        self._left = self.most_reads

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; raise `ImageUnsupported` if there were too many steps."""
        self._left -= 1
        self.check()
        return super().read(size)

    def check(self) -> None:
        """Raise `ImageUnsupported` if there were too many steps; for what hides that error."""
        if self._left < 0:
            raise ImageUnsupported(
                f"{self._name} must be made of fewer parts, or reading it takes too long. "
                f"Received: more than {self.most_reads:,}. Save it as an ordinary JPEG or PNG."
            )
