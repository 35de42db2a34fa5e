"""No job opens a connection: every attempt, in any process that it starts, is refused and noted."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart

HOOK = """
import os, sys

def refuse(event, arguments):
    kind = event.removeprefix("socket.")
    if kind == event or not kind.startswith(("getaddrinfo", "gethostby", "connect", "send")):
        return
    # A path is no address: processes of one machine talk through it.
    if event == "socket.connect" and isinstance(arguments[1], str | bytes):
        return
    with open(os.environ["NOTED"], "a") as noted:
        noted.write(f"{event} {arguments!r}\\n")
    raise OSError("no network here")

sys.addaudithook(refuse)
"""

JOBS = """
import sys
from headstart.cli.main import main

images, work = sys.argv[1:]
training = ["--epochs", "1", "--batch-size", "4"]
for words in (
    ["models"],
    ["models", "mini"],
    ["predict", images, "--model", "mini", "--csv", f"{work}/t.csv", "--sheet", f"{work}/s.png"],
    ["predict", images, "--model", "mini", "--sort-into", f"{work}/sorted", "--json"],
    ["train", images, "--out", f"{work}/model", "--model", "mini"],
    ["evaluate", f"{work}/model", images, "--plots", f"{work}/plots"],
    ["augment", images, "--out", f"{work}/views.png", "--images", "2", "--views", "2"],
    ["cache"],
    ["train", images, "--out", f"{work}/tuned", "--model", "mini", "--fine-tune", *training],
    ["pretrain", images, "--out", f"{work}/net", "--size", "32", *training],
    ["cache", "clear"],
):
    assert main(words) == 0, words
"""

CONNECT = """
import contextlib, socket, urllib.request
for ask in (
    lambda: socket.create_connection(("192.0.2.1", 80), 1),
    lambda: urllib.request.urlopen("http://example.invalid", timeout=1),
    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9)),
):
    with contextlib.suppress(OSError):
        ask()
"""


def run(script, *words, folder):
    """Run a script whose processes refuse the network; return what they tried."""
    hooks = folder / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(HOOK, "utf-8")
    source = str(Path(headstart.__file__).parents[1])
    noted = folder / "noted.txt"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(hooks), source]),
        "NOTED": str(noted),
        "HEADSTART_CACHE": str(folder / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return done, noted.read_text("utf-8") if noted.exists() else ""


def test_an_attempt_is_noticed(tmp_path):
    done, noted = run(CONNECT, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(noted.splitlines()) == 3, noted


@pytest.mark.slow
def test_no_job_asks_the_network(tmp_path):
    for number, name in enumerate(("cat", "dog") * 4):
        file = tmp_path / "images" / name / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 99, (40, 50, 3), np.uint8)
        Image.fromarray(noise + 150 * (name == "cat")).save(file)
    done, noted = run(JOBS, tmp_path / "images", tmp_path, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert noted == ""
