import contextlib
import dataclasses
import enum
import importlib.metadata
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.model.test_old_formats import FOLDER as OLD

from headstart.errors import UsageError
from headstart.features.precision import PrecisionChoice
from headstart.images.resizing import Resize
from headstart.model import TrainingData, load
from headstart.model.description import (
    DESCRIPTION,
    UNSUITABLE,
    Description,
    label_from_json,
    label_to_json,
    versions,
)
from headstart.networks.network import Network, graph_key
from headstart.networks.preprocessing import STANDARDISED

FOLDER = Path("somewhere")
HASHES = {"graph.xml": "0" * 64, "graph.bin": "1" * 64}


@pytest.fixture
def make(tiny_network):
    """Describe a model: ``make(classes=..., ...)``."""

    def describe(**changes):
        settings = {
            "format": 2,
            "version": "3",
            "classes": ("cat", 1, ("a", None)),
            "network": dataclasses.replace(
                tiny_network,
                folder=FOLDER,
                key=graph_key(HASHES),
                files=HASHES,
                layer="conv",
                pooling="max",
                mirror=True,
                preprocessing=STANDARDISED,
                license="CC-BY-4.0",
            ),
            "resize": Resize("squash", 32, 32, 0.5, "bicubic", antialias=False),
            "precision": PrecisionChoice("bf16", "measured", 0.1, 32),
            "head": "logistic",
            "scorer": "affine_softmax",
            "training": TrainingData((1, 2, 3), 4, "f" * 64, "from conv on"),
            "evaluation": {"accuracy": 0.5, "interval": [0.25, 0.75]},
            "extras": ("plot.png",),
        }
        return Description(**settings | changes)

    return describe


def test_every_fact_comes_back(make, tmp_path):
    described = make()
    DESCRIPTION.write(tmp_path, described.to_json())
    again = Description.from_json(DESCRIPTION.read(tmp_path), FOLDER, HASHES)
    for field in dataclasses.fields(Description):
        if field.name != "network":
            assert getattr(again, field.name) == getattr(described, field.name)
    for field in dataclasses.fields(Network):
        if field.name != "classes":
            assert getattr(again.network, field.name) == getattr(described.network, field.name)
    assert [name.label for name in again.network.classes] == list(described.classes)


def test_no_fact_is_left_out_of_the_file(make):
    written = make().to_json()
    names = {field.name for field in dataclasses.fields(Description)}
    assert written.keys() == names
    of_network = {field.name for field in dataclasses.fields(Network)}
    assert written["network"].keys() == of_network - {"folder", "key", "files", "classes"}
    for kind, name in (
        (Resize, "resize"),
        (PrecisionChoice, "precision"),
        (TrainingData, "training"),
    ):
        assert written[name].keys() == {field.name for field in dataclasses.fields(kind)}


def test_the_file_is_for_other_programs_too(make):
    written = json.loads(json.dumps(make().to_json()))
    assert written["classes"][1] == {"type": "int", "value": "1"}
    assert written["resize"] == {
        "rule": "squash",
        "height": 32,
        "width": 32,
        "crop_fraction": 0.5,
        "interpolation": "bicubic",
        "antialias": False,
    }
    assert written["network"]["outputs"] == {
        "features": [16],
        "feature_map": [8, 8, 16],
        "probabilities": [5],
    }


def test_the_date_is_of_now_in_utc(make):
    created = datetime.fromisoformat(make().created)
    assert created.utcoffset().total_seconds() == 0
    assert abs((datetime.now(UTC) - created).total_seconds()) < 60


def test_a_network_without_probabilities_has_no_classes(make, tiny_network):
    network = dataclasses.replace(tiny_network, outputs={"features": (16,)})
    written = make(network=network).to_json()
    assert Description.from_json(written, FOLDER, HASHES).network.classes is None


def test_labels_that_json_can_not_express_are_refused(make):
    with pytest.raises(UsageError, match="must be made of"):
        make(classes=(object(),)).to_json()


@pytest.mark.parametrize("evaluation", [{"accuracy": object()}, {"accuracy": float("nan")}])
def test_an_evaluation_that_json_can_not_express_is_refused(make, evaluation):
    with pytest.raises(UsageError, match="JSON's types"):
        make(evaluation=evaluation).to_json()


def test_facts_of_a_newer_headstart_are_ignored(make):
    written = make().to_json()
    newer = written | {"owner": "me", "network": written["network"] | {"flops": 1}}
    assert Description.from_json(newer, FOLDER, HASHES) == Description.from_json(
        written, FOLDER, HASHES
    )


def test_models_saved_before_there_were_mirrors_are_read():
    written = DESCRIPTION.read(OLD / "knn")
    assert load(OLD / "knn").network.mirror is True
    del written["backbone"]["mirrored"]
    assert Description.from_json(written, FOLDER, HASHES).network.mirror is False


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "a", "pad"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "size", "type", "value"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("name", ["format-1", "format-2"])
@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_any_json_is_a_description_or_unsuitable(make, name, data):
    written = make().to_json() if name == "format-2" else DESCRIPTION.read(OLD / "logistic")
    for key in data.draw(st.sets(st.sampled_from(sorted(written.keys() - {"format"})))):
        written[key] = data.draw(JSON)
    with contextlib.suppress(UNSUITABLE):
        assert isinstance(Description.from_json(written, FOLDER, HASHES), Description)


def test_packages_that_are_not_installed_are_left_out(monkeypatch):
    found = importlib.metadata.version

    def version(name):
        if name == "keras":
            raise importlib.metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert "keras" not in versions()
    assert versions()["numpy"] == found("numpy")


plain = (
    st.text()
    | st.integers()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.binary()
    | st.none()
)
labels = st.recursive(
    plain, lambda inner: st.lists(inner).map(tuple) | st.frozensets(inner), max_leaves=5
)


@given(labels)
def test_labels_come_back_with_their_type(label):
    again = label_from_json(json.loads(json.dumps(label_to_json(label))))
    assert again == label
    assert type(again) is type(label)


def test_equal_labels_of_different_types_stay_apart():
    written = [json.dumps(label_to_json(label)) for label in (1, 1.0, True, "1")]
    assert len(set(written)) == 4


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    "label", [Colour.RED, float("nan"), (1, float("inf")), np.int64(3), range(3), object]
)
def test_others_are_refused_by_name(label):
    with pytest.raises(UsageError, match="labels of a saved model must be made of str"):
        label_to_json(label)


@pytest.mark.parametrize(
    "written", [{}, {"type": "code", "value": "1"}, {"type": "int", "value": "x"}, "str", None]
)
def test_what_is_no_label_is_an_error(written):
    with pytest.raises((KeyError, TypeError, ValueError)):
        label_from_json(written)
