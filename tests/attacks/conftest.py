"""What every attack is given: how often, with which random numbers, and where to say so."""

import functools
import http.server
import os
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.attacks.fuzzing import attack
from tests.attacks.jobs import COLOURS, JOBS, Attack
from tests.attacks.killing import Nursery
from tests.hub.hub_server import archive

_ATTACKED = "attacked"


@pytest.fixture(scope="session")
def rounds() -> int:
    """How many times as many attacks as in the suite: ``scripts/attack.py --rounds``."""
    return int(os.environ.get("HEADSTART_ATTACK_ROUNDS", "1"))


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of all random numbers of the attacks: ``scripts/attack.py --seed``."""
    return int(os.environ.get("HEADSTART_ATTACK_SEED", "0"))


@pytest.fixture
def attacked(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """Return what counts attacks for the end of the run: ``attacked("kills of train", 12)``."""
    return lambda what, how_often: record_property(_ATTACKED, (what, how_often))


@pytest.fixture
def fuzz(
    tmp_path: Path, rounds: int, seed: int, attacked: Callable[[str, int], None]
) -> Callable[..., None]:
    """Return what tries mutants: ``fuzz("damaged models", trial, originals, n=40)``.

    See `tests.attacks.fuzzing.attack`; `n` counts for one round.
    """

    def tried(*args: object, n: int, **kwargs: object) -> None:
        attack(*args, n=n * rounds, seed=seed, place=tmp_path, attacked=attacked, **kwargs)

    return tried


@pytest.fixture(scope="session")
def attacked_photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir()
        for i in range(8):
            pixels = np.clip(noise.normal(colour, 50, (40, 40, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="session")
def nurseries():
    """Processes that start commands: without Keras, and with it."""
    made = {}

    def nursery(keras):
        if keras not in made:
            made[keras] = Nursery(keras=keras)
        return made[keras]

    yield nursery
    for each in made.values():
        each.close()


@pytest.fixture(scope="session")
def served():
    """A server of one file of 3 MB, the archive of a network, which resumes; and its content."""
    network = np.random.default_rng(0).bytes(3_000_000)
    content = archive({"saved_model.pb": network, "assets/labels.txt": b"a"})

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(asked[1]) if asked else 0
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            for at in range(start, len(content), 30_000):
                try:
                    self.wfile.write(content[at : at + 30_000])
                except OSError:  # whoever asked was killed
                    return

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/file.h5", content
        server.shutdown()


@pytest.fixture(scope="session")
def attack_on(nurseries, attacked_photos, served, tmp_path_factory):
    @functools.cache
    def attack(job_name):
        (job,) = (job for job in JOBS if job.name == job_name)
        place = tmp_path_factory.mktemp("kills")
        return Attack(job, nurseries(job.keras), attacked_photos, served, place)

    return attack


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == _ATTACKED and getattr(report, "when", "") == "call":
                    counts[value[0]] += value[1]
    if counts:
        terminalreporter.section("attacks")
        for what, how_often in sorted(counts.items()):
            terminalreporter.write_line(f"{how_often:8,d}  {what}")
