"""Which names of folders, files and columns stand for training, validation and test images."""

import re
from collections import defaultdict
from collections.abc import Iterable

#: The split of images that are there to be predicted: nobody has said what they show.
UNLABELLED = "unlabelled"
#: What each word of a name says about its split.
_WORDS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate"), "valid"),
    **dict.fromkeys(("dev", "devel", "development", "eval", "evaluation"), "valid"),
    **dict.fromkeys(("test", "tests", "testing", "tst", "holdout"), "test"),
    **dict.fromkeys(("pred", "predict", "prediction", "predictions"), UNLABELLED),
    **dict.fromkeys(("unlabeled", "unlabelled", "unlabel"), UNLABELLED),
}
#: Words that say nothing.
_NEUTRAL = frozenset(
    {
        *("data", "dataset", "datasets", "files", "folder", "of", "part", "set", "sets", "split"),
        *("subset", "image", "images", "img", "imgs", "jpeg", "jpegimages", "jpg", "png"),
        *("photo", "photos", "pic", "pics", "pictures"),
    }
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
# Written as one word: trainset, testimages.
_JOINED = re.compile(rf"^({'|'.join(_WORDS)})({'|'.join(_NEUTRAL)})$")


def split_of(name: str) -> str | None:
    """Return the split that a name stands for by itself.

    Parameters
    ----------
    name : str
        A value in a column or the name of a folder.

    Returns
    -------
    {"train", "valid", "test", "unlabelled"} or None
        None for a name that says something else, or more.

    Examples
    --------
    >>> [split_of(name) for name in ("Training_Set", "dev", "test2017", "train-station")]
    ['train', 'valid', 'test', None]
    """
    split, others = _parsed(name)
    return None if others else split


def named_splits(names: Iterable[str]) -> dict[str, str]:
    """Return the names, out of those of neighbours, that stand for splits, each with its split.

    What a name says besides (seg_train, seg_test) must be said by another split, too: a train
    station is no training set.

    Examples
    --------
    >>> named_splits(["seg_train", "seg_test", "test_tube"])
    {'seg_train': 'train', 'seg_test': 'test'}
    """
    parsed = {name: _parsed(name) for name in names}
    splits_with: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for split, others in parsed.values():
        if split:
            splits_with[others].add(split)
    return {
        name: split
        for name, (split, others) in parsed.items()
        if split and (not others or len(splits_with[others]) > 1)
    }


def says_nothing(name: str) -> bool:
    """Tell whether a folder has a name that says nothing about what is in it, such as images."""
    words = _words(name)
    return bool(words) and _NEUTRAL.issuperset(words)


def _parsed(name: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the split in a name, if it has just one, and its other words."""
    words = _words(name)
    splits = {_WORDS[word] for word in words if word in _WORDS}
    if UNLABELLED in splits:
        splits = {UNLABELLED}
    others = tuple(word for word in words if word not in _WORDS and word not in _NEUTRAL)
    return (splits.pop() if len(splits) == 1 else None), others


def _words(name: str) -> list[str]:
    return [_JOINED.sub(r"\1", word.lower()) for word in _WORD.findall(name)]
