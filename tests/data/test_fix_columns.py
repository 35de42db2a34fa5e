"""Lists of a dataset that say what is kept, dropped and relabelled."""

import pytest
from PIL import Image

from headstart.data.datasets import read_dataset
from headstart.errors import DatasetError

HEADER = "path,label,action,original_label,reason\n"


@pytest.fixture
def listed(tmp_path):
    for name in "abc":
        Image.new("RGB", (4, 4)).save(tmp_path / f"{name}.png")

    def write(*rows, header=HEADER):
        (tmp_path / "list.csv").write_text(header + "\n".join(rows))
        return tmp_path / "list.csv"

    return write


def test_dropped_images_are_left_out_and_counted(listed):
    rows = ("a.png,x,keep,x,", "b.png,y,drop,x,blank", "c.png,y,relabel,x,looks like y")
    images = read_dataset(listed(*rows))
    assert images.counts() == {"x": 1, "y": 1}
    assert images.skipped == {"dropped by the list": 1}
    assert "Skipped: 1 dropped by the list." in images.in_words()


def test_a_table_with_another_column_called_action_is_read_whole(listed):
    rows = ("a.png,x,drop", "b.png,y,run")
    assert len(read_dataset(listed(*rows, header="path,label,action\n"))) == 2


def test_an_unknown_action_is_refused(listed):
    with pytest.raises(DatasetError, match=r"keep, relabel or drop\. Received: 'delete' in line 3"):
        read_dataset(listed("a.png,x,keep,x,", "b.png,y,delete,y,"))


def test_a_list_that_drops_everything_is_refused(listed):
    with pytest.raises(DatasetError, match="keep at least one image"):
        read_dataset(listed("a.png,x,drop,x,", "b.png,y,drop,y,"))
