"""What a model was trained on, as its folder and its card tell it."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Self

from headstart.data.labelled_images import fingerprint


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a model was trained on.

    Attributes
    ----------
    counts : tuple of int
        Number of training images of each class, in the order of the classes.
    unreadable : int
        Number of images that were not used because they could not be read.
    fingerprint : str
        Hash of the content and the label of every training image, whatever their order: models with
        the same fingerprint were trained on the same images. Empty if it is not known.
    fine_tuned : str
        Which layers of the network were trained on the images as well, for example "from
        block_16_expand on". Empty if the network was left as it was.
    resize_choice : str
        Why the resize rule was chosen, with the figures, for example "chosen by cross-validated log
        loss on 240 images: squash 0.28, crop 0.21, pad 0.33". Empty if the user chose it.
    """

    counts: tuple[int, ...]
    unreadable: int = 0
    fingerprint: str = ""
    fine_tuned: str = ""
    resize_choice: str = ""

    @classmethod
    def of(
        cls,
        contents: Sequence[str],
        labels: Sequence[Hashable],
        classes: Sequence[Hashable],
        unreadable: int,
        *,
        resize_choice: str = "",
    ) -> Self:
        """Describe training images.

        Parameters
        ----------
        contents : sequence of str, length n
            Hash of the content of each training image.
        labels : sequence of hashable, length n
            The label of each.
        classes : sequence of hashable
            The different labels, in the order of the probabilities.
        unreadable : int
            Number of other images, which could not be read.
        resize_choice : str
            Why the resize rule was chosen.
        """
        # NumPy's strings and numbers equal Python's, but do not look alike.
        known = {label: label for label in classes}
        counted = Counter(labels)
        return cls(
            tuple(counted[label] for label in classes),
            unreadable,
            fingerprint(contents, [known[label] for label in labels]),
            resize_choice=resize_choice,
        )

    @property
    def n_images(self) -> int:
        """Number of training images."""
        return sum(self.counts)
