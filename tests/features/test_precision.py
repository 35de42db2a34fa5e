import numpy as np
import pytest
from tests.features.conftest import make_photo

from headstart.data.sources import ArraySource, FileSource
from headstart.errors import UsageError
from headstart.features import precision as precisions
from headstart.features.cache import FeatureCache
from headstart.features.extract import network_resize
from headstart.features.precision import PrecisionChoice, choose_precision, relative_change

MANY = [ArraySource(f"image {seed}", np.asarray(make_photo(seed))) for seed in range(64)]


@pytest.fixture
def choose(tiny_network):
    def choose(rule="auto", sources=MANY, **options):
        return choose_precision(
            rule, tiny_network, sources, resize=network_resize(tiny_network), **options
        )

    return choose


@pytest.fixture
def bf16(monkeypatch):
    """Compute in float32 what is asked for in bfloat16, changed by as much as the test sets."""
    real, moved = precisions.extract, {"by": 0.0}

    def extract(*args, precision, **options):
        for item in real(*args, precision="f32", **options):
            if precision == "bf16" and item.values:
                item.values["features"] = item.values["features"] + np.float32(moved["by"])
            yield item

    monkeypatch.setattr(precisions, "extract", extract)
    monkeypatch.setattr("headstart.features.openvino_engine.has_bf16", lambda: True)
    return moved


@pytest.mark.parametrize("rule", ["f32", "bf16"])
def test_what_is_asked_for_is_taken(choose, rule):
    assert choose(rule, []) == PrecisionChoice(rule, "as asked for")


def test_an_unknown_precision_is_refused(choose):
    with pytest.raises(UsageError, match=r"one of auto, f32, bf16\. Received: 'f16'"):
        choose("f16")


@pytest.mark.usefixtures("bf16")
def test_few_images_are_not_worth_a_measurement(choose):
    choice = choose(sources=MANY[:63])
    assert choice.precision == "f32"
    assert "fewer than 64" in choice.reason
    assert choice.change is None


def test_a_processor_without_bfloat16(choose, monkeypatch):
    monkeypatch.setattr("headstart.features.openvino_engine.has_bf16", lambda: False)
    choice = choose()
    assert (choice.precision, choice.n_measured) == ("f32", 0)
    assert "no bfloat16" in choice.reason


@pytest.mark.parametrize(("moved", "precision"), [(0.001, "bf16"), (0.1, "f32")])
def test_bfloat16_only_if_the_features_hardly_move(choose, bf16, moved, precision):
    bf16["by"] = moved
    choice = choose()
    assert choice.precision == precision
    assert (choice.change <= 0.15) == (precision == "bf16")
    assert choice.n_measured == 32
    assert f"on 32 of the images bfloat16 moves features by {choice.change:.1%}" in choice.reason


def test_twice_the_movement_is_twice_the_change(choose, bf16):
    bf16["by"] = 0.01
    once = choose().change
    bf16["by"] = 0.02
    assert choose().change == pytest.approx(2 * once, rel=1e-3)


@pytest.mark.usefixtures("bf16")
def test_broken_images_are_left_out_of_the_sample(choose):
    assert choose(sources=MANY[:40] + [FileSource("gone.jpg")] * 40).n_measured == 16


@pytest.mark.usefixtures("bf16")
def test_nothing_but_broken_images(choose):
    choice = choose(sources=[FileSource("gone.jpg")] * 80)
    assert choice.precision == "f32"
    assert "none of the images" in choice.reason


@pytest.mark.usefixtures("bf16")
def test_what_was_measured_is_kept(choose, tmp_path):
    cache = FeatureCache(tmp_path / "features")
    assert choose(cache=cache) == choose(cache=cache)
    assert cache.usage()[0].entries == 32


def test_the_change_is_relative_to_the_distance_between_images():
    exact = np.array([[3, 0], [-3, 0], [0, 3], [0, -3]], np.float32)
    assert relative_change(exact, exact + np.float32([0, 0.3])) == pytest.approx(0.1)
    assert relative_change(exact + 100, exact + 100 + np.float32([0.3, 0])) == pytest.approx(
        0.1, rel=1e-3
    )


def test_images_that_are_all_the_same():
    same = np.ones((4, 2), np.float32)
    assert relative_change(same, same) == 0
    assert relative_change(same, same + 1) == np.inf


def test_with_the_processor_at_hand(choose):
    """Whatever this machine is, the answer is one of the two, with its reason."""
    choice = choose()
    assert choice.precision in {"f32", "bf16"}
    assert choice.reason
