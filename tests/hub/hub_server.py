"""A server on this machine that stands for a hub, for the tests of this room."""

import contextlib
import gzip
import hashlib
import http.server
import io
import json
import re
import tarfile
import threading
from dataclasses import dataclass, field
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Answer:
    """What the server says at one address."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class HubServer:
    """Answers what `routes` says, by path without the query; 404 for all else.

    `asked` lists the requests: path, query and headers. `mishaps` are statuses that the next
    requests are answered with, whatever they ask for.
    """

    def __init__(self, host="127.0.0.1"):
        self.routes = {}
        self.asked = []
        self.mishaps = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                outer.asked.append((unquote(path), query, dict(self.headers)))
                outer.answer(self, unquote(path))

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *_: None
        self.url = f"http://{host}:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, request, path):
        answer = self.routes.get(path, Answer(status=404))
        if self.mishaps:
            answer = self.mishaps.pop(0)
        body, status = answer.body, answer.status
        begin = re.fullmatch(r"bytes=(\d+)-", request.headers["Range"] or "")
        if begin and status == 200:
            body, status = body[int(begin[1]) :], 206
        request.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | answer.headers).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def paths(self):
        return [path for path, _, _ in self.asked]

    def close(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def add_repository(self, name, files, commit=COMMIT, revision="main"):
        """Add a repository of Hugging Face with these files."""
        siblings = []
        for path, content in files.items():
            self.routes[f"/{name}/resolve/{commit}/{path}"] = Answer(content)
            git = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
            entry = {"rfilename": path, "size": len(content), "blobId": git.hexdigest()}
            if len(content) > 1000:
                entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest()}
            siblings.append(entry)
        listing = Answer(json.dumps({"id": name, "sha": commit, "siblings": siblings}).encode())
        for each in (revision, commit):
            self.routes[f"/api/models/{name}/revision/{each}"] = listing


@contextlib.contextmanager
def serving(**how):
    server = HubServer(**how)
    try:
        yield server
    finally:
        server.close()


def archive(files, *, compressed=True):
    """Return a tar archive with these files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(made.getvalue()) if compressed else made.getvalue()
