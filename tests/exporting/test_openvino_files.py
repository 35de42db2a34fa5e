import json

import numpy as np
import openvino
import pytest
from tests.prediction.scorers import affine

from headstart.exporting.export import export


@pytest.fixture
def written(make_predictor, tmp_path):
    """The file of a model whose labels have blanks."""
    predictor = make_predictor(affine(), rule="pad", labels=("horse cart", "<bus>", "a\tb"))
    return predictor, export(predictor, "openvino", tmp_path / "net.xml").path


def test_openvino_alone_predicts_the_same(written, pixels):
    predictor, path = written
    # Without a hint, OpenVINO computes in bfloat16 where the processor can.
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    found = openvino.Core().compile_model(path, "CPU", hint)(pixels)["probabilities"]
    np.testing.assert_allclose(found, predictor.predict_proba(list(pixels)), atol=1e-3)


def test_the_file_says_what_model_api_reads(written):
    _, path = written
    model = openvino.Core().read_model(path)
    info = {
        name: model.get_rt_info(["model_info", name]).astype(str)
        for name in model.get_rt_info(["model_info"]).astype(dict)
    }
    assert info == {
        "interpolation_mode": "LINEAR",
        "labels": "horse_cart <bus> a\\tb",
        "model_type": "Classification",
        "pad_value": "128",
        "resize_type": "fit_to_window_letterbox",
        "reverse_input_channels": "True",
        "task_type": "classification",
    }


def test_the_file_says_what_we_read(written):
    _, path = written
    own = json.loads(openvino.Core().read_model(path).get_rt_info(["headstart"]).astype(str))
    assert own["labels"] == ["horse cart", "<bus>", "a\\tb"]
    assert own["resize"]["rule"] == "pad"
    assert own["preprocessing"] == "inside"
