"""What each framework is asked, with and without devices, on stand-ins for the frameworks."""

import contextlib
import importlib.util
import os
import random
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.errors import ForkError, MissingExtra, UsageError
from headstart.features import devices
from headstart.features.devices import (
    FRAMEWORKS,
    VARIABLE,
    Gpu,
    check_device,
    chosen_device,
    find_gpu,
    may_have_gpu,
    may_see_gpu,
    starting,
    torch_device,
    torch_gpu,
)


def raises(error):
    """Return a function that does what a broken driver does."""

    def ask(*_, **__):
        raise error

    return ask


class Machine:
    """A machine with stand-ins for all frameworks.

    Attributes
    ----------
    installed : set of str
        The packages that can be found.
    versions : dict of str to str
        Of the packages that were installed.
    traces : bool
        Whether there is any trace of a GPU.
    """

    def __init__(self):
        self.installed = {*FRAMEWORKS, "jax_plugins"}
        self.versions = {"torch": "2.8.0+cu128", "tensorflow": "2.20.0"}
        self.traces = True
        none = SimpleNamespace(is_available=lambda: False)
        self.torch = SimpleNamespace(
            cuda=SimpleNamespace(
                is_available=lambda: False,
                get_device_name=lambda: "NVIDIA H100",
                is_bf16_supported=lambda including_emulation: not including_emulation,
            ),
            backends=SimpleNamespace(mps=none),
            xpu=none,
            ones=lambda n, device: np.ones(n) if device else None,
        )
        self.jax_device = SimpleNamespace(device_kind="NVIDIA H100", compute_capability="9.0")
        self.jax = SimpleNamespace(
            default_backend=lambda: "cpu",
            devices=lambda: [self.jax_device],
            numpy=np,
            block_until_ready=lambda values: values,
        )
        self.gpus, self.growing = [], []
        self.details = {"device_name": "NVIDIA T4", "compute_capability": (7, 5)}
        self.tensorflow = SimpleNamespace(
            config=SimpleNamespace(
                list_physical_devices=lambda kind: self.gpus if kind == "GPU" else [],
                experimental=SimpleNamespace(
                    set_memory_growth=lambda gpu, on: self.growing.append((gpu, on)),
                    get_device_details=lambda _: self.details,
                ),
            ),
            device=lambda _: contextlib.nullcontext(),
            ones=_Tensor,
        )

    def give(self, framework):
        """Give a framework a GPU."""
        if framework == "torch":
            self.torch.cuda.is_available = lambda: True
        if framework == "jax":
            self.jax.default_backend = lambda: "gpu"
        if framework == "tensorflow":
            self.gpus.append("gpu 0")


class _Tensor:
    def __init__(self, n):
        self.n = n

    def __add__(self, other):
        return self

    def numpy(self):
        return np.full(self.n, 2.0)


@pytest.fixture
def machine(monkeypatch):
    machine = Machine()
    for name in FRAMEWORKS:
        monkeypatch.setitem(sys.modules, name, getattr(machine, name))
    monkeypatch.setattr(
        devices.importlib.util,
        "find_spec",
        lambda name: name if name in machine.installed else None,
    )
    monkeypatch.setattr(devices, "_version", lambda name: machine.versions.get(name, ""))
    monkeypatch.setattr(devices, "may_have_gpu", lambda: machine.traces)
    monkeypatch.setattr(devices.forking, "hold", lambda _: None)
    monkeypatch.delenv(VARIABLE, raising=False)
    devices._asked.cache_clear()
    yield machine
    devices._asked.cache_clear()


class TestTraces:
    @pytest.fixture(autouse=True)
    def _bare(self, monkeypatch):
        monkeypatch.setattr(devices, "_DEVICE_FILES", ("no-such-device",))
        monkeypatch.setattr(devices.shutil, "which", lambda _: None)
        monkeypatch.setattr(devices.sys, "platform", "linux")
        for name in devices._TPU_VARIABLES:
            monkeypatch.delenv(name, raising=False)

    def test_none(self):
        assert not may_have_gpu()

    def test_a_device_file(self, monkeypatch):
        monkeypatch.setattr(devices, "_DEVICE_FILES", ("null",))
        assert may_have_gpu() == Path("/dev/null").exists()

    def test_a_tpu_by_its_variable(self, monkeypatch):
        monkeypatch.setenv("TPU_NAME", "local")
        assert may_have_gpu()

    def test_a_driver(self, monkeypatch):
        monkeypatch.setattr(devices.shutil, "which", lambda name: f"/usr/bin/{name}")
        assert may_have_gpu()

    @pytest.mark.parametrize(("machine", "may"), [("arm64", True), ("x86_64", False)])
    def test_a_mac_with_apples_own_processor(self, monkeypatch, machine, may):
        monkeypatch.setattr(devices.sys, "platform", "darwin")
        monkeypatch.setattr(devices.platform, "machine", lambda: machine)
        assert may_have_gpu() == may


class TestMaySee:
    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_only_what_is_installed_on_a_machine_with_traces(self, machine, framework):
        assert may_see_gpu(framework)
        machine.traces = False
        assert not may_see_gpu(framework)
        machine.traces = True
        machine.installed.discard(framework)
        assert not may_see_gpu(framework)

    def test_a_build_for_the_processor_sees_none(self, machine):
        machine.versions["torch"] = "2.8.0+cpu"
        machine.versions["tensorflow-cpu"] = "2.20.0"
        machine.installed.discard("jax_plugins")
        assert not any(map(may_see_gpu, FRAMEWORKS))

    def test_a_build_for_intels_gpus_is_enough_of_a_trace(self, machine):
        machine.traces = False
        machine.versions["torch"] = "2.8.0+xpu"
        assert may_see_gpu("torch")

    def test_jax_sees_a_tpu_by_its_library(self, machine):
        machine.installed.discard("jax_plugins")
        machine.installed.add("libtpu")
        assert may_see_gpu("jax")

    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_nothing_is_imported_where_there_is_none(self, machine, monkeypatch, framework):
        machine.traces = False
        monkeypatch.setitem(devices._ASK, framework, raises(AssertionError))
        assert find_gpu(framework) is None
        assert devices._asked.cache_info().currsize == 0


class TestFind:
    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_none_where_the_framework_sees_none(self, machine, framework):
        assert machine.traces
        assert find_gpu(framework) is None

    @pytest.mark.parametrize(
        ("framework", "gpu"),
        [
            ("torch", Gpu("cuda", "NVIDIA H100", has_bf16=True)),
            ("jax", Gpu("gpu", "NVIDIA H100", has_bf16=True)),
            ("tensorflow", Gpu("gpu", "NVIDIA T4", has_bf16=False)),
        ],
    )
    def test_what_the_framework_sees(self, machine, caplog, framework, gpu):
        caplog.set_level("INFO", logger="headstart")
        machine.give(framework)
        assert find_gpu(framework) == gpu
        assert [each for each in FRAMEWORKS if find_gpu(each)] == [framework]
        assert f"{framework} can use a GPU: {gpu.name} ({gpu.kind})" in caplog.messages

    def test_a_framework_is_asked_once(self, machine):
        assert find_gpu("torch") is None
        machine.give("torch")
        assert find_gpu("torch") is None

    @pytest.mark.parametrize("kind", ["mps", "xpu"])
    def test_apples_and_intels(self, machine, kind):
        seen = SimpleNamespace(is_available=lambda: True)
        holder = machine.torch.backends if kind == "mps" else machine.torch
        setattr(holder, kind, seen)
        assert find_gpu("torch") == Gpu(kind, kind, has_bf16=False)

    def test_a_gpu_that_emulates_bfloat16_does_not_have_it(self, machine):
        machine.give("torch")
        machine.torch.cuda.is_bf16_supported = lambda including_emulation: including_emulation
        assert not find_gpu("torch").has_bf16

    @pytest.mark.parametrize(
        ("kind", "capability", "has_bf16"),
        [("gpu", "7.5", False), ("gpu", "12.0", True), ("gpu", "gfx942", False), ("tpu", "", True)],
    )
    def test_bfloat16_of_jax(self, machine, kind, capability, has_bf16):
        machine.jax.default_backend = lambda: kind
        machine.jax_device.compute_capability = capability
        assert find_gpu("jax") == Gpu(kind, "NVIDIA H100", has_bf16)

    @pytest.mark.parametrize("backend", ["METAL", "cpu"])
    def test_what_jax_has_besides_counts_for_nothing(self, machine, backend):
        machine.jax.default_backend = lambda: backend
        assert find_gpu("jax") is None

    def test_tensorflow_takes_memory_as_it_needs_it(self, machine):
        machine.give("tensorflow")
        machine.details = {}
        assert find_gpu("tensorflow") == Gpu("gpu", "gpu", has_bf16=False)
        assert machine.growing == [("gpu 0", True)]

    def test_tensorflow_that_has_started_is_left_as_it_is(self, machine):
        machine.give("tensorflow")
        machine.tensorflow.config.experimental.set_memory_growth = raises(RuntimeError("started"))
        assert find_gpu("tensorflow") is not None

    def test_jax_is_asked_to_take_memory_as_it_needs_it(self, machine, monkeypatch):
        monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE", raising=False)
        name, seen = "XLA_PYTHON_CLIENT_PREALLOCATE", []
        machine.jax.default_backend = lambda: seen.append(os.environ[name]) or "gpu"
        assert find_gpu("jax")
        assert seen == ["false"]
        assert name not in os.environ


class TestBroken:
    """Whatever goes wrong, there is no GPU, and the log says why."""

    @pytest.mark.parametrize(
        "error",
        [
            RuntimeError("CUDA driver version is insufficient"),
            AttributeError("module has no attribute"),
            OSError("libcuda.so.1: cannot open"),
            ImportError("libcudnn.so.9"),
            ValueError("Unable to initialize backend 'cuda'"),
        ],
    )
    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_an_error_while_it_is_asked(self, machine, monkeypatch, caplog, framework, error):
        caplog.set_level("INFO", logger="headstart")
        assert machine.traces
        monkeypatch.setitem(devices._ASK, framework, raises(error))
        assert find_gpu(framework) is None
        said = f"{framework} can use no GPU: {type(error).__name__}: {error}"
        assert said in caplog.messages

    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_a_framework_that_can_not_be_imported(self, machine, monkeypatch, framework):
        assert machine.traces
        monkeypatch.setitem(sys.modules, framework, None)
        assert find_gpu(framework) is None

    @pytest.mark.parametrize("framework", FRAMEWORKS)
    def test_a_gpu_that_is_listed_but_computes_nothing(self, machine, framework):
        machine.give(framework)
        broken = raises(RuntimeError("no kernel image is available for execution on the device"))
        machine.torch.ones = machine.tensorflow.ones = machine.jax.block_until_ready = broken
        assert find_gpu(framework) is None

    def test_a_warning_is_the_reason(self, machine):
        def is_available():
            warnings.warn("The NVIDIA driver on your system is too old", stacklevel=1)
            return False

        machine.torch.cuda.is_available = is_available
        with pytest.raises(UsageError, match=r"can use none \(The NVIDIA driver on your system"):
            torch_device()


class TestAsked:
    def test_auto_is_what_the_variable_says(self, machine, monkeypatch):
        assert machine.traces
        assert [chosen_device(each) for each in ("auto", "cpu", "gpu")] == ["auto", "cpu", "gpu"]
        monkeypatch.setenv(VARIABLE, "gpu")
        assert [chosen_device(each) for each in ("auto", "cpu", "gpu")] == ["gpu", "cpu", "gpu"]
        monkeypatch.setenv(VARIABLE, "")
        assert chosen_device("auto") == "auto"

    def test_there_must_be_such_a_device(self, monkeypatch):
        with pytest.raises(UsageError, match="device must be one of auto, cpu, gpu"):
            chosen_device("cuda")
        monkeypatch.setenv(VARIABLE, "cuda")
        assert chosen_device("cpu") == "cpu"
        with pytest.raises(UsageError, match=r"HEADSTART_DEVICE must be .* Received: 'cuda'"):
            chosen_device("auto")

    def test_a_gpu_is_refused_without_torch(self, machine):
        machine.installed.clear()
        with pytest.raises(MissingExtra, match=r'device=.gpu. needs .*pip install "\.\[gpu\]"'):
            check_device("gpu")
        check_device("cpu")
        check_device("auto")

    def test_a_gpu_is_refused_where_torch_sees_none(self, machine):
        machine.versions["torch"] = "2.8.0+cpu"
        with pytest.raises(UsageError, match=r"Received: torch 2\.8\.0\+cpu, .*sees none.*'cpu'"):
            check_device("gpu")

    def test_torch_is_asked_for_a_gpu_even_without_a_trace_of_one(self, machine):
        machine.traces = False
        machine.give("torch")
        assert torch_gpu().has_bf16
        assert torch_device() == "cuda"

    def test_in_a_forked_process_it_is_lost(self, machine, monkeypatch):
        machine.give("torch")
        assert find_gpu("torch")
        monkeypatch.setattr(devices.forking._process, "lost", {"torch"})
        assert find_gpu("torch") is None
        with pytest.raises(ForkError):
            torch_device()


def test_starting_leaves_environment_and_generators_alone(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    before = dict(os.environ), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    with starting(KERAS_BACKEND="jax", OTHER=""):
        assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
        assert os.environ["KERAS_BACKEND"] == (before[0].get("KERAS_BACKEND") or "jax")
        assert "OTHER" not in os.environ
        random.random()
        np.random.random()  # noqa: NPY002
    after = dict(os.environ), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert after == before


def test_torch_itself_is_asked_without_an_error(torch, monkeypatch):
    """Every name that is asked for exists in this version."""
    devices._asked.cache_clear()
    assert devices._asked("torch")[1] != "" or torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a stand-in")
    ones = torch.ones
    monkeypatch.setattr(torch, "ones", lambda n, device: ones(n, device=device and "cpu"))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(major=9))
    monkeypatch.setattr(devices.forking, "hold", lambda _: None)
    assert devices._ask_torch() == Gpu("cuda", "a stand-in", has_bf16=True)
    devices._asked.cache_clear()


ASK = """
import sys
from headstart.features import devices
gpu, reason = devices._asked(sys.argv[1])
assert gpu or reason == "it sees none", reason
"""


@pytest.mark.parametrize("framework", ["jax", "tensorflow"])
def test_frameworks_themselves_are_asked_without_an_error(python, framework):
    # In a process of its own: JAX warns at every later fork of the process that imported it.
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"pip install {framework}")
    process = python("-c", ASK, framework)
    assert process.returncode == 0, process.stderr
