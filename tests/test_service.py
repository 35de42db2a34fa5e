"""A model in the processes, threads and event loops of a service: each way predicts, none hangs."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

from headstart import ImageClassifier

SECONDS = 90

# A file, not -c: processes that are spawned import it.
START = """
import os, sys, warnings
import headstart as hs

FOLDER, *IMAGES = sys.argv[1:]
# Python 3.12 and later warn of every fork of a process with threads.
warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)


def labels(model):
    return [str(label) for label in model.predict(IMAGES)]


def load_and_predict(_=None):
    return labels(hs.load(FOLDER))


def predict(_=None):
    return labels(model)


"""

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("images")
    paths = []
    for i in range(12):
        pixels = random.integers(0, 90, (40, 40, 3), np.uint8)
        pixels[..., 2 * (i % 2)] += 120
        paths.append(str(folder / f"{i}.png"))
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def folder(tiny_network, images, tmp_path_factory):
    place = tmp_path_factory.mktemp("model") / "model"
    ImageClassifier(tiny_network, cache=False).fit(images, ["red", "blue"] * 6).save(place)
    return place


@pytest.fixture
def run(folder, images, tmp_path):
    """Return what runs a script in a process of its own, which is killed if it hangs.

    The script prints lists of labels; all must be right.
    """

    def run(code):
        script = tmp_path / "service.py"
        script.write_text(START + textwrap.dedent(code), "utf-8")
        command = [sys.executable, "-W", "error", script, folder, *images[:3]]
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        assert set(done.stdout.splitlines()) == {"['red', 'blue', 'red']"}
        return len(done.stdout.splitlines())

    return run


@forks
def test_a_pool_of_forked_processes_predicts_with_the_model_of_its_parent(run):
    """Also when each worker loads the model itself: the parent has loaded it before."""
    code = """
        import multiprocessing as mp
        model = hs.load(FOLDER)
        print(predict())
        with mp.get_context("fork").Pool(2) as pool:
            for found in pool.map(predict, range(4)) + pool.map(load_and_predict, range(2)):
                print(found)
        print(predict())
    """
    assert run(code) == 8


def test_a_pool_of_spawned_processes_gets_the_model_as_an_argument(run):
    code = """
        import multiprocessing as mp
        if __name__ == "__main__":
            model = hs.load(FOLDER)
            print(predict())
            with mp.get_context("spawn").Pool(2) as pool:
                for found in pool.map(labels, [model] * 3) + pool.map(load_and_predict, [0]):
                    print(found)
    """
    assert run(code) == 5


def test_many_threads_share_one_model(run):
    code = """
        from concurrent.futures import ThreadPoolExecutor
        model = hs.load(FOLDER, threads=1)
        with ThreadPoolExecutor(8) as pool:
            for found in pool.map(predict, range(40)):
                print(found)
    """
    assert run(code) == 40


def test_an_event_loop_predicts_in_threads_and_in_processes(run):
    code = """
        import asyncio
        import multiprocessing as mp
        from concurrent.futures import ProcessPoolExecutor

        async def main():
            for found in await asyncio.gather(*(asyncio.to_thread(labels, model) for _ in "1234")):
                print(found)
            loop = asyncio.get_running_loop()
            with ProcessPoolExecutor(1, mp_context=mp.get_context("spawn")) as pool:
                print(await loop.run_in_executor(pool, labels, model))

        if __name__ == "__main__":
            model = hs.load(FOLDER)
            asyncio.run(main())
    """
    assert run(code) == 5


@forks
def test_a_server_that_loads_before_it_forks_answers_in_every_worker(run):
    """As gunicorn --preload does: the workers answer several requests, and end by sys.exit."""
    code = """
        import signal
        model = hs.load(FOLDER)
        workers = []
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
                for _ in range(2):
                    # One write: the workers write at the same time.
                    os.write(1, f"{predict()}\\n".encode())
                os.kill(os.getpid(), signal.SIGTERM)
                sys.exit(1)
            workers.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in workers] == [0, 0, 0]
    """
    assert run(code) == 6


@forks
@pytest.mark.slow
def test_a_worker_trains_after_its_parent_predicted(run, tmp_path):
    code = f"""
        model = hs.load(FOLDER)
        pid = os.fork()
        if pid == 0:
            new = hs.ImageClassifier("mini", cache=False).fit(IMAGES, predict())
            model = new.save({str(tmp_path / "new")!r})
            print(predict(), flush=True)
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        print(predict())
    """
    assert run(code) == 2
