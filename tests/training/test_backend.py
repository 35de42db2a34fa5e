"""What Keras is started with, and what is said where it can't be."""

import contextlib
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from headstart.errors import MissingExtra, UsageError
from headstart.features import devices
from headstart.features.devices import Gpu
from headstart.heads.dense import DenseHead
from headstart.training import backend
from headstart.training.backend import _quiet, check_backend


def test_output_of_native_code_is_hidden(capfd):
    with _quiet():
        os.write(2, b"oneDNN custom operations are on")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_hidden_output_is_shown_after_a_failure(capfd):
    with pytest.raises(ImportError), _quiet():
        os.write(2, b"libfoo.so is missing")
        raise ImportError
    assert capfd.readouterr().err == "libfoo.so is missing"


def test_without_stderr_nothing_is_hidden(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with _quiet() as hidden:
        assert hidden is None


def test_stderr_is_left_alone_where_keras_is_imported_already(monkeypatch, capfd):
    keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: "jax"))

    def import_keras(_):
        os.write(2, b"of another thread")
        return keras

    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setattr(backend, "import_keras", import_keras)
    monkeypatch.setattr(backend.forking, "hold", lambda _: None)
    monkeypatch.setattr(backend.forking, "check_usable", lambda _: None)
    assert backend.start_keras() is keras
    assert capfd.readouterr().err == "of another thread"


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Stand in for what is installed, where Keras is not imported: a set of package names."""
    packages = {"tensorflow"}
    monkeypatch.setattr(
        devices.importlib.util, "find_spec", lambda name: name if name in packages else None
    )
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", "")
    return packages


@pytest.mark.parametrize(
    ("asked", "packages", "says"),
    [
        (
            "torch",
            {"tensorflow"},
            r"torch, which is not installed\. .* set it to tensorflow, .*: pip install torch",
        ),
        ("tensorflow", {"jax", "torch"}, r"set it to jax or torch, .*pip install tensorflow"),
        ("openvino", {"tensorflow"}, r"openvino, which only predicts\. Unset it"),
        ("numpy", set(), r"which only predicts\. Unset it, and install the extra"),
        ("tensorfow", {"tensorflow"}, r"asks for tensorfow, which Keras does not know"),
    ],
)
def test_a_backend_that_is_asked_for_and_can_not_train_is_named(
    installed, monkeypatch, asked, packages, says
):
    installed.clear()
    installed.update(packages)
    monkeypatch.setenv("KERAS_BACKEND", asked)
    with pytest.raises(UsageError, match=says):
        check_backend()


def test_without_any_backend_it_says_what_to_install(installed):
    installed.clear()
    with pytest.raises(MissingExtra, match=r"pip install .*\[finetune\]"):
        check_backend()


@pytest.mark.parametrize("named", ["torch", "openvino", "nonsense", "tensorflow"])
@pytest.mark.usefixtures("installed")
def test_a_backend_in_keras_settings_gives_way_to_one_that_is_installed(named, tmp_path):
    (tmp_path / "keras.json").write_text(f'{{"backend": "{named}"}}')
    check_backend()
    assert backend._backend("cpu") == ("" if named == "tensorflow" else "tensorflow")


def test_a_dense_head_is_refused_before_features_are_computed(installed):
    installed.clear()
    with pytest.raises(MissingExtra):
        DenseHead().check_ready()


STARTED = """
import sys
from headstart.errors import UsageError
from headstart.training.backend import start_keras
if sys.argv[1:]:
    import keras
try:
    start_keras()
except UsageError as error:
    print(error)
"""


def said(tmp_path, *words, **settings):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    return subprocess.run(
        [sys.executable, "-c", STARTED, *words],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


@pytest.mark.parametrize("reason", ["ImportError('libcudart.so.12: no such file')", "TypeError(3)"])
def test_a_backend_that_does_not_start_is_told_with_its_reason(tmp_path, reason):
    (tmp_path / "jax.py").write_text(f"raise {reason}")
    error, _, words = reason.rstrip(")").partition("(")
    found = said(tmp_path, KERAS_BACKEND="jax")
    assert "runs on jax, which is installed but does not start" in found
    words = words.strip("'")
    assert f"Received: {error}: {words}. Install it again" in found


def test_keras_that_was_imported_on_a_backend_without_gradients_is_told(tmp_path):
    found = said(tmp_path, "imported", KERAS_BACKEND="numpy")
    assert "numpy, on which this process has imported Keras already. Start a new one" in found


@pytest.fixture
def environment(monkeypatch, tmp_path, installed):
    """Return a function that returns what a stand-in for Keras sees when it is imported."""
    assert installed
    # Set first, so that the stand-in is removed afterwards even if Keras was not imported yet.
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.delitem(sys.modules, "keras")
    # JAX sets the second one when it is imported, by whichever test came first.
    for name in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", devices.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "keras.py").write_text("import os\nseen = dict(os.environ)\n")
    monkeypatch.syspath_prepend(tmp_path)

    def of_import(device="auto"):
        before = dict(os.environ)
        seen = backend.import_keras(device).seen
        assert dict(os.environ) == before
        del sys.modules["keras"]
        return seen

    return of_import


@pytest.fixture
def seeing(monkeypatch):
    """The frameworks that see a GPU: a set."""
    names = set()
    gpu = Gpu("gpu", "H100", has_bf16=True)
    monkeypatch.setattr(backend, "find_gpu", lambda name: gpu if name in names else None)
    return names


class TestImportKeras:
    @pytest.fixture(autouse=True)
    def _without_a_gpu(self, seeing):
        assert not seeing

    def test_what_is_installed(self, installed, environment):
        installed.clear()
        installed.add("jax")
        seen = environment()
        assert (seen["KERAS_BACKEND"], seen["TF_CPP_MIN_LOG_LEVEL"]) == ("jax", "2")

    def test_nothing_is_installed(self, installed, environment):
        installed.clear()
        assert "KERAS_BACKEND" not in environment()

    @pytest.mark.parametrize(
        ("text", "chosen"),
        [
            ('{"backend": "torch"}', None),
            ('{"backend": "tensorflow"}', "jax"),
            ('{"backend": "openvino"}', "jax"),
            ("[]", "jax"),
            ("{", "jax"),
        ],
    )
    def test_what_the_users_settings_say_if_it_is_installed(
        self, installed, environment, tmp_path, text, chosen
    ):
        installed.clear()
        installed.update({"jax", "torch"})
        (tmp_path / "keras.json").write_text(text)
        assert environment().get("KERAS_BACKEND") == chosen

    def test_the_user_has_chosen(self, environment, monkeypatch):
        monkeypatch.setenv("KERAS_BACKEND", "torch")
        assert environment()["KERAS_BACKEND"] == "torch"

    def test_keras_is_running_already(self, monkeypatch):
        keras = SimpleNamespace()
        monkeypatch.setitem(sys.modules, "keras", keras)
        assert backend.import_keras() is keras


class TestBackendWithTheGpu:
    """TensorFlow, JAX and torch are installed, and only torch sees the GPU."""

    @pytest.fixture(autouse=True)
    def _all(self, installed, seeing):
        installed.update({"tensorflow", "jax", "torch"})
        seeing.add("torch")

    @pytest.mark.parametrize("device", ["auto", "gpu"])
    def test_it_is_taken(self, environment, device):
        assert environment(device)["KERAS_BACKEND"] == "torch"

    def test_it_is_taken_over_what_keras_wrote_into_its_settings(self, environment, tmp_path):
        (tmp_path / "keras.json").write_text('{"backend": "tensorflow"}')
        assert environment()["KERAS_BACKEND"] == "torch"

    def test_not_over_what_the_user_chose(self, environment, tmp_path, monkeypatch):
        (tmp_path / "keras.json").write_text('{"backend": "jax"}')
        assert "KERAS_BACKEND" not in environment()
        monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
        assert environment()["KERAS_BACKEND"] == "tensorflow"

    @pytest.mark.parametrize("variable", ["", "cpu"])
    def test_none_is_asked_where_the_processor_is_asked_for(
        self, environment, monkeypatch, variable
    ):
        monkeypatch.setattr(backend, "find_gpu", None)
        monkeypatch.setenv(devices.VARIABLE, variable)
        assert environment("auto" if variable else "cpu")["KERAS_BACKEND"] == "tensorflow"

    def test_the_usual_one_where_several_see_it(self, environment, seeing):
        seeing.update({"tensorflow", "jax"})
        assert environment()["KERAS_BACKEND"] == "tensorflow"

    def test_the_usual_one_where_none_sees_it(self, environment, seeing):
        seeing.clear()
        assert environment()["KERAS_BACKEND"] == "tensorflow"


class TestTrainingGpu:
    @pytest.fixture
    def keras(self, monkeypatch):
        monkeypatch.delenv(devices.VARIABLE, raising=False)
        return SimpleNamespace(backend=SimpleNamespace(backend=lambda: "jax"))

    def test_what_the_backend_sees(self, keras, seeing):
        seeing.add("torch")
        assert backend.training_gpu(keras, "auto") is None
        seeing.add("jax")
        assert backend.training_gpu(keras, "auto").name == "H100"
        assert backend.training_gpu(keras, "gpu").name == "H100"
        assert backend.training_gpu(keras, "cpu") is None

    def test_the_variable_counts(self, keras, seeing, monkeypatch):
        seeing.add("jax")
        monkeypatch.setenv(devices.VARIABLE, "cpu")
        assert backend.training_gpu(keras, "auto") is None

    @pytest.mark.usefixtures("seeing")
    def test_a_gpu_that_is_asked_for_must_be_there(self, keras):
        with pytest.raises(UsageError, match=r"Received: jax, which can use none\. .* KERAS_BACK"):
            backend.training_gpu(keras, "gpu")


def test_without_a_gpu_keras_is_kept_on_the_processor():
    entered = []
    keras = SimpleNamespace(device=lambda name: entered.append(name) or contextlib.nullcontext())
    with backend.computing_on(keras, Gpu("gpu", "H100", has_bf16=True)):
        assert entered == []
    with backend.computing_on(keras, None):
        assert entered == ["cpu"]


# Backends have other devices where there is no GPU: JAX as many processors as wanted, torch "meta".
PLACED = """
import numpy as np
import keras
from headstart.training.backend import computing_on

def place():
    return str(keras.ops.ones((2, 2)).device)

if keras.backend.backend() == "jax":
    import jax
    jax.config.update("jax_default_device", jax.devices()[1])
else:
    keras.src.backend.torch.core.DEFAULT_DEVICE = "meta"
print(place())
with computing_on(keras, None):
    print(place())
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.train_on_batch(np.ones((4, 2)), np.ones((4, 1)))
    print(str(next(iter(model.weights)).value.device))
print(place())
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "other"), [("jax", "cpu:1"), ("torch", "meta")])
def test_backends_keep_to_the_processor(name, other):
    """Training too, though the default device is another one."""
    pytest.importorskip(name, reason=f"pip install {name}")
    done = subprocess.run(
        [sys.executable, "-c", PLACED],
        env={
            **os.environ,
            "KERAS_BACKEND": name,
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    before, inside, trained, after = done.stdout.split()
    assert before == after == other
    assert inside == trained == ("cpu:0" if name == "jax" else "cpu")
