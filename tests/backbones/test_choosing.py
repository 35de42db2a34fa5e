"""What 'auto' stands for, with and without weights, with and without a network."""

import functools
import http.server
import threading
from pathlib import Path
from typing import ClassVar

import pytest
from tests.recorder import Recorder

from headstart.backbones import choosing
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.choosing import Chosen, LastResortWarning, choose_backbone, settle
from headstart.errors import StorageError, UsageError
from headstart.storage import cache_dir

OFFICIAL = get_backbone("mobilenet_v2").weights.filename


pytestmark = pytest.mark.usefixtures("offline")


class Mirror(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and notes what it is asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(offline, tmp_path, monkeypatch):
    """The folder that is served on this machine."""
    assert offline
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setattr(Mirror, "asked", [])
    handler = functools.partial(Mirror, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("HEADSTART_MIRROR", f"http://127.0.0.1:{server.server_port}")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def at_hand(offline):
    """Put weights into the user's folder."""

    def put(*files):
        for name in files:
            (offline / name).write_bytes(b"only converting looks inside")

    return put


def own(name):
    return f"{name}_imagenet.weights.h5"


def test_the_most_accurate_at_hand_is_taken(at_hand):
    at_hand(own("mobilenet"), own("mobilenet_v2"))
    assert choose_backbone() == Chosen("mobilenet_v2")
    at_hand(own("efficientnet_v2_b0"))
    assert choose_backbone() == Chosen("efficientnet_v2_b0")
    assert settle("auto") == "efficientnet_v2_b0"


def test_what_an_ordinary_computer_is_slow_at_is_not_taken(at_hand):
    at_hand(own("mobilenet"), own("convnext_xlarge"), own("resnet50"))
    assert choose_backbone() == Chosen("mobilenet")


@pytest.mark.usefixtures("mirror")
def test_what_was_downloaded_before_is_at_hand():
    (cache_dir() / "weights").mkdir(parents=True)
    (cache_dir() / "weights" / OFFICIAL).write_bytes(b"earlier")
    assert choose_backbone() == Chosen("mobilenet_v2")
    assert Mirror.asked == []


def test_mobilenet_v2_is_downloaded_where_nothing_is_at_hand(mirror):
    (mirror / OFFICIAL).write_bytes(b"fresh")
    progress = Recorder()
    assert choose_backbone(progress=progress) == Chosen("mobilenet_v2")
    assert [bar[1:] for bar in progress.bars] == [[5, "B", 5]]
    assert (cache_dir() / "weights" / OFFICIAL).read_bytes() == b"fresh"


def test_weights_without_their_classifier_are_not_enough(mirror, at_hand):
    at_hand(get_backbone("efficientnet_v2_b0").weights_without_top.filename)
    (mirror / OFFICIAL).write_bytes(b"fresh")
    assert choose_backbone() == Chosen("mobilenet_v2")


def test_out_of_reach_mini_is_taken_and_that_is_said():
    chosen = choose_backbone()
    assert chosen.name == "mini"
    mini = get_backbone("mini")
    for part in (
        "Could not reach http://127.0.0.1:1/mobilenet_v2",  # what
        "mini is used, which is part of headstart",  # what instead
        f"mini knows 200 classes at 80 x 80 pixels, right on {mini.top1:.0%} of {mini.trained_on}",
        "mobilenet_v2 knows 1,000 classes at 224 x 224 pixels, right on 71% of ImageNet-1k",
        "HEADSTART_MIRROR",  # how to get more
        str(cache_dir() / "weights" / OFFICIAL),
        "Name mini as the model to use it without this message",
    ):
        assert part in chosen.notice
    assert "at hand: name it" not in chosen.notice


def test_slow_networks_at_hand_are_named_where_there_is_nothing_else(at_hand):
    at_hand(own("vgg16"), own("resnet50"))
    chosen = choose_backbone()
    assert chosen.name == "mini"
    assert "The weights of resnet50 are at hand: name it as the model if 13 times" in chosen.notice


def test_a_server_that_refuses_is_said_too(mirror):
    assert mirror.is_dir()
    chosen = choose_backbone()
    assert chosen.name == "mini"
    assert "the server answered 404" in chosen.notice


def test_what_is_out_of_reach_is_tried_once(mirror):
    first = choose_backbone()
    (mirror / OFFICIAL).write_bytes(b"too late")
    assert choose_backbone() == first
    assert len(Mirror.asked) == 1


@pytest.mark.usefixtures("mirror")
def test_another_mirror_is_tried_again(monkeypatch):
    choose_backbone()
    monkeypatch.setenv("HEADSTART_MIRROR", "http://127.0.0.1:1")
    assert "Could not reach" in choose_backbone().notice


def test_what_can_not_be_written_is_an_error(mirror, monkeypatch):
    (mirror / OFFICIAL).write_bytes(b"fresh")
    monkeypatch.setenv("HEADSTART_CACHE", str(mirror / OFFICIAL / "below a file"))
    with pytest.raises(StorageError, match="HEADSTART_CACHE"):
        choose_backbone()


def test_a_full_disk_is_an_error(mirror, monkeypatch):
    (mirror / OFFICIAL).write_bytes(b"fresh")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(choosing.download, "_receive", full)
    with pytest.raises(StorageError, match="No space left on device"):
        choose_backbone()


def test_a_weights_file_needs_a_named_network():
    with pytest.raises(UsageError, match=r"Received: mine\.h5 with the model 'auto'"):
        choose_backbone(Path("mine.h5"))
    with pytest.raises(UsageError, match="name it as the model"):
        settle("auto", "mine.h5")


@pytest.mark.parametrize("model", ["vgg16", "mini", "no_such_network", Path("auto"), 3])
def test_what_is_named_is_never_replaced(model):
    assert settle(model) is model
    assert settle(model, "mine.h5") is model


def test_the_last_resort_is_told_or_warned_of():
    progress = Recorder()
    assert settle("auto", progress=progress) == "mini"
    assert progress.said == [choose_backbone().notice]
    with pytest.warns(LastResortWarning, match="mini is used"):
        assert settle("auto") == "mini"
