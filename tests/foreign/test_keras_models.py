"""Networks that Keras builds from a user's file: what they compute, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.foreign.keras_archives import CONFIG, write_archive

ROOT = Path(__file__).parents[2]


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tests.foreign.keras_making", *map(str, arguments)],
        env={**os.environ, "KERAS_BACKEND": "openvino"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keras")
    huge = json.loads(json.dumps(CONFIG))
    huge["config"]["layers"][-1]["config"]["units"] = 10**12
    write_archive(folder / "huge.keras", huge)
    wrong = json.loads(json.dumps(CONFIG))
    wrong["config"]["layers"][-1]["config"]["colour"] = "blue"
    write_archive(folder / "wrong.keras", wrong)
    more = json.loads(json.dumps(CONFIG))
    more["config"]["layers"].append(more["config"]["layers"][-1])
    write_archive(folder / "more.keras", more)
    return run(folder, *(folder / f"{name}.keras" for name in ("huge", "wrong", "more")))


def test_graphs_compute_what_keras_computes(found):
    assert set(found["differences"]) == {"functional.keras", "functional.h5", "operations.keras"}
    # Either may compute in bfloat16 here.
    assert max(found["differences"].values()) < 1e-2


@pytest.mark.parametrize("file", ["functional.keras", "functional.h5"])
def test_layers_keep_their_names_also_those_of_a_network_inside(found, file):
    assert found["named"][file] == {
        "random_flip": "Select",  # of numbers that become constants
        "rescaling": "Add",
        "conv2d": "Convolution",
        "batch_normalization": "BatchNormInference",
        "activation": "Relu",
        "depthwise_conv2d": "Swish",
        "add": "Add",
        "global_average_pooling2d": "ReduceMean",
        "dense": "Softmax",
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("operations.keras", "a network for images of any size"),
        ("two.keras", "a network with inputs of the shapes"),
        ("huge.keras", "weights described, and 8 in the file"),
        ("wrong.keras", "what Keras can't build"),
        ("more.keras", "what Keras can't build"),
    ],
)
def test_what_does_not_fit_is_refused(found, name, why):
    assert why in found["errors"][name]


@pytest.mark.slow
def test_networks_of_keras_on_tensorflow_come_in_as_they_are(tmp_path):
    pytest.importorskip("tensorflow")
    code = """
        import sys
        import keras
        import numpy as np

        for name, size in (("MobileNetV3Small", 64), ("ConvNeXtTiny", 32)):
            keras.utils.clear_session()
            make = getattr(keras.applications, name)
            model = make(weights=None, input_shape=(size, size, 3), classes=7)
            image = np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype("float32")
            model.save(f"{sys.argv[1]}/{name}.keras")
            expected = model(image, training=False)
            np.savez(f"{sys.argv[1]}/{name}.npz", image=image, expected=expected)
    """
    read = """
        import sys
        from pathlib import Path
        import numpy as np
        from headstart.networks.keras_tracing import prepare
        prepare()
        from headstart.foreign.keras_models import read_keras_model
        from headstart.networks.runtime import load_processor

        for path in Path(sys.argv[1]).glob("*.keras"):
            arrays = np.load(path.with_suffix(".npz"))
            exact = {"INFERENCE_PRECISION_HINT": "f32"}
            graph = load_processor().compile_model(read_keras_model(path), "CPU", exact)
            print(np.abs(graph(arrays["image"])[0] - arrays["expected"]).max())
    """
    for program, backend in ((code, "tensorflow"), (read, "openvino")):
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(x[8:] for x in program.splitlines()), str(tmp_path)],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    differences = [float(line) for line in done.stdout.split()[-2:]]
    assert max(differences) < 1e-5
