"""No result depends on the user's settings of Keras, and they stay as they are."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.features.compiling import compile_network
from headstart.networks.keras_settings import environment, keras_folder

OWN = {
    "floatx": "float16",
    "epsilon": 0.1,
    "image_data_format": "channels_first",
    "backend": "tensorflow",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with settings of the user's own for Keras."""
    settings = tmp_path / "home" / ".keras"
    settings.mkdir(parents=True)
    (settings / "keras.json").write_text(json.dumps(OWN))
    monkeypatch.setenv("HOME", str(settings.parent))
    monkeypatch.setenv("USERPROFILE", str(settings.parent))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    return settings.parent


def test_a_conversion_is_the_same_with_the_users_settings(home, tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (2, 80, 80, 3), np.uint8)

    def probabilities(cache):
        monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / cache))
        network = find_network(NetworkSpec("mini"))
        return network.key, compile_network(network, outputs=("probabilities",)).infer(images)

    for name in ("PYTHONWARNINGS", "KERAS_MAX_EPOCHS", "PYTHONOPTIMIZE"):
        monkeypatch.setenv(name, "2" if name != "PYTHONWARNINGS" else "error")
    key, found = probabilities("with")
    for name in ("PYTHONWARNINGS", "KERAS_MAX_EPOCHS", "PYTHONOPTIMIZE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "empty"))
    other, expected = probabilities("without")
    assert key == other
    np.testing.assert_array_equal(found["probabilities"], expected["probabilities"])
    assert json.loads((home / ".keras" / "keras.json").read_text()) == OWN


def test_a_process_gets_our_settings_only(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("MY_OWN", "stays")
    made = environment(tmp_path, "openvino")
    assert (made["KERAS_BACKEND"], made["KERAS_HOME"]) == ("openvino", str(tmp_path))
    assert made["MY_OWN"] == "stays"
    assert made["TMPDIR"] == made["TEMP"] == made["TMP"] == str(tmp_path)  # deleted with it
    assert not {"TF_ENABLE_ONEDNN_OPTS", "PYTHONWARNINGS"} & set(made)
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_settings_are_standard_inside_and_the_users_afterwards(home):
    code = """
        import keras
        from headstart.networks.keras_settings import standard_settings

        def settings():
            names = ("floatx", "epsilon", "image_data_format")
            values = [getattr(keras.config, name)() for name in names]
            return [*values, keras.config.dtype_policy().name]

        def print_all():
            print(settings())
            try:
                with standard_settings(keras):
                    print(settings())
                    keras.config.set_floatx("float64")
                    raise ValueError
            except ValueError:
                print(settings())

        print_all()
        keras.config.set_dtype_policy("mixed_float16")
        print_all()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "HOME": str(home), "KERAS_BACKEND": "openvino"},
        capture_output=True,
        text=True,
        check=True,
    )
    own = ["float16", 0.1, "channels_first"]
    standard = ["float32", 1e-07, "channels_last", "float32"]
    assert done.stdout.splitlines() == [
        str(each)
        for each in (
            [*own, "float16"],
            standard,
            [*own, "float16"],
            [*own, "mixed_float16"],
            standard,
            [*own, "mixed_float16"],
        )
    ]


@pytest.mark.slow
def test_training_is_the_same_with_the_users_settings_and_leaves_them(home, tmp_path):
    code = """
        import os
        import random
        import numpy as np
        from headstart.heads.dense import DenseHead

        before = dict(os.environ), random.getstate(), np.random.get_state()[1].tolist()
        X = np.random.default_rng(0).standard_normal((90, 8)).astype(np.float32)
        y = np.arange(90) % 3
        head = DenseHead((6,), epochs=3).fit(X + y[:, None], y)
        print(head.predict_proba(X).tobytes().hex())
        after = dict(os.environ), random.getstate(), np.random.get_state()[1].tolist()
        names = {name for name in os.environ if before[0].get(name) != after[0].get(name)}
        assert not {"KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL"} & names
        assert before[1:] == after[1:]
        import keras
        print(keras.config.floatx(), keras.config.image_data_format(), keras.config.epsilon())
    """

    def run(folder):
        inherited = {name: os.environ[name] for name in os.environ if name != "KERAS_BACKEND"}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={**inherited, "HOME": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    with_settings, without = run(home), run(tmp_path / "empty")
    assert with_settings[0] == without[0]
    assert with_settings[1] == "float16 channels_first 0.1"


def test_the_folder_of_keras(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert keras_folder() == tmp_path
    monkeypatch.delenv("KERAS_HOME")
    assert keras_folder().name == ".keras"
    # What expanduser returns where there is no home directory.
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert not keras_folder().exists()
