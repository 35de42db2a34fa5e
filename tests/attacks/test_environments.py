"""Environments that nobody expects: a result or an error in words, but never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such environments"),
]

NO_HOME = """
import pwd

def refuse(*_):
    raise KeyError("uid not found")

pwd.getpwuid = pwd.getpwnam = refuse
"""

JOBS = """
import os, sys
from headstart.cli.main import main

images, network, place, work = sys.argv[1:]
if place == "deleted":
    os.mkdir("deleted")
    os.chdir("deleted")
    os.rmdir(os.path.join(work, "deleted"))
for words in (
    ["train", images, "--model", network, "--out", "model", "--resize", "squash"],
    ["predict", images, "--model", "model", "--csv", "t.csv"],
    ["predict", images, "--model", "model", "--sheet", f"{work}/s.png"],
    ["predict", images, "--model", "model", "--sort-into", "sorted"],
    ["evaluate", "model", images, "--plots", "plots"],
    ["augment", images, "--out", "views.png"],
    ["models"],
    ["cache"],
    ["cache", "clear"],
):
    print("STATUS", main(words))
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("environments") / "images"
    for number, name in enumerate(("caf\u00e9", "\u732b") * 5):
        file = folder / name / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 99, (40, 50, 3), np.uint8)
        Image.fromarray(noise + 150 * (number % 2)).save(file)
    return folder


@pytest.mark.parametrize(
    ("place", "variables", "statuses"),
    [
        ("there", {"HOME": None, "HEADSTART_CACHE": None}, {0, 2}),
        ("there", {"HOME": "/dev/null", "HEADSTART_CACHE": None}, {0}),
        ("there", {"HEADSTART_CACHE": "file"}, {0}),
        # Names that are not ASCII can't be told here.
        ("there", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {0, 1, 2}),
        (
            "there",
            {"TMPDIR": "/dev/null", "COLUMNS": "x", "PYTHONIOENCODING": "latin-1"},
            {0},
        ),
        ("deleted", {}, {0, 1, 2}),
    ],
    ids=str,
)
def test_every_job_ends_in_words(images, network_folder, tmp_path, place, variables, statuses):
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(NO_HOME, "utf-8")
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    source = str(Path(headstart.__file__).parents[1])
    changed = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "hooks"), source])}
    for name, value in variables.items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = str(tmp_path / value) if name == "HEADSTART_CACHE" else value
    changed.pop("XDG_CACHE_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", JOBS, str(images), str(network_folder), place, str(tmp_path)],
        env=changed,
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("STATUS")}
    assert found <= {str(status) for status in statuses}, done.stderr
