import pytest

from headstart.data.columns import LABEL_COLUMNS, find_column, required_column
from headstart.errors import DatasetError


def test_the_first_name_counts_whatever_the_order_of_the_columns():
    assert find_column(["class", "label"], LABEL_COLUMNS) == "label"
    assert required_column({"target": 0, "x": 1}, LABEL_COLUMNS, "a.csv") == "target"
    assert find_column(["x"], LABEL_COLUMNS) is None


def test_a_missing_column_is_an_error_that_lists_the_columns():
    with pytest.raises(DatasetError, match=r"^a\.csv must have .* label or .*Received: x, y\.$"):
        required_column(["x", "y"], LABEL_COLUMNS, "a.csv")
