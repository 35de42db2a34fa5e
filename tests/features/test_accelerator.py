import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from headstart.features import accelerator


@pytest.fixture
def bare(monkeypatch):
    """A machine without any trace of an accelerator."""
    monkeypatch.setattr(accelerator, "_DEVICE_FILES", ("no-such-device",))
    monkeypatch.setattr(accelerator.shutil, "which", lambda _: None)
    for name in accelerator._TPU_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def keras(monkeypatch):
    """Stand in for Keras: ``devices`` by kind, and the name of the backend."""
    keras = SimpleNamespace(devices={"gpu": [], "tpu": []}, name="jax")
    keras.backend = SimpleNamespace(backend=lambda: keras.name)
    keras.distribution = SimpleNamespace(list_devices=lambda kind: keras.devices[kind])
    monkeypatch.setitem(sys.modules, "keras", keras)
    return keras


@pytest.fixture
def installed(monkeypatch):
    """Stand in for what is installed: a set of package names."""
    packages = {"jax"}
    monkeypatch.setattr(
        accelerator.importlib.util, "find_spec", lambda name: name if name in packages else None
    )
    return packages


@pytest.mark.usefixtures("bare")
class TestMayHave:
    def test_nothing(self):
        assert not accelerator.may_have_accelerator()

    def test_a_device_file(self, monkeypatch):
        monkeypatch.setattr(accelerator, "_DEVICE_FILES", ("null",))
        assert accelerator.may_have_accelerator() == Path("/dev/null").exists()

    def test_a_tpu_by_its_variable(self, monkeypatch):
        monkeypatch.setenv("TPU_NAME", "local")
        assert accelerator.may_have_accelerator()

    def test_a_driver(self, monkeypatch):
        monkeypatch.setattr(accelerator.shutil, "which", lambda name: f"/usr/bin/{name}")
        assert accelerator.may_have_accelerator()


@pytest.mark.usefixtures("bare")
def test_without_a_trace_of_one_nothing_is_imported(monkeypatch, installed):
    assert installed
    monkeypatch.setattr(accelerator, "_keras_accelerators", lambda: 1 / 0)
    assert not accelerator.sees_accelerator()


@pytest.fixture
def traced(monkeypatch):
    monkeypatch.setattr(accelerator, "may_have_accelerator", lambda: True)


@pytest.mark.usefixtures("traced")
class TestSees:
    @pytest.mark.parametrize("kind", ["gpu", "tpu"])
    def test_what_keras_lists(self, keras, installed, kind):
        assert installed
        assert not accelerator.sees_accelerator()
        keras.devices[kind] = [f"{kind}:0"]
        assert accelerator.sees_accelerator()

    def test_not_without_a_backend_to_use_it(self, keras, installed):
        keras.devices["gpu"] = ["gpu:0"]
        installed.clear()
        assert not accelerator.sees_accelerator()

    def test_not_on_a_backend_that_only_has_the_processor(self, keras, installed):
        assert installed
        keras.devices["gpu"] = ["gpu:0"]
        keras.name = "openvino"
        assert not accelerator.sees_accelerator()


class TestImportKeras:
    """`keras` is a stand-in that notes the environment it is imported in."""

    @pytest.fixture(autouse=True)
    def _undecided(self, monkeypatch, tmp_path):
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "settings"))
        # Set first, so that the stand-in is removed afterwards even if Keras was not imported yet.
        monkeypatch.setitem(sys.modules, "keras", None)
        monkeypatch.delitem(sys.modules, "keras")
        # JAX sets the second one when it is imported, by whichever test came first.
        for name in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL"):
            monkeypatch.delenv(name, raising=False)
        (tmp_path / "keras.py").write_text("import os\nseen = dict(os.environ)\n")
        monkeypatch.syspath_prepend(tmp_path)

    @pytest.fixture
    def environment(self):
        """Return a function that returns what Keras sees; nothing may be different afterwards."""

        def of_import():
            before = dict(os.environ)
            seen = accelerator.import_keras().seen
            assert dict(os.environ) == before
            return seen

        return of_import

    def test_what_is_installed(self, installed, environment):
        assert installed
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
        installed.add("torch")
        (tmp_path / "settings").mkdir()
        (tmp_path / "settings" / "keras.json").write_text(text)
        assert environment().get("KERAS_BACKEND") == chosen

    def test_the_user_has_chosen(self, installed, environment, monkeypatch):
        assert installed
        monkeypatch.setenv("KERAS_BACKEND", "torch")
        assert environment()["KERAS_BACKEND"] == "torch"

    def test_keras_is_running_already(self, installed, keras):
        assert installed
        assert accelerator.import_keras() is keras
