import dataclasses

import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.features import compiling, devices, openvino_engine
from headstart.features.compiling import choose_runtime, compile_network, has_bf16
from headstart.features.devices import Gpu
from headstart.features.torch_engine import TorchEngine


def raises(error):
    def fail(*_, **__):
        raise error

    return fail


def test_a_compiled_network_is_kept(tiny_network, make_network):
    first = compile_network(tiny_network)
    assert compile_network(tiny_network) is first
    assert compile_network(dataclasses.replace(tiny_network, key="other")) is not first
    for seed in range(4):
        compile_network(make_network(seed=seed))
    assert compile_network(tiny_network) is not first


def test_compiling_is_logged_once(make_network, caplog):
    caplog.set_level("DEBUG", logger="headstart")
    network = make_network(seed=123)
    for _ in range(2):
        choose_runtime("auto", network)
        compile_network(network, threads=1)
    said = [record.getMessage() for record in caplog.records]
    assert said.count("tiny runs on openvino") == 2
    (compiled,) = (text for text in said if text.startswith("compiled"))
    assert compiled.startswith("compiled tiny for openvino (f32, threads: 1) in ")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"precision": "f16"}, "precision must be one of f32, bf16, int8. Received: 'f16'"),
        ({"outputs": ("logits",)}, "output of tiny must be one of features, .* Received: 'logits'"),
        ({"outputs": ()}, "at least one output"),
    ],
)
def test_wrong_arguments_are_refused(tiny_network, wrong, message):
    with pytest.raises(UsageError, match=message):
        compile_network(tiny_network, **wrong)


@pytest.fixture
def gpu(monkeypatch):
    """A machine with a GPU that computes as OpenVINO does; `stand_ins` counts its engines."""
    stand_ins = []

    class Engine(openvino_engine.OpenVinoEngine):
        runtime = "torch"

        def __init__(self, *arguments):
            super().__init__(*arguments)
            stand_ins.append(self)

    monkeypatch.setitem(compiling._ENGINES, "torch", Engine)
    monkeypatch.setattr(compiling, "_compiled", {})
    monkeypatch.setattr(compiling, "_tried", {})
    monkeypatch.setattr(compiling, "usable_cores", lambda: 2)
    monkeypatch.setattr(devices, "may_see_gpu", lambda _: True)
    monkeypatch.setattr(devices, "find_gpu", lambda _: Gpu("cuda", "H100", has_bf16=True))
    monkeypatch.setattr(devices, "torch_gpu", lambda: Gpu("cuda", "H100", has_bf16=True))
    return stand_ins


@pytest.fixture
def many(tiny_network):
    """So many images that a GPU pays for its start."""
    least = compiling.WORTH * compiling.START * compiling.MACS_PER_CORE * 2 / tiny_network.macs
    return int(np.ceil(least))


class TestAuto:
    def test_takes_the_gpu_for_many_images(self, gpu, tiny_network, many):
        assert choose_runtime("auto", tiny_network, many - 1) == "openvino"
        assert gpu == []
        assert choose_runtime("auto", tiny_network, many) == "torch"
        assert len(gpu) == 1

    @pytest.mark.parametrize("n_images", [None, 0, 1, 1000])
    def test_asks_for_no_gpu_for_few_images_or_an_unknown_number(
        self, gpu, tiny_network, monkeypatch, n_images
    ):
        monkeypatch.setattr(devices, "find_gpu", None)
        assert choose_runtime("auto", tiny_network, n_images) == "openvino"
        assert gpu == []

    def test_more_cores_need_more_images(self, gpu, tiny_network, many, monkeypatch):
        monkeypatch.setattr(compiling, "usable_cores", lambda: 3)
        assert choose_runtime("auto", tiny_network, many) == "openvino"
        assert gpu == []

    def test_uses_a_gpu_that_has_started_for_few_images_too(self, gpu, tiny_network, many):
        choose_runtime("auto", tiny_network, many)
        assert choose_runtime("auto", tiny_network, 1) == "torch"
        assert len(gpu) == 1
        other = dataclasses.replace(tiny_network, key="other")
        assert choose_runtime("auto", other, 1) == "openvino"

    def test_compares_each_network_once(self, gpu, tiny_network, many):
        for _ in range(2):
            assert choose_runtime("auto", tiny_network, many, ("probabilities",)) == "torch"
        assert [engine.outputs for engine in gpu] == [("probabilities",)]

    def test_takes_the_processor_where_torch_sees_none(self, gpu, tiny_network, many, monkeypatch):
        monkeypatch.setattr(devices, "find_gpu", lambda _: None)
        assert choose_runtime("auto", tiny_network, many) == "openvino"
        assert gpu == []

    @pytest.mark.usefixtures("gpu")
    @pytest.mark.parametrize(
        ("method", "stand_in", "says"),
        [
            ("__init__", raises(UsageError("no Loop on a GPU")), "UsageError: no Loop on a GPU"),
            ("infer", raises(RuntimeError("CUDA error")), "RuntimeError: CUDA error"),
            ("infer", lambda *_: {"features": np.zeros((1, 16))}, "its features of one image"),
            ("infer", lambda *_: {"features": np.full((1, 16), np.nan)}, "differ by nan"),
        ],
    )
    def test_takes_the_processor_where_the_gpu_fails_or_differs(
        self, tiny_network, many, monkeypatch, caplog, method, stand_in, says
    ):
        monkeypatch.setattr(compiling._ENGINES["torch"], method, stand_in)
        for _ in range(2):
            assert choose_runtime("auto", tiny_network, many) == "openvino"
        (message,) = (record.message for record in caplog.records if record.levelname == "WARNING")
        assert message.startswith("tiny runs on the processor, not on the GPU: ")
        assert says in message

    def test_is_what_the_variable_says(self, gpu, tiny_network, many, monkeypatch):
        monkeypatch.setenv(devices.VARIABLE, "cpu")
        assert choose_runtime("auto", tiny_network, many) == "openvino"
        monkeypatch.setenv(devices.VARIABLE, "gpu")
        assert choose_runtime("auto", tiny_network) == "torch"
        assert choose_runtime("cpu", tiny_network) == "openvino"
        assert gpu == []


@pytest.mark.usefixtures("torch")
def test_torch_itself_agrees_with_openvino_and_is_taken(gpu, make_network, many, monkeypatch):
    network = make_network(seed=77)
    monkeypatch.setitem(compiling._ENGINES, "torch", TorchEngine)
    monkeypatch.setattr(devices, "torch_device", lambda: "cpu")
    outputs = tuple(network.outputs)
    assert choose_runtime("auto", network, 2 * many, outputs) == "torch"
    assert isinstance(compile_network(network, outputs=outputs, runtime="torch"), TorchEngine)
    assert gpu == []


def test_a_device_that_is_asked_for_is_taken_whatever_the_work(gpu, tiny_network, many):
    assert choose_runtime("cpu", tiny_network, many) == "openvino"
    assert choose_runtime("gpu", tiny_network, 1) == "torch"
    assert gpu == []


def test_a_gpu_that_is_asked_for_must_be_there(tiny_network, monkeypatch):
    monkeypatch.setattr(devices, "torch_gpu", raises(UsageError("none")))
    with pytest.raises(UsageError, match="none"):
        choose_runtime("gpu", tiny_network)


def test_there_must_be_such_a_device(tiny_network):
    with pytest.raises(UsageError, match="device must be one of auto, cpu, gpu"):
        choose_runtime("GPU", tiny_network)


@pytest.mark.usefixtures("gpu")
def test_bfloat16_of_the_gpu_and_of_the_processor(monkeypatch):
    monkeypatch.setattr(openvino_engine, "has_bf16", lambda: False)
    assert (has_bf16("torch"), has_bf16("openvino")) == (True, False)


def test_a_network_with_8_bits_runs_on_the_processor(tiny_network, monkeypatch):
    rounded = dataclasses.replace(tiny_network, quantised=True)
    monkeypatch.setattr(devices, "find_gpu", None)  # nobody is asked
    assert choose_runtime("auto", rounded, 10**9) == "openvino"
    with pytest.raises(UsageError, match="processor only"):
        choose_runtime("gpu", rounded)
    with pytest.raises(UsageError, match="computed in 'int8'"):
        compile_network(rounded, precision="f32")
    with pytest.raises(UsageError, match="its graph has no 8 bits"):
        compile_network(tiny_network, precision="int8")
