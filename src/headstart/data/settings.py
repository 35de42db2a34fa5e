"""How a labelled dataset is to be read, where that can't be seen from the dataset itself."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from headstart.arguments import check_fields
from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

#: The fields of `DatasetSettings` that mean something for a table.
TABLE_OPTIONS = ("image_column", "label_column", "image_folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSettings:
    """What to tell headstart about a dataset that can be read in several ways.

    Parameters
    ----------
    class_level : int, optional
        Which level of folders is named after the classes: 1 for FOLDER/cat/1.jpg, 2 for
        FOLDER/site/cat/1.jpg or FOLDER/train/cat/1.jpg. The default is what the folders show.
    label_from : str, optional
        A pattern that finds the label in an image's path below the dataset, such as {label}.*.jpg
        in cat.001.jpg. ``{label}`` stands for the label and ``*`` for anything but a slash, as in
        ``*/{label}_*``; a pattern without a slash is about the file name. A pattern with ``(...)``
        is a regular expression that is searched in the path; its group named label, or else its
        first group, is the label.
    image_column : str, optional
        The column of a table that names the image files. The default is a usual name, such as
        path or file_name.
    label_column : str, optional
        The column of a table that holds the labels. The default is a usual name, such as label or
        class.
    image_folder : str, optional
        The folder that the paths in a table are relative to. The default is the table's own folder.

    Raises
    ------
    UsageError
        `class_level` is below 1, `label_from` is no pattern, or both are given.
    """

    class_level: int | None = None
    label_from: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    image_folder: str | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the dataset."""
        check_fields(self)
        if self.class_level is not None and self.class_level < 1:
            raise UsageError(f"class_level must be at least 1. Received: {self.class_level}.")
        if self.label_from is not None:
            label_expression(self.label_from)
            if self.class_level is not None:
                raise UsageError(
                    "class_level and label_from both say where the label is. Give one of them. "
                    f"Received: {self.class_level} and {self.label_from!r}."
                )

    def given(self) -> dict[str, Any]:
        """Return the settings that say something."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def check_used(self, options: Collection[str], what: str) -> None:
        """Refuse settings that mean nothing for a dataset.

        Parameters
        ----------
        options : collection of str
            The fields that mean something for it.
        what : str
            The kind of dataset, for the message.

        Raises
        ------
        UsageError
            Another field is given.
        """
        unused = {name: value for name, value in self.given().items() if name not in options}
        if unused:
            raise UsageError(
                f"{', '.join(unused)} must not be given for this dataset, which is {what}. "
                f"Received: {', '.join(f'{name}={value!r}' for name, value in unused.items())}."
            )


def flag(field: str) -> str:
    """Return the flag that sets a field on the command line, for messages."""
    return f"--{field.replace('_', '-')}"


def label_expression(pattern: str) -> re.Pattern[str]:
    """Return the regular expression that a `label_from` pattern means; see `path_expression`."""
    return path_expression(pattern, "label", "label_from")


def path_expression(pattern: str, what: str, option: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern that finds something in a path.

    It is searched in a path with forward slashes. Its first group is what is found.

    Parameters
    ----------
    pattern : str
    what : str
        What the pattern finds: "label" stands in it as ``{label}``.
    option : str
        What the pattern was given as, for messages.

    Raises
    ------
    UsageError
        The pattern has neither ``{label}`` nor one group, or is no regular expression.
    """
    place = f"{{{what}}}"
    is_simple = place in pattern
    try:
        # Cameras write .JPG as well as .jpg.
        compiled = re.compile(_simple(pattern, place), re.I) if is_simple else re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"{option} must be a regular expression if it has no {place}: {error}. "
            f"Received: {pattern!r}."
        ) from None
    if compiled.groups == 0 or pattern.count(place) > 1:
        raise UsageError(
            f"{option} must say once where the {what} is: with {place}, as in '{place}.*.jpg', or "
            f"with a group, as in '/([a-z]+)[0-9]+[.]jpg'. Received: {pattern!r}."
        )
    return compiled


def _simple(pattern: str, place: str) -> str:
    """Return the regular expression of a pattern with ``{label}`` and ``*``."""
    meanings = {place: "([^/]+?)", "*": "[^/]*", "**": ".*"}
    parts = re.split(rf"({re.escape(place)}|\*+)", pattern)
    expression = "".join(meanings.get(part, re.escape(part)) for part in parts)
    begin = "^" if "/" in pattern else "(?:^|/)"
    return f"{begin}{expression}$"
