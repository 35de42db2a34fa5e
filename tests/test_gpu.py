"""A GPU computes what the processor does. Run with ``pytest -m gpu`` where torch can use one."""

import json
import os

import numpy as np
import pytest
from tests.features.graphs import difference

import headstart as hs
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.cli.main import main
from headstart.features import devices
from headstart.features.openvino_engine import OpenVinoEngine
from headstart.features.torch_engine import TorchEngine
from headstart.networks.variants import mirrored, pooled

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def gpu(torch):
    """The GPU that torch sees."""
    assert torch.__version__
    found = devices.find_gpu("torch")
    if found is None:
        pytest.skip("torch can use no GPU here")
    return found


@pytest.fixture
def photos(tmp_path):
    """A folder with noise in two colours, a folder for each."""
    from PIL import Image

    random = np.random.default_rng(0)
    for channel, name in ((0, "red"), (2, "blue")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(20):
            pixels = random.integers(0, 90, (80, 70, 3), np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path / "photos"


def images(network, n=300):
    return np.random.default_rng(1).integers(0, 256, (n, *network.size, 3), np.uint8)


@pytest.mark.parametrize(
    "variant", [lambda network: network, mirrored, lambda network: pooled(network, "max")]
)
def test_float32_is_that_of_the_processor(variant):
    network = variant(find_network(NetworkSpec("mini")))
    batch = images(network)
    expected = OpenVinoEngine(network, "f32", ("features",)).infer(batch)["features"]
    found = TorchEngine(network, "f32", ("features",)).infer(batch)["features"]
    assert difference(expected, found) < 1e-4


def test_bfloat16_is_near(gpu):
    if not gpu.has_bf16:
        pytest.skip("this GPU has no bfloat16")
    network = find_network(NetworkSpec("mini"))
    batch = images(network, 64)
    exact = TorchEngine(network, "f32", ("features",)).infer(batch)["features"]
    near = TorchEngine(network, "bf16", ("features",)).infer(batch)["features"]
    assert 0 < difference(exact, near) < 5e-2


def test_the_settings_of_torch_stay(torch):
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    network = find_network(NetworkSpec("mini"))
    TorchEngine(network, "f32", ("features",)).infer(images(network, 3))
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == before


def test_predict_gives_the_answers_of_the_processor(photos, capsys):
    answers = {}
    for device in ("cpu", "gpu"):
        command = ["predict", os.fspath(photos), "--model", "mini", "--json", "--device", device]
        assert main([*command, "--precision", "f32"]) == 0
        lines = capsys.readouterr().out.splitlines()
        answers[device] = [json.loads(line)["predictions"][0] for line in lines]
    for here, there in zip(answers["cpu"], answers["gpu"], strict=True):
        assert here["label"] == there["label"]
        assert here["probability"] == pytest.approx(there["probability"], abs=1e-3)


def test_a_model_that_was_trained_on_the_gpu_predicts_on_the_processor(photos, tmp_path):
    classifier = hs.ImageClassifier("mini", device="gpu").fit(photos)
    classifier.save(tmp_path / "model")
    model = hs.load(tmp_path / "model", device="cpu")
    paths = sorted(photos.glob("*/*.png"))
    assert [path.parent.name for path in paths] == list(model.predict(paths))


def test_fine_tuning_runs_on_the_gpu(photos):
    from headstart.training.backend import start_keras, training_gpu

    keras = start_keras("auto")
    if training_gpu(keras, "auto") is None:
        pytest.skip("Keras's backend can use no GPU here")
    settings = hs.FineTuning(where="all", epochs=2, batch_size=8)
    tuned = hs.fine_tune(hs.ImageClassifier("mini", device="gpu"), photos, settings=settings)
    assert tuned.predict([photos / "red" / "0.png"])[0] == "red"
