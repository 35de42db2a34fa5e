"""Count what was done to read images, with examples."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from headstart import records

#: What was done to read one image.
Notes = tuple[str, ...]

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class NoteCount:
    """How many images were read by one rule that a user may not expect.

    Attributes
    ----------
    note : str
        What was done, such as "16-bit grey with 12 bits used: 4095 became 255".
    n : int
        How many images have this note.
    examples : tuple of str
        The names of the first three of them.
    """

    note: str
    n: int
    examples: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return everything in JSON's types."""
        return records.to_json(self)


def merged(*counts: Iterable[NoteCount]) -> tuple[NoteCount, ...]:
    """Return the sums of counts that were made of different images."""
    counter = NoteCounter()
    for count in chain.from_iterable(counts):
        counter.add_count(count)
    return counter.counts()


def kind_of(note: str) -> str:
    """Return a note without what differs from image to image, which follows a semicolon."""
    return note.partition("; ")[0]


@dataclass(slots=True)
class NoteCounter:
    """Counts the notes of images that come one by one."""

    _names: dict[str, list[str]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, notes: Iterable[str]) -> None:
        """Count the notes of one image."""
        for kind in dict.fromkeys(map(kind_of, notes)):
            examples = self._names.setdefault(kind, [])
            if len(examples) < _EXAMPLES:
                examples.append(name)
            self._counts[kind] = self._counts.get(kind, 0) + 1

    def add_count(self, count: NoteCount) -> None:
        """Add what was counted elsewhere."""
        examples = self._names.setdefault(count.note, [])
        examples += count.examples[: _EXAMPLES - len(examples)]
        self._counts[count.note] = self._counts.get(count.note, 0) + count.n

    def counts(self) -> tuple[NoteCount, ...]:
        """Return what was counted, the most frequent first."""
        kinds = sorted(self._counts, key=lambda kind: -self._counts[kind])
        return tuple(
            NoteCount(kind, self._counts[kind], tuple(self._names[kind])) for kind in kinds
        )
