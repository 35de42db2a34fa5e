"""Downloads from a server on this machine that fails on request."""

import hashlib
import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from tests.recorder import Recorder

from headstart.errors import DownloadError, StorageError, WeightsMismatch
from headstart.hub import connections, download
from headstart.hub.download import check_reach, fetch

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
GIT = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT, usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("headstart.hub.connections.PAUSE", 0)


class Server:
    """Serves CONTENT; `plan` holds one mishap for each of the next requests."""

    def __init__(self):
        self.plan = []
        self.ranges = []
        self.content = CONTENT
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.ranges.append(self.headers["Range"])
                outer.answer(self, outer.plan.pop(0) if outer.plan else None)

            def do_HEAD(self):
                self.send_response(outer.plan.pop(0) if outer.plan and outer.plan[0] else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *_: None  # clients that hang up are part of the plan
        self.url = f"http://127.0.0.1:{self.http.server_port}/models/net.h5"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, request, mishap):
        if isinstance(mishap, int):
            request.send_error(mishap)
            return
        start = self.start(request, mishap)
        if start >= len(self.content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.content)}")
            request.end_headers()
            return
        rest = self.content[start:]
        request.send_response(206 if start else 200)
        if mishap == "other part":
            request.send_header("Content-Range", f"bytes 5-9/{len(self.content)}")
        if mishap != "no length":
            request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        self.send(request, rest, mishap)

    def start(self, request, mishap):
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers["Range"] or "")
        return int(asked[1]) if asked and mishap != "no ranges" else 0

    def send(self, request, rest, mishap):
        if mishap == "break":
            rest = rest[: len(CONTENT) // 3]
        if mishap == "reset":
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            rest = b""
        if mishap == "slow":
            for begin in range(0, len(rest), 20_000):
                request.wfile.write(rest[begin : begin + 20_000])
                time.sleep(0.02)
            return
        request.wfile.write(rest)

    def close(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "weights" / "net.h5"


@pytest.mark.parametrize("digest", [MD5, SHA256, GIT, None])
def test_file_arrives_whole_and_checked(server, target, digest):
    assert fetch(server.url, target, digest) == target
    assert target.read_bytes() == CONTENT
    assert sorted(path.name for path in target.parent.iterdir() if path.suffix != ".lock") == [
        "net.h5"
    ]


def test_progress_ends_at_the_full_size(server, target):
    progress = Recorder()
    fetch(server.url, target, MD5, progress=progress)
    assert progress.bars == [["downloading net.h5", len(CONTENT), "B", len(CONTENT)]]


def test_progress_without_a_length_has_no_total(server, target):
    server.plan = ["no length"]
    progress = Recorder()
    fetch(server.url, target, MD5, progress=progress)
    assert progress.bars == [["downloading net.h5", None, "B", len(CONTENT)]]


@pytest.mark.parametrize("mishap", ["break", "reset"])
def test_broken_connection_is_resumed_where_it_broke(server, target, mishap):
    server.plan = ["break", mishap]
    fetch(server.url, target, MD5)
    third = len(CONTENT) // 3
    assert server.ranges[:2] == [None, f"bytes={third}-"]
    assert target.read_bytes() == CONTENT


def test_connection_that_breaks_often_but_delivers_is_retried(server, target):
    server.plan = ["break"] * 3
    fetch(server.url, target, MD5)
    assert target.read_bytes() == CONTENT


def test_download_of_an_earlier_process_is_resumed(server, target):
    target.parent.mkdir()
    (target.parent / "net.h5.part").write_bytes(CONTENT[:1000])
    fetch(server.url, target, MD5)
    assert server.ranges == ["bytes=1000-"]
    assert target.read_bytes() == CONTENT


def test_server_that_sends_another_part_starts_again(server, target):
    server.plan = ["break", "other part"]
    fetch(server.url, target, None)
    assert target.read_bytes() == CONTENT


def test_server_without_ranges_starts_again(server, target):
    server.plan = ["break", "no ranges"]
    fetch(server.url, target, MD5)
    assert target.read_bytes() == CONTENT


def test_complete_part_is_taken(server, target):
    target.parent.mkdir()
    (target.parent / "net.h5.part").write_bytes(CONTENT)
    fetch(server.url, target, MD5)
    assert target.read_bytes() == CONTENT


def test_part_longer_than_the_file_is_deleted(server, target):
    target.parent.mkdir()
    (target.parent / "net.h5.part").write_bytes(CONTENT + b"from another mirror")
    fetch(server.url, target, MD5)
    assert server.ranges == [f"bytes={len(CONTENT) + 19}-", None]
    assert target.read_bytes() == CONTENT


def test_file_with_more_bytes_than_allowed_is_refused(server, target):
    for mishap in (None, "no length"):
        server.plan = [mishap]
        with pytest.raises(DownloadError, match=r"net\.h5 must have at most 1,000 bytes"):
            fetch(server.url, target, None, most=1000)
    assert not target.exists()
    assert not (target.parent / "net.h5.part").exists()


def test_server_that_asks_to_wait_is_asked_again(server, target):
    server.plan = [429]
    fetch(server.url, target, MD5)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [401, 403, 404])
def test_error_says_what_the_server_answered(server, target, status):
    server.plan = [status]
    with pytest.raises(DownloadError) as caught:
        fetch(server.url, target, MD5)
    assert caught.value.status == status


@pytest.mark.parametrize("digest", [MD5, SHA256, GIT])
def test_file_with_a_wrong_hash_is_deleted(server, target, digest):
    server.content = b"something else"
    with pytest.raises(WeightsMismatch, match=f"published hash {digest}"):
        fetch(server.url, target, digest)
    assert not target.exists()
    assert not (target.parent / "net.h5.part").exists()


def test_missing_file_is_requested_once(server, target):
    server.plan = [404]
    with pytest.raises(DownloadError, match=r"(?s)answered 404.*put it there by hand"):
        fetch(server.url, target, MD5, instructions="put it there by hand")
    assert len(server.ranges) == 1


def test_request_is_repeated_after_a_server_error(server, target):
    server.plan = [503, 500]
    fetch(server.url, target, MD5)
    assert target.read_bytes() == CONTENT


def test_error_without_a_connection_ends_with_instructions(target):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/net.h5"
        with pytest.raises(DownloadError, match="put it there by hand"):
            fetch(url, target, MD5, instructions="put it there by hand")
    assert not target.exists()


def test_bytes_received_are_kept_after_the_last_attempt(server, target):
    server.plan = ["break", *["reset"] * connections.ATTEMPTS]
    with pytest.raises(DownloadError, match="The bytes received are kept"):
        fetch(server.url, target, MD5)
    assert (target.parent / "net.h5.part").read_bytes() == CONTENT[: len(CONTENT) // 3]


def test_mirror_replaces_the_server(server, target, monkeypatch):
    monkeypatch.setenv("HEADSTART_MIRROR", server.url.rpartition("/")[0] + "/")
    fetch("https://example.invalid/elsewhere/net.h5", target, MD5)
    assert target.read_bytes() == CONTENT


def test_folder_can_be_a_mirror(tmp_path, target, monkeypatch):
    (tmp_path / "net.h5").write_bytes(CONTENT)
    monkeypatch.setenv("HEADSTART_MIRROR", tmp_path.as_uri())
    assert fetch("https://example.invalid/net.h5", target, MD5).read_bytes() == CONTENT


def test_unwritable_cache_is_a_storage_error(server, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="HEADSTART_CACHE"):
        fetch(server.url, tmp_path / "file" / "net.h5", MD5)
    assert server.ranges == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_cache_is_a_storage_error(server, target):
    target.parent.mkdir()
    target.parent.chmod(0o500)
    with pytest.raises(StorageError, match="HEADSTART_CACHE"):
        fetch(server.url, target, MD5)


def test_full_disk_is_a_storage_error(server, target, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "_receive", full)
    with pytest.raises(StorageError, match="No space left"):
        fetch(server.url, target, MD5)


SCRIPT = """
import sys, pathlib
from headstart.hub.download import check_reach, fetch
fetch(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3])
"""


def start(server, target):
    return subprocess.Popen([sys.executable, "-c", SCRIPT, server.url, target, MD5])


def test_two_processes_download_once(server, target):
    server.plan = ["slow"]
    processes = [start(server, target), start(server, target)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert server.ranges == [None]
    assert target.read_bytes() == CONTENT


def test_killed_download_is_resumed(server, target):
    server.plan = ["slow"]
    process = start(server, target)
    part = target.parent / "net.h5.part"
    while not (part.exists() and part.stat().st_size):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    assert not target.exists()
    fetch(server.url, target, MD5)
    assert server.ranges[1] is not None
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("mishap", [None, 404, 503])
def test_any_answer_counts_as_reached(server, mishap):
    server.plan = [mishap]
    check_reach(server.url, 30)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/net.h5", "file:///nowhere/net.h5", "nonsense"]
)
def test_refused_connection_is_not_reached(address):
    with pytest.raises(DownloadError, match=f"Could not reach {address}: ."):
        check_reach(address, 30)


def test_silent_server_is_not_reached():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/net.h5"
        with pytest.raises(DownloadError, match=r"timed out|nothing answered within 0\.1 seconds"):
            check_reach(address, 0.1)


def test_slow_name_lookup_is_not_waited_for(monkeypatch):
    looked_up = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: looked_up.wait(60) and [])
    with pytest.raises(DownloadError, match=r"nothing answered within 0\.1 seconds"):
        check_reach("http://localhost/net.h5", 0.1)
    looked_up.set()
