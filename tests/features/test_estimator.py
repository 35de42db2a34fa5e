import dataclasses
import inspect

import pytest
from sklearn.utils import get_tags

from headstart import Embedder, ImageClassifier
from headstart.backbones.spec import NetworkSpec
from headstart.features.settings import FeatureSettings

ESTIMATORS = [Embedder, ImageClassifier]


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("settings", [NetworkSpec, FeatureSettings])
def test_the_flat_parameters_have_the_names_types_and_defaults_of_the_settings(estimator, settings):
    parameters = inspect.signature(estimator.__init__).parameters
    for field in dataclasses.fields(settings):
        assert parameters[field.name].default == field.default
        assert parameters[field.name].annotation == field.type


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_flat_parameters_become_settings(estimator):
    asked = estimator("resnet50", weights="w.h5", size=(96, 96), pooling="max", mirror=True)
    assert asked._spec == NetworkSpec("resnet50", "w.h5", (96, 96), None, "max", mirror=True)
    asked.set_params(layer="conv5", resize="squash", precision="f32", cache=False, workers=2)
    assert asked._spec.layer == "conv5"
    assert asked._settings == FeatureSettings(
        resize="squash", precision="f32", cache=False, workers=2, device="auto"
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_tags_say_that_images_are_not_numbers(estimator):
    tags = get_tags(estimator())
    assert tags.no_validation
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
