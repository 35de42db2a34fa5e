"""Lanes on torch's processor device, and on a stand-in for a GPU that tells what is done."""

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest

from headstart.errors import UsageError

SHAPE, OUTPUTS = (4, 2, 2, 3), [(3,), (2, 2, 3)]


@pytest.fixture
def lanes(torch):
    from headstart.features import torch_lanes

    assert torch_lanes.torch is torch
    return torch_lanes


@pytest.fixture
def module(torch):
    """Means and halves of pixels."""

    class Module(torch.nn.Module):  # type: ignore[name-defined] # torch is a fixture
        def forward(self, pixels):
            return pixels.float().mean((1, 2)), pixels.float() / 2

    return Module()


def fill(lane):
    lane.pixels[:] = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
    return lane.pixels.copy()


class Cuda:
    """What `CudaLane` asks of ``torch.cuda``; it lists what happens."""

    def __init__(self):
        self.events = []
        self.streams = 0

    def module(self):
        return SimpleNamespace(
            Stream=self.make_stream,
            Event=self.make_event,
            stream=self.within,
            current_stream=lambda device: f"usual of {device}",
        )

    def make_stream(self, device):
        self.streams += 1
        name = f"stream {self.streams} of {device}"
        wait = lambda other: self.events.append(f"{name} waits for {other}")  # noqa: E731
        return SimpleNamespace(name=name, wait_stream=wait)

    def make_event(self, *, blocking):
        assert blocking
        return SimpleNamespace(
            record=lambda stream: self.events.append(f"record on {stream.name}"),
            synchronize=lambda: self.events.append("synchronize"),
        )

    @contextlib.contextmanager
    def within(self, stream):
        self.events.append(f"enter {stream.name}")
        yield
        self.events.append("leave")


@pytest.fixture
def cuda(torch, lanes, monkeypatch):
    fake = Cuda()
    monkeypatch.setattr(torch, "cuda", fake.module())
    pinned = lambda shape, dtype: torch.empty(shape, dtype=dtype)  # noqa: E731
    monkeypatch.setattr(lanes, "_pinned", pinned)
    return fake


@pytest.mark.parametrize("kind", ["PlainLane", "CudaLane"])
@pytest.mark.parametrize("n", [1, 3, 4])
def test_a_lane_computes_the_images_it_was_started_with(torch, lanes, module, cuda, kind, n):
    lane = getattr(lanes, kind)(module, torch.device("cpu"), SHAPE, OUTPUTS)
    for _ in range(2):
        pixels = fill(lane)
        lane.start(n)
        means, halves = lane.finish()
        assert means.dtype == halves.dtype == np.float32
        np.testing.assert_allclose(means, pixels[:n].mean((1, 2)), rtol=1e-6)
        np.testing.assert_array_equal(halves, pixels[:n] / 2)
    assert cuda.streams == (kind == "CudaLane")


def test_all_work_of_a_batch_is_on_the_stream_of_its_lane(torch, lanes, module, cuda):
    """Nothing waits before the end, so that lanes overlap."""
    first, second = (lanes.CudaLane(module, torch.device("cpu"), SHAPE, OUTPUTS) for _ in range(2))
    copies = []

    def watched(pixels):
        copies.append(len(cuda.events))
        return module(pixels)

    first._module = second._module = watched
    first.start(2)
    second.start(2)
    assert cuda.events == [
        "stream 1 of cpu waits for usual of cpu",
        "stream 2 of cpu waits for usual of cpu",
        "enter stream 1 of cpu", "record on stream 1 of cpu", "leave",
        "enter stream 2 of cpu", "record on stream 2 of cpu", "leave",
    ]  # fmt: skip
    assert copies == [3, 6]
    first.finish()
    assert cuda.events[-1] == "synchronize"


def test_what_was_begun_before_an_error_is_waited_for(torch, lanes, cuda):
    def fail(_):
        raise RuntimeError("the device")

    lane = lanes.CudaLane(fail, torch.device("cpu"), SHAPE, OUTPUTS)
    with pytest.raises(RuntimeError, match="the device"):
        lane.start(2)
    assert "record on stream 1 of cpu" in cuda.events


def test_a_batch_that_does_not_fit_is_computed_in_parts(torch, lanes, module):
    sizes = []

    def narrow(pixels):
        sizes.append(len(pixels))
        if len(pixels) > 1:
            raise torch.OutOfMemoryError("full")
        return module(pixels)

    lane = lanes.PlainLane(narrow, torch.device("cpu"), SHAPE, OUTPUTS)
    pixels = fill(lane)
    lane.start(3)
    np.testing.assert_array_equal(lane.finish()[1], pixels[:3] / 2)
    assert sizes == [3, 2, 1, 1, 1]


def test_an_image_that_does_not_fit_is_an_error_that_says_what_to_do(torch, lanes):
    def full(_):
        raise torch.OutOfMemoryError("full")

    lane = lanes.PlainLane(full, torch.device("cpu"), SHAPE, OUTPUTS)
    with pytest.raises(UsageError, match=r"free memory for one image.*device='cpu'"):
        lane.start(3)


USERS = {
    "as torch starts": lambda _: None,
    "TF32 in the old way": lambda torch: torch.set_float32_matmul_precision("medium"),
    "no TF32 in the old way": lambda torch: setattr(torch.backends.cudnn, "allow_tf32", False),
    "TF32 in the new way": lambda torch: setattr(torch.backends, "fp32_precision", "tf32"),
    "half in the new way": lambda torch: setattr(
        torch.backends.cuda.matmul, "fp32_precision", "tf32"
    ),
}


def settings_of(torch):
    def ask(question):
        try:
            return question()
        except RuntimeError as error:  # asked in the other way
            return str(error)[:40]

    backends = torch.backends
    return {
        "convolutions": backends.cudnn.conv.fp32_precision,
        "recurrences": backends.cudnn.rnn.fp32_precision,
        "products": backends.cuda.matmul.fp32_precision,
        "all": backends.fp32_precision,
        "old convolutions": ask(lambda: backends.cudnn.allow_tf32),
        "old products": ask(torch.get_float32_matmul_precision),
        "gradients": torch.is_grad_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
    }


@pytest.mark.parametrize("user", USERS)
def test_float32_is_whole_inside_and_the_process_as_it_was_afterwards(torch, lanes, user):
    if not hasattr(torch.backends.cudnn, "conv"):
        pytest.skip("torch before 2.9 has the old settings only")
    start = settings_of(torch)
    try:
        USERS[user](torch)
        before = settings_of(torch)
        with torch.autocast("cpu", dtype=torch.bfloat16), lanes._exactly("cpu"):
            inside = settings_of(torch)
            assert inside["convolutions"] == "ieee"
            assert inside["products"] in ("ieee", "none")
            assert inside["old products"] == "highest" or "new way" in user
            assert not inside["gradients"]
            assert not inside["autocast"]
            one = torch.ones(2, 2)
            assert (one @ one).dtype == torch.float32
        assert settings_of(torch) == before
    finally:
        torch.backends.fp32_precision = "none"
        torch.backends.cuda.matmul.fp32_precision = "none"
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cuda.matmul.fp32_precision = "none"
    assert settings_of(torch) == start


def test_free_memory_is_asked_of_the_device_or_assumed(torch, lanes, monkeypatch):
    assert lanes.free_bytes(torch.device("cpu")) == lanes._ASSUMED_FREE
    asked = SimpleNamespace(mem_get_info=lambda _: (5, 7))
    monkeypatch.setattr(torch, "get_device_module", lambda _: asked)
    assert lanes.free_bytes(torch.device("cpu")) == 5
    apple = {"recommended_max_memory": 9, "driver_allocated_memory": 2}
    for name, size in apple.items():
        monkeypatch.setattr(torch.mps, name, lambda size=size: size)
    assert lanes.free_bytes(torch.device("mps")) == 7
