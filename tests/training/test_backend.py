"""What Keras is started with, and what is said where it can't be."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from headstart.errors import MissingExtra, UsageError
from headstart.features import accelerator
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

    def import_keras():
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
        accelerator.importlib.util, "find_spec", lambda name: name if name in packages else None
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
    assert accelerator._backend() == ("" if named == "tensorflow" else "tensorflow")


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
