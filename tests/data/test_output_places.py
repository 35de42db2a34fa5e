import sys
from pathlib import Path

import pytest

from headstart.data.output_places import refuse_among_images
from headstart.errors import UsageError


@pytest.fixture
def images(tmp_path, make_images):
    make_images(tmp_path, "images/cat/1.png", "images/dog/2.png")
    return tmp_path / "images"


@pytest.mark.parametrize("out", [".", "model", "cat", "cat/model", "cat/../model", "new/deep"])
def test_a_place_among_the_images_is_refused(images, out):
    with pytest.raises(UsageError, match=r"The model must be written outside .*images, where it"):
        refuse_among_images(images / out, [images], "The model")


def test_a_place_that_holds_the_images_is_refused(images):
    with pytest.raises(UsageError, match="must have a place of its own"):
        refuse_among_images(images, [str(images / "cat")], "The model")


def test_links_and_relative_paths_are_followed(images, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(images)
    monkeypatch.chdir(images)
    for folder, out in ((".", "m"), ("../link", "../images/m"), ("../images", "../link/m")):
        with pytest.raises(UsageError, match="must be written outside"):
            refuse_among_images(Path(out), [folder], "The model")


def test_every_other_place_is_taken(images, tmp_path):
    others = [images / "cat" / "1.png", "nowhere", b"bytes", None, 3]
    refuse_among_images(tmp_path / "model", [images, *others], "The model")
    refuse_among_images(tmp_path / "images2", [images], "The model")
    refuse_among_images(images / "model", others, "The model")


def test_a_place_that_can_not_be_reached_is_refused(images, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    if sys.version_info < (3, 13):  # later versions leave such a link as it is
        with pytest.raises(UsageError, match=r"must be a way to .* Received: .*loop"):
            refuse_among_images(tmp_path / "loop", [images], "The model")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no folder that one is in")
def test_a_relative_place_in_a_deleted_folder_is_refused(images, tmp_path, monkeypatch):
    (tmp_path / "deleted").mkdir()
    monkeypatch.chdir(tmp_path / "deleted")
    (tmp_path / "deleted").rmdir()
    with pytest.raises(UsageError, match=r"must be a way to .* Received: model "):
        refuse_among_images(Path("model"), [images], "The model")
    refuse_among_images(tmp_path / "model", [images], "The model")


def test_paths_longer_than_any_system_opens_are_no_folders(tmp_path):
    refuse_among_images(tmp_path / ("x" * 300), ["y" * 300, tmp_path / "images"], "The model")
