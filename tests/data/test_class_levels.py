import os
from collections import Counter

import pytest

from headstart.data.class_levels import other_level
from headstart.data.folders import read_folder


@pytest.mark.parametrize(
    ("files", "depth", "names", "is_likely"),
    [
        ("A/fox/1 A/hare/1 B/fox/1 B/hare/1", 1, "fox hare", True),
        ("A/2024-05-01/fox/1 A/2024-05-01/hare/1 B/2024-05-02/fox/1 B/2024-05-02/hare/1", 2,
         "fox hare", True),
        ("A/100CANON/fox/1 A/100CANON/hare/1 B/100CANON/fox/1 B/100CANON/hare/1", 2,
         "fox hare", True),
        ("2023/fox/1 2024/hare/1", 1, "fox hare", True),
        ("A/fox/1 A/hare/1 B/fox/1 B/hare/1 C/fox/1", 1, "fox hare", False),
        ("A/fox/1 A/hare/1 B/fox/1 B/hare/1 B/2", None, "", False),
        ("fox/old/1 fox/new/1 hare/1", None, "", False),
        ("fox/images/1 hare/images/1", None, "", False),
        ("fox/2023/1 fox/2024/1 hare/2023/1 hare/2024/1", None, "", False),
        ("fox/red/1 fox/arctic/1 hare/brown/1 hare/snow/1", None, "", False),
        ("fox/1 hare/1", None, "", False),
        ("A/fox/1 A/hare/1", None, "", False),
    ],
)  # fmt: skip
def test_names_that_recur_speak_for_another_level(
    files, depth, names, is_likely, tmp_path, make_images
):
    make_images(tmp_path, *(f"{name}.png" for name in files.split()))
    found = other_level(read_folder(os.fspath(tmp_path), Counter()).folders)
    if depth is None:
        assert found is None
    else:
        assert (found.depth, " ".join(found.names), found.is_likely) == (depth, names, is_likely)
