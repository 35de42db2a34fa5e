"""What a user asks of a network."""

import dataclasses
import re
import subprocess
import sys
from typing import Any

import pytest

from headstart.backbones.spec import NetworkSpec, Variant, network_specs
from headstart.errors import UsageError
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


def test_functions_take_every_field_besides_the_backbone():
    assert ["backbone", *Variant.__annotations__] == [
        field.name for field in dataclasses.fields(NetworkSpec)
    ]


def test_keywords_change_a_spec_and_their_defaults_change_nothing():
    assert NetworkSpec.of("mini", size=96) == NetworkSpec("mini", size=96)
    spec = NetworkSpec("mini", weights="w.h5", size=96)
    assert NetworkSpec.of(spec, weights=None, mirror=True) == dataclasses.replace(spec, mirror=True)
    assert NetworkSpec.of(spec, size=64, mirror=True).asked == {
        "weights": "w.h5",
        "size": 64,
        "mirror": True,
    }
    with pytest.raises(UsageError, match="size must be height and width"):
        NetworkSpec.of("mini", size="large")
    misspelt: Any = {"wieghts": "w.h5"}
    with pytest.raises(TypeError, match="wieghts"):
        NetworkSpec.of("mini", **misspelt)


def test_fields_that_mean_nothing_are_refused():
    spec = NetworkSpec("mini", layer="conv", mirror=True)
    spec.refuse(("size", "pooling"), "It has a size.")
    with pytest.raises(UsageError, match=r"^It is whole\. Received: layer='conv'\. Leave that out"):
        spec.refuse(("layer", "pooling"), "It is whole.")


def test_several_are_wanted_in_the_same_way_and_each_once():
    found = network_specs(["b", NetworkSpec("a", size=[8, 8]), "b"], mirror=True)
    assert found == [NetworkSpec("b", mirror=True), NetworkSpec("a", size=[8, 8], mirror=True)]
    assert network_specs(["a", "a"], weights="w.h5") == [NetworkSpec("a", weights="w.h5")]
    with pytest.raises(UsageError, match=r"must come with one backbone\. Received: w.h5 with 2"):
        network_specs(["a", "b"], weights="w.h5")
    with pytest.raises(UsageError, match="at least one"):
        network_specs([])
