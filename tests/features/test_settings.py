import dataclasses
from typing import get_args

import pytest

from headstart.errors import UsageError
from headstart.features.engine import Precision
from headstart.features.settings import Device, FeatureSettings, PrecisionRule, ResizeRule
from headstart.images.resize_rules import Rule


def test_the_words_are_those_that_are_understood_further_down():
    assert get_args(ResizeRule) == ("auto", *get_args(Rule))
    assert get_args(PrecisionRule) == ("auto", *get_args(Precision))
    assert get_args(Device) == ("auto", "cpu", "gpu")


def test_settings_are_named_and_do_not_change():
    with pytest.raises(TypeError):
        FeatureSettings("pad")
    with pytest.raises(dataclasses.FrozenInstanceError):
        FeatureSettings().resize = "pad"


def test_8_bits_on_a_gpu_are_refused():
    with pytest.raises(UsageError, match=r"processor only.*precision='int8' with device='gpu'"):
        FeatureSettings(precision="int8", device="gpu")
