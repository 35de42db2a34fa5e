"""Names of the columns that a dataset may have, in tables and parquet files alike."""

from collections.abc import Collection

from headstart.errors import DatasetError

IMAGE_COLUMNS = ("image", "img", "picture", "photo")
PATH_COLUMNS = ("path", "file_name", "filename", "file", "image", "image_path", "filepath")
LABEL_COLUMNS = ("label", "labels", "class", "category", "fine_label", "class_name", "target")
SPLIT_COLUMNS = ("split", "part", "subset")


def find_column(columns: Collection[str], names: tuple[str, ...]) -> str | None:
    """Return the first of `names` that is among `columns`, or None."""
    return next((name for name in names if name in columns), None)


def required_column(columns: Collection[str], names: tuple[str, ...], file: object) -> str:
    """Return the first of `names` that is among `columns`.

    Parameters
    ----------
    columns : collection of str
        The columns of a file.
    names : tuple of str
        The accepted names, such as `LABEL_COLUMNS`.
    file : str or Path
        The file, for the message.

    Raises
    ------
    DatasetError
        None of them is.
    """
    column = find_column(columns, names)
    if column is None:
        raise DatasetError(
            f"{file} must have a column named {' or '.join(names)}. Received: {', '.join(columns)}."
        )
    return column
