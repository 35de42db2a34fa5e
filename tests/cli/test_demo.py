"""``headstart demo``."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart import demo
from headstart.cli.main import main

# Whoever asks for an address or a connection is written down, and refused.
NO_NETWORK = """\
import socket

def refuse(*asked, **_):
    with open({log!r}, "a") as log:
        print(asked, file=log)
    raise OSError("there is no network")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


@pytest.fixture
def small(monkeypatch, backbone, tmp_path):
    """Six of each digit, and a network that takes no time; somewhere to be."""
    images, labels = demo.digits()
    chosen = np.concatenate([np.flatnonzero(labels == label)[:6] for label in range(10)])
    monkeypatch.setattr(demo, "digits", lambda: (images[chosen], labels[chosen]))
    monkeypatch.setattr(demo, "BACKBONE", backbone)
    monkeypatch.chdir(tmp_path)


def commands(out):
    return [line.removeprefix("$ ") for line in out.splitlines() if line.startswith("$ ")]


@pytest.mark.usefixtures("small")
def test_it_shows_the_whole_job(capsys):
    assert main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert "Wrote 50 handwritten digits and a photo into headstart-demo." in out
    ran, for_own_photos = ["predict", "train", "predict"], ["train", "predict"]
    assert [line.split()[1] for line in commands(out)] == ran + for_own_photos
    assert "Trained on 50 images with tiny, tested by cross-validation" in out
    assert " right: " in out
    assert "95 % interval" in out.partition("Done in")[2]
    assert "coffee.jpg: " in out
    assert "{" not in out + err
    assert max(map(len, (line for line in out.splitlines() if "$" not in line))) <= 80
    assert "10 of 10 images predicted" in err


@pytest.mark.usefixtures("small")
def test_the_images_to_look_at_are_there(capsys):
    main(["demo"])
    block = capsys.readouterr().out.partition("Images to look at:\n")[2].partition("\n\n")[0]
    shown = [Path(line.split()[0]) for line in block.splitlines()]
    assert {"photos.png", "confusion.png", "classes.png", "new.png"} <= {p.name for p in shown}
    for path in shown:
        with Image.open(path) as image:
            image.verify()
    readme = Path("headstart-demo", "README.txt").read_text("utf-8")
    assert block in readme


@pytest.mark.usefixtures("small")
@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell's words")
def test_what_it_shows_runs_again_as_it_is_typed(capsys):
    assert main(["demo", "--out=-my demo's"]) == 0
    shown = commands(capsys.readouterr().out)[:3]
    for line in shown:
        program, *words = shlex.split(line)
        assert program == "headstart"
        assert main(words) == 0


@pytest.mark.usefixtures("small")
def test_a_second_run_is_refused_unless_it_may_replace_the_first(capsys):
    assert main(["demo"]) == 0
    assert main(["demo"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["demo", "--overwrite"]) == 0


@pytest.mark.usefixtures("small")
def test_it_stops_at_a_step_that_fails_and_can_be_run_again(capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(demo, "BACKBONE", "no such network")
        assert main(["demo"]) == 2
    out, err = capsys.readouterr()
    assert len(commands(out)) == 1
    assert "no such network" in err
    assert main(["demo"]) == 0


@pytest.mark.usefixtures("small")
def test_an_interrupted_demo_can_be_run_again(capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("headstart.jobs.train.train", interrupt)
        assert main(["demo"]) == 130
    assert capsys.readouterr().err.endswith("headstart: interrupted\n")
    assert main(["demo"]) == 0


def test_help_says_how_long_and_how_much(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["demo", "--help"])
    out = capsys.readouterr().out
    for words in (
        "less than a minute",
        "MB of disk",
        "without an internet connection",
        "headstart-demo",
    ):
        assert words in out


@pytest.mark.slow
def test_from_the_shell_without_a_network(tmp_path):
    log = tmp_path / "asked.txt"
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK.format(log=str(log)))
    paths = {"PATH": Path(sys.executable).parent, "PYTHONPATH": tmp_path}
    there = {name: f"{path}{os.pathsep}{os.environ.get(name, '')}" for name, path in paths.items()}

    def type_in(line):
        return subprocess.run(  # noqa: S602 - as a person's shell reads it
            line,
            shell=True,
            cwd=tmp_path,
            env={**os.environ, **there},
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout

    out = type_in('headstart demo --out "my demo"')
    assert "Trained on 1,787 images with mini, tested by cross-validation" in out
    shown = commands(out)[:3]
    assert len(shown) == 3
    for line in shown:
        assert type_in(line)
    assert not log.exists()
    with pytest.raises(subprocess.CalledProcessError):
        type_in("python -c \"import socket; socket.create_connection(('127.0.0.1', 9))\"")
    assert log.exists()
