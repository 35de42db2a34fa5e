"""Recognising a weights file by its arrays, without Keras."""

import pytest

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.keras_weights import _count_classes, _named_for_keras
from headstart.backbones.weights_layout import WeightsLayout
from headstart.errors import WeightsMismatch

ROW = get_backbone("mobilenet_v2")
BODY = [(3, 3, 3, 32), (32,), (32,)]
EXPECTED = [*BODY, (1280, 1000), (1000,)]


def count(shapes, tmp_path):
    layout = WeightsLayout("keras 3", tuple(sorted(shapes)))
    return _count_classes(ROW, tmp_path / "file.h5", layout, EXPECTED)


def test_published_classifier_has_a_thousand(tmp_path):
    assert count(EXPECTED, tmp_path) == 1000


def test_own_classifier_is_counted(tmp_path):
    assert count([*BODY, (1280, 7), (7,)], tmp_path) == 7


def test_missing_classifier_is_seen(tmp_path):
    assert count(BODY, tmp_path) is None


def test_weights_of_another_network_are_refused_with_figures(tmp_path):
    with pytest.raises(WeightsMismatch) as refused:
        count([(7, 7, 3, 64), (64,), (64, 1000), (1000,)], tmp_path)
    assert "must be 5 arrays with 3,538,984 numbers" in str(refused.value)
    assert "with 4 arrays and 74,472 numbers" in str(refused.value)
    assert "no array has the shape" in str(refused.value)


def test_network_with_as_many_parameters_is_named(tmp_path):
    with pytest.raises(WeightsMismatch, match="vgg16 has as many"):
        count([(138_357_544 // 8, 4), (138_357_544 // 8, 2, 2)], tmp_path)


@pytest.mark.parametrize(
    ("name", "kind", "ending"),
    [
        ("a.weights.h5", "keras 3", "a.weights.h5"),
        ("a.h5", "keras 2", "a.h5"),
        ("a.h5", "keras 3", ".weights.h5"),
        ("a.weights.h5", "keras 2", "named.h5"),
        ("a.hdf5", "keras 2", "named.h5"),
    ],
)
@pytest.mark.parametrize("links", [True, False])
def test_keras_gets_the_ending_of_the_format(tmp_path, monkeypatch, name, kind, ending, links):
    def refuse(*_):
        raise OSError("a privilege is not held by the client")

    if not links:
        monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    (tmp_path / name).write_bytes(b"content")
    with _named_for_keras(tmp_path / name, WeightsLayout(kind, ())) as named:
        assert named.name.endswith(ending)
        assert named.read_bytes() == b"content"
