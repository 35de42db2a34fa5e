"""What a user asks of a network."""

import dataclasses
import re
import subprocess
import sys

from headstart.backbones.spec import NetworkSpec
from headstart.networks.pooling import POOLINGS
from headstart.networks.preprocessing import USUAL


def test_defaults_ask_for_nothing_special():
    assert dataclasses.asdict(NetworkSpec()) == {
        "backbone": "auto",
        "weights": None,
        "size": None,
        "layer": None,
        "pooling": POOLINGS[0],
        "mirror": False,
        "preprocessing": None,
        "allow_non_commercial": False,
    }


def test_every_field_is_documented():
    documented = re.findall(r"^    (\w+) : ", NetworkSpec.__doc__, flags=re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(NetworkSpec)]


def test_every_pooling_is_documented():
    assert all(f'"{pooling}"' in NetworkSpec.__doc__ for pooling in POOLINGS)


def test_every_preprocessing_is_documented():
    named = {name.removesuffix("-bgr").removesuffix("-rgb") for name in USUAL}
    assert all(f'"{name}"' in NetworkSpec.__doc__ for name in named)


def test_importing_it_loads_next_to_nothing():
    check = (
        "import headstart.backbones.spec, sys; "
        "assert not {'numpy', 'filelock', 'urllib.request'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)
