"""What 'auto' stands for, with and without weights at hand and a connection."""

import functools
import http.server
import threading
from dataclasses import replace
from typing import ClassVar

import pytest
from tests.recorder import Recorder

from headstart.backbones import choosing
from headstart.backbones.catalogue import backbones, get_backbone
from headstart.backbones.choosing import LastResortWarning, backbones_at_hand, choose_backbone
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.backbones.weights import check_published, find_weights
from headstart.display.text import whole_percent
from headstart.errors import StorageError, UsageError
from headstart.storage.cache_folder import cache_dir

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


def test_weights_of_a_hub_count_once_they_are_at_hand(at_hand):
    at_hand(own("mobilenet_v2"))
    assert choose_backbone(download=False).name == "mobilenet_v2"
    at_hand(get_backbone("efficientvit_b1").weights.filename)
    # This one takes more than a quick network may.
    at_hand(get_backbone("tiny_vit_5m").weights.filename)
    assert choose_backbone(download=False).name == "efficientvit_b1"


def test_weights_of_a_hub_are_fetched_from_a_mirror_with_its_folders(mirror):
    row = get_backbone("mobilenet_v4_small")
    path = mirror / row.weights.url.removeprefix("https://huggingface.co/")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"only converting looks inside")
    found = find_weights(row)
    assert (found.origin, found.path.name) == ("download", row.weights.filename)
    assert check_published(row, found) == row.weights.url


def test_most_accurate_network_at_hand_is_taken(at_hand):
    at_hand(own("mobilenet"), own("mobilenet_v2"))
    assert choose_backbone().name == "mobilenet_v2"
    at_hand(own("efficientnet_v2_b0"))
    assert choose_backbone().name == "efficientnet_v2_b0"


def test_networks_that_are_not_free_to_use_are_not_taken(at_hand, monkeypatch):
    at_hand(own("mobilenet"), own("mobilenet_v2"))
    rows = [replace(row, license="cc-by-nc-4.0") for row in backbones() if row.name[-3:] == "_v2"]
    rows += [row for row in backbones() if row.name == "mobilenet"]
    monkeypatch.setattr("headstart.backbones.choosing.backbones", lambda: rows)
    assert choose_backbone().name == "mobilenet"
    assert [row.name for row in backbones_at_hand()] == ["mobilenet", "mini"]


def test_slow_networks_are_not_taken(at_hand):
    at_hand(own("mobilenet"), own("convnext_xlarge"), own("resnet50"))
    assert choose_backbone().name == "mobilenet"


@pytest.mark.usefixtures("mirror")
def test_earlier_download_is_at_hand():
    (cache_dir() / "weights").mkdir(parents=True)
    (cache_dir() / "weights" / OFFICIAL).write_bytes(b"earlier")
    assert choose_backbone().name == "mobilenet_v2"
    assert Mirror.asked == []


def test_mobilenet_v2_is_downloaded_if_nothing_is_at_hand(mirror):
    (mirror / OFFICIAL).write_bytes(b"fresh")
    progress = Recorder()
    assert choose_backbone(progress=progress).name == "mobilenet_v2"
    assert [bar[1:] for bar in progress.bars] == [[5, "B", 5]]
    assert (cache_dir() / "weights" / OFFICIAL).read_bytes() == b"fresh"


def test_weights_without_their_classifier_are_not_enough(mirror, at_hand):
    at_hand(get_backbone("efficientnet_v2_b0").weights_without_top.filename)
    (mirror / OFFICIAL).write_bytes(b"fresh")
    assert choose_backbone().name == "mobilenet_v2"


def last_resort():
    """Choose, expect ``mini``, and return the message."""
    progress = Recorder()
    assert choose_backbone(progress=progress).name == "mini"
    (message,) = progress.said
    return message


def test_mini_is_taken_with_a_message_if_nothing_can_be_downloaded():
    message = last_resort()
    mini = get_backbone("mini")
    for part in (
        "Could not reach http://127.0.0.1:1/mobilenet_v2",  # what
        "headstart uses mini, which is part of it",  # what instead
        "mini knows 200 classes at 80 x 80 pixels",
        f"accuracy {whole_percent(mini.top1)} on Tiny ImageNet",
        "mobilenet_v2 knows 1,000 classes at 224 x 224 pixels, accuracy 71 % on ImageNet-1k",
        "HEADSTART_MIRROR",  # how to get more
        str(cache_dir() / "weights" / OFFICIAL),
        "Name mini as the backbone to use it without this message",
    ):
        assert part in message
    assert "on this computer: name it" not in message


def test_message_names_slow_networks_at_hand(at_hand):
    at_hand(own("vgg16"), own("resnet50"))
    expected = "The weights of resnet50 are on this computer: name it as the backbone if 13 times"
    assert expected in last_resort()


def test_message_has_the_answer_of_a_server_that_refuses(mirror):
    assert mirror.is_dir()
    assert "the server answered 404" in last_resort()


def test_address_that_failed_is_tried_once(mirror):
    first = last_resort()
    (mirror / OFFICIAL).write_bytes(b"too late")
    assert last_resort() == first
    assert len(Mirror.asked) == 1


@pytest.mark.usefixtures("mirror")
def test_another_mirror_is_tried_again(monkeypatch):
    last_resort()
    monkeypatch.setenv("HEADSTART_MIRROR", "http://127.0.0.1:1")
    assert "Could not reach" in last_resort()


def test_nothing_is_downloaded_if_that_is_not_allowed(mirror):
    (mirror / OFFICIAL).write_bytes(b"fresh")
    with pytest.warns(LastResortWarning, match="This computer has no weights for mobilenet_v2"):
        assert choose_backbone(download=False).name == "mini"
    assert Mirror.asked == []
    assert choose_backbone().name == "mobilenet_v2"


def test_unwritable_cache_is_an_error(mirror, monkeypatch):
    (mirror / OFFICIAL).write_bytes(b"fresh")
    monkeypatch.setenv("HEADSTART_CACHE", str(mirror / OFFICIAL / "below a file"))
    with pytest.raises(StorageError, match="HEADSTART_CACHE"):
        choose_backbone()


def test_full_disk_is_an_error(mirror, monkeypatch):
    (mirror / OFFICIAL).write_bytes(b"fresh")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(choosing.downloads, "_receive", full)
    with pytest.raises(StorageError, match="No space left on device"):
        choose_backbone()


def test_message_is_a_warning_without_progress():
    with pytest.warns(LastResortWarning, match="headstart uses mini") as caught:
        assert choose_backbone().name == "mini"
    assert str(caught[0].message) == last_resort()


class TestFindNetwork:
    def test_auto_is_the_chosen_backbone(self, tiny_network, stand_in, at_hand):
        asked = stand_in(tiny_network)
        at_hand(own("mobilenet"))
        assert find_network(NetworkSpec()).name == "mobilenet"
        progress = Recorder()
        assert find_network(NetworkSpec("mini"), progress=progress).name == "mini"
        assert asked == ["mobilenet", "mini"]
        assert progress.said == []

    def test_last_resort_is_said(self, tiny_network, stand_in):
        assert stand_in(tiny_network) == []
        progress = Recorder()
        assert find_network(NetworkSpec(), progress=progress).name == "mini"
        assert "headstart uses mini" in progress.said[0]

    def test_weights_need_a_named_backbone(self):
        with pytest.raises(UsageError, match=r"name the backbone\. Received the weights mine\.h5"):
            find_network(NetworkSpec(weights="mine.h5"))
