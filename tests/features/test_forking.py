"""What predicts in a forked process, and what says at once that it can't."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")

SECONDS = 60

START = """
import os, sys, warnings
import numpy as np
from pathlib import Path
from headstart.networks.network import load_network
from headstart.features.compiling import compile_network
from headstart.features.extractor import FeatureExtractor, network_resize
from headstart.features.cache import FeatureCache
from headstart.images.sources import FileSource
from headstart.errors import ForkError

network = load_network(Path(sys.argv[1]))
sources = [FileSource(path) for path in sorted(Path(sys.argv[2]).iterdir())]
extractor = FeatureExtractor(network, network_resize(network))
images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)

def features(chosen=extractor):
    return chosen.extract_all(sources).features

def fork(work):
    # Python 3.12 and later warn of every fork of a process with threads.
    warnings.simplefilter("ignore", DeprecationWarning)
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    # By the usual way out, which deletes what the child inherited.
    sys.exit(work() or 0)

def refused(work):
    try:
        work()
    except ForkError as error:
        return 7 if "spawn" in str(error) else 8
    return 9
"""


@pytest.fixture
def photos(tmp_path):
    random = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(40):
        pixels = random.integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:02}.png")
    return folder


@pytest.fixture
def run(network_folder, photos):
    """Return what runs code in a process of its own, which is killed if it hangs."""

    def run(code):
        command = [sys.executable, "-c", START + textwrap.dedent(code), network_folder, photos]
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


def test_a_process_that_ran_networks_can_be_forked_while_they_are_idle(run):
    """The child computes what the parent did, then the parent does again; both end as usual."""
    code = """
        expected = features()
        engines = [compile_network(network, outputs=(name,)) for name in network.outputs]
        for engine in engines:
            engine.infer(images)
        for _ in range(2):
            print(fork(lambda: not np.array_equal(features(), expected)))
            assert np.array_equal(features(), expected)
        print(fork(lambda: fork(lambda: not np.array_equal(features(), expected))))
    """
    assert run(code) == ["0", "0", "0"]


def test_a_child_that_predicts_nothing_ends_as_usual(run):
    assert run("features()\nprint(fork(lambda: 5))") == ["5"]


def test_while_a_network_runs_a_child_is_told_at_once(run):
    code = """
        stream = extractor.stream(sources)
        first = next(stream)
        print(fork(lambda: refused(features)))
        print(fork(lambda: refused(lambda: compile_network(network, outputs=("feature_map",)))))
        print(fork(lambda: refused(lambda: list(stream))))
        print(fork(lambda: 5))
        print(1 + len(list(stream)))
    """
    assert run(code) == ["7", "7", "7", "5", "40"]


def test_a_child_can_not_continue_to_read_what_its_parent_reads(run, tmp_path):
    """With cached features no network runs, but the threads that read are not there either."""
    code = f"""
        from dataclasses import replace
        cached = replace(extractor, cache=FeatureCache(Path({str(tmp_path / "cache")!r})))
        expected = features(cached)
        stream = cached.stream(sources)
        next(stream)
        print(fork(lambda: refused(lambda: list(stream))))
        print(fork(lambda: not np.array_equal(features(cached), expected)))
        print(1 + len(list(stream)))
        assert np.array_equal(features(cached), expected)
    """
    assert run(code) == ["7", "0", "40"]


def test_threads_predict_while_another_forks(run):
    """Each child either computes the same or is told; none hangs."""
    code = """
        import threading
        expected = features()
        stop = threading.Event()

        def work():
            while not stop.is_set():
                assert np.array_equal(features(), expected)

        def child():
            try:
                return not np.array_equal(features(), expected)
            except ForkError:
                return 7

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        ends = [fork(child) for _ in range(12)]
        stop.set()
        for thread in threads:
            thread.join()
        print(*ends)
    """
    ends = run(code)
    assert len(ends) == 12
    assert set(ends) <= {"0", "7"}


def test_a_fork_waits_for_what_headstart_imports_in_another_thread(run, tmp_path):
    """Otherwise its lock would be held for ever in the child."""
    (tmp_path / "takes_long.py").write_text(
        "import sys, time\nsys.begun.set()\ntime.sleep(0.5)\nvalue = 0\n"
    )
    code = f"""
        import threading
        sys.path.append({str(tmp_path)!r})
        sys.begun = threading.Event()
        late = {{"__name__": "headstart.late"}}
        exec("def load():\\n    import takes_long\\n    return takes_long.value", late)
        thread = threading.Thread(target=late["load"])
        thread.start()
        sys.begun.wait()
        print(fork(late["load"]))
        thread.join()
    """
    assert run(code) == ["0"]


@pytest.mark.parametrize("tells", [True, False])
def test_a_fork_that_python_is_not_told_of_before_is_noticed(run, tells):
    """uWSGI forks by itself and tells Python in the child only; others do not tell it at all."""
    code = f"""
        import ctypes
        features()
        expected = features()
        pid = ctypes.PyDLL(None).fork()
        if pid == 0:
            if {tells}:
                ctypes.pythonapi.PyOS_AfterFork_Child()
            sys.exit(refused(features))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        print(fork(lambda: not np.array_equal(features(), expected)))
    """
    assert run(code) == ["7", "0"]


def test_a_gpu_that_torch_started_is_not_used_in_a_child(run):
    code = """
        from headstart.features import devices, forking
        forking.hold(devices._STARTED)
        devices.may_see_gpu = lambda _: True
        devices._asked = lambda _: (devices.Gpu("cuda", "H100", True), "")
        print(devices.torch_device())
        print(fork(lambda: refused(devices.torch_device)))
        print(fork(lambda: devices.find_gpu("torch") is not None))
        print(fork(lambda: len(features()) != 40))
    """
    assert run(code) == ["cuda", "7", "0", "0"]
