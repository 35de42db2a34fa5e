"""Requests: tokens, redirects, refusals and repetition."""

import base64
import logging
import urllib.error

import pytest
from tests.hub.hub_server import Answer

from headstart.errors import DownloadError, UsageError
from headstart.hub import connections
from headstart.hub.connections import open_address, read_address, shown, stated_length


@pytest.fixture(autouse=True)
def _token(monkeypatch, server):
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")


def sent(server):
    return [headers.get("Authorization") for _, _, headers in server.asked]


def test_token_is_sent_to_its_hub(server):
    server.routes["/a"] = Answer(b"content")
    assert read_address(f"{server.url}/a", 100) == b"content"
    assert sent(server) == ["Bearer hf_secret"]


def test_redirect_to_another_host_takes_no_token_along(server, other):
    server.routes["/a"] = Answer(status=302, headers={"Location": f"{other.url}/b?signature=x"})
    other.routes["/b"] = Answer(b"content")
    assert read_address(f"{server.url}/a", 100) == b"content"
    assert sent(server) == ["Bearer hf_secret"]
    assert sent(other) == [None]


def test_way_back_through_another_host_takes_no_token_along(server, other):
    server.routes["/a"] = Answer(status=302, headers={"Location": f"{other.url}/b"})
    other.routes["/b"] = Answer(status=302, headers={"Location": f"{server.url}/c"})
    server.routes["/c"] = Answer(b"content")
    assert read_address(f"{server.url}/a", 100) == b"content"
    assert sent(server) == ["Bearer hf_secret", None]


def test_redirect_within_the_hub_keeps_the_token(server):
    server.routes["/a"] = Answer(status=307, headers={"Location": "/renamed"})
    server.routes["/renamed"] = Answer(b"content")
    read_address(f"{server.url}/a", 100)
    assert sent(server) == ["Bearer hf_secret", "Bearer hf_secret"]


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_redirect_to_another_kind_of_address_is_refused(server, address):
    server.routes["/a"] = Answer(status=302, headers={"Location": address})
    with pytest.raises(DownloadError, match=r"as safe as itself|answered 302"):
        read_address(f"{server.url}/a", 100)


def test_encrypted_address_leads_to_no_plain_one(server):
    redirects = connections._Redirects()
    request = connections.urllib.request.Request("https://huggingface.co/a")
    with pytest.raises(DownloadError, match="from https to http"):
        redirects.redirect_request(request, None, 302, "", {}, f"{server.url}/b")


def test_endless_redirects_end(server):
    server.routes["/a"] = Answer(status=302, headers={"Location": "/a"})
    with pytest.raises(DownloadError, match="answered 302"):
        read_address(f"{server.url}/a", 100)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_lasting_refusal_is_told_once_and_with_its_status(server, status):
    server.mishaps = [Answer(status=status)]
    with pytest.raises(DownloadError, match=f"answered {status}") as caught:
        read_address(f"{server.url}/a", 100)
    assert caught.value.status == status
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "mishap",
    [Answer(status=503), Answer(status=429), Answer(b"part", headers={"Content-Length": "7"})],
)
def test_passing_trouble_is_waited_for(server, mishap):
    server.routes["/a"] = Answer(b"content")
    server.mishaps = [mishap]
    assert read_address(f"{server.url}/a", 100) == b"content"


def test_trouble_that_lasts_ends(server):
    server.mishaps = [Answer(status=503)] * connections.ATTEMPTS
    with pytest.raises(DownloadError, match="answered 503"):
        read_address(f"{server.url}/a", 100)


def test_server_says_how_long_to_wait(server, monkeypatch):
    waited = []
    monkeypatch.setattr(connections, "PAUSE", 1)
    monkeypatch.setattr(connections.time, "sleep", waited.append)
    server.routes["/a"] = Answer(b"content")
    server.mishaps = [Answer(status=429, headers={"Retry-After": "7"})]
    read_address(f"{server.url}/a", 100)
    assert waited == [7]
    server.mishaps = [Answer(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(DownloadError, match="wait 3,600 seconds"):
        read_address(f"{server.url}/a", 100)
    server.mishaps = [Answer(status=429, headers={"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"})]
    assert read_address(f"{server.url}/a", 100) == b"content"


def test_answer_has_a_limit(server):
    server.routes["/a"] = Answer(b"content")
    with pytest.raises(DownloadError, match="at most 6 bytes"):
        read_address(f"{server.url}/a", 6)


def test_token_is_in_no_message_and_no_log(server, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(DownloadError) as caught:
        read_address(f"{server.url}/a?signature=hidden", 100)
    assert "hf_secret" not in f"{caught.value}{caught.value!r}{caplog.text}"
    assert "hidden" not in str(caught.value)


def test_refusal_of_the_server_reaches_the_caller(server):
    with pytest.raises(urllib.error.HTTPError):
        open_address(f"{server.url}/nothing", {})


def test_password_of_a_mirror_is_sent_and_not_shown(server, other, monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT")
    server.routes["/a"] = Answer(status=302, headers={"Location": f"{other.url}/b"})
    other.routes["/b"] = Answer(b"content")
    url = server.url.replace("://", "://anna:p%40ss@")
    assert read_address(f"{url}/a", 100) == b"content"
    assert sent(server) == [f"Basic {base64.b64encode(b'anna:p@ss').decode()}"]
    assert sent(other) == [None]
    with pytest.raises(DownloadError) as caught:
        read_address("http://anna:p%40ss@localhost:1/a?token=hidden", 100)
    assert "p%40ss" not in str(caught.value)
    assert shown(f"{url}/a?token=hidden") == f"{server.url}/a"


def test_redirect_within_a_mirror_keeps_the_password(server, other):
    server.routes["/from"] = Answer(status=302, headers={"Location": "/to"})
    server.routes["/to"] = Answer(status=302, headers={"Location": f"{other.url}/elsewhere"})
    other.routes["/elsewhere"] = Answer(b"content")
    url = server.url.replace("://", "://anna:secret@")
    assert read_address(f"{url}/from", 100) == b"content"
    assert sent(server) == [f"Basic {base64.b64encode(b'anna:secret').decode()}"] * 2
    assert sent(other) == [None]


@pytest.mark.parametrize("url", ["nonsense", "/a/folder/x", "//host/x"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UsageError, match=rf"Received: {url}\. Check HEADSTART_MIRROR"):
        read_address(url, 100)


def test_address_that_cannot_be_written_is_asked_once(server, monkeypatch):
    monkeypatch.setattr(connections, "wait", None)
    with pytest.raises(DownloadError, match="control characters"):
        read_address(f"{server.url}/a b\n", 100)


@pytest.mark.parametrize("length", ["x", "-1", "9" * 40, ""])
def test_length_that_is_no_number_is_none(server, length):
    server.routes["/a"] = Answer(b"content", headers={"Content-Length": length})
    with open_address(f"{server.url}/a", {}) as response:
        assert stated_length(response) is None
