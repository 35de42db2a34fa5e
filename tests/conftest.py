"""Fixtures that every room's tests share."""

import importlib.util
import itertools
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from tests.keras_server import KerasServer

if TYPE_CHECKING:
    import openvino as ov

    from headstart.networks.network import Network
    from headstart.prediction.predictor import Predictor
    from headstart.prediction.scoring import Scorer

# A machine that does other work, too, is no fault of what is tested.
settings.register_profile("headstart", deadline=None)
settings.load_profile("headstart")
# Tests import it as its users do, and send no usage events from there.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c() -> None:
    """Have Ctrl-C heard: a shell's background jobs ignore it, and so does what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return paths that are not there yet, without end."""
    # `mktemp` looks at all folders that it made before, which takes long after thousands of tests.
    folder = tmp_path_factory.mktemp("own")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_cache(_own_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep tests away from the user's own cache, backbones, weights and mirror."""
    folder = next(_own_folders)
    monkeypatch.setenv("HEADSTART_CACHE", str(folder / "cache"))
    monkeypatch.setenv("HEADSTART_BACKBONES", str(folder / "backbones"))
    monkeypatch.delenv("HEADSTART_WEIGHTS", raising=False)
    monkeypatch.delenv("HEADSTART_MIRROR", raising=False)
    monkeypatch.delenv("HEADSTART_DEVICE", raising=False)
    yield
    # The networks of thousands of tests would fill a disk. Features are small, and a stream that a
    # test did not read to its end still has them open.
    for part in folder.glob("*/*"):
        if part.name != "features":
            shutil.rmtree(part, ignore_errors=True)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No pre-trained weights anywhere, no network; return the folder where weights may be put."""
    weights = tmp_path / "weights"
    weights.mkdir()
    monkeypatch.setenv("HEADSTART_WEIGHTS", str(weights))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("HEADSTART_MIRROR", "http://127.0.0.1:1")
    monkeypatch.setattr("headstart.backbones.choosing._out_of_reach", {})
    return weights


@pytest.fixture(scope="session")
def python() -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Return what runs Python with Keras on TensorFlow: ``python("-c", script, *words)``."""
    server = KerasServer()
    yield server.run
    server.close()


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """Return torch, which a development environment need not have."""
    reason = "torch is not here: pip install -c constraints.txt -e '.[gpu]' (several GB on Linux)"
    module: ModuleType = pytest.importorskip("torch", reason=reason)
    return module


@pytest.fixture(scope="session")
def nncf() -> None:
    """Skip where NNCF is not installed. It is not imported: that takes seconds."""
    if importlib.util.find_spec("nncf") is None:
        pytest.skip("NNCF is not here: pip install -c constraints.txt -e '.[int8]'")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that the processes of ``pytest -n`` share."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root


@pytest.fixture(scope="session")
def once(shared_folder: Path) -> Callable[..., tuple[Any, Path]]:
    """Return what lets the processes of ``pytest -n`` share what takes long to make.

    ``once(name, make)`` calls ``make(folder)`` in the process that needs it first. In all it
    returns what that returned, which JSON must hold, and the folder.
    """

    def made(name: str, make: Callable[[Path], Any]) -> tuple[Any, Path]:
        folder, result = shared_folder / f"{name}-once", shared_folder / f"{name}-once.json"
        with FileLock(shared_folder / f"{name}-once.lock"):
            if not result.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
                folder.mkdir()
                result.write_text(json.dumps(make(folder)), "utf-8")
        return json.loads(result.read_text("utf-8")), folder

    return made


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real photos and weights: ``data/`` and ``weights/``."""
    named = os.environ.get("HEADSTART_TEST_DATA", "")
    if not named or not (Path(named) / "data").is_dir():
        pytest.skip(
            "real photos are not here: set HEADSTART_TEST_DATA to a folder with data/ and weights/ "
            "(docs/testing.md says what it holds)"
        )
    return Path(named)


@pytest.fixture(scope="session")
def make_network(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., "Network"]:
    """Return a maker of real, tiny networks: ``make_network(size=32, seed=0, features=16)``.

    Two small convolutions with random weights, saved as the folder that a converted backbone is.
    Making one takes milliseconds, running it microseconds.
    """

    def make(size: int = 32, seed: int = 0, features: int = 16, classes: int = 5) -> "Network":
        from headstart.networks.network import Network

        folder = tmp_path_factory.mktemp("network")
        _save_tiny_graph(folder / "graph.xml", size, seed, features, classes)
        return Network(
            folder=folder,
            name="tiny",
            size=(size, size),
            outputs={
                "features": (features,),
                "feature_map": (size // 4, size // 4, features),
                "probabilities": (classes,),
            },
            classes=None,
            resize="crop",
            crop_fraction=0.875,
            macs=1_000_000,
            weights_sha256=f"{seed:064x}",
            key=f"tiny-{size}-{seed}-{features}-{classes}",
        )

    return make


@pytest.fixture(scope="session")
def tiny_network(make_network: Callable[..., "Network"]) -> "Network":
    """One tiny network: 32x32 in; 16 features, an 8x8 feature map and 5 probabilities out."""
    return make_network()


@pytest.fixture
def make_predictor(tiny_network: "Network") -> "Callable[..., Predictor]":
    """Return a maker of predictors: with a head, or with the network's own five classes."""
    from headstart.features.extractor import FeatureExtractor, network_resize
    from headstart.networks.classes import ClassName
    from headstart.prediction.predictor import Predictor

    def make(
        scorer: "Scorer | None" = None,
        network: "Network" = tiny_network,
        rule: str = "squash",
        labels: tuple[str, ...] = ("ant", "bee", "cat"),
        **settings: Any,
    ) -> Predictor:
        if scorer is None:
            labels = ("v", "w", "x", "y", "z")
        extractor = FeatureExtractor(
            network,
            network_resize(network, rule),
            output="features" if scorer else "probabilities",
            **settings,
        )
        classes = tuple(ClassName(f"id-{label}", label) for label in labels)
        return Predictor("tiny", extractor, classes, scorer)

    return make


@pytest.fixture(scope="session")
def network_folder(make_network: Callable[..., "Network"]) -> Path:
    """The folder of a tiny network, as whatever takes a backbone's name takes it."""
    from headstart.networks.network import write_description

    network = make_network()
    write_description(network, network.folder)
    return network.folder


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> "Callable[[Network], list[str]]":
    """Return what lets a network stand in for every conversion.

    ``stand_in(network)`` returns a list that fills with the names of the backbones asked for.
    """

    def let(network: "Network") -> list[str]:
        asked: list[str] = []

        def cached(key: str, _: object) -> "Network":
            asked.append(key.rpartition("-")[0])
            return replace(network, name=asked[-1])

        monkeypatch.setattr("headstart.backbones.finding.cached_network", cached)
        return asked

    return let


def _save_tiny_graph(path: Path, size: int, seed: int, features: int, classes: int) -> None:
    import openvino as ov
    from openvino import opset13 as op

    rng = np.random.default_rng(seed)

    def weights(*shape: int) -> "ov.Node":
        scale = np.sqrt(2 / np.prod(shape[1:]))
        return op.constant((rng.standard_normal(shape) * scale).astype(np.float32))

    def convolve(planes: "ov.Node", kernel: "ov.Node") -> "ov.Node":
        ones, sides = [1, 1], [1, 1]
        return op.relu(op.convolution(planes, kernel, [2, 2], sides, sides, ones))

    def named(node: "ov.Node", name: str) -> "ov.Node":
        node.output(0).get_tensor().set_names({name})
        return op.result(node)

    image = op.parameter([-1, size, size, 3], np.uint8, name="image")
    image.output(0).get_tensor().set_names({"image"})
    scaled = op.subtract(op.divide(op.convert(image, np.float32), np.float32(127.5)), np.float32(1))
    planes = op.transpose(scaled, np.array([0, 3, 1, 2]))
    planes = convolve(convolve(planes, weights(8, 3, 3, 3)), weights(features, 8, 3, 3))
    feature_map = op.transpose(planes, np.array([0, 2, 3, 1]))
    pooled = op.reduce_mean(feature_map, np.array([1, 2]), keep_dims=False)
    logits = op.matmul(pooled, weights(classes, features), transpose_a=False, transpose_b=True)
    outputs = [
        named(pooled, "features"),
        named(feature_map, "feature_map"),
        named(op.softmax(logits, -1), "probabilities"),
    ]
    ov.save_model(ov.Model(outputs, [image], "tiny"), path, compress_to_fp16=False)
