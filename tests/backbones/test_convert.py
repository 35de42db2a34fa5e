"""Conversion in a process of its own."""

import json
import subprocess
import sys

import pytest

from headstart.backbones import convert
from headstart.backbones.convert import REPORTED, ask_keras, name_and_folder
from headstart.backbones.network import load_network
from headstart.backbones.networks import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.errors import ConversionError


def test_whole_way_through_the_real_process(files, small):
    network = find_network(NetworkSpec(small.name, weights=files[1000], size=(32, 32)))
    assert network.outputs["probabilities"] == (1000,)
    assert load_network(network.folder) == network


@pytest.fixture
def end(monkeypatch):
    """Let the process end in some way."""

    def let(*, returncode=0, stdout):
        done = subprocess.CompletedProcess([], returncode, stdout=stdout, stderr="out of memory")
        monkeypatch.setattr(convert.subprocess, "run", lambda *_, **__: done)

    return let


@pytest.mark.parametrize("kind", REPORTED)
def test_reported_errors_are_raised_here(end, kind):
    answer = {"error": kind.__name__, "message": "the reason"}
    end(stdout=f"Keras says hello\n{json.dumps(answer)}\n")
    with pytest.raises(kind, match="the reason"):
        ask_keras("export", backbone="vgg16")


@pytest.mark.parametrize("stdout", ["", "Keras says hello", "[1]", '{"outputs": {}}'])
def test_other_failures_are_conversion_errors(end, stdout):
    end(returncode=1 if stdout.startswith("{") else 0, stdout=stdout)
    with pytest.raises(ConversionError, match=r"vgg16 could not be converted(.|\n)*out of memory"):
        ask_keras("export", backbone="vgg16")


def test_backbone_folder_is_part_of_the_request(small):
    from headstart.backbones.catalogue import get_backbone

    mini = get_backbone("mini")
    assert name_and_folder(small) == {"backbone": small.name, "folder": ""}
    assert name_and_folder(mini) == {"backbone": "mini", "folder": str(mini.folder)}


def test_keras_file_in_the_current_directory_is_not_run(tmp_path, monkeypatch, small):
    (tmp_path / "keras.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(REPORTED, match="can't be read"):
        ask_keras("export", **name_and_folder(small), weights="keras.py", size=[32, 32])


def test_importing_the_room_loads_nothing_heavy():
    modules = (
        "architectures catalogue classes convert download folders network networks "
        "pooling resolving spec summary variants weights weights_layout"
    )
    check = "; ".join(f"import headstart.backbones.{name}" for name in modules.split())
    check += "; import sys; assert not {'keras', 'openvino', 'h5py', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)
